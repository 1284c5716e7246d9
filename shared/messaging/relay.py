"""Send the outbox: one relay per database takes it in order, decrypts, encrypts for the recipient, sends.

Nothing else sends. It leads as long as its session lives; rows stay locked while they are sent and are
deleted after every in-sync replica has them. A destination that fails is deferred alone.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import machine_now
from shared.contract.cloudevent import (
    PLAIN_BODY,
    SEALED_BODY,
    Envelope,
    checked,
    schema_uri,
    to_headers,
    to_json,
)
from shared.contract.content import (
    SEALED_ALLOWED,
    AnyContent,
    SealedText,
    can_hold_content,
    contents,
    transform,
)
from shared.contract.parties import Parties, PartyRecord
from shared.contract.registry import by_type
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyAuthorityUnreachable
from shared.crypto.codec import Codec
from shared.kafka.admin import fetch_partitions
from shared.storage import outbox
from shared.storage.cases import hold
from shared.storage.database import DATABASE_ERRORS, sqlstate
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.outbox import Row
from shared.storage.party_replica import PartyReplica
from shared.storage.sequence_numbers import LeadershipLost, SequenceAllocator, load_sequences
from shared.telemetry.logs import log_bug
from shared.telemetry.metrics import MESSAGES_SENT
from shared.telemetry.turns import Turns

log = structlog.get_logger()
LOOP = "relay"  # its name among the loops of the process
LEASE = 5.0  # seconds from knowing that it leads to sending; a relay that was away longer sends nothing
ASIDE = 10.0  # seconds a failing destination waits
LOOKS_EVERY = 1.0  # seconds, whether the topic of a batch that does not arrive is still there
MOST = 2000
MAX_RECORD = 120_000  # bytes; what the broker would refuse again and again is not sent, and is logged

_partitioner = DefaultPartitioner()


@dataclass(slots=True)
class Relay:
    """Send the outbox of one service; `wake` it after a commit, else it looks every `idle` seconds.

    It is not woken by what another process of the service committed, so it must not be idle for long.
    """

    engine: AsyncEngine
    producer: AIOKafkaProducer
    parties: PartyReplica
    keys: CaseKeyClient
    codec: Codec
    source: str
    idle: float = 0.5
    turns: Turns = field(default_factory=Turns)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _topics: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def wake(self) -> None:
        """Look at the outbox at once: something was committed."""
        self._awake.set()

    async def run(self) -> None:
        """Become the one relay of this database, then send; until cancelled."""
        while True:
            self.turns.turned(LOOP)
            try:
                async with acquire_leadership(self.engine, LeaderLock.RELAY) as leader:
                    if leader is not None:
                        await self._lead(leader)
            except DATABASE_ERRORS as error:
                log.warning("relay-pauses", kind=type(error).__name__, sqlstate=sqlstate(error))
            await asyncio.sleep(1)

    async def _lead(self, leader: AsyncConnection) -> None:
        numbers = None
        while True:
            self.turns.turned(LOOP)
            self._awake.clear()
            try:
                numbers = numbers or await self._numbers(leader)
                sent = await self._send_batch(leader, numbers)
            except UnreadableRow as fault:
                numbers = None
                sent = await self._quarantine(leader, fault)
            except (KeyAuthorityUnreachable, KafkaError) as error:
                log.warning("relay-waits", kind=type(error).__name__)
                numbers, sent = None, 0
                await asyncio.sleep(1)
            except LeadershipLost:
                log.warning("relay-lost-leadership")
                return
            if sent == 0:
                await _wait(self._awake, self.idle)

    async def _numbers(self, leader: AsyncConnection) -> SequenceAllocator:
        async with leader.begin():
            return await load_sequences(leader)

    async def _send_batch(self, leader: AsyncConnection, numbers: SequenceAllocator) -> int:
        """Send one batch in the leader's own session: if that is lost, nothing is deleted."""
        async with leader.begin():
            rows = await self._next_rows(leader, numbers)
            if not rows:
                return 0
            parties = await self.parties.refresh(leader)
            ready, aside = await self._prepare(rows, parties, numbers)
            checked = asyncio.get_running_loop().time()
            await numbers.persist(self.engine)
            if asyncio.get_running_loop().time() - checked > LEASE:
                raise LeadershipLost
            done, failed = await self._publish(ready)
            sent = [r.row.id for r in done]
            await outbox.delete_sent(leader, sent)
            await outbox.defer(leader, sorted(aside | failed), ASIDE)
        numbers.confirm(sent)
        MESSAGES_SENT.inc(len(done))
        return len(rows)

    async def _next_rows(self, leader: AsyncConnection, numbers: SequenceAllocator) -> list[Row]:
        """Return first, and alone, the rows that were numbered before and may be at the broker or not."""
        if numbers.unconfirmed:
            unsure = list(numbers.unconfirmed)
            numbers.confirm(set(unsure) - await outbox.remaining(leader, unsure))
            if rows := await outbox.rows_by_id(leader, unsure):
                return rows
        return await outbox.next_rows(leader, MOST)

    async def _quarantine(self, leader: AsyncConnection, fault: "UnreadableRow") -> int:
        """Quarantine an unreadable row and hold its case; the case is locked first, as in a transaction."""
        row = fault.row
        log_bug(self._service, "outbox-message-unreadable", fault.error, row=row.id, type=row.type)
        async with leader.begin():
            if row.case_id is not None:
                await hold(leader, row.case_id)
            await outbox.quarantine(leader, row.id)
        return 1

    @property
    def _service(self) -> str:
        return self.source.rpartition("zvh-")[2]

    # --- preparing --------------------------------------------------------------------------------

    async def _prepare(
        self, rows: Sequence[Row], parties: Parties, numbers: SequenceAllocator
    ) -> tuple[list["Ready"], set[str]]:
        sealed = {row.id: message for row in rows if (message := _sealed_message(row)) is not None}
        keys = await self.keys.get({row.case_id for row in rows if row.id in sealed and row.case_id})
        now = machine_now()
        without = _without_key({row.recipient for row in rows}, parties, now)
        aside = {row.topic for row in rows if row.recipient in without}
        ready: list[Ready] = []
        for row in rows:
            if row.topic in aside:
                continue
            if (message := sealed.get(row.id)) is None:
                text = row.body.encode()
            elif isinstance(key := keys.get(row.case_id or ""), CaseKey):
                text = _opened(row, message, key)
            else:
                aside.add(row.topic)
                continue
            party = parties.get(row.recipient) if row.recipient else None
            envelope = self._envelope(row, numbers.number_for(row))
            try:
                ready.append(self._ready(row, envelope, text, party, now))
            except Exception as error:
                log_bug(self._service, "cannot-be-sealed-to", error, topic=row.topic)
                aside.add(row.topic)
            if len(ready) % 50 == 0:
                await asyncio.sleep(0)
        return ready, aside

    def _ready(
        self, row: Row, envelope: Envelope, text: bytes, party: PartyRecord | None, now: datetime
    ) -> "Ready":
        if party is None:
            return Ready(row, to_headers(envelope, PLAIN_BODY), text)
        body = self.codec.encode(to_json(envelope, text), party, now)
        return Ready(row, to_headers(envelope, SEALED_BODY), body or b"")

    def _envelope(self, row: Row, number: int) -> Envelope:
        """Make the envelope of a row; raise `UnreadableRow` for one that its reader would not take."""
        entry = by_type(row.type)
        extensions = {"sequence": f"{number:020d}"}
        if row.causation_id:
            extensions["causationid"] = row.causation_id
        if row.traceparent:
            extensions["traceparent"] = row.traceparent
        envelope = Envelope(
            id=row.event_id,
            source=self.source,
            type=row.type,
            time=row.recorded_at,
            subject=row.subject,
            dataschema=schema_uri(entry) if entry else None,
            extensions=extensions,
        )
        with _reading(row):
            return checked(envelope)

    # --- publishing -------------------------------------------------------------------------------

    async def _publish(self, ready: Sequence["Ready"]) -> tuple[list["Ready"], set[str]]:
        """Send; return what every in-sync replica has, and the topics that could not take theirs."""
        by_topic: dict[str, list[Ready]] = {}
        for r in ready:
            by_topic.setdefault(r.row.topic, []).append(r)
        sent = await asyncio.gather(*(self._send_all(topic, some) for topic, some in by_topic.items()))
        failed = {
            topic for topic, done in zip(by_topic, sent, strict=True) if len(done) < len(by_topic[topic])
        }
        return [r for done in sent for r in done], failed

    async def _send_all(self, topic: str, messages: Sequence["Ready"]) -> list["Ready"]:
        """Send the messages of one topic, in order per partition; return those that arrived."""
        partitions = await self._partitions(topic)
        if not partitions:
            return []
        done: list[Ready] = []
        for partition, some in _by_partition(messages, partitions).items():
            for batch, builder in _batches(some, self.producer):
                try:
                    await self._arrived(
                        topic, await self.producer.send_batch(builder, topic, partition=partition)
                    )
                except KafkaError as error:
                    log.warning("destination-deferred", topic=topic, kind=type(error).__name__)
                    self._topics.pop(topic, None)
                    break
                done += batch
        return done

    async def _arrived(self, topic: str, delivery: asyncio.Future[Any]) -> None:
        """Wait for a delivery; raises `KafkaError`, at once when the topic is gone (the producer tries 40 s).

        What it goes on trying meanwhile bears the number with which it will be sent again.
        """
        while not (await asyncio.wait({delivery}, timeout=LOOKS_EVERY))[0]:
            self.turns.turned(LOOP)
            if await fetch_partitions(self.producer, topic) == ():
                delivery.add_done_callback(_looked_at)
                raise UnknownTopicOrPartitionError
        delivery.result()

    async def _partitions(self, topic: str) -> tuple[int, ...]:
        if topic not in self._topics and (found := await fetch_partitions(self.producer, topic)):
            self._topics[topic] = found
        return self._topics.get(topic, ())


