"""One set of real servers for the whole suite: Kafka and PostgreSQL, and a house on top when it is needed."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Postgres, create_database
from shared import migrate
from shared.database import connect
from shared.service import Service
from tests.containers import chosen


def pytest_configure(config: pytest.Config) -> None:
    """The first line of a run says which servers it uses."""
    if not config.option.collectonly:
        print(f"Kafka and PostgreSQL: {chosen().why}", flush=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server for tests of stores; each test makes databases of its own on it."""
    directory = tmp_path_factory.mktemp("postgres")
    servers = chosen().servers
    started = servers.start_postgres(directory / "postgres", directory / "postgres.log")
    yield started
    started.stop()
    servers.remove_postgres(directory / "postgres")


FreshDatabase = Callable[[Service], Awaitable[AsyncEngine]]  # type: ignore[type-arg]


@pytest.fixture
async def fresh_database(postgres: Postgres) -> AsyncIterator[FreshDatabase]:
    """`engine = await fresh_database(SERVICE)`: a migrated database of the test's own."""
    engines: list[AsyncEngine] = []

    async def make(service: Service) -> AsyncEngine:  # type: ignore[type-arg]
        name = f"t{uuid.uuid4().hex[:16]}"
        database = create_database(postgres, name, "only-for-this-test")
        url = sa.URL.create(
            "postgresql+asyncpg",
            username=database.user,
            password=database.password,
            host=database.host,
            port=database.port,
            database=database.name,
        )
        engine = connect(url)
        await migrate.upgrade(engine, service)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        await engine.dispose()
