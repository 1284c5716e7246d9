"""One set of real servers for the whole suite: Kafka and PostgreSQL, and a house on top when it is needed."""

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Database, Postgres, create_database, run_sql
from shared.handling.service import Service
from shared.runtime import migrate
from shared.storage.database import connect
from tests.support.containers import chosen
from tests.support.seen import houses_in, seen_of

# A broker that lives for minutes: to compile it well takes longer than it then saves.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")


def pytest_configure(config: pytest.Config) -> None:
    """The first line of a run says which servers it uses."""
    if not config.option.collectonly:
        print(f"Kafka and PostgreSQL: {chosen().why}", flush=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """When a test fails, also what its house looked like."""
    report = yield
    if report.failed:
        for house in houses_in(getattr(item, "funcargs", {})):
            report.sections += seen_of(house)
    return report


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server for tests of stores; each test makes databases of its own on it."""
    directory = tmp_path_factory.mktemp("postgres")
    servers = chosen().servers
    started = servers.start_postgres(directory / "postgres", directory / "postgres.log")
    yield started
    started.kill()  # a stop would first write hundreds of databases to a disk that nobody reads
    servers.remove_postgres(directory / "postgres")


Template = Callable[[Service], Awaitable[Database]]  # type: ignore[type-arg]
FreshDatabase = Callable[[Service], Awaitable[AsyncEngine]]  # type: ignore[type-arg]


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> Template:
    """`await template(SERVICE)`: a migrated database to copy; its login is that of the copies too."""
    made: dict[str, Database] = {}

    async def of(service: Service) -> Database:  # type: ignore[type-arg]
        if service.name not in made:
            made[service.name] = create_database(postgres, f"migrated_{service.name}", "only-for-tests")
            engine = engine_of(made[service.name])
            await migrate.upgrade(engine, service)
            await engine.dispose()
        return made[service.name]

    return of


@pytest.fixture
async def fresh_database(postgres: Postgres, template: Template) -> AsyncIterator[FreshDatabase]:
    """`engine = await fresh_database(SERVICE)`: a migrated database of the test's own."""
    engines: list[AsyncEngine] = []

    async def make(service: Service) -> AsyncEngine:  # type: ignore[type-arg]
        migrated, name = await template(service), f"t{uuid.uuid4().hex[:16]}"
        copying = f'CREATE DATABASE "{name}" TEMPLATE "{migrated.name}" OWNER "{migrated.user}"'
        run_sql(postgres.administration, copying)
        engines.append(engine_of(replace(migrated, name=name)))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.dispose()


def engine_of(database: Database) -> AsyncEngine:
    """As a service connects to it."""
    return connect(
        sa.URL.create(
            "postgresql+asyncpg",
            username=database.user,
            password=database.password,
            host=database.host,
            port=database.port,
            database=database.name,
        )
    )
