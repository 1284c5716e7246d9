"""The code and the migrated database of each service agree: statements, columns, phases and erasure."""

import re
from collections import defaultdict
from importlib import import_module
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import shared
from shared.clock import machine_now
from shared.contract.registry import SERVICES
from shared.handling.service import Service
from shared.storage import erasure
from shared.storage.journal import Entry
from shared.storage.outbox import OutboxMessage
from tests.conftest import FreshDatabase
from tests.support.statements import compiled, statements
from tests.support.transactions import MARKER_KEY, rows, tables

EACH = pytest.mark.parametrize("name", SERVICES)
CASE = "a-case"
# What each column that must be filled gets; of `phase` and `why` the database takes certain values only.
FILLING = {
    "text": "'x'",
    "bytea": r"'\x00'",
    "json": "'{}'",
    "jsonb": "'{}'",
    "boolean": "true",
    "integer": "1",
    "bigint": "1",
    "timestamp with time zone": "now()",
}
CHECKED = {"phase": "'nothing'", "why": "'waiting'"}
_COLUMNS = sa.text(
    """
    SELECT table_name, column_name, data_type,
           is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AS must_be_filled
    FROM information_schema.columns WHERE table_schema = 'public'
    """
)
_PHASES = sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'phase_is_known'")


def service_of(name: str) -> Service[Any]:
    service: Service[Any] = import_module(f"services.{name}.main").SERVICE
    return service


@EACH
async def test_postgresql_takes_every_statement_of_the_code(name: str, fresh_database: FreshDatabase) -> None:
    """Prepared and not run: each table, column, type and function in it exists after the migrations."""
    engine = await fresh_database(service_of(name))
    refused, prepared = [], 0
    async with engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        for package in (shared, import_module(f"services.{name}")):
            for where, statement in statements(package):
                try:
                    await raw.prepare(compiled(statement)[0])
                    prepared += 1
                except asyncpg.PostgresError as error:
                    refused.append(f"{where}: {error}")
    assert refused == []
    assert prepared > 60


@EACH
async def test_what_is_copied_in_has_the_columns_of_its_table(
    name: str, fresh_database: FreshDatabase
) -> None:
    columns = await columns_of(await fresh_database(service_of(name)))
    for table, fields in (("outbox", OutboxMessage._fields), ("journal", Entry._fields)):
        must_be_filled = {column for column, (_, required) in columns[table].items() if required}
        assert must_be_filled <= set(fields) <= columns[table].keys()


@EACH
async def test_the_database_takes_the_phases_of_the_core_and_no_others(
    name: str, fresh_database: FreshDatabase
) -> None:
    service = service_of(name)
    engine = await fresh_database(service)
    async with engine.connect() as connection:
        definition = str((await connection.execute(_PHASES)).scalar_one())
    taken = re.findall(r"'([a-z0-9-]+)'::text", definition)
    assert sorted(taken) == sorted(phase.value for phase in type(service.process.empty.phase))


@EACH
async def test_erasing_a_case_leaves_no_row_of_it_in_any_table(
    name: str, fresh_database: FreshDatabase
) -> None:
    """R105; what waits in `held` stays until it is answered, within a minute."""
    service = service_of(name)
    engine = await fresh_database(service)
    columns = await columns_of(engine)
    of_a_case = {table: found for table, found in columns.items() if "case_id" in found}
    async with engine.begin() as connection:
        for table, found in of_a_case.items():
            await fill(connection, table, found)
    assert await with_the_case(engine, of_a_case) == of_a_case.keys()
    async with engine.begin() as connection:
        if service.own_rows is not None:
            await service.own_rows.forget(connection, [CASE])
        await erasure.erase(connection, MARKER_KEY, [CASE], machine_now())
    assert await with_the_case(engine, of_a_case) == {"held"}


async def columns_of(engine: AsyncEngine) -> dict[str, dict[str, tuple[str, bool]]]:
    """By table and column: its type, and whether a new row must say it."""
    found: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    async with engine.connect() as connection:
        for table, column, kind, required in (await connection.execute(_COLUMNS)).all():
            found[table][column] = (kind, required)
    assert found.keys() == set(await tables(engine)) | {"alembic_version"}
    return found


async def fill(connection: AsyncConnection, table: str, columns: dict[str, tuple[str, bool]]) -> None:
    """Insert one row of the case."""
    values = {
        column: CHECKED.get(column, FILLING[kind]) for column, (kind, required) in columns.items() if required
    }
    values["case_id"] = f"'{CASE}'"
    await connection.execute(
        sa.text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})")  # noqa: S608
    )


async def with_the_case(engine: AsyncEngine, of_a_case: dict[str, Any]) -> set[str]:
    return {table for table in of_a_case if await rows(engine, table, "case_id = :case", case=CASE)}
