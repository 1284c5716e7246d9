"""Proofs and erasures come in pages; a break of the chain shows also where two pages meet."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.retention import store
from services.retention.api import PROOFS_PER_PAGE
from services.retention.main import SERVICE
from services.retention.store import Records
from tests.conftest import FreshDatabase
from tests.integration.retention.test_api import MANAGER, Http
from tests.integration.retention.test_api import http as http
from tests.support.databases import as_owner
from tests.support.samples import retention as s
from tests.support.transactions import rows, transaction_on


async def proven(engine: AsyncEngine, count: int) -> None:
    async with engine.begin() as connection:
        await Records(lambda: ()).save(connection, [s.proof(n) for n in range(1, count + 1)])


async def pages(http: Http) -> Sequence[tuple[int | None, list[int]]]:
    """Return where each page says the chain is broken, and which proofs are on it."""
    found, after = [], "0"
    while after != "None":
        page = (await http.get(MANAGER, f"/proofs?after={after}")).json()
        found.append((page["broken_at"], [one["number"] for one in page["proofs"]]))
        after = str(page["after"])
    return found


async def test_all_pages_together_are_the_whole_chain_r106(http: Http) -> None:
    await proven(http.engine, PROOFS_PER_PAGE + 3)
    first, second = await pages(http)
    assert (first[0], second[0]) == (None, None)
    assert first[1] + second[1] == list(range(1, PROOFS_PER_PAGE + 4))
    assert len(first[1]) == PROOFS_PER_PAGE


async def test_a_proof_that_is_missing_or_changed_at_the_end_of_a_page_shows_on_the_next_r106(
    http: Http,
) -> None:
    await proven(http.engine, PROOFS_PER_PAGE + 3)
    async with as_owner(http.engine) as connection:
        await connection.execute(sa.text("ALTER TABLE proofs DISABLE TRIGGER USER"))
        changed = sa.text("UPDATE proofs SET digest = :digest WHERE number = :n")
        await connection.execute(changed, {"digest": b"other", "n": PROOFS_PER_PAGE})
    assert [broken for broken, _ in await pages(http)] == [PROOFS_PER_PAGE, PROOFS_PER_PAGE + 1]
    async with as_owner(http.engine) as connection:
        gone = sa.text("DELETE FROM proofs WHERE number = :n")
        await connection.execute(gone, {"n": PROOFS_PER_PAGE})
    missing = (await http.get(MANAGER, f"/proofs?after={PROOFS_PER_PAGE}")).json()
    assert missing["broken_at"] == PROOFS_PER_PAGE + 1


async def test_erasures_come_in_the_order_of_their_orders_some_at_a_time(
    fresh_database: FreshDatabase,
) -> None:
    """R105; the list leads to no case (R106), and what is over is not on it."""
    engine = await fresh_database(SERVICE)
    cases = transaction_on(engine, SERVICE).cases
    ordered = sa.text(
        "INSERT INTO cases (case_id, phase, version, state) "
        "VALUES (:case, 'erasing', 1, CAST(:state AS json))"
    )
    async with engine.begin() as connection:
        for n in range(3):
            state = f'{{"phase": "erasing", "ordered_at": "2027-03-0{n + 1}T00:00:00Z"}}'
            await connection.execute(ordered, {"case": s.number(10 + n), "state": state})
        first, after = await store.under_erasure(connection, cases, after=0, most=2)
        assert after is not None
        second, none = await store.under_erasure(connection, cases, after=after, most=2)
        count, since = await store.erasures(connection, 10)
    days = [state.ordered_at.day for state in [*first, *second] if state.ordered_at]
    assert (days, none, count, since and since.day) == ([1, 2, 3], None, 3, 1)
    async with engine.begin() as connection:
        over = sa.text("UPDATE cases SET phase = 'erased' WHERE case_id = :case")
        await connection.execute(over, {"case": s.number(10)})
        await connection.execute(sa.text("DELETE FROM cases WHERE case_id = :case"), {"case": s.number(11)})
    assert [row.case_id for row in await rows(engine, "erasures")] == [s.number(12)]
