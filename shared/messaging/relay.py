"""Send the outbox: one relay per database takes it in order, decrypts, encrypts for the recipient, sends.

Nothing else sends, and each letter passes the gate first. It leads as long as its session lives; rows stay
locked while they are sent and are deleted after every in-sync replica has them. A destination that fails is
deferred alone, and a message that cannot be sent is quarantined alone, with its case. The answer that a
message was accepted leaves when the broker has what the other services must know of it.
"""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import machine_now
from shared.contract.messages.house import MessageAccepted
from shared.contract.parties import Parties
from shared.contract.registry import of_model
from shared.core.actor import Actor, Role
from shared.core.viewing import Denied
from shared.crypto.case_key_client import CaseKeyClient, KeyAuthorityUnreachable
from shared.crypto.codec import Codec
from shared.kafka.admin import fetch_partitions
from shared.messaging.gate import Gate, Judged
from shared.messaging.preparing import Prepared, Preparer, Ready, Unsendable, sealed_messages
from shared.storage import access_log, journal, outbox
from shared.storage.cases import hold
from shared.storage.database import DATABASE_ERRORS, sqlstate
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.outbox import NO_CASE, Row
from shared.storage.party_replica import PartyReplica
from shared.storage.sequence_numbers import LeadershipLost, SequenceAllocator, load_sequences
from shared.telemetry.logs import log_bug
from shared.telemetry.metrics import HELD_BACK, LETTERS_STOPPED, MESSAGES_SENT
from shared.telemetry.turns import Turns

log = structlog.get_logger()
LOOP = "relay"  # its name among the loops of the process
LEASE = 5.0  # seconds from knowing that it leads to sending; a relay that was away longer sends nothing
ASIDE = 10.0  # seconds a failing destination waits, and a case whose key cannot be had
LOOKS_EVERY = 1.0  # seconds, whether the topic of a batch that does not arrive is still there
MOST = 2000
TOLD_WITHIN, TOLD_EVERY = 5.0, 0.05  # seconds, for the broker to have what an act forbids elsewhere
ACCEPTED = of_model(MessageAccepted).type
# What the broker says of a record, and of no other: sent again, it would be refused again.
REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTimestampError)

_partitioner = DefaultPartitioner()


