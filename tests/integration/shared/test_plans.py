"""No query reads more because there is more: the plan of every statement at 100,000 rows a table."""

import ast
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import shared
from services.intake.main import SERVICE as INTAKE
from shared.contract.registry import SERVICES
from shared.handling.service import Service
from tests.conftest import FreshDatabase
from tests.support.databases import owning
from tests.support.statements import compiled, statements

ROOT = Path(__file__).parents[3]
NAMES_A_TABLE = re.compile(r"\b(FROM|INTO|UPDATE)\b")
ROWS = 100_000
READ = ROWS // 5  # rows at most that one statement may touch, whose page here is a hundred, of fifty topics
OFTEN = 6  # executions after which PostgreSQL has chosen between the plan for these values and one for all
# How many rows these have, whatever is referred to the house.
FEW = {
    "parties": 200,  # one for each party to the covenant
    "sequences": 200,  # one for each party
    "deferred_topics": 50,  # one at most for each topic
    "ticks": 1,
    "policies": 200,  # a few decisions a year
    "log_settled": 2,  # the two logs
    "log_checkpoints": 8000,  # of each service those of a day, and one for each day
    "figures": 500,  # one for each year, theme and ending
    "triage_outcomes": 100,  # one for each year and outcome
}
VALUE = "'v' || lpad(CAST(n AS text), 6, '0')"
FILLING = {
    "text": VALUE,
    "bytea": f"convert_to({VALUE}, 'UTF8')",
    "json": f"json_build_object('record', json_build_object('party', {VALUE}))",
    "jsonb": "CAST('{}' AS jsonb)",
    "boolean": "n % 2 = 0",
    "integer": "n",
    "bigint": "n",
    "timestamp with time zone": f"now() + (n - {ROWS // 2}) * interval '1 minute'",
    "ARRAY": "'{}'",
}
# Where the values of a column are few, or all of one party, as a hostile month would have it.
SPREAD = {
    ("cases", "held"): "n % 1000 = 0",
    ("inbox", "sender"): "'sender-' || n % 40",
    ("held", "sender"): "'sender-' || n % 40",
    ("held", "why"): "(ARRAY['waiting', 'parked', 'queued'])[n % 3 + 1]",
    ("outbox", "topic"): "'topic-' || n % 50",
    ("outbox", "retry_at"): "CASE WHEN n % 10000 = 0 THEN timestamptz 'infinity' END",
    ("invitations", "party"): "'v050000'",
    ("invitations", "delegate"): "''",
    ("overdue", "director"): "'v050000'",
    ("open_duties", "director"): "'v050000'",
    ("open_duties", "party"): "'v050000'",
    ("overdue", "told"): "(ARRAY['director', 'manager'])[n % 2 + 1]",
    ("queries", "recipient"): "'v050000'",
    ("awaited_keys", "service"): "'retention'",
    ("awaited_keys", "kid"): "'kid-' || n % 10",
    ("ticks", "one"): "true",
    ("log_leaves", "log"): "(ARRAY['journal', 'access_log'])[n % 2 + 1]",
    ("log_settled", "log"): "(ARRAY['journal', 'access_log'])[n % 2 + 1]",
    ("log_checkpoints", "service"): "'v050000'",
}
# By name or else by type, what a parameter is: what there is three of, in the middle of each table.
ARGUMENTS = {
    "limit": "100",
    "most": "100",
    "of_each": "100",
    "after bigint": "50000",
    "number": "10000000",
    "proof_id": "'new'",
    "queries": "ARRAY['new-1', 'new-2', 'new-3']",
    "phase": "'nothing'",
    "phases": "ARRAY['nothing', 'nothing', 'nothing']",
    "whys": "ARRAY['waiting', 'waiting', 'waiting']",
    "reasons": "ARRAY['parked', 'queued']",
    **dict.fromkeys(("states", "heards", "records", "results", "asked", "givens"), "ARRAY['{}', '{}', '{}']"),
    "senders": "ARRAY['sender-0', 'sender-1', 'sender-2']",
    "deferred": "ARRAY['topic-1', 'topic-2']",
    "text": "'v050000'",
    "text[]": "ARRAY['v050000', 'v050001', 'v050002']",
    "bytea": "convert_to('v050000', 'UTF8')",
    "bytea[]": "ARRAY[convert_to('v050000', 'UTF8'), convert_to('v050001', 'UTF8'), '\\x00']",
    "json": "'{}'",
    "jsonb": "'{}'",
    "boolean": "true",
    "boolean[]": "ARRAY[true, false, true]",
    "integer": "50000",
    "integer[]": "ARRAY[50000, 50001, 50002]",
    "bigint": "50000",
    "bigint[]": "ARRAY[50000, 50001, 50002]",
    "oid": "50000",
    "double precision": "1",
    "timestamp with time zone": "now()",
    "timestamp with time zone[]": "ARRAY[now(), now(), now()]",
}
_COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version' AND is_identity = 'NO'
"""
_PHASES = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'phase_is_known'"
_TYPES = "SELECT CAST(parameter_types AS text[]) FROM pg_prepared_statements WHERE name = 'tried'"


def service_of(name: str) -> Service[Any]:
    service: Service[Any] = import_module(f"services.{name}.main").SERVICE
    return service


def of_code(*packages: ModuleType) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield where each statement stands, what PostgreSQL gets, and the names of its parameters."""
    for package in packages:
        for where, statement in statements(package):
            # The first has no plan, the second is a function that refuses while the case is there.
            if not str(statement).lstrip().startswith("SET ") and "remove_log(" not in str(statement):
                yield where, *compiled(statement)


