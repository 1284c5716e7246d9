"""A message that a bug parked: its case is held, and an operator retries in order or discards."""

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.parties import Parties
from shared.contract.record import from_bytes
from shared.contract.refusal import UNKNOWN_CASE, public_refusal
from shared.core.actor import Actor, Role
from shared.core.outcome import DeliveryStatus
from shared.handling.delivery import Unhandled
from shared.handling.service import MessageContext
from shared.runtime import quarantine
from shared.storage.held_messages import HeldMessage, HoldReason
from tests.conftest import FreshDatabase
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import MARKER_KEY, delivery, house_records, know, rows, transaction_on


def breaks(message: ConsultationConfirmed, at: MessageContext) -> c.ConfirmConsultation:
    raise RuntimeError("a bug")


BROKEN = replace(SERVICE, handlers={**SERVICE.handlers, ConsultationConfirmed: breaks})


async def a_held_case(engine: AsyncEngine, house: House) -> None:
    """A referral whose consultation met a bug, with a later message queued behind it."""
    parties = Parties({s.VENLO: house.party})
    await know(engine, parties)
    transaction = transaction_on(engine, SERVICE)
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await transaction.run([delivery(s.CASE, submit, at=machine_now())])
    for message in (ConsultationConfirmed(remark="Akkoord."), ConsultationConfirmed(remark="Nogmaals.")):
        received, dead = await house.receiver(BROKEN).receive([(house.record(message), None)], parties)
        assert dead == []
        await transaction.run(received)
    assert [row.why for row in await rows(engine, "held")] == ["parked", "queued"]
    assert await quarantine.held_cases(engine) == {s.CASE: 2}


