"""A message that a bug parked: its case is held, and an operator retries in order or discards."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared import parked
from shared.actor import Actor, Role
from shared.clock import machine_now
from shared.delivery import Fate
from shared.held import Held, Why
from shared.messages.intake import ConsultationConfirmed
from shared.parties import Parties
from shared.record import from_bytes
from shared.refusal import as_told
from shared.service import Inbound
from tests.conftest import FreshDatabase
from tests.intake import samples as s
from tests.receiving import House
from tests.servers import delivery, know, rows, transaction_on


def breaks(message: ConsultationConfirmed, at: Inbound) -> c.ConfirmConsultation:
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
    assert await parked.held_cases(engine) == {s.CASE: 2}


async def test_after_the_bug_is_mended_a_retry_handles_all_in_order(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    done = await parked.retry(engine, transaction, house.receiver(), transaction.parties, s.CASE)
    assert done == parked.Released(2, free=True)
    assert await rows(engine, "held") == []
    entries = [row.what for row in await rows(engine, "journal")]
    assert entries == ["ReferralReceived", "ConsultationConfirmed", "AlreadyConsulted", "HeldCaseReleased"]


async def test_while_the_bug_is_there_a_retry_changes_nothing(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    done = await parked.retry(engine, transaction, house.receiver(BROKEN), transaction.parties, s.CASE)
    assert done == parked.Released(0, free=False)
    assert await parked.held_cases(engine) == {s.CASE: 2}
    held_now = sorted(await rows(engine, "held"), key=lambda row: row.id)
    assert [row.why for row in held_now] == ["parked", "queued"]


async def test_a_discarded_message_is_journalled_and_the_rest_goes_on(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    assert await parked.discard_first(engine, s.CASE)
    transaction = transaction_on(engine, SERVICE)
    done = await parked.retry(engine, transaction, house.receiver(), transaction.parties, s.CASE)
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
        return as_told(outcome.refusal).name

    assert await told(s.VENLO) == "CaseHeld"
    assert await told(s.POLICE) == "UnknownCase"


async def test_a_message_that_waits_for_a_fact_does_not_pass_a_fault(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    await a_held_case(engine, house)
    transaction = transaction_on(engine, SERVICE)
    queued = next(row for row in await rows(engine, "held") if row.why == "queued")
    waits = Held(queued.id, s.CASE, Why.WAITING, machine_now(), bytes(queued.record))
    parties = Parties({s.VENLO: house.party})
    received, _ = await house.receiver().receive([(from_bytes(waits.record), waits)], parties)
    assert [outcome.fate for outcome in await transaction.run(received)] == [Fate.HELD]
    assert [row.why for row in sorted(await rows(engine, "held"), key=lambda row: row.id)] == [
        "parked",
        "queued",
    ]
