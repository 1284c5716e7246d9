"""A party that sends a message again gets its first answer again, and the message has one effect (S15)."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed, ReferralWithdrawn
from shared.contract.parties import Parties
from shared.contract.record import Record, from_bytes
from shared.contract.registry import Model, by_type
from shared.core.outcome import DeliveryStatus
from shared.ids import new_id
from shared.runtime import quarantine
from shared.storage import erasure, held_messages
from tests.conftest import FreshDatabase
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import MARKER_KEY, delivery, know, rows, transaction_on

CONFIRM, WITHDRAW = ConsultationConfirmed(remark="Akkoord."), ReferralWithdrawn(reason="Vergissing.")
ACCEPTED, REFUSED, REPEATED = DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED, DeliveryStatus.REPEATED
WAITING = DeliveryStatus.WAITING


class Intake:
    """Hold the receiving side of intake on its own database; each record stands at a place of its own."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.engine, self.house, self.place = engine, House(directory), 0
        self.transaction = transaction_on(engine, SERVICE)
        self.parties = Parties({s.VENLO: self.house.party})

    def sent(self, message: Model, message_id: str, **changes: Any) -> Record:
        """Return what the party puts on its topic, sealed anew."""
        self.place += 1
        return self.house.record(message, id=message_id, **changes)._replace(offset=self.place)

    async def takes(self, *records: Record) -> list[DeliveryStatus]:
        read, dead = await self.house.receiver().receive([(one, None) for one in records], self.parties)
        return [outcome.status for outcome in await self.transaction.run(read, dead)]

    async def expire(self) -> list[DeliveryStatus]:
        """Try what waits for the last time."""
        async with self.engine.begin() as connection:
            waiting = await held_messages.waiting(connection, 100)
            await held_messages.expire_now(
                connection, [one.case_id for one in waiting], machine_now() - timedelta(seconds=1)
            )
            waiting = await held_messages.waiting(connection, 100)
        read, dead = await self.house.receiver().receive(
            [(from_bytes(one.record), one) for one in waiting], self.parties
        )
        return [outcome.status for outcome in await self.transaction.run(read, dead)]

    async def answers(self, message_id: str) -> list[str]:
        """Return "accepted" or the refusal's name, of each answer to this message, in order."""
        found = []
        for row in await rows(self.engine, "outbox", "causation_id = :id ORDER BY id", id=message_id):
            entry = by_type(row.type)
            assert entry is not None
            message = entry.model.model_validate_json(row.body) if row.recipient else None
            if isinstance(message, MessageAccepted):
                found.append("accepted")
            if isinstance(message, MessageRefused):
                assert message.sentence_nl
                found.append(message.name)
        return found


@pytest.fixture
async def intake(fresh_database: FreshDatabase, tmp_path: Path) -> Intake:
    engine = await fresh_database(SERVICE)
    intake = Intake(engine, tmp_path)
    await know(engine, intake.parties)
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await intake.transaction.run([delivery(s.CASE, submit, at=machine_now())])
    return intake


async def test_a_repeated_message_is_accepted_again_and_has_one_effect(intake: Intake) -> None:
    one = new_id()
    assert await intake.takes(intake.sent(CONFIRM, one)) == [ACCEPTED]
    assert await intake.takes(intake.sent(CONFIRM, one)) == [REPEATED]
    assert await intake.answers(one) == ["accepted"] * 2
    done = Counter(row.what for row in await rows(intake.engine, "journal"))
    assert done["ConsultationConfirmed"] == 1


async def test_a_repeated_message_is_refused_as_the_first_time_whatever_has_changed(intake: Intake) -> None:
    """Decided anew it would be refused under another name: the case has ended since."""
    first, again = new_id(), new_id()
    await intake.takes(intake.sent(CONFIRM, first))
    assert await intake.takes(intake.sent(CONFIRM, again)) == [REFUSED]
    assert await intake.takes(intake.sent(WITHDRAW, new_id())) == [ACCEPTED]
    assert await intake.takes(intake.sent(CONFIRM, again)) == [REPEATED]
    assert await intake.answers(again) == ["AlreadyConsulted"] * 2
    fresh = new_id()
    await intake.takes(intake.sent(CONFIRM, fresh))
    assert await intake.answers(fresh) == ["ReferralEnded"]


