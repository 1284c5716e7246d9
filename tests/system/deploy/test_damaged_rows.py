"""A row of its own that a service cannot read is set apart, its case held, and everything else goes on.

On a real PostgreSQL and a real broker, with the service's own rights.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.effects import INFORMING
from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.content import SealedText
from shared.contract.fields import InformMoment
from shared.contract.limits import MAX_RECORD
from shared.contract.messages.intake import ReferralScreened, ScreeningOutcome
from shared.contract.parties import KeyUse, Parties, PublicKey
from shared.contract.topics import Topics
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import new_key, public_jwk
from shared.ids import new_id
from shared.kafka.admin import KafkaAdmin
from shared.kafka.connection import Connection
from shared.kafka.watermark import Watermark
from shared.messaging import preparing
from shared.messaging.relay import Relay
from shared.runtime import quarantine
from shared.runtime.scheduler import Scheduler
from shared.storage import held_messages, outbox
from shared.storage.held_messages import HoldReason, MessageToHold
from shared.storage.outbox import NO_CASE, OutboxMessage
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.leaving import gate_of
from tests.support.outgoing import EVENTS, PARTY, outbox_message, unsent, write
from tests.support.receiving import House, OneKey
from tests.support.samples import intake as s
from tests.support.transactions import MARKER_KEY, delivery, house_records, know, rows, transaction_on

OTHER_CASE = s.CASE[:-1] + "d"
GOOD_REF = f"{s.MAN}/{InformMoment.TAKEN_UP}"
UNREADABLE = '{"outcome": "no-such-outcome"}'


@contextlib.asynccontextmanager
async def relaying(
    engine: AsyncEngine, login: Connection, directory: Path
) -> AsyncIterator[asyncio.Task[None]]:
    """Run the relay of intake on this database."""
    keys = HouseKeys(directory, b"r" * 32, machine_now)
    async with AIOKafkaProducer(
        **login.for_aiokafka(),
    ) as producer:
        relay = Relay(
            engine,
            producer,
            PartyReplica(),
            CaseKeyClient(OneKey(), "noord-limburg"),
            SignedAndSealed(keys),
            "urn:nld:oin:00000099:systeem:zvh-intake",
            gate_of(transaction_on(engine, SERVICE)),
            (),
            idle=0.1,
        )
        async with working(relay.run()) as task:
            yield task


@contextlib.asynccontextmanager
async def working(work: Any) -> AsyncIterator[asyncio.Task[None]]:
    task: asyncio.Task[None] = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], Awaitable[bool]], within: float = 15.0) -> None:
    deadline = time.monotonic() + within
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def a_case(engine: AsyncEngine, case: str) -> None:
    """Store a referral by a party that can be sealed to, without its messages."""
    jwk = public_jwk(new_key(), "enc")
    sealing = PublicKey(
        kid=jwk["kid"], use=KeyUse.SEALING, jwk=jwk, valid_from=machine_now() - timedelta(days=1)
    )
    await know(engine, Parties({s.VENLO: s.venlo(), PARTY: s.venlo(party=PARTY, keys=(sealing,))}))
    submit = c.SubmitReferral(by=s.by_party(), case_id=case, referral=s.referral())
    await transaction_on(engine, SERVICE).run([delivery(case, submit, at=machine_now())])
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox"))


async def an_empty_case(engine: AsyncEngine, case: str) -> None:
    """Store a case of which nothing is known but that it is there."""
    values = {"case": case, "phase": str(SERVICE.process.empty.phase)}
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("INSERT INTO cases (case_id, phase, version, state) VALUES (:case, :phase, 1, '{}')"),
            values,
        )


async def is_held(engine: AsyncEngine) -> bool:
    return list(await quarantine.held_cases(engine)) == [s.CASE]


async def test_a_letter_that_cannot_be_read_stays_with_what_stands_behind_it_and_the_rest_is_sent(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)
    await an_empty_case(engine, OTHER_CASE)
    broken, behind = outbox_message(s.CASE, UNREADABLE), outbox_message(s.CASE)
    event, other = outbox_message(s.CASE, topic=EVENTS), outbox_message(OTHER_CASE)
    await write(engine, broken, behind, event, other)  # the event waits for no letter
    async with relaying(engine, logins["service-intake"], tmp_path) as task:

        async def only_these_are_left() -> bool:
            return await unsent(engine) == [broken.event_id, behind.event_id]

        await until(only_these_are_left)
        assert await is_held(engine)
        later = outbox_message(s.CASE)
        await write(engine, later, outbox_message(None, UNREADABLE, topic=EVENTS), outbox_message(OTHER_CASE))
        await asyncio.sleep(0.5)
        assert await unsent(engine) == [broken.event_id, behind.event_id, later.event_id]
        assert not task.done()
        (apart,) = await quarantine.unreadable_letters(engine)
        assert (apart.case, apart.type) == (s.CASE, broken.type)


async def test_a_mended_letter_goes_out_in_its_place_when_the_operator_tries_again(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    engine, house = await fresh_database(SERVICE), House(tmp_path / "house")
    await a_case(engine, s.CASE)
    broken = outbox_message(s.CASE, UNREADABLE)
    await write(engine, broken, outbox_message(s.CASE))
    async with relaying(engine, logins["service-intake"], tmp_path):
        await until(lambda: is_held(engine))
        transaction = transaction_on(engine, SERVICE)

        async def again() -> quarantine.Released:
            return await quarantine.retry(transaction, house.receiver(), house_records(transaction), s.CASE)

        assert await again() == quarantine.Released(0, free=True)
        await until(lambda: is_held(engine))
        async with engine.begin() as connection:
            mended = {"body": outbox_message(s.CASE).body, "id": broken.event_id}
            await connection.execute(sa.text("UPDATE outbox SET body = :body WHERE event_id = :id"), mended)
        await again()

        async def all_sent() -> bool:
            return await unsent(engine) == []

        await until(all_sent)
        assert not await is_held(engine)


async def test_a_letter_whose_text_does_not_open_can_be_discarded_and_the_journal_says_so(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)
    damaged = ReferralScreened(
        outcome=ScreeningOutcome.TAKEN_UP, advice=SealedText("1", "intake", b"no longer what was sealed")
    )
    await write(engine, outbox_message(s.CASE, damaged.model_dump_json()), outbox_message(s.CASE))
    async with relaying(engine, logins["service-intake"], tmp_path):
        await until(lambda: is_held(engine))
        assert await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
        assert not await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
        await quarantine.let_go(engine, MARKER_KEY, s.CASE)

        async def all_sent() -> bool:
            return await unsent(engine) == []

        await until(all_sent)
    said = [row.what for row in await rows(engine, "journal", "true ORDER BY entry")]
    assert said == ["ReferralReceived", "UnreadableLetterDiscarded", "HeldCaseReleased"]


async def test_a_letter_about_no_case_is_set_apart_alone(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)
    broken = outbox_message(None, UNREADABLE)
    await write(engine, broken, outbox_message(s.CASE))
    async with relaying(engine, logins["service-intake"], tmp_path):

        async def only_this_is_left() -> bool:
            return await unsent(engine) == [broken.event_id]

        await until(only_this_is_left)
        assert await quarantine.held_cases(engine) == {}
        assert [apart.case for apart in await quarantine.unreadable_letters(engine)] == [NO_CASE]
        assert await quarantine.discard_first(engine, MARKER_KEY, NO_CASE)


async def arrived(login: Connection) -> list[tuple[int, str]]:
    """Return what lies on the topic of intake's events: partition and event id, in order."""
    async with AIOKafkaConsumer(**login.for_aiokafka(), auto_offset_reset="earliest") as consumer:
        await consumer._client.force_metadata_update()
        consumer.assign(
            [TopicPartition(EVENTS, n) for n in sorted(consumer.partitions_for_topic(EVENTS) or ())]
        )
        found: list[tuple[int, str]] = []
        while fetched := await consumer.getmany(timeout_ms=1000):
            records = [record for some in fetched.values() for record in some]
            found += [(record.partition, dict(record.headers)["ce_id"].decode()) for record in records]
        return found


