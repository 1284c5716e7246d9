"""Decide a batch of deliveries in order and commit it in one transaction; nothing else commits.

Locks are taken in a fixed order (parties shared, inbox sorted, cases sorted) and never span the network.
One statement per table per batch. Acknowledging is the caller's, after this has returned.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.contract.refusal import MESSAGE_ID_REUSED, TOO_MANY_WAIT, UNKNOWN_CASE, Refusal
from shared.core.outcome import DeliveryStatus, Outcome
from shared.core.process import HasPhase
from shared.handling.decide import NOTHING_MATCHED, Decider, Matched
from shared.handling.delivery import DeadLetter, Delivery, FromClock, FromParty, FromPerson
from shared.handling.erasure_check import ErasureCheck
from shared.handling.first_answers import answers_again, repeated, to_remember
from shared.handling.service import FindMatching
from shared.handling.unit_of_work import OwnRows, UnitOfWork, write
from shared.storage import deadlines, erasure, held_messages, inbox, item_ids
from shared.storage.cases import CaseTable, CaseUnreadable
from shared.storage.database import UNIQUE_VIOLATION, is_data_error, sqlstate
from shared.storage.outbox import OutboxMessage
from shared.storage.party_replica import PartyReplica
from shared.telemetry import metrics
from shared.telemetry.security import REFUSALS

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
Run = Callable[[Sequence[Delivery]], Awaitable[list[Outcome]]]
Traced = Callable[[Sequence[Delivery], Run], Awaitable[list[Outcome]]]
CONFLICTS = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
CONFLICT_PAUSES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0)  # seconds before each new try; then it is the caller's


class ErasureUnknown(Exception):
    """Stop a batch before a decision on cases that may have been erased since a backup was made."""

    def __init__(self, check: ErasureCheck, case_ids: Sequence[str]) -> None:
        self.check, self.case_ids = check, case_ids


@dataclass(frozen=True, slots=True)
class Transaction(Generic[S]):
    """Run one service's core on batches; `run` is the only method that others call.

    `on_erased` is called after the commit with the id of each case that this batch erased.
    """

    engine: AsyncEngine
    decider: Decider[S]
    cases: CaseTable[S]
    parties: PartyReplica
    marker_key: bytes
    own_rows: OwnRows | None = None
    on_erased: Callable[[str], None] = lambda case_id: None
    traced: Traced | None = None
    erasure_check: ErasureCheck | None = None
    find_matching: FindMatching | None = None

    async def run(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter] = ()) -> list[Outcome]:
        """Decide, write and commit; return the outcomes in the order of the deliveries.

        Raises `DBAPIError` when the database cannot be reached or goes on reporting a conflict, after a
        restore also `KeyAuthorityUnreachable`: nothing was committed then. Data that the database itself
        rejects (`is_data_error`), and a case that does not load, split the batch to find the culprit.
        """
        if self.traced is None:
            return await self._run(deliveries, dead)
        return await self.traced(deliveries, lambda carrying: self._run(carrying, dead))

    async def preview(self, delivery: Delivery) -> Refusal | None:
        """Return what this delivery would be refused for now; nothing is locked or written.

        The statements are the same for a case that is here and for one that is not.
        """
        case_id = delivery.case_id
        async with self.engine.connect() as connection:
            parties = await self.parties.refresh(connection)
            await self.decider.policies.refresh(connection)
            found = await self.cases.read(connection, [case_id])
            erased = await erasure.find_erased(connection, self.marker_key, [case_id])
            owners = await item_ids.owners(connection, _named_items([delivery]))
        case = found.get(case_id) or self.cases.nothing(case_id)
        return self.decider.preview(delivery, case, parties, owners, erased=bool(erased) and not case.exists)

    async def _run(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter]) -> list[Outcome]:
        pauses, overtaken = iter(CONFLICT_PAUSES), False
        while True:
            damaged = False
            try:
                return await self._commit(deliveries, dead)
            except ErasureUnknown as unknown:
                await unknown.check.make_sure(unknown.case_ids)
                continue
            except DBAPIError as error:
                state = sqlstate(error)
                if state in CONFLICTS and (pause := next(pauses, None)) is not None:
                    await asyncio.sleep(pause)
                    continue
                if state == UNIQUE_VIOLATION and not overtaken:  # by a commit that is seen next time
                    overtaken = True
                    continue
                if not is_data_error(error) or not deliveries:
                    raise
                log.warning("batch-rejected-by-database", sqlstate=state, size=len(deliveries))
            except CaseUnreadable as fault:
                log.error("case-unreadable-in-batch", case=str(fault), size=len(deliveries))
                damaged = True
            if dead:
                await self._run((), dead)
            if len(deliveries) > 1:
                middle = len(deliveries) // 2
                return await self._run(deliveries[:middle], ()) + await self._run(deliveries[middle:], ())
            return [await self._quarantine_alone(deliveries[0], damaged=damaged)]

    async def _commit(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter]) -> list[Outcome]:
        work: UnitOfWork[S] = UnitOfWork()
        began = time.perf_counter()
        async with self.engine.begin() as connection:
            outcomes = await self._batch(connection, deliveries, dead, work)
        _count(outcomes, dead, time.perf_counter() - began)
        _notice_bursts(deliveries, outcomes)
        for case_id in work.forgotten:
            self.on_erased(case_id)
        return outcomes

    async def _batch(
        self,
        connection: AsyncConnection,
        deliveries: Sequence[Delivery],
        dead: Sequence[DeadLetter],
        work: UnitOfWork[S],
    ) -> list[Outcome]:
        parties = await self.parties.lock(connection)
        await self.decider.policies.refresh(connection)
        work.answers += await _about_dead(connection, dead)
        outcomes = await self._claim(connection, deliveries, work)
        first = [outcome is None for outcome in outcomes]
        fresh = [d for d, is_first in zip(deliveries, first, strict=True) if is_first]
        if fresh:
            ids = {d.case_id for d in fresh}
            work.cases = await self.cases.lock(connection, sorted(ids))
            new = [c.case_id for c in work.cases.values() if not c.exists]
            erased_cases = await erasure.find_erased(connection, self.marker_key, new)
            self._check_erasures(case for case in new if case not in erased_cases)
            owners = await item_ids.owners(connection, _named_items(fresh))
            matched = await self._matched(connection, fresh, work)
            for n, delivery in enumerate(deliveries):
                if outcomes[n] is None:
                    outcomes[n] = self.decider.decide(delivery, parties, erased_cases, owners, work, matched)
        await self._bound_waiting(connection, deliveries, outcomes, work)
        work.unlink(await erasure.find_erased(connection, self.marker_key, work.entries_about_no_case()))
        done = [outcome for outcome in outcomes if outcome is not None]
        became = list(zip(deliveries, done, strict=True))
        decided = [one for one, is_first in zip(became, first, strict=True) if is_first]
        repeats = [one for one in became if one[1].status is DeliveryStatus.REPEATED]
        work.answers += answers_again(repeats, decided, self.decider.outgoing)
        await self._write(connection, work)
        results, forgotten = to_remember(decided)
        await inbox.store_results(connection, results)
        await inbox.release(connection, forgotten)
        return done

    async def _matched(
        self, connection: AsyncConnection, deliveries: Sequence[Delivery], work: UnitOfWork[S]
    ) -> Matched:
        """Return the cases under the digests that these deliveries ask for, as they are now."""
        digests = {x for d in deliveries for x in self.decider.digests(d, work.cases[d.case_id])}
        if self.find_matching is None or not digests:
            return NOTHING_MATCHED
        found, complete = await self.find_matching(connection, sorted(digests))
        ids = sorted({case_id for some in found.values() for case_id in some})
        cases = await self.cases.read(connection, ids)
        by_digest = {x: [cases[one] for one in some if one in cases] for x, some in found.items()}
        return Matched(by_digest, complete)

    async def _bound_waiting(
        self,
        connection: AsyncConnection,
        deliveries: Sequence[Delivery],
        outcomes: list[Outcome | None],
        work: UnitOfWork[S],
    ) -> None:
        """Refuse what would wait anew of a party that has its share waiting: a flood costs itself alone."""
        new = [
            (n, d)
            for n, (d, outcome) in enumerate(zip(deliveries, outcomes, strict=True))
            if outcome is not None
            and outcome.status is DeliveryStatus.WAITING
            and isinstance(d.origin, FromParty)
            and d.held_message is None
        ]
        if not new:
            return
        waiting = await held_messages.waiting_of(connection, {d.entry.sender for _, d in new})
        for n, delivery in new:
            waiting[delivery.entry.sender] += 1
            if waiting[delivery.entry.sender] > held_messages.MOST_WAITING:
                work.release(delivery.entry.key)
                outcomes[n] = self.decider.refuse(delivery, TOO_MANY_WAIT, work=work)

    def _check_erasures(self, new: Iterable[str]) -> None:
        """Raise `ErasureUnknown` when any of these new cases may have been erased since a backup."""
        if self.erasure_check and (unknown := self.erasure_check.unsure(new)):
            raise ErasureUnknown(self.erasure_check, unknown)

    async def _claim(
        self, connection: AsyncConnection, deliveries: Sequence[Delivery], work: UnitOfWork[S]
    ) -> list[Outcome | None]:
        """Return None for each delivery that is handled here for the first time, else its prior outcome."""
        entries = [d.entry for d in deliveries if not isinstance(d.origin, FromClock)]
        claimed = await inbox.claim(connection, entries) if entries else set()
        timers = [d.origin.deadline.id for d in deliveries if isinstance(d.origin, FromClock)]
        taken = await deadlines.take(connection, timers) if timers else set()
        ids = [again.id for d in deliveries if (again := d.held_message)]
        released = await held_messages.take(connection, ids) if ids else {}
        if len(claimed) == len(deliveries) and not ids:
            return [None] * len(deliveries)
        doubtful = [s.key for s in entries if s.key not in claimed]
        known = await inbox.prior_results(connection, doubtful) if doubtful else {}
        known |= {s.key: inbox.PriorResult(s.digest, None) for s in reversed(entries) if s.key in claimed}

        def is_first(delivery: Delivery) -> bool:
            if delivery.deadline is not None:
                return delivery.deadline.id in taken
            if delivery.held_message is not None:
                return delivery.held_message.id in released
            if delivery.entry.key in claimed:
                claimed.discard(delivery.entry.key)
                return True
            return False

        def prior(delivery: Delivery) -> Outcome | None:
            if is_first(delivery):
                return None
            earlier = known.get(delivery.entry.key)
            if earlier is None or earlier.digest in (b"", delivery.entry.digest):
                return repeated(delivery, earlier, self.decider.process.service)
            return self.decider.refuse(delivery, MESSAGE_ID_REUSED, work=work)

        return [prior(delivery) for delivery in deliveries]

    async def _quarantine_alone(self, delivery: Delivery, *, damaged: bool) -> Outcome:
        """Quarantine a delivery whose writes the database rejects, or whose case does not load (`damaged`).

        The row of the case is held unchanged. Of a person's request nothing is stored, so that it can be made
        again, and only damage that was there before holds the case; who may know of a case that does not load
        cannot be judged, so nobody is told of it.
        """
        of_a_person = isinstance(delivery.origin, FromPerson)
        if of_a_person and not damaged:
            return Outcome(DeliveryStatus.QUARANTINED)
        began = time.perf_counter()
        async with self.engine.begin() as connection:
            await self.parties.lock(connection)
            work: UnitOfWork[S] = UnitOfWork()
            if not of_a_person and (await self._claim(connection, [delivery], work))[0] is not None:
                return Outcome(DeliveryStatus.REPEATED)
            await self.cases.hold(connection, delivery.case_id)
            outcome = self.decider.keep(delivery, work)
            await self._write(connection, work)
            await inbox.store_results(connection, to_remember([(delivery, outcome)])[0])
        _count([outcome], (), time.perf_counter() - began)
        return Outcome(DeliveryStatus.REFUSED, UNKNOWN_CASE) if of_a_person and damaged else outcome

    async def _write(self, connection: AsyncConnection, work: UnitOfWork[S]) -> None:
        await write(connection, work, self.cases, self.decider.outgoing, self.marker_key, self.own_rows)


def _named_items(deliveries: Iterable[Delivery]) -> list[str]:
    commands = (d.command for d in deliveries if not isinstance(d.command, Refusal))
    return [item for c in commands for item in (*c.new_items(), *c.named_items())]


async def _about_dead(connection: AsyncConnection, dead: Sequence[DeadLetter]) -> list[OutboxMessage]:
    """Return the messages of each dead letter that is new; a record read again gives none.

    One that waited for its sender's key may be sent again under its id.
    """
    if not dead:
        return []
    ids = [d.held_message.id for d in dead if d.held_message]
    if ids:
        taken = await held_messages.take(connection, ids)
        await inbox.release(connection, taken.values())
    first = await inbox.claim(connection, [d.entry for d in dead])
    return [message for d in dead if d.entry.key in first for message in d.messages]


def _notice_bursts(deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
    """Tell of parties that are refused one message after the other; of persons the HTTP side does."""
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        refused = outcome.status is DeliveryStatus.REFUSED
        if refused and isinstance(delivery.origin, FromParty) and delivery.by.party is not None:
            REFUSALS.refused(delivery.by.party, "party", delivery.by.party)


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
    for reason, times in Counter(one.reason for one in dead).items():
        metrics.DEAD_LETTERS.labels(reason).inc(times)