async def test_after_the_bug_is_mended_a_retry_handles_all_in_order(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    done = await quarantine.retry(transaction, house.receiver(), house_records(transaction), s.CASE)
    assert done == quarantine.Released(2, free=True)
    assert await rows(engine, "held") == []
    entries = [row.what for row in await rows(engine, "journal")]
    assert entries == ["ReferralReceived", "ConsultationConfirmed", "AlreadyConsulted", "HeldCaseReleased"]


async def test_while_the_bug_is_there_a_retry_changes_nothing(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    done = await quarantine.retry(transaction, house.receiver(BROKEN), house_records(transaction), s.CASE)
    assert done == quarantine.Released(0, free=False)
    assert await quarantine.held_cases(engine) == {s.CASE: 2}
    held_now = sorted(await rows(engine, "held"), key=lambda row: row.id)
    assert [row.why for row in held_now] == ["parked", "queued"]


async def test_a_discarded_message_is_journalled_and_the_rest_goes_on(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    assert await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
    transaction = transaction_on(engine, SERVICE)
    done = await quarantine.retry(transaction, house.receiver(), house_records(transaction), s.CASE)
    assert done.free
    assert "ParkedMessageDiscarded" in [row.what for row in await rows(engine, "journal")]
    assert (await rows(engine, "cases"))[0].phase == "consulted"  # by the message behind it


async def test_a_held_case_is_held_for_those_it_concerns_and_unknown_to_others_r34(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    police = s.venlo(party=s.POLICE)
    await know(engine, Parties({s.VENLO: house.party, s.POLICE: police}))

    async def told(party: str) -> str:
        worker = Actor(Role.PARTY_WORKER, party=party, person=f"worker-{party}")
        asked = delivery(s.CASE, c.ConfirmConsultation(by=worker), at=machine_now())
        (outcome,) = await transaction.run([asked])
        assert outcome.refusal is not None
        return public_refusal(outcome.refusal).name

    assert await told(s.VENLO) == "CaseHeld"
    assert await told(s.POLICE) == "UnknownCase"


async def test_a_message_that_waits_for_a_fact_does_not_pass_a_fault(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    queued = next(row for row in await rows(engine, "held") if row.why == "queued")
    waits = HeldMessage(queued.id, s.CASE, HoldReason.WAITING, machine_now(), bytes(queued.record))
    parties = Parties({s.VENLO: house.party})
    received, _ = await house.receiver().receive([(from_bytes(waits.record), waits)], parties)
    assert [outcome.status for outcome in await transaction.run(received)] == [DeliveryStatus.HELD]
    assert [row.why for row in sorted(await rows(engine, "held"), key=lambda row: row.id)] == [
        "parked",
        "queued",
    ]


async def test_a_case_that_does_not_load_is_held_and_the_rest_of_the_batch_goes_on(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    parties = Parties({s.VENLO: house.party})
    await know(engine, parties)
    transaction, other = transaction_on(engine, SERVICE), s.CASE[:-1] + "d"
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await transaction.run([delivery(s.CASE, submit, at=machine_now())])
    await execute(engine, "UPDATE cases SET state = json_build_object('was', state)")
    item = s.item(item_id=s.ITEM[:-1] + "e")
    elsewhere = c.SubmitReferral(by=s.by_party(), case_id=other, referral=s.referral(items=(item,)))
    records = [(house.record(ConsultationConfirmed(remark="Akkoord.")), None)]
    received, _ = await house.receiver().receive(records, parties)
    fates = [
        o.status for o in await transaction.run([*received, delivery(other, elsewhere, at=machine_now())])
    ]
    assert fates == [DeliveryStatus.QUARANTINED, DeliveryStatus.ACCEPTED]
    assert await quarantine.held_cases(engine) == {s.CASE: 1}
    still = await quarantine.retry(transaction, house.receiver(), house_records(transaction), s.CASE)
    assert still == quarantine.Released(0, free=False)
    await execute(engine, "UPDATE cases SET state = state -> 'was' WHERE held")
    done = await quarantine.retry(transaction, house.receiver(), house_records(transaction), s.CASE)
    assert done == quarantine.Released(1, free=True)
    assert [row.phase for row in await rows(engine, "cases", "case_id = :id", id=s.CASE)] == ["consulted"]


async def test_nobody_is_told_of_a_case_that_does_not_load_and_nothing_of_the_request_is_kept(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await transaction.run([delivery(s.CASE, submit, at=NOW)])
    await execute(engine, "UPDATE cases SET state = json_build_object('was', state)")
    worker = Actor(Role.PARTY_WORKER, party=s.VENLO, person="worker")
    asked = delivery(s.CASE, c.ConfirmConsultation(by=worker), at=NOW, sender="person:worker")
    for _ in range(2):
        (outcome,) = await transaction.run([asked])
        assert outcome.refusal == UNKNOWN_CASE
    await execute(engine, "UPDATE cases SET state = state -> 'was'")
    await quarantine.let_go(engine, MARKER_KEY, s.CASE)
    assert [outcome.status for outcome in await transaction.run([asked])] == [DeliveryStatus.ACCEPTED]


async def test_a_persons_request_that_met_a_bug_is_tried_anew_when_it_is_repeated(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    worker = Actor(Role.PARTY_WORKER, party=s.VENLO, person="worker")
    submit = c.SubmitReferral(by=worker, case_id=s.CASE, referral=s.referral())
    asked = delivery(s.CASE, submit, at=NOW, sender="person:worker")
    (outcome,) = await transaction.run([asked._replace(command=Unhandled(by=worker))])
    assert outcome.status is DeliveryStatus.QUARANTINED
    assert await rows(engine, "cases") == []
    assert [outcome.status for outcome in await transaction.run([asked])] == [DeliveryStatus.ACCEPTED]


async def test_a_request_over_http_holds_no_case_whatever_it_meets(fresh_database: FreshDatabase) -> None:
    """A bug in a decision, or a value that the database does not take: it may be a stranger's case."""
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await transaction.run([delivery(s.CASE, submit, at=NOW)])
    stranger = Actor(Role.PARTY_WORKER, party="\0", person="worker")
    bug, data = Unhandled(by=stranger), c.ConfirmConsultation(by=stranger)
    for command in (bug, data):
        asked = delivery(s.CASE, command, at=NOW, sender="person:worker")
        assert [o.status for o in await transaction.run([asked])] == [DeliveryStatus.QUARANTINED]
    assert await quarantine.held_cases(engine) == {}
    consult = c.ConfirmConsultation(by=s.by_party())
    (outcome,) = await transaction.run([delivery(s.CASE, consult, at=NOW)])
    assert outcome.status is DeliveryStatus.ACCEPTED


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text(statement))