@pytest.mark.parametrize("seen_by", ["the relay", "the broker"])
async def test_an_event_that_is_too_large_stays_with_its_case_and_the_rest_of_its_partition_is_sent(
    fresh_database: FreshDatabase,
    logins: dict[str, Connection],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seen_by: str,
) -> None:
    """Also where a topic takes less than the house believes."""
    if seen_by == "the broker":
        monkeypatch.setattr(preparing, "MAX_RECORD", 10 * MAX_RECORD)
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)

    def event(case: str | None, body: str = "{}") -> OutboxMessage:
        """In one partition, whatever case it is about."""
        return outbox_message(case, body, topic=EVENTS)._replace(key="one-key")

    first, large, behind = event(s.CASE), event(s.CASE, "x" * 2 * MAX_RECORD), event(s.CASE)
    others = [event(OTHER_CASE) for _ in range(5)]
    of_no_case, too_large_of_none = event(None), event(None, "x" * 2 * MAX_RECORD)
    await write(
        engine, first, others[0], large, too_large_of_none, others[1], behind, *others[2:], of_no_case
    )
    async with relaying(engine, logins["service-intake"], tmp_path) as task:

        async def only_these_are_left() -> bool:
            apart = await quarantine.unreadable_letters(engine)
            return len(apart) == 2 and len(await unsent(engine)) == 3

        await until(only_these_are_left)
        assert await unsent(engine) == [large.event_id, too_large_of_none.event_id, behind.event_id]
        assert await is_held(engine)
        async with engine.connect() as connection:
            assert (await outbox.backlog(connection, 10)).unreadable == 2
        ours = [first, *others, of_no_case]
        sent = [
            one for one in await arrived(logins["service-triage"]) if one[1] in {x.event_id for x in ours}
        ]
        assert [event_id for _, event_id in sent] == [one.event_id for one in ours]
        assert len({partition for partition, _ in sent}) == 1
        assert await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
        await quarantine.let_go(engine, MARKER_KEY, s.CASE)

        async def only_what_is_of_no_case_is_left() -> bool:
            return await unsent(engine) == [too_large_of_none.event_id]

        await until(only_what_is_of_no_case_is_left)
        assert not await is_held(engine)
        assert not task.done()


