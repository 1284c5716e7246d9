"""A message that a bug parked: its case is held, and an operator retries in order or discards."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared import parked
from shared.actor import Actor, Role
from shared.case_keys import CaseKeys, KeyStatus
from shared.clock import Clock, machine_now
from shared.codec import SignedAndSealed
from shared.delivery import Fate
from shared.envelope import SEALED_BODY, Envelope, to_headers, to_json
from shared.held import Held, Why
from shared.house_keys import HouseKeys
from shared.ids import new_id
from shared.jose import load_key, new_key, public_jwk, sign_and_seal
from shared.letters import Post
from shared.message import of_model
from shared.messages.intake import ConsultationConfirmed
from shared.parties import KeyUse, Parties, PublicKey
from shared.receive import Receiver
from shared.record import Record, from_bytes
from shared.refusal import as_told
from shared.service import Inbound
from shared.topics import Topics
from tests.conftest import FreshDatabase
from tests.intake import samples as s
from tests.servers import delivery, know, rows, transaction_on

SOURCE = "urn:nld:oin:00000099000000009000"


class OneKey:
    """A source of keys for one test: the same for every case."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        return dict.fromkeys(case_ids, (KeyStatus.READY, b"k" * 32))


class House:
    """The receiving side of intake, with a party that can sign."""

    def __init__(self, directory: Path) -> None:
        self.keys = HouseKeys(directory, b"r" * 32, machine_now)
        self.signing = new_key()
        jwk = public_jwk(self.signing, "sig")
        announced = PublicKey(
            kid=jwk["kid"], use=KeyUse.SIGNING, jwk=jwk, valid_from=machine_now() - timedelta(days=1)
        )
        self.party = s.venlo(source=SOURCE, keys=(announced,))

    def receiver(self, service: Any = SERVICE) -> Receiver[Any]:
        codec, topics = SignedAndSealed(self.keys), Topics()
        keys = CaseKeys(OneKey(), "noord-limburg")
        return Receiver(service, topics, codec, keys, Clock(), Post("intake", topics), b"d" * 32)

    def record(self, message: Any) -> Record:
        envelope = Envelope(
            id=new_id(), source=SOURCE, type=of_model(type(message)).type, time=machine_now(), subject=s.CASE
        )
        house = next(load_key(jwk) for jwk in self.keys.public() if jwk["use"] == "enc")
        body = sign_and_seal(
            to_json(envelope, message.model_dump_json().encode()), signing=self.signing, sealing=house
        )
        headers = tuple(to_headers(envelope, SEALED_BODY))
        topic = Topics().from_party("intake", s.VENLO)
        return Record(topic, 0, 1, machine_now(), headers, body)


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
