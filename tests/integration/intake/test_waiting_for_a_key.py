"""A message under a key that was announced a moment ago waits for the announcement; a forged one does not."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.contract.messages.house import MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.parties import KeyUse, Parties, PublicKey
from shared.contract.record import Record, from_bytes
from shared.core.outcome import DeliveryStatus
from shared.crypto.jose import new_key, public_jwk
from shared.handling.delivery import Unhandled
from shared.storage import held_messages
from shared.storage.held_messages import HeldMessage
from tests.conftest import FreshDatabase
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import delivery, know, rows, transaction_on

WAITING, ACCEPTED = DeliveryStatus.WAITING, DeliveryStatus.ACCEPTED
MESSAGE = ConsultationConfirmed(remark="Akkoord.")
SECOND = timedelta(seconds=1)


class Intake:
    """Hold the receiving side of intake on its own database; the party signs with a key nobody knows yet."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.engine, self.house = engine, House(directory)
        self.transaction = transaction_on(engine, SERVICE)
        self.known_key = self.house.signing
        self.house.signing = new_key()
        self.parties = Parties({s.VENLO: self.house.party})

    def announce(self, key: ECKey, use: KeyUse = KeyUse.SIGNING, **more: Any) -> None:
        jwk = public_jwk(key, use.value)
        announced = PublicKey(
            kid=jwk["kid"], use=use, jwk=jwk, **({"valid_from": machine_now() - timedelta(hours=1)} | more)
        )
        party = self.house.party.model_copy(update={"keys": (*self.house.party.keys, announced)})
        self.parties = Parties({s.VENLO: party})

    async def takes(self, *records: Record) -> list[DeliveryStatus]:
        return await self.tries([(record, None) for record in records])

    async def tries(self, messages: list[tuple[Record, HeldMessage | None]]) -> list[DeliveryStatus]:
        read, dead = await self.house.receiver().receive(messages, self.parties)
        return [outcome.status for outcome in await self.transaction.run(read, dead)]

    async def tries_again(self, *, in_time: bool = True) -> list[DeliveryStatus]:
        async with self.engine.connect() as connection:
            waiting = await held_messages.waiting(connection, 500)
        if not in_time:
            waiting = [replace(one, until=machine_now() - SECOND) for one in waiting]
        return await self.tries([(from_bytes(one.record), one) for one in waiting])

    async def answers(self) -> list[MessageRefused]:
        found = await rows(self.engine, "outbox", "type LIKE '%message-refused%' ORDER BY id")
        return [MessageRefused.model_validate_json(row.body) for row in found]


@pytest.fixture
async def intake(fresh_database: FreshDatabase, tmp_path: Path) -> Intake:
    engine = await fresh_database(SERVICE)
    intake = Intake(engine, tmp_path)
    await know(engine, intake.parties)
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await intake.transaction.run([delivery(s.CASE, submit, at=machine_now())])
    return intake


async def test_a_message_under_a_key_that_comes_later_is_accepted_then_f21(intake: Intake) -> None:
    assert await intake.takes(intake.house.record(MESSAGE)) == [WAITING]
    assert await intake.tries_again() == [WAITING]
    assert await intake.answers() == []
    intake.announce(intake.house.signing)
    assert await intake.tries_again() == [ACCEPTED]
    assert await rows(intake.engine, "held") == []


async def test_a_key_that_never_comes_is_a_dead_letter_and_its_id_may_be_used_again(intake: Intake) -> None:
    record = intake.house.record(MESSAGE)
    await intake.takes(record)
    assert await intake.tries_again(in_time=False) == []
    (answer,) = await intake.answers()
    assert (answer.reason, answer.remedy) == ("signature-not-of-the-sender", "correct")
    (letter,) = await rows(intake.engine, "outbox", "topic = 'zvh.intake.dead'")
    assert "signature-not-of-the-sender" in letter.body
    assert await rows(intake.engine, "held") == []
    message_id = dict(record.headers)["ce_id"]
    assert message_id is not None
    intake.house.signing = intake.known_key
    assert await intake.takes(intake.house.record(MESSAGE, id=message_id.decode())) == [ACCEPTED]


async def test_what_is_forged_is_refused_at_once(intake: Intake) -> None:
    """Under a known kid by another key, under a key of another use, under one that is not in force."""
    own, lie = intake.known_key, new_key()
    liar = ECKey.import_key({**lie.as_dict(private=True), "kid": own.thumbprint()})
    sealing, past, ahead = new_key(), new_key(), new_key()
    for signing, use, more in (
        (liar, None, {}),
        (sealing, KeyUse.SEALING, {}),
        (past, KeyUse.SIGNING, {"valid_until": machine_now() - SECOND}),
        (ahead, KeyUse.SIGNING, {"valid_from": machine_now() + timedelta(hours=1)}),
    ):
        if use:
            intake.announce(signing, use, **more)
        intake.house.signing = signing
        before = len(await intake.answers())
        assert await intake.takes(intake.house.record(MESSAGE)) == []
        answers = await intake.answers()
        assert [one.reason for one in answers[before:]] == ["signature-not-of-the-sender"]
    assert await rows(intake.engine, "held") == []


async def test_a_flood_under_unknown_keys_fills_its_own_share_and_no_other(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_messages, "MOST_WAITING", 3)
    assert await intake.takes(intake.house.record(MESSAGE)) == [WAITING]
    flood = [intake.house.record(MESSAGE) for _ in range(4)]
    assert await intake.takes(*flood) == [WAITING] * 2 + [DeliveryStatus.REFUSED] * 2
    assert [(one.name, one.remedy) for one in await intake.answers()] == [
        ("TooManyMessagesWait", "retry-later")
    ] * 2
    unknown = intake.house.record(MESSAGE)._replace(topic="zvh.intake.from.met-ggz")
    assert await intake.takes(unknown) == [WAITING]
    assert await intake.tries_again() == [WAITING] * 4, "what waits keeps its place"
    assert len(await rows(intake.engine, "held")) == 4


async def test_of_what_waits_each_sender_is_tried_in_its_turn(intake: Intake) -> None:
    flood = [intake.house.record(MESSAGE) for _ in range(20)]
    other = intake.house.record(MESSAGE)._replace(topic="zvh.intake.from.met-ggz")
    await intake.takes(*flood, other)
    async with intake.engine.connect() as connection:
        tried = await held_messages.waiting(connection, 4)
    topics = Counter(from_bytes(one.record).topic for one in tried)
    assert topics == {"zvh.intake.from.met-ggz": 1, f"zvh.intake.from.{s.VENLO}": 3}
    assert [one.id for one in tried] == sorted(one.id for one in tried)


async def test_a_message_of_nobody_known_does_not_queue_in_a_held_case(intake: Intake) -> None:
    """It may be a stranger's: it waits as it would about any case."""
    bug = Unhandled(by=s.by_party())
    await intake.transaction.run([delivery(s.CASE, bug, at=machine_now(), record=b"kept")])
    assert await intake.takes(intake.house.record(MESSAGE)) == [WAITING]
    assert [row.why for row in await rows(intake.engine, "held", "true ORDER BY id")] == ["parked", "waiting"]