@dataclass(slots=True)
class Relay:
    """Send the outbox of one service; `wake` it after a commit, else it looks every `idle` seconds.

    It is not woken by what another process of the service committed, so it must not be idle for long.
    `announces`: the topics on which the other services hear what was decided here.
    """

    engine: AsyncEngine
    producer: AIOKafkaProducer
    parties: PartyReplica
    keys: CaseKeyClient
    codec: Codec
    source: str
    gate: Gate
    announces: tuple[str, ...]
    idle: float = 0.5
    turns: Turns = field(default_factory=Turns)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _topics: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _resting: dict[str, float] = field(default_factory=dict)  # case, until when by the event loop's clock

    def wake(self) -> None:
        """Look at the outbox at once: something was committed."""
        self._awake.set()

    async def told(self, cause: str) -> bool:
        """Wait until the broker has what the other services must know of this request; False if it has not.

        Whichever process of this service leads may send it.
        """
        until = asyncio.get_running_loop().time() + TOLD_WITHIN
        while True:
            async with self.engine.connect() as connection:
                if not await outbox.is_untold(connection, self.announces, cause):
                    return True
            if asyncio.get_running_loop().time() > until:
                HELD_BACK.labels("act").inc()
                return False
            await asyncio.sleep(TOLD_EVERY)

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
                sent = sent or await self._send_batch(leader, numbers, letters=False)
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

    async def _send_batch(
        self, leader: AsyncConnection, numbers: SequenceAllocator, *, letters: bool = True
    ) -> int:
        """Send one batch in the leader's own session: if that is lost, nothing is deleted.

        First what the house itself must know, and then the letters: so an answer need not wait for the next
        batch. Returns of how many rows something became.
        """
        async with leader.begin():
            as_of = self.gate.currency.as_of
            rows = await self._next_rows(leader, numbers, letters=letters)
            if not rows:
                return 0
            parties = await self.parties.refresh(leader)
            judged = await self.gate.judge(leader, rows, parties)
            await self._stop(leader, judged)
            leaving = judged.leaving(rows)
            batch = Batch(leader, numbers, parties, as_of)
            told = await self._send(batch, [row for row in leaving if row.recipient is None])
            to_parties = [row for row in leaving if row.recipient is not None]
            ready = await self._told_first(
                leader, [row for row in to_parties if not told.keeps_back(row)], numbers
            )
            sent = await self._send(batch, ready)
        numbers.confirm([*told.ids, *sent.ids, *(row.id for row, _ in judged.stopped)])
        MESSAGES_SENT.inc(len(told.ids) + len(sent.ids))
        for _, refusal in judged.stopped:
            LETTERS_STOPPED.labels(refusal.rule).inc()
        if sent.resting:
            log.warning("case-keys-unavailable", cases=len(sent.resting))
        self._rest(sent.resting | judged.held)
        for fault in (*told.faults, *sent.faults):
            await self._quarantine(leader, fault)
        return len(rows) - (len(to_parties) - len(ready))

    async def _send(self, batch: "Batch", rows: Sequence[Row]) -> "Sent":
        """Prepare, number and send rows, and delete those that have arrived; raise `LeadershipLost`."""
        if not rows:
            return Sent()
        prepared = await self._prepare(rows, batch.parties, batch.numbers)
        checked = asyncio.get_running_loop().time()
        await batch.numbers.persist(self.engine)
        if asyncio.get_running_loop().time() - checked > LEASE:
            raise LeadershipLost
        published = await self._publish(prepared.ready, batch.as_of)
        sent = [r.row.id for r in published.done]
        await outbox.delete_sent(batch.leader, sent)
        await outbox.defer(batch.leader, sorted(prepared.aside | published.failed), ASIDE)
        return Sent(sent, prepared.resting, [*prepared.unsendable, *published.refused])

    def _rest(self, cases: Set[str]) -> None:
        """Leave these cases out for a while: their keys cannot be had, or they are held."""
        until = asyncio.get_running_loop().time() + ASIDE
        self._resting |= dict.fromkeys(cases, until)

    def _resting_now(self) -> list[str]:
        now = asyncio.get_running_loop().time()
        self._resting = {case: until for case, until in self._resting.items() if until > now}
        return list(self._resting)

    async def _next_rows(
        self, leader: AsyncConnection, numbers: SequenceAllocator, *, letters: bool = True
    ) -> list[Row]:
        """Return first, and alone, the rows that were numbered before and may be at the broker or not."""
        letters = letters and self.gate.currency.is_current()
        if numbers.unconfirmed and letters:
            unsure = list(numbers.unconfirmed)
            numbers.confirm(set(unsure) - await outbox.remaining(leader, unsure))
            if rows := await outbox.rows_by_id(leader, unsure):
                return rows
        return await outbox.next_rows(leader, MOST, self._resting_now(), letters=letters)

    async def _told_first(
        self, leader: AsyncConnection, rows: list[Row], numbers: SequenceAllocator
    ) -> list[Row]:
        """Leave out the answers to what the broker may not have yet as an event; they get no number either.

        So whoever took something back and reads the answer knows that no service shows it for longer. What
        has its number already goes as it did.
        """
        answers = {row.id for row in rows if row.type == ACCEPTED} - numbers.unconfirmed.keys()
        if not answers:
            return rows
        untold = await outbox.untold(leader, self.announces)
        return [row for row in rows if row.id not in answers or not untold.of(row)]

    async def _stop(self, leader: AsyncConnection, judged: Judged) -> None:
        """Delete the letters that may not leave any more, and say so in both logs."""
        now, by = self.gate.clock.now(), Actor(Role.SERVICE, service=self._service)
        await outbox.delete_stopped(leader, [row.id for row, _ in judged.stopped])
        await journal.write(
            leader,
            self.gate.log_key,
            [
                journal.of_refusal(now, row.case_id or NO_CASE, refusal, by, row.event_id)
                for row, refusal in judged.stopped
            ],
        )
        stopped = [
            (row.case_id, row.recipient, row.item, Denied(refusal.rule, refusal.article))
            for row, refusal in judged.stopped
            if row.case_id and row.recipient and row.item
        ]
        await access_log.write_stopped(leader, self.gate.log_key, stopped)

    async def _quarantine(self, leader: AsyncConnection, fault: Unsendable) -> None:
        """Quarantine a row that cannot be sent and hold its case, which is locked first, as elsewhere."""
        row = fault.row
        log_bug(self._service, "outbox-message-unsendable", fault.error, row=row.id, type=row.type)
        async with leader.begin():
            if row.case_id is not None:
                await hold(leader, row.case_id)
            await outbox.quarantine(leader, row.id)

    @property
    def _service(self) -> str:
        return self.source.rpartition("zvh-")[2]

    async def _prepare(self, rows: Sequence[Row], parties: Parties, numbers: SequenceAllocator) -> Prepared:
        """Fetch the keys of the cases whose texts are to be sent, and prepare the rows."""
        texts = sealed_messages(rows)
        keys = await self.keys.get({row.case_id for row in rows if row.id in texts and row.case_id})
        preparer = Preparer(self.source, self.codec, parties, numbers, machine_now())
        return await preparer.prepare(rows, texts, keys)

    # --- publishing -------------------------------------------------------------------------------

    async def _publish(self, ready: Sequence[Ready], as_of: float) -> "Published":
        """Send; return what every in-sync replica has, which topics failed, and what the broker refused.

        `as_of`: of when what the letters were judged by was followed, as `Currency.as_of`.
        """
        by_topic: dict[str, list[Ready]] = {}
        for r in ready:
            by_topic.setdefault(r.row.topic, []).append(r)
        published = Published(as_of)
        await asyncio.gather(*(self._send_all(topic, some, published) for topic, some in by_topic.items()))
        return published

    async def _send_all(self, topic: str, messages: Sequence[Ready], published: "Published") -> None:
        """Send the messages of one topic, in order per partition, until one of its partitions fails."""
        partitions = await self._partitions(topic)
        if not partitions:
            published.failed.add(topic)
            return
        for partition, some in _by_partition(messages, partitions).items():
            try:
                await self._send_in_order(topic, partition, some, published)
            except KafkaError as error:
                log.warning("destination-deferred", topic=topic, kind=type(error).__name__)
                self._topics.pop(topic, None)
                published.failed.add(topic)

    async def _send_in_order(
        self, topic: str, partition: int, messages: Sequence[Ready], published: "Published"
    ) -> None:
        """Send to one partition; what the broker refuses is found by halves, and left out with its case.

        Letters that were judged too long ago, because something stood still meanwhile, are left to be judged
        anew. Raises `KafkaError` when the partition fails; what had arrived before is among the published.
        """
        most = len(messages)
        while messages:
            if messages[0].row.recipient is not None and not self.gate.currency.is_current(published.as_of):
                HELD_BACK.labels("letters").inc()
                return
            batch, builder = _packed(messages, self.producer, most)
            try:
                delivery = await self.producer.send_batch(builder, topic, partition=partition)
                await self._arrived(topic, delivery)
            except REFUSED as error:
                if len(batch) > 1:
                    most = len(batch) // 2
                    continue
                refused = batch[0].row
                published.refused.append(Unsendable(refused, error))
                messages = [
                    m for m in messages[1:] if refused.case_id is None or m.row.case_id != refused.case_id
                ]
                continue
            published.done += batch
            messages = messages[len(batch) :]

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


