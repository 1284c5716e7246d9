"""A service's database goes to the schema of its own version, and never back from a newer one."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from deploy.local.postgres import Postgres, create_database
from services.intake.main import SERVICE
from shared.contract.registry import SERVICES
from shared.handling.service import Service
from shared.runtime import cli, migrate
from shared.runtime.cli import command_line
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner, engine_of

_COLUMNS = sa.text(
    """
    SELECT table_name, column_name, is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES'
    FROM information_schema.columns WHERE table_schema = 'public'
    """
)


async def at(engine: AsyncEngine, revision: str) -> None:
    async with as_owner(engine) as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = :at"), {"at": revision})


@pytest.fixture
async def engine(fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> AsyncEngine:
    engine = await fresh_database(SERVICE)

    class Told:
        database_url = engine.url

    monkeypatch.setattr(cli, "_settings", lambda service: Told())
    return engine


async def test_a_newer_schema_is_refused_and_left_alone(engine: AsyncEngine) -> None:
    assert await migrate.upgrade(engine, SERVICE) == migrate.head(SERVICE), "again changes nothing"
    await at(engine, "9999")
    app: Any = command_line(SERVICE, list)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["migrate"])
    assert result.exit_code == 2
    assert result.output == "The database is at revision 9999, newer than this version: deploy that one.\n"
    assert await migrate.current(engine) == "9999"


@pytest.mark.parametrize(("steps_ahead", "may_run"), [(-1, False), (0, True), (1, True), (2, False)])
async def test_a_version_runs_at_its_own_schema_and_at_the_next(
    engine: AsyncEngine, steps_ahead: int, may_run: bool
) -> None:
    await at(engine, f"{int(migrate.head(SERVICE)) + steps_ahead:04}")
    if may_run:
        migrate.check(SERVICE, await migrate.current(engine))
    else:
        with pytest.raises(migrate.OtherSchema, match="Run the migrate command first"):
            migrate.check(SERVICE, await migrate.current(engine))


async def test_an_empty_database_is_no_schema_to_run_at() -> None:
    with pytest.raises(migrate.OtherSchema, match="at revision none"):
        migrate.check(SERVICE, None)


@pytest.mark.parametrize("name", SERVICES)
async def test_each_migration_leaves_room_for_the_version_before(name: str, postgres: Postgres) -> None:
    """What that one writes still goes in: no new column must be filled, none that it fills is gone."""
    service: Service[Any] = import_module(f"services.{name}.main").SERVICE
    script = ScriptDirectory(str(service.migrations))
    numbers = [revision.revision for revision in script.walk_revisions()]
    assert sorted(numbers) == [f"{n:04}" for n in range(1, len(numbers) + 1)]
    engine = engine_of(create_database(postgres, f"steps_{name}").owner)
    before: dict[tuple[str, str], bool] = {}
    for number in sorted(numbers):
        await migrate.upgrade(engine, service, to=number)
        async with engine.connect() as connection:
            after = {(row[0], row[1]): row[2] for row in (await connection.execute(_COLUMNS)).all()}
        tables = {table for table, _ in before}
        must_be_filled = {c for c, may_be_left_out in after.items() if c[0] in tables and not may_be_left_out}
        assert must_be_filled <= before.keys()
        assert before.keys() <= after.keys()
        before = after
    await engine.dispose()


# --- locks and indexes ----------------------------------------------------------------


@pytest.fixture
async def first(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """Yield the database of a service at its first revision, and a migration that soon gives up."""
    monkeypatch.setattr(migrate, "LOCK_WAITS", "300ms")
    monkeypatch.setattr(migrate, "PAUSE", 0.1)
    monkeypatch.setattr(migrate, "TRIES", 2)
    engine = engine_of(create_database(postgres, f"first_{uuid.uuid4().hex[:12]}").owner)

    class Told:
        database_url = engine.url

    monkeypatch.setattr(cli, "_settings", lambda service: Told())
    await migrate.upgrade(engine, SERVICE, to="0001")
    yield engine
    await engine.dispose()


_HOLD = sa.text("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE")
_WRITE = sa.text("INSERT INTO cases (case_id, phase, version, state) VALUES (:id, 'nothing', 0, '{}')")
_VALID = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_cases_held'::regclass")


async def test_a_migration_behind_another_sessions_lock_gives_up_in_time_and_says_what_to_do(
    first: AsyncEngine,
) -> None:
    app: Any = command_line(SERVICE, list)
    async with first.begin() as other:
        await other.execute(_HOLD)
        result = await asyncio.wait_for(asyncio.to_thread(CliRunner().invoke, app, ["migrate"]), 30)
    assert result.exit_code == 2
    assert "Another session holds a lock" in result.output
    assert result.output.count("\n") == 1
    assert await migrate.upgrade(first, SERVICE) == migrate.head(SERVICE), "the same command goes on"


async def test_an_index_is_made_while_others_write(
    first: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that does not end holds up the index, and no other writer."""
    monkeypatch.setattr(migrate, "LOCK_WAITS", "60s")
    async with first.begin() as writer:
        await writer.execute(_WRITE, {"id": "one"})
        making = asyncio.create_task(migrate.upgrade(first, SERVICE, to="0002"))
        for n in range(20):
            async with first.begin() as other:
                await asyncio.wait_for(other.execute(_WRITE, {"id": f"other-{n}"}), 5)
            await asyncio.sleep(0.02)
        assert not making.done()
    assert await making == "0002"


async def test_an_index_that_was_left_half_made_is_replaced(first: AsyncEngine) -> None:
    async with first.begin() as writer:
        await writer.execute(_WRITE, {"id": "one"})
        with pytest.raises(migrate.SchemaLocked):
            await migrate.upgrade(first, SERVICE, to="0002")
    async with first.connect() as connection:
        assert (await connection.execute(_VALID)).scalar_one() is False
    assert await migrate.upgrade(first, SERVICE, to="0002") == "0002", "what it left half-made is replaced"
    async with first.connect() as connection:
        assert (await connection.execute(_VALID)).scalar_one() is True
