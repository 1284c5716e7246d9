"""A page is looked at as a whole: as many statements and requests for keys for one thing as for twenty."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.triage import commands as c
from services.triage.api import PAGE
from services.triage.main import SERVICE
from shared.core.outcome import DeliveryStatus
from shared.crypto.case_cipher import CaseKey
from tests.conftest import FreshDatabase
from tests.integration.triage.test_api import HOUSE, KEY, Office, OneKey, office_on
from tests.support.samples import triage as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on


def case_number(n: int) -> str:
    return f"{s.CASE[:-4]}1{n:03x}"


def query_number(n: int) -> str:
    return f"{s.NEW[:-4]}1{n:03x}"


async def waiting_for_police(engine: AsyncEngine, count: int) -> None:
    """Make so many cases, with one query to the police in each."""
    transaction = transaction_on(engine, SERVICE)
    for n in range(count):
        key = CaseKey(KEY, house=HOUSE, case_id=case_number(n))
        commands = (
            c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(items=())),
            s.issue(query_number(n)),
        )
        outcomes = await transaction.run([delivery(case_number(n), x, at=NOW, key=key) for x in commands])
        assert {outcome.status for outcome in outcomes} == {DeliveryStatus.ACCEPTED}


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the statements that PostgreSQL gets meanwhile."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", note)


async def listed(office: Office) -> list[str]:
    answer = await office.worker(s.POLICE).get("/queries")
    assert answer.status_code == 200, answer.text
    return [query["query_id"] for query in answer.json()["queries"]]


async def test_a_page_costs_as_many_statements_and_key_requests_as_one_thing(
    fresh_database: FreshDatabase, monkeypatch: Any
) -> None:
    asked: list[list[str]] = []
    fetch = OneKey.fetch

    async def noted(self: OneKey, case_ids: list[str], *, make: bool) -> Any:
        asked.append(case_ids)
        return await fetch(self, case_ids, make=make)

    monkeypatch.setattr(OneKey, "fetch", noted)
    statements = []
    for count in (1, PAGE):
        engine = await fresh_database(SERVICE)
        await know(engine, s.parties())
        await waiting_for_police(engine, count)
        async with office_on(engine) as office:
            asked.clear()
            with counted(engine) as seen:
                assert len(await listed(office)) == count
        statements.append(len(seen))
        assert [len(ids) for ids in asked] == [count]
        assert sum("INSERT INTO access_log" in one for one in seen) == 1
    assert statements[0] == statements[1]


async def test_a_page_logs_exactly_what_it_shows_r129(fresh_database: FreshDatabase) -> None:
    """Nothing of the cases but the queries that are listed is even decided on."""
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    await waiting_for_police(engine, 3)
    async with office_on(engine) as office:
        shown = await listed(office)
    found = await rows(engine, "access_log", "thing NOT LIKE 'sent/%'")  # and that each was sent
    looks = {(row.case_id, row.thing, row.allowed) for row in found}
    assert shown == [query_number(n) for n in range(3)]
    assert looks == {
        (case_number(n), thing, True) for n in range(3) for thing in ("case", f"query/{query_number(n)}")
    }


async def test_a_text_that_is_gone_hides_what_it_belongs_to_and_nothing_else(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    await waiting_for_police(engine, 3)
    async with engine.begin() as connection:
        gone = {"case": case_number(1)}
        await connection.execute(sa.text("DELETE FROM pieces WHERE case_id = :case"), gone)
    async with office_on(engine) as office:
        assert await listed(office) == [query_number(0), query_number(2)]


async def test_two_queries_of_one_case_are_both_listed(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    await waiting_for_police(engine, 1)
    key = CaseKey(KEY, house=HOUSE, case_id=case_number(0))
    more = delivery(case_number(0), s.issue(query_number(9)), at=NOW, key=key)
    await transaction_on(engine, SERVICE).run([more])
    async with office_on(engine) as office:
        assert await listed(office) == [query_number(0), query_number(9)]
