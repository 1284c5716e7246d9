"""One set of real servers for the whole suite: Kafka and PostgreSQL, and a house on top when it is needed."""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Postgres
from deploy.machine.process import clean_up_on_sigterm
from shared.handling.service import Service
from tests.support.clauses import pytest_collection_modifyitems as pytest_collection_modifyitems
from tests.support.containers import chosen
from tests.support.databases import Databases, Taken
from tests.support.seen import houses_in, seen_of
from tests.support.shared_postgres import given_postgres, own_postgres

# A broker that lives for minutes: to compile it well takes longer than it then saves.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")


def pytest_configure(config: pytest.Config) -> None:
    """Say in the first line of a run which servers it uses; SIGTERM ends it as Ctrl-C does."""
    clean_up_on_sigterm()
    if not config.option.collectonly:
        print(f"Kafka and PostgreSQL: {chosen().why}", flush=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what the imports made out of later garbage collections: a sixth of the time of pure tests."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failure what its house looked like."""
    report = yield
    if report.failed:
        for house in houses_in(getattr(item, "funcargs", {})):
            report.sections += seen_of(house)
    return report


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server for tests of stores; each test makes databases of its own on it."""
    if given := given_postgres():
        yield given
        return
    with own_postgres(chosen().servers, tmp_path_factory.mktemp("postgres")) as started:
        yield started


FreshDatabase = Callable[[Service], Awaitable[AsyncEngine]]  # type: ignore[type-arg]


@pytest.fixture(scope="session")
async def databases(postgres: Postgres) -> AsyncIterator[Databases]:
    """Keep the migrated databases of this run."""
    made = Databases(postgres)
    yield made
    await made.close()


@pytest.fixture
async def fresh_database(databases: Databases) -> AsyncIterator[FreshDatabase]:
    """`engine = await fresh_database(SERVICE)`: an empty migrated database of the test's own."""
    taken: list[tuple[Service, Taken]] = []  # type: ignore[type-arg]

    async def make(service: Service) -> AsyncEngine:  # type: ignore[type-arg]
        taken.append((service, await databases.take(service)))
        return taken[-1][-1].engine

    yield make
    for service, database in taken:
        await databases.give_back(service, database)