async def test_within_one_batch_a_repeated_message_is_answered_again_once(intake: Intake) -> None:
    one, many = new_id(), 20
    fates = await intake.takes(*(intake.sent(CONFIRM, one) for _ in range(many)))
    assert fates == [ACCEPTED, *[REPEATED] * (many - 1)]
    assert await intake.answers(one) == ["accepted"] * 2
    await intake.takes(*(intake.sent(CONFIRM, one) for _ in range(many)))
    assert await intake.answers(one) == ["accepted"] * 3


async def test_a_record_that_kafka_delivers_again_is_not_answered_again(intake: Intake) -> None:
    one, refused = new_id(), new_id()
    accepted = intake.sent(CONFIRM, one)
    await intake.takes(accepted, accepted)
    late = intake.sent(CONFIRM, refused)
    await intake.takes(late)
    assert await intake.takes(accepted, late, accepted) == [REPEATED] * 3
    assert (await intake.answers(one), await intake.answers(refused)) == (["accepted"], ["AlreadyConsulted"])


async def test_while_the_first_waits_its_repetition_is_not_answered_and_then_as_the_first(
    intake: Intake,
) -> None:
    one = new_id()
    elsewhere = {"subject": new_id()}
    assert await intake.takes(intake.sent(CONFIRM, one, **elsewhere)) == [WAITING]
    assert await intake.takes(intake.sent(CONFIRM, one, **elsewhere)) == [REPEATED]
    assert await intake.answers(one) == []
    assert await intake.expire() == [REFUSED]
    assert await intake.takes(intake.sent(CONFIRM, one, **elsewhere)) == [REPEATED]
    assert await intake.answers(one) == ["UnknownCase"] * 2


async def test_the_answer_outlives_the_case_and_names_it_nowhere(intake: Intake) -> None:
    """Or who repeats a message would learn from silence that there was a case."""
    one = new_id()
    await intake.takes(intake.sent(CONFIRM, one))
    async with intake.engine.begin() as connection:
        await erasure.erase(connection, MARKER_KEY, [s.CASE], machine_now())
    (row,) = await rows(intake.engine, "inbox", "message_id = :id", id=one)
    assert row.case_id is None
    assert s.CASE not in str(row.result)
    await intake.takes(intake.sent(CONFIRM, one))
    assert await intake.answers(one) == ["accepted"] * 2
    late = new_id()
    await intake.takes(intake.sent(CONFIRM, late))
    await intake.expire()
    await intake.takes(intake.sent(CONFIRM, late))
    assert await intake.answers(late) == ["UnknownCase"] * 2


def fails(*_: Any) -> Any:
    raise RuntimeError("a bug in a decision")


async def test_a_message_that_was_discarded_without_an_answer_may_be_sent_again(intake: Intake) -> None:
    one, sound = new_id(), intake.transaction
    broken = replace(SERVICE, process=replace(SERVICE.process, decide=fails))
    intake.transaction = transaction_on(intake.engine, broken)
    assert await intake.takes(intake.sent(CONFIRM, one)) == [DeliveryStatus.QUARANTINED]
    intake.transaction = sound
    assert await intake.takes(intake.sent(CONFIRM, one)) == [REPEATED]
    assert await intake.answers(one) == []
    assert await quarantine.discard_first(intake.engine, MARKER_KEY, s.CASE)
    await quarantine.let_go(intake.engine, MARKER_KEY, s.CASE)
    assert await intake.takes(intake.sent(CONFIRM, one)) == [ACCEPTED]
    assert await intake.answers(one) == ["accepted"]
