"""An erased case leaves how long its logs were and a digest of each, and nothing that leads to it."""

from dataclasses import fields
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.core.calendar_terms import month_of
from shared.ids import new_id
from shared.storage import erasure, log_digests
from shared.storage.log_digests import LogDigest
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import MARKER_KEY, delivery, know, rows, transaction_on

NAMES = {"journal": "entries", "access_log": "looks"}
ONE_MORE = {
    "journal": "INSERT INTO journal (at, case_id, what, role, message_id, detail) "
    "VALUES (now(), :case, 'Looked', 'manager', 'm', '{}')",
    "access_log": "INSERT INTO access_log (at, case_id, role, person, thing, allowed, rule) "
    "VALUES (now(), :case, 'manager', 'somebody', 'case', true, 'R7')",
}


async def with_a_case(fresh_database: FreshDatabase) -> AsyncEngine:
    """A case with an entry in its journal and two looks in its access log."""
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await transaction_on(engine, SERVICE).run([delivery(s.CASE, submit, at=NOW)])
    await change(engine, ONE_MORE["access_log"], ONE_MORE["access_log"])
    return engine


async def change(engine: AsyncEngine, *statements: str) -> None:
    """Change the logs as the owner of the tables does."""
    async with as_owner(engine) as connection:
        for statement in statements:
            await connection.execute(sa.text(statement), {"case": s.CASE} if ":case" in statement else {})


async def measured(engine: AsyncEngine, case_id: str = s.CASE, key: bytes = MARKER_KEY) -> LogDigest:
    async with engine.connect() as connection:
        return (await log_digests.measure(connection, key, [case_id], machine_now()))[case_id]


async def forgotten(engine: AsyncEngine, *case_ids: str) -> list[LogDigest]:
    async with engine.begin() as connection:
        await erasure.erase(connection, MARKER_KEY, case_ids, machine_now())
    async with engine.connect() as connection:
        return [one async for one in log_digests.stored(connection)]


async def test_erasing_leaves_what_a_copy_of_the_log_still_measures(fresh_database: FreshDatabase) -> None:
    engine = await with_a_case(fresh_database)
    copy = await measured(engine)
    assert (copy.month, copy.entries, copy.looks) == (month_of(machine_now()), 1, 2)
    assert await forgotten(engine, s.CASE) == [copy]
    assert await rows(engine, "journal") == await rows(engine, "access_log") == []


async def test_a_case_that_is_purged_by_order_leaves_its_log_with_the_purge_in_it(
    fresh_database: FreshDatabase,
) -> None:
    engine = await with_a_case(fresh_database)
    purge = c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE)
    await transaction_on(engine, SERVICE).run([delivery(s.CASE, purge, at=NOW)])
    (left,) = await rows(engine, "erased_logs")
    assert (left.entries, left.looks) == (2, 2)


@pytest.mark.parametrize("table", NAMES)
async def test_a_log_that_was_changed_shortened_or_lengthened_shows(
    fresh_database: FreshDatabase, table: str
) -> None:
    engine = await with_a_case(fresh_database)
    name = f"{NAMES[table]}_digest"
    digests = {getattr(await measured(engine), name)}
    await change(engine, ONE_MORE[table])
    digests.add(getattr(await measured(engine), name))
    await change(
        engine,
        f"ALTER TABLE {table} DISABLE TRIGGER insert_only",
        f"UPDATE {table} SET rule = 'R99' WHERE entry = (SELECT max(entry) FROM {table})",  # noqa: S608
    )
    digests.add(getattr(await measured(engine), name))
    await change(engine, f"DELETE FROM {table} WHERE entry = (SELECT min(entry) FROM {table})")  # noqa: S608
    digests.add(getattr(await measured(engine), name))
    assert len(digests) == 4


async def test_the_digest_does_not_depend_on_the_session_that_asks(fresh_database: FreshDatabase) -> None:
    engine = await with_a_case(fresh_database)
    async with engine.connect() as connection:
        await connection.execute(sa.text("SET TimeZone = 'Pacific/Auckland'"))
        elsewhere = await log_digests.measure(connection, MARKER_KEY, [s.CASE], machine_now())
    assert elsewhere[s.CASE] == await measured(engine)


async def test_what_is_left_leads_to_no_case_r106(fresh_database: FreshDatabase) -> None:
    engine = await with_a_case(fresh_database)
    copy = await measured(engine)
    stranger = await measured(engine, key=b"x" * 32)
    assert copy.entries_digest != stranger.entries_digest, "a copy of the log alone does not give its digest"
    assert {field.name for field in fields(copy)} == {
        "month",
        "entries",
        "entries_digest",
        "looks",
        "looks_digest",
    }
    await forgotten(engine, s.CASE)
    assert s.CASE not in str(await rows(engine, "erased_logs"))


async def test_each_of_several_cases_leaves_a_row_also_one_without_a_log(
    fresh_database: FreshDatabase,
) -> None:
    engine = await with_a_case(fresh_database)
    left = await forgotten(engine, s.CASE, new_id(), new_id())
    assert sorted((log.entries, log.looks) for log in left) == [(0, 0), (0, 0), (1, 2)]


async def test_what_is_left_stays_when_the_marker_goes_and_is_never_changed(
    fresh_database: FreshDatabase,
) -> None:
    engine = await with_a_case(fresh_database)
    await forgotten(engine, s.CASE)
    async with engine.begin() as connection:
        await erasure.prune(connection, machine_now() + timedelta(days=31), 10)
    assert await rows(engine, "erased") == []
    for statement in (
        "UPDATE erased_logs SET entries = 0",
        "DELETE FROM erased_logs",
        "TRUNCATE erased_logs",
    ):
        with pytest.raises(DBAPIError):
            await change(engine, "SET LOCAL zvh.erasing = 'on'", statement)
    assert len(await rows(engine, "erased_logs")) == 1
