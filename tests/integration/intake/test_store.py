"""Intake on a real PostgreSQL: one message one effect, all or nothing, and forgetting for good."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.refusal import CASE_HELD, UNKNOWN_CASE, public_refusal
from shared.core.outcome import DeliveryStatus
from shared.handling.delivery import Unhandled
from shared.ids import new_id
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

CONSULT = c.ConfirmConsultation(by=s.by_party())
OUTCOME = ScreeningOutcome.TAKEN_UP
FIRST = new_id()
SUBMIT = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())


async def test_the_same_message_twice_has_one_effect(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    one = delivery(s.CASE, SUBMIT, at=NOW)
    fates = [o.status for o in await transaction.run([one, one])]
    again = [o.status for o in await transaction.run([one])]
    assert fates + again == [DeliveryStatus.ACCEPTED, DeliveryStatus.REPEATED, DeliveryStatus.REPEATED]
    assert len(await rows(engine, "journal")) == 1
    letters = [row.type.split(".")[-2] for row in await rows(engine, "outbox")]
    assert sorted(letters) == ["items-claimed", "message-accepted", "referral-received"]


async def test_the_same_id_with_other_content_is_refused(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(s.CASE, SUBMIT, at=NOW, message_id=FIRST)])
    other = delivery(s.CASE, SUBMIT, at=NOW, message_id=FIRST, digest=b"other")
    outcome = (await transaction.run([other]))[0]
    assert outcome.refusal is not None
    assert outcome.refusal.name == "MessageIdReused"


async def test_ten_transactions_at_once_on_one_case_give_one_referral(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transactions = [transaction_on(engine, SERVICE) for _ in range(10)]
    results = await asyncio.gather(
        *(t.run([delivery(s.CASE, SUBMIT, at=NOW, message_id=new_id())]) for t in transactions)
    )
    fates = sorted(result[0].status for result in results)
    assert fates == [DeliveryStatus.ACCEPTED] + [DeliveryStatus.REFUSED] * 9
    assert (await rows(engine, "cases"))[0].version == 1


async def test_an_item_of_one_case_cannot_be_moved_to_another(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    other_case = s.CASE[:-1] + "d"
    moved = c.SubmitReferral(by=s.by_party(), case_id=other_case, referral=s.referral())
    batch = [delivery(s.CASE, SUBMIT, at=NOW), delivery(other_case, moved, at=NOW)]
    fates = [(o.status, o.refusal and o.refusal.name) for o in await transaction.run(batch)]
    assert fates == [(DeliveryStatus.ACCEPTED, None), (DeliveryStatus.REFUSED, "ItemNumberNotUsable")]


async def test_a_purged_case_leaves_no_row_and_never_comes_back(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(s.CASE, SUBMIT, at=NOW)])
    purge = c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE)
    await transaction.run([delivery(s.CASE, purge, at=NOW)])
    for table in ("cases", "pieces", "items", "journal", "access_log", "due", "held"):
        assert await rows(engine, table) == [], table
    assert [r.type.split(".")[-2] for r in await rows(engine, "outbox", "case_id IS NULL ORDER BY id")] == [
        "items-claimed",
        "message-accepted",
        "case-purged",
    ]
    confirm = c.ConfirmConsultation(by=s.by_party())
    late = delivery(s.CASE, confirm, at=NOW, record=b"kept")
    assert (await transaction.run([late]))[
        0
    ].status is DeliveryStatus.WAITING  # as long as for a case that never was
    outcome = (await transaction.run([delivery(s.CASE, confirm, at=NOW)]))[0]
    assert outcome.refusal is not None
    assert public_refusal(outcome.refusal) == UNKNOWN_CASE
    assert await rows(engine, "cases") == []
    assert [r.case_id for r in await rows(engine, "journal")] == ["erased"]


async def test_the_journal_can_only_grow(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    await transaction_on(engine, SERVICE).run([delivery(s.CASE, SUBMIT, at=NOW)])
    for statement in ("UPDATE journal SET what = 'Other'", "DELETE FROM journal"):
        with pytest.raises(DBAPIError):
            async with engine.begin() as connection:
                await connection.execute(sa.text(statement))
    assert len(await rows(engine, "journal")) == 1


async def test_a_refusal_that_may_be_lag_waits_and_is_then_final(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    outcome = (await transaction.run([delivery(s.CASE, SUBMIT, at=NOW, record=b"kept")]))[0]
    assert outcome.status is DeliveryStatus.WAITING
    assert [row.why for row in await rows(engine, "held")] == ["waiting"]
    assert await rows(engine, "journal") == []
    at_once = (await transaction.run([delivery(s.CASE, SUBMIT, at=NOW)]))[0]
    assert at_once.status is DeliveryStatus.REFUSED


async def test_a_decision_that_raises_parks_its_message_and_holds_its_case_alone(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(s.CASE, SUBMIT, at=NOW)])
    broken = c.ScreenReferral(by=s.by_director(), outcome=None, weighing=s.text("own"))  # type: ignore[arg-type]
    unknown = c.RecordInforming(by=s.by_party(), person_id=s.MAN, moment="x")  # type: ignore[arg-type]
    consult = c.ConfirmConsultation(by=s.by_party())
    await transaction.run([delivery(s.CASE, consult, at=NOW)])
    other = c.SubmitReferral(by=s.by_party(), case_id=s.MAN, referral=s.referral(items=(), referral_id=s.MAN))
    batch = [
        delivery(s.CASE, broken, at=NOW, record=b"first"),
        delivery(s.CASE, unknown, at=NOW, record=b"second"),
        delivery(s.MAN, other, at=NOW),
    ]
    fates = [o.status for o in await transaction.run(batch)]
    assert fates == [DeliveryStatus.QUARANTINED, DeliveryStatus.HELD, DeliveryStatus.ACCEPTED]
    assert [(row.why, row.record) for row in await rows(engine, "held")] == [
        ("parked", b"first"),
        ("queued", b"second"),
    ]


async def test_a_person_is_told_at_once_that_a_case_is_held(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(s.CASE, SUBMIT, at=NOW), delivery(s.CASE, CONSULT, at=NOW)])
    broken = c.ScreenReferral(by=s.by_director(), outcome=None, weighing=s.text("own"))  # type: ignore[arg-type]
    assert (await transaction.run([delivery(s.CASE, broken, at=NOW, record=b"kept")]))[
        0
    ].status is DeliveryStatus.QUARANTINED
    by_hand = delivery(
        s.CASE, c.ScreenReferral(by=s.by_director(), outcome=OUTCOME, weighing=s.text("own")), at=NOW
    )
    outcome = (await transaction.run([by_hand]))[0]
    assert (outcome.status, outcome.refusal) == (DeliveryStatus.REFUSED, CASE_HELD)


async def test_a_message_that_no_handler_could_read_is_parked_and_not_refused(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    unhandled = delivery(s.CASE, Unhandled(by=s.by_party()), at=NOW, record=b"kept")
    assert (await transaction_on(engine, SERVICE).run([unhandled]))[0].status is DeliveryStatus.QUARANTINED
    assert [row.why for row in await rows(engine, "held")] == ["parked"]
    assert await rows(engine, "outbox") == []
