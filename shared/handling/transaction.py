"""The one place that commits: a batch of deliveries, decided in order, in one transaction.

Locks are taken in a fixed order (parties shared, inbox sorted, cases sorted) and never span the network.
One statement per table per batch. Acknowledging is the caller's, after this has returned.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.contract.refusal import MESSAGE_ID_REUSED, UNKNOWN_CASE, Refusal
from shared.core.outcome import DeliveryStatus, Outcome
from shared.core.process import HasPhase
from shared.handling.decide import Decider
from shared.handling.delivery import DeadLetter, Delivery
from shared.handling.erasure_check import ErasureCheck
from shared.handling.unit_of_work import OwnRows, UnitOfWork, write
from shared.storage import deadlines, erasure, held_messages, inbox, item_ids
from shared.storage.cases import CaseTable, CaseUnreadable
from shared.storage.database import sqlstate
from shared.storage.outbox import OutboxMessage
from shared.storage.party_replica import PartyReplica
from shared.telemetry import metrics

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
Run = Callable[[Sequence[Delivery]], Awaitable[list[Outcome]]]
Traced = Callable[[Sequence[Delivery], Run], Awaitable[list[Outcome]]]
RETRY_AT_ONCE = frozenset({"40001", "40P01"})
TAKEN = "23505"  # unique_violation


class ErasureUnknown(Exception):
    """Nothing is decided about these cases before it is known whether they were erased since a backup."""

    def __init__(self, forgetting: ErasureCheck, case_ids: Sequence[str]) -> None:
        self.forgetting, self.case_ids = forgetting, case_ids


@dataclass(frozen=True, slots=True)
class Transaction(Generic[S]):
    """Runs one service's core on batches; `run` is the only method that others call."""

    engine: AsyncEngine
    deciding: Decider[S]
    cases: CaseTable[S]
    parties: PartyReplica
    marker_key: bytes
    own_rows: OwnRows | None = None
    forgotten: Callable[[str], None] = lambda case_id: None
    traced: Traced | None = None
    forgetting: ErasureCheck | None = None

    async def run(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter] = ()) -> list[Outcome]:
        """Decide, write and commit; the outcomes are in the order of the deliveries.

        Raises `DBAPIError` when the database cannot be reached, after a restore also
        `KeyAuthorityUnreachable`: nothing was committed then. Data that the database itself rejects
        (SQLSTATE classes 22 and 23), and a case that does not load, split the batch to find the culprit.
        """
        if self.traced is None:
            return await self._run(deliveries, dead)
        return await self.traced(deliveries, lambda carrying: self._run(carrying, dead))

    async def _run(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter]) -> list[Outcome]:
        overtaken = False
        while True:
            damaged = False
            try:
                return await self._commit(deliveries, dead)
            except ErasureUnknown as doubt:
                await doubt.forgetting.make_sure(doubt.case_ids)
                continue
            except DBAPIError as error:
                state = sqlstate(error)
                if state in RETRY_AT_ONCE:
                    continue
                if state == TAKEN and not overtaken:  # by somebody whose commit is seen next time
                    overtaken = True
                    continue
                if state[:2] not in ("22", "23") or not deliveries:
                    raise
                log.warning("batch-rejected-by-database", sqlstate=state, size=len(deliveries))
            except CaseUnreadable as fault:
                log.error("case-damaged", case=str(fault), size=len(deliveries))
                damaged = True
            if dead:
                await self._run((), dead)
            if len(deliveries) > 1:
                middle = len(deliveries) // 2
                return await self._run(deliveries[:middle], ()) + await self._run(deliveries[middle:], ())
            return [await self._park_alone(deliveries[0], damaged=damaged)]

    async def _commit(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter]) -> list[Outcome]:
        writes: UnitOfWork[S] = UnitOfWork()
        began = time.perf_counter()
        async with self.engine.begin() as connection:
            outcomes = await self._batch(connection, deliveries, dead, writes)
        _count(outcomes, dead, time.perf_counter() - began)
        for case_id in writes.forgotten:
            self.forgotten(case_id)
        return outcomes

    async def _batch(
        self,
        connection: AsyncConnection,
        deliveries: Sequence[Delivery],
        dead: Sequence[DeadLetter],
        writes: UnitOfWork[S],
    ) -> list[Outcome]:
        parties = await self.parties.lock(connection)
        writes.answers += await _letters_about(connection, dead)
        outcomes = await self._claim(connection, deliveries, writes)
        fresh = [d for d, outcome in zip(deliveries, outcomes, strict=True) if outcome is None]
        if fresh:
            ids = {d.case_id for d in fresh}
            writes.cases = await self.cases.lock(connection, sorted(ids))
            new = [c.case_id for c in writes.cases.values() if not c.exists]
            gone = await erasure.find_erased(connection, self.marker_key, new)
            if self.forgetting and (
                unsure := self.forgetting.unsure(case for case in new if case not in gone)
            ):
                raise ErasureUnknown(self.forgetting, unsure)
            owners = await item_ids.owners(connection, _named_items(fresh))
            for n, delivery in enumerate(deliveries):
                if outcomes[n] is None:
                    outcomes[n] = self.deciding.decide(delivery, parties, gone, owners, writes)
        await self._write(connection, writes)
        await _remember(connection, deliveries, outcomes)
        return [outcome for outcome in outcomes if outcome is not None]

    async def _claim(
        self, connection: AsyncConnection, deliveries: Sequence[Delivery], writes: UnitOfWork[S]
    ) -> list[Outcome | None]:
        """None for each delivery that is handled here for the first time, else what it already came to."""
        slips = [d.slip for d in deliveries if d.deadline is None]
        claimed = await inbox.claim(connection, slips) if slips else set()
        timers = [d.deadline.id for d in deliveries if d.deadline]
        taken = await deadlines.take(connection, timers) if timers else set()
        ids = [d.held.id for d in deliveries if d.held]
        released = await held_messages.take(connection, ids) if ids else set()
        if len(claimed) == len(deliveries) and not ids:
            return [None] * len(deliveries)
        doubtful = [s.key for s in slips if s.key not in claimed]
        known = await inbox.prior_results(connection, doubtful) if doubtful else {}
        known |= {s.key: inbox.PriorResult(s.digest, None) for s in reversed(slips) if s.key in claimed}

        def first_time(delivery: Delivery) -> bool:
            if delivery.deadline is not None:
                return delivery.deadline.id in taken
            if delivery.held is not None:
                return delivery.held.id in released
            if delivery.slip.key in claimed:
                claimed.discard(delivery.slip.key)
                return True
            return False

        def before(delivery: Delivery) -> Outcome | None:
            if first_time(delivery):
                return None
            earlier = known.get(delivery.slip.key)
            if earlier is None or earlier.digest in (b"", delivery.slip.digest):
                return Outcome(DeliveryStatus.REPEATED, earlier=earlier.result if earlier else None)
            return self.deciding.refuse(delivery, MESSAGE_ID_REUSED, writes)

        return [before(delivery) for delivery in deliveries]

    async def _park_alone(self, delivery: Delivery, *, damaged: bool) -> Outcome:
        """The database rejects what it would write, or its case does not load: that is a bug of ours too.

        The row of the case is held as it lies. Of a person's request nothing is kept, so that it can be made
        again; who may know of a case that does not load cannot be judged, so it is told to nobody.
        """
        began = time.perf_counter()
        async with self.engine.begin() as connection:
            await self.parties.lock(connection)
            writes: UnitOfWork[S] = UnitOfWork()
            of_a_person = delivery.record is None and delivery.deadline is None
            if not of_a_person and (await self._claim(connection, [delivery], writes))[0] is not None:
                return Outcome(DeliveryStatus.REPEATED)
            await self.cases.hold(connection, delivery.case_id)
            outcome = self.deciding.keep(delivery, writes)
            await self._write(connection, writes)
        _count([outcome], (), time.perf_counter() - began)
        return Outcome(DeliveryStatus.REFUSED, UNKNOWN_CASE) if of_a_person and damaged else outcome

    async def _write(self, connection: AsyncConnection, writes: UnitOfWork[S]) -> None:
        await write(connection, writes, self.cases, self.deciding.post, self.marker_key, self.own_rows)