def _looked_at(delivery: asyncio.Future[Any]) -> None:
    """Look at how a delivery ended, or asyncio would report that nobody did."""
    if not delivery.cancelled():
        delivery.exception()


class UnreadableRow(Exception):
    """Say that this row cannot be read: a bug, or the disk it is stored on."""

    def __init__(self, row: Row, error: Exception) -> None:
        super().__init__(row.id)
        self.row, self.error = row, error


@contextlib.contextmanager
def _reading(row: Row) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise UnreadableRow(row, error) from None


class Ready(NamedTuple):
    """Hold a row with what will be sent for it."""

    row: Row
    headers: list[tuple[str, bytes]]
    body: bytes


def _sealed_message(row: Row) -> Any:
    """Parse the payload of a message to a party that holds sealed texts; None for what is sent as stored."""
    entry = by_type(row.type)
    if row.recipient is None or entry is None or not can_hold_content(entry.model):
        return None
    with _reading(row):
        message = entry.model.model_validate_json(row.body, context=SEALED_ALLOWED)
        return message if any(isinstance(content, SealedText) for content in contents(message)) else None


def _opened(row: Row, message: Any, key: CaseKey) -> bytes:
    """Decrypt the payload for its recipient: the disclosure of each text it carries."""

    def opened(content: AnyContent) -> AnyContent:
        return key.decrypt(content) if isinstance(content, SealedText) else content

    with _reading(row):
        text: str = transform(message, opened).model_dump_json()
        return text.encode()