SOON = {"rto"}  # with the largest tables of a service's own


@pytest.mark.parametrize(
    "name",
    [name if name in SOON else pytest.param(name, marks=pytest.mark.exhaustive) for name in SERVICES],
)
async def test_every_statement_reads_as_much_as_it_is_asked_for_and_no_table(
    name: str, fresh_database: FreshDatabase
) -> None:
    """Executed as often as PostgreSQL needs to settle on a plan; what it writes is rolled back.

    The tables of the shell are the same in all five, so its statements are tried in one.
    """
    engine = owning(await fresh_database(service_of(name)))
    packages = [import_module(f"services.{name}"), *([shared] if name == INTAKE.name else [])]
    tried = list(of_code(*packages))
    async with engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        empty = [await plan(raw, sql, names, often=0) for _, sql, names in tried]
        filled = {table for one in empty for table in tables_in(one)}
        await fill(raw, filled)
        found = {where: await plan(raw, sql, names, often=OFTEN) for where, sql, names in tried}
        await raw.execute(f"TRUNCATE {', '.join(filled)}")
    await engine.dispose()
    too_much = {where: told for where, one in found.items() if (told := list(faults(one)))}
    assert too_much == {}


def test_every_statement_stands_where_it_is_found() -> None:
    """At the top of its module, so that the test above tries it; what names no table has no plan to try."""
    hidden = []
    for file in sorted([*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")]):
        if "migrations" in file.parts:
            continue
        module = ast.parse(file.read_text())
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                hidden += [f"{file.relative_to(ROOT)}: {one}" for one in texts_in(function)]
    assert hidden == []


def texts_in(function: ast.AST) -> Iterator[str]:
    """Yield each statement made inside a function, from the module `sqlalchemy`."""
    for call in ast.walk(function):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        said = ast.unparse(call.args[0]) if call.args else ""
        if name in ("sa.text", "text") and NAMES_A_TABLE.search(said):
            yield said


async def fill(raw: Any, names: set[str]) -> None:
    """Put the rows into these tables, and tell PostgreSQL how many there are."""
    columns: dict[str, dict[str, str]] = {}
    for row in await raw.fetch(_COLUMNS):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    allowed = (await raw.fetchval(_PHASES)).partition("ARRAY")[2].rpartition("]")[0]
    phases = {("cases", "phase"): f"(ARRAY{allowed}])[n % array_length(ARRAY{allowed}], 1) + 1]"}
    for table in sorted(names):
        values = {
            column: (SPREAD | phases).get((table, column), FILLING[kind])
            for column, kind in columns[table].items()
        }
        await raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await raw.execute(
            f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} "  # noqa: S608
            f"FROM generate_series(1, {FEW.get(table, ROWS)}) AS n"
        )
        await raw.execute(f"ANALYZE {table}")


async def plan(raw: Any, sql: str, names: tuple[str, ...], *, often: int) -> Mapping[str, Any]:
    """Return the plan of a statement; executed so often before, it is executed once more and measured."""
    await raw.execute(f"PREPARE tried AS {sql}")
    transaction = raw.transaction()
    await transaction.start()
    try:
        types = await raw.fetchval(_TYPES)
        asked = [argument(name, kind) for name, kind in zip(names, types, strict=True)]
        execute = f"EXECUTE tried{'(' + ', '.join(asked) + ')' if asked else ''}"
        for _ in range(often):
            for step in ("SAVEPOINT before", execute, "ROLLBACK TO before"):
                await raw.execute(step)
        measured = "ANALYZE, TIMING off, " if often else ""
        (found,) = await raw.fetchval(f"EXPLAIN ({measured}FORMAT json) {execute}")
        one: Mapping[str, Any] = found["Plan"]
        return one
    finally:
        await transaction.rollback()
        await raw.execute("DEALLOCATE tried")


def argument(name: str, kind: str) -> str:
    by_name = ARGUMENTS.get(f"{name} {kind}") or ARGUMENTS.get(name)
    return f"CAST({by_name or ARGUMENTS[kind]} AS {kind})"


def nodes(one: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield one
    for below in one.get("Plans", ()):
        yield from nodes(below)


def tables_in(one: Mapping[str, Any]) -> set[str]:
    """Return our tables in a plan, without those of PostgreSQL itself."""
    found = {node["Relation Name"] for node in nodes(one) if "Relation Name" in node}
    return {name for name in found if not name.startswith("pg_")}


def faults(one: Mapping[str, Any]) -> Iterator[str]:
    """Say what reads a whole table, or more than it is asked for."""
    read = 0.0
    for node in nodes(one):
        table = node.get("Relation Name", "pg_")
        if "Scan" in node["Node Type"] and table not in FEW and not table.startswith("pg_"):
            if node["Node Type"] == "Seq Scan":
                yield f"reads all of {table}"
            skipped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            read += (node["Actual Rows"] + skipped) * node["Actual Loops"]
    if read > READ:
        yield f"reads {read:.0f} rows"
