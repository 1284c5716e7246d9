"""Make two databases of one service, one small and one large, and ask both the same in turn."""

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Postgres, run_sql
from shared.storage.database import connect
from shared.storage.party_replica import PartyReplica

FEW, MANY = 100, 300_000  # cases
WARM, ROUNDS = 10, 60  # requests to each, unmeasured and measured
AT_MOST = 1.5  # times as long among many as among few
OF_ONE_CASE = 3  # rows that each further case has at most in each table

_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns AS columns
    WHERE table_schema = 'public' AND is_identity = 'NO' AND EXISTS (
        SELECT FROM information_schema.columns AS of_case
        WHERE of_case.table_schema = 'public' AND of_case.table_name = columns.table_name
          AND of_case.column_name = 'case_id')
"""
# Columns of which the values are new for each case, where their index does not hold the case itself.
_UNIQUE = """
    SELECT relname AS table_name, attname AS column_name
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indisunique AND relnamespace = CAST('public' AS regnamespace) AND NOT EXISTS (
        SELECT FROM pg_attribute AS of_case
        WHERE of_case.attrelid = indrelid AND of_case.attnum = ANY (indkey) AND of_case.attname = 'case_id')
"""
_ID = "'ffffffff-ffff-7fff-8' || lpad(to_hex(k), 3, '0') || '-' || lpad(to_hex(n), 12, '0')"


@dataclass(frozen=True)
class Ask:
    """Describe one request that somebody makes, signed in already."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Growth:
    """Hold the application of one service, which reads one of its two databases at a time."""

    client: httpx.AsyncClient
    few: AsyncEngine
    many: AsyncEngine

    @property
    def app(self) -> FastAPI:
        transport: Any = self.client._transport
        found: FastAPI = transport.app
        return found

    async def times(self, ask: Ask) -> tuple[float, float]:
        """Return the median seconds of a request among few cases and among many, asked in turn."""
        taken: dict[AsyncEngine, list[float]] = {self.few: [], self.many: []}
        reader = self.app.state.reader
        readers = {engine: replace(reader, engine=engine, parties=PartyReplica()) for engine in taken}
        for _ in range(WARM + ROUNDS):
            for engine, seconds in taken.items():
                self.app.state.reader = readers[engine]
                began = time.perf_counter()
                answer = await self.client.get(ask.path, headers=ask.headers)
                seconds.append(time.perf_counter() - began)
                assert answer.status_code == 200, answer.text
        few, many = (statistics.median(seconds[WARM:]) for seconds in taken.values())
        return few, many


async def grown(
    stack: AsyncExitStack,
    postgres: Postgres,
    client: httpx.AsyncClient,
    engine: AsyncEngine,
    case_id: str,
    renamed: str = "",
) -> Growth:
    """Copy the database of a service, and one case in it: to `FEW` cases here, to `MANY` there.

    `renamed`: a word in the state that is another one in each copy of the case.
    """
    name = f"{engine.url.database}_many"
    await engine.dispose()
    run_sql(
        postgres.administration,
        f'CREATE DATABASE "{name}" TEMPLATE "{engine.url.database}" OWNER "{engine.url.username}"',
    )
    many = connect(engine.url.set(database=name))
    stack.push_async_callback(many.dispose)
    await multiply(engine, case_id, FEW, renamed)
    await multiply(many, case_id, MANY, renamed)
    return Growth(client, engine, many)


async def multiply(engine: AsyncEngine, case_id: str, count: int, renamed: str) -> None:
    """Give so many further cases the first rows of this one in each table; their numbers sort behind it."""
    async with engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        columns: dict[str, list[str]] = {}
        for row in await raw.fetch(_COLUMNS):
            columns.setdefault(row["table_name"], []).append(row["column_name"])
        unique = {(row["table_name"], row["column_name"]) for row in await raw.fetch(_UNIQUE)}
        for table, names in columns.items():
            values = [_copied(table, name, unique, renamed) for name in names]
            await raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            await raw.execute(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "  # noqa: S608 - ours
                f"FROM (SELECT *, row_number() OVER () AS k FROM {table} "
                f"WHERE case_id = '{case_id}' LIMIT {OF_ONE_CASE}) AS one "
                f"CROSS JOIN generate_series(1, {count}) AS n"
            )
            await raw.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            await raw.execute(f"VACUUM ANALYZE {table}")


def _copied(table: str, column: str, unique: set[tuple[str, str]], renamed: str) -> str:
    if column == "case_id":
        return _ID.replace("to_hex(k)", "''")
    if (table, column) in unique:
        return _ID
    if column == "state" and renamed:
        return f"CAST(replace(CAST(state AS text), '{renamed}', 'z-' || n) AS json)"
    return column


def too_slow(times: Mapping[str, tuple[float, float]]) -> Sequence[str]:
    """Print the times of each request, and return those that take too much longer among many cases."""
    for path, (few, many) in times.items():
        print(f"{path:60} {few * 1000:7.1f} ms {many * 1000:7.1f} ms  x {many / few:.2f}")
    return [path for path, (few, many) in times.items() if many > AT_MOST * few]