class Batch(NamedTuple):
    """Hold what the rows of one batch are sent with; `as_of` as `Currency.as_of` when they were read."""

    leader: AsyncConnection
    numbers: SequenceAllocator
    parties: Parties
    as_of: float


class Sent(NamedTuple):
    """Say what became of rows: which have arrived, which cases rest, and what cannot be sent at all."""

    ids: Sequence[int] = ()
    resting: Set[str] = frozenset()
    faults: Sequence[Unsendable] = ()

    def keeps_back(self, row: Row) -> bool:
        """Tell whether something that stands before this row of its case cannot be sent."""
        return row.case_id is not None and any(fault.row.case_id == row.case_id for fault in self.faults)


@dataclass(slots=True)
class Published:
    """Collect what every in-sync replica has, the topics that failed, and what the broker refused."""

    as_of: float
    done: list[Ready] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    refused: list[Unsendable] = field(default_factory=list)


def _looked_at(delivery: asyncio.Future[Any]) -> None:
    """Look at how a delivery ended, or asyncio would report that nobody did."""
    if not delivery.cancelled():
        delivery.exception()


def _by_partition(messages: Sequence[Ready], partitions: tuple[int, ...]) -> dict[int, list[Ready]]:
    """Group the messages by partition, by their key, so that what is of one case stays in order."""
    if len(partitions) == 1:
        return {partitions[0]: list(messages)}
    where: dict[int, list[Ready]] = {}
    for message in messages:
        partition = _partitioner(message.row.key.encode(), list(partitions), list(partitions))
        where.setdefault(partition, []).append(message)
    return where


def _packed(
    messages: Sequence[Ready], producer: AIOKafkaProducer, most: int
) -> tuple[list[Ready], BatchBuilder]:
    """Pack as many of the first messages as the producer takes in one batch, and at most so many."""
    batch: list[Ready] = []
    builder = producer.create_batch()
    for message in messages[:most]:
        taken = {"key": message.row.key.encode(), "value": message.body, "headers": message.headers}
        if builder.append(timestamp=None, **taken) is None:
            break
        batch.append(message)
    return batch, builder


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