def _without_key(recipients: Iterable[str | None], parties: Parties, now: datetime) -> set[str]:
    """Return those of them that have no key to encrypt to now."""
    found = {name: parties.get(name) for name in recipients if name is not None}
    return {name for name, party in found.items() if party is None or party.sealing_key(now) is None}


def _by_partition(messages: Sequence[Ready], partitions: tuple[int, ...]) -> dict[int, list[Ready]]:
    """Group the messages by partition, by their key, so that what is of one case stays in order."""
    if len(partitions) == 1:
        return {partitions[0]: list(messages)}
    where: dict[int, list[Ready]] = {}
    for message in messages:
        partition = _partitioner(message.row.key.encode(), list(partitions), list(partitions))
        where.setdefault(partition, []).append(message)
    return where


def _batches(
    messages: Sequence[Ready], producer: AIOKafkaProducer
) -> Iterator[tuple[list[Ready], BatchBuilder]]:
    """Pack the messages as the producer sends them: as many in one batch as it takes.

    A message that is too large for the broker ends it: what stands behind it must not overtake it.
    """
    batch: list[Ready] = []
    builder = producer.create_batch()
    for message in messages:
        if len(message.body) > MAX_RECORD:
            log.error("message-too-large", type=message.row.type, row=message.row.id)
            break
        taken = {"key": message.row.key.encode(), "value": message.body, "headers": message.headers}
        if builder.append(timestamp=None, **taken) is None:
            yield batch, builder
            batch, builder = [], producer.create_batch()
            builder.append(timestamp=None, **taken)
        batch.append(message)
    if batch:
        yield batch, builder


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