# --- what the timekeeper looks at ------------------------------------------------------------------


@contextlib.asynccontextmanager
async def keeping_time(
    engine: AsyncEngine, login: Connection, directory: Path
) -> AsyncIterator[asyncio.Task[None]]:
    """Run the scheduler of intake on this database."""
    topics, clock, transaction = Topics(), Clock(), transaction_on(engine, SERVICE)
    office = KafkaAdmin(login)
    messages = Watermark(office, clock, topics.from_pattern("intake"), topics.group("intake", "from"))
    events = Watermark(office, clock, topics.subscribed_pattern("intake"), topics.group("intake", "events"))
    codec = SignedAndSealed(HouseKeys(directory, b"r" * 32, machine_now))
    producer = AIOKafkaProducer()
    keys = CaseKeyClient(OneKey(), "x")
    relay = Relay(engine, producer, transaction.parties, keys, codec, "urn:x", gate_of(transaction), ())
    receiver = House(directory / "house").receiver()
    parties = transaction.parties
    keeper = Scheduler(
        engine=engine,
        service=SERVICE,
        transaction=transaction,
        receiver=receiver,
        parties=parties,
        relay=relay,
        clock=clock,
        messages_read_until=messages.position,
        events_read_until=events.position,
    )
    try:
        async with working(keeper.run()) as task:
            yield task
    finally:
        await producer.stop()


async def due(engine: AsyncEngine, case: str, kind: str, ref: str = "") -> None:
    statement = sa.text(
        "INSERT INTO due (id, case_id, kind, ref, at, irreversible)"
        " VALUES (:id, :case, :kind, :ref, '2020-01-01T00:00:00Z', false)"
    )
    values = {"id": f"{case} {kind}", "case": case, "kind": kind, "ref": ref}
    async with engine.begin() as connection:
        await connection.execute(statement, values)


async def test_a_deadline_of_no_kind_stays_untried_and_holds_its_case(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)
    await due(engine, s.CASE, "no-such-kind")
    async with keeping_time(engine, logins["service-intake"], tmp_path) as task:
        await until(lambda: is_held(engine))
        kept = await rows(engine, "due", "kind = 'no-such-kind'")
        await due(engine, OTHER_CASE, INFORMING, GOOD_REF)

        async def fired() -> bool:
            return await rows(engine, "due", "case_id = :case", case=OTHER_CASE) == []

        await until(fired)
        assert not task.done()
    assert await rows(engine, "due", "kind = 'no-such-kind'") == kept


async def test_a_waiting_message_that_cannot_be_read_is_parked_and_the_others_go_on(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)
    async with engine.begin() as connection:
        hold = MessageToHold(PARTY, new_id(), s.CASE, HoldReason.WAITING, machine_now(), b"no record")
        await held_messages.add(connection, [hold])
    async with keeping_time(engine, logins["service-intake"], tmp_path) as task:
        await until(lambda: is_held(engine))
        await due(engine, OTHER_CASE, INFORMING, GOOD_REF)

        async def fired() -> bool:
            return await rows(engine, "due", "case_id = :case", case=OTHER_CASE) == []

        await until(fired)
        assert not task.done()
    assert [row.why for row in await rows(engine, "held")] == ["parked"]
    assert await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