def _named_items(deliveries: Iterable[Delivery]) -> list[str]:
    return [item for d in deliveries if not isinstance(d.command, Refusal) for item in d.command.new_items()]


async def _letters_about(connection: AsyncConnection, dead: Sequence[DeadLetter]) -> list[OutboxMessage]:
    """One dead letter for each record, also where it is read again because offsets were lost."""
    if not dead:
        return []
    ids = [d.held.id for d in dead if d.held]
    if ids:
        await held_messages.take(connection, ids)
    first = await inbox.claim(connection, [d.slip for d in dead])
    return [letter for d in dead if d.slip.key in first for letter in d.letters]


async def _remember(
    connection: AsyncConnection, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome | None]
) -> None:
    """A person's request gets the same answer when it is repeated; that is a batch of one.

    One that met a fault of ours had no effect and none is kept: repeated, it is tried anew.
    """
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        if not delivery.slip.sender.startswith("person:") or outcome is None:
            continue
        if outcome.status is DeliveryStatus.QUARANTINED:
            await inbox.release(connection, delivery.slip)
        if outcome.status in (DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED):
            refusal = asdict(outcome.refusal) if outcome.refusal else None
            result = {"version": outcome.version, "refusal": refusal}
            await inbox.store_result(connection, delivery.slip, result)


def _count(outcomes: Sequence[Outcome], dead: Sequence[DeadLetter], seconds: float) -> None:
    """Count one committed transaction for Prometheus; no label names a case, a person or a message."""
    metrics.BATCH_MESSAGES.observe(len(outcomes) + len(dead))
    metrics.BATCH_SECONDS.observe(seconds)
    for status, times in Counter(outcome.status for outcome in outcomes).items():
        metrics.DELIVERIES.labels(status.value).inc(times)
    refusals = Counter(
        o.refusal for o in outcomes if o.refusal is not None and o.status is DeliveryStatus.REFUSED
    )
    for refusal, times in refusals.items():
        metrics.REFUSALS.labels(refusal.rule, refusal.name).inc(times)
    for reason, times in Counter(letter.reason for letter in dead).items():
        metrics.DEAD_LETTERS.labels(reason).inc(times)
