"""The one place that commits: a batch of deliveries, decided in order, in one transaction.

Locks are taken in a fixed order (parties shared, inbox sorted, cases sorted) and never span the network.
One statement per table per batch. Acknowledging is the caller's, after this has returned.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import due, erasure, held, inbox, items, journal, metrics
from shared.actor import Role
from shared.authorisation import permit
from shared.cases import Case, CaseTable, Damaged
from shared.clock import machine_now
from shared.consequences import Consequence, SetTimer
from shared.database import sqlstate
from shared.delivery import DeadLetter, Delivery, Fate, Outcome, Unhandled
from shared.forgetting import Forgetting
from shared.held import Hold, Why
from shared.letters import Post
from shared.logs import log_bug
from shared.moment import Moment, Policy
from shared.outbox import Letter
from shared.parties import Parties
from shared.party_copy import PartyCopy
from shared.process import HasPhase, Process
from shared.record import Record, to_bytes
from shared.refusal import CASE_HELD, CHANGED_MEANWHILE, MESSAGE_ID_REUSED, UNKNOWN_CASE, Refusal
from shared.writes import OwnRows, Writes, write

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
EVENT_PATIENCE = timedelta(days=1)  # what another service decided is never refused for being early
Run = Callable[[Sequence[Delivery]], Awaitable[list[Outcome]]]
Traced = Callable[[Sequence[Delivery], Run], Awaitable[list[Outcome]]]
RETRY_AT_ONCE = frozenset({"40001", "40P01"})
TAKEN = "23505"  # unique_violation


class Unsure(Exception):
    """Nothing is decided about these cases before it is known whether they were erased since a backup."""

    def __init__(self, forgetting: Forgetting, case_ids: Sequence[str]) -> None:
        self.forgetting, self.case_ids = forgetting, case_ids


@dataclass(frozen=True, slots=True)
class Transaction(Generic[S]):
    """Runs one service's core on batches; `run` is the only method that others call."""

    engine: AsyncEngine
    process: Process[S]
    cases: CaseTable[S]
    parties: PartyCopy
    post: Post
    policy: Policy
    marker_key: bytes
    own_rows: OwnRows | None = None
    patience: timedelta = held.PATIENCE
    forgotten: Callable[[str], None] = lambda case_id: None
    traced: Traced | None = None
    forgetting: Forgetting | None = None

    async def run(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter] = ()) -> list[Outcome]:
        """Decide, write and commit; the outcomes are in the order of the deliveries.

        Raises `DBAPIError` when the database cannot be reached, after a restore also `CannotReachKeys`:
        nothing was committed then. Data that the database itself rejects (SQLSTATE classes 22 and 23), and
        a case that does not load, split the batch to find the culprit.
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
            except Unsure as doubt:
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
            except Damaged as fault:
                log.error("case-damaged", case=str(fault), size=len(deliveries))
                damaged = True
            if dead:
                await self._run((), dead)
            if len(deliveries) > 1:
                middle = len(deliveries) // 2
                return await self._run(deliveries[:middle], ()) + await self._run(deliveries[middle:], ())
            return [await self._park_alone(deliveries[0], damaged=damaged)]

    async def _commit(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter]) -> list[Outcome]:
        writes: Writes[S] = Writes()
        began = time.perf_counter()
        async with self.engine.begin() as connection:
            outcomes = await self._batch(connection, deliveries, dead, writes)
        metrics.committed(outcomes, dead, time.perf_counter() - began)
        for case_id in writes.forgotten:
            self.forgotten(case_id)
        return outcomes

    async def _batch(
        self,
        connection: AsyncConnection,
        deliveries: Sequence[Delivery],
        dead: Sequence[DeadLetter],
        writes: Writes[S],
    ) -> list[Outcome]:
        parties = await self.parties.lock(connection)
        writes.answers += await _letters_about(connection, dead)
        outcomes = await self._claim(connection, deliveries, writes)
        fresh = [d for d, outcome in zip(deliveries, outcomes, strict=True) if outcome is None]
        if fresh:
            ids = {d.case_id for d in fresh}
            writes.cases = await self.cases.lock(connection, sorted(ids))
            new = [c.case_id for c in writes.cases.values() if not c.exists]
            gone = await erasure.erased(connection, self.marker_key, new)
            if self.forgetting and (
                unsure := self.forgetting.unsure(case for case in new if case not in gone)
            ):
                raise Unsure(self.forgetting, unsure)
            owners = await items.owners(connection, _named_items(fresh))
            for n, delivery in enumerate(deliveries):
                if outcomes[n] is None:
                    outcomes[n] = self._decide(delivery, parties, gone, owners, writes)
        await self._write(connection, writes)
        await _remember(connection, deliveries, outcomes)
        return [outcome for outcome in outcomes if outcome is not None]

    async def _claim(
        self, connection: AsyncConnection, deliveries: Sequence[Delivery], writes: Writes[S]
    ) -> list[Outcome | None]:
        """None for each delivery that is handled here for the first time, else what it already came to."""
        slips = [d.slip for d in deliveries if d.deadline is None]
        claimed = await inbox.claim(connection, slips) if slips else set()
        timers = [d.deadline.id for d in deliveries if d.deadline]
        taken = await due.take(connection, timers) if timers else set()
        ids = [d.held.id for d in deliveries if d.held]
        released = await held.take(connection, ids) if ids else set()
        doubtful = [s.key for s in slips if s.key not in claimed]
        known = await inbox.earlier(connection, doubtful) if doubtful else {}
        known |= {s.key: inbox.Earlier(s.digest, None) for s in reversed(slips) if s.key in claimed}

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
                return Outcome(Fate.REPEATED, earlier=earlier.result if earlier else None)
            return self._refuse(delivery, MESSAGE_ID_REUSED, writes)

        return [before(delivery) for delivery in deliveries]

    # --- deciding ---------------------------------------------------------------------------------

    def _decide(
        self,
        delivery: Delivery,
        parties: Parties,
        gone: set[str],
        owners: dict[str, str],
        writes: Writes[S],
    ) -> Outcome:
        case = writes.cases[delivery.case_id]
        elsewhere, here = _known_items(delivery, owners)
        moment = Moment(
            delivery.received_at, parties, self.policy, elsewhere, here, _tried_again_at(delivery)
        )
        if case.held and not _released(delivery):
            return self._queue(delivery, case, moment, writes)
        if delivery.heard is not None and delivery.held is None:
            source, sequence = delivery.heard
            if sequence <= case.heard.get(source, 0):
                return Outcome(Fate.STALE, version=case.version)
            case = case._replace(heard={**case.heard, source: sequence})
            writes.cases[case.case_id] = case
            if case.exists:
                writes.changed.add(case.case_id)
        try:
            verdict = self._verdict(delivery, case, moment, gone=case.case_id in gone)
            if isinstance(verdict, Refusal):
                return self._wait_or_refuse(delivery, verdict, writes)
            return self._accept(delivery, case, verdict, owners, writes)
        except Exception as error:  # a bug parks its message; the rest goes on
            log_bug(self.process.service, "message-parked", error)
            return self._park(delivery, writes)

    def _verdict(
        self, delivery: Delivery, case: Case[S], moment: Moment, *, gone: bool
    ) -> tuple[Any, ...] | Refusal:
        """Who may is asked before what is: the answer to somebody who may not tells nothing of the case."""
        command = delivery.command
        if isinstance(command, Unhandled):
            raise TypeError("no command was made of this message")
        asked = delivery.asks or (None if isinstance(command, Refusal) else type(command))
        if asked and (refusal := permit(self.process.who_may[asked], delivery.by, moment)):
            return refusal
        if gone and (isinstance(command, Refusal) or not command.after_erasure):
            return ERASED_CASE
        if isinstance(command, Refusal):
            return command
        verdict = self.process.decide(case.state, command, moment)
        if not isinstance(verdict, Refusal) and delivery.expected_version not in (None, case.version):
            return CHANGED_MEANWHILE
        return verdict

    def _accept(
        self,
        delivery: Delivery,
        case: Case[S],
        events: tuple[Any, ...],
        owners: dict[str, str],
        writes: Writes[S],
    ) -> Outcome:
        """All or nothing per message: consequences are computed before anything is noted."""
        state = case.state
        steps: list[Consequence] = []
        entries: list[journal.Entry] = []
        for event in events:
            state = self.process.evolve(state, event)
            steps += self.process.consequences(case.case_id, event, state)
            entries.append(
                journal.of_event(
                    delivery.received_at, case.case_id, event, delivery.by, delivery.slip.message_id
                )
            )
        if events:
            case = case.moved_to(state)
            writes.cases[case.case_id] = case
            writes.changed.add(case.case_id)
        if delivery.pieces:
            told = [piece for piece in delivery.pieces if journal.refers_to(entries, piece.piece)]
            writes.pieces += [(case.case_id, piece) for piece in told]
        writes.entries += entries
        if delivery.answer_to:
            writes.answers.append(self.post.accepted(delivery.answer_to, delivery))
        for step in steps:
            writes.note(delivery, case.case_id, step, owners)
        return Outcome(Fate.ACCEPTED, version=case.version, events=events)

    # --- not deciding, or not now -----------------------------------------------------------------

    def _refuse(self, delivery: Delivery, refusal: Refusal, writes: Writes[S]) -> Outcome:
        slip = delivery.slip
        case_id = ERASED if refusal == ERASED_CASE else slip.case_id
        if case_id is ERASED:
            writes.unlinked.append(slip.case_id)
        entry = journal.of_refusal(delivery.received_at, case_id, refusal, delivery.by, slip.message_id)
        writes.entries.append(entry)
        if delivery.by.role is Role.SERVICE and not refusal.settled:
            log.error("event-refused", refusal=refusal.name, rule=refusal.rule, case=slip.case_id)
            return self._park(delivery, writes)
        if delivery.answer_to:
            writes.answers.append(self.post.refused(delivery.answer_to, delivery, refusal))
        return Outcome(Fate.REFUSED, refusal)

    def _wait_or_refuse(self, delivery: Delivery, refusal: Refusal, writes: Writes[S]) -> Outcome:
        """Lag must not look like law: what rests only on an absent fact waits, up to a minute.

        Whoever may not know of a case waits as long as for a case that never was: time tells nothing. An
        event about an erased case does not, or the number of the case would lie here for a day.
        """
        waits = refusal.may_be_lag or refusal.status == 404
        waits = waits and not (refusal.settled and delivery.by.role is Role.SERVICE)
        if not waits or delivery.record is None:
            return self._refuse(delivery, refusal, writes)
        now = machine_now()
        patience = EVENT_PATIENCE if delivery.by.role is Role.SERVICE else self.patience
        waited = delivery.held.until if delivery.held else None
        until = waited or now + patience
        if until <= now:
            return self._refuse(delivery, refusal, writes)
        self._hold(delivery, Why.WAITING, until, writes)
        return Outcome(Fate.WAITING, refusal)

    def _queue(self, delivery: Delivery, case: Case[S], moment: Moment, writes: Writes[S]) -> Outcome:
        """Behind the fault, in order; but who may not know of the case does not learn that it is held."""
        if delivery.deadline is not None:
            self._set_again(delivery, writes)
            return Outcome(Fate.HELD)
        if refusal := self._stranger(delivery, case, moment):
            return self._wait_or_refuse(delivery, refusal, writes)
        if delivery.record is None:
            return self._refuse(delivery, CASE_HELD, writes)
        self._hold(delivery, Why.QUEUED, None, writes)
        return Outcome(Fate.HELD)

    def _stranger(self, delivery: Delivery, case: Case[S], moment: Moment) -> Refusal | None:
        """The refusal of somebody who may not act in a held case, by its state from before the fault."""
        if delivery.by.role is Role.SERVICE:
            return None
        try:
            verdict = self._verdict(delivery, case, moment, gone=False)
        except Exception as error:  # the very fault for which the case is held
            log_bug(self.process.service, "message-queued", error)
            return None
        return verdict if isinstance(verdict, Refusal) and verdict.status in (403, 404) else None

    def _park(self, delivery: Delivery, writes: Writes[S]) -> Outcome:
        """A bug of ours, or an event refused: it is kept, its case is held until an operator has looked."""
        case = writes.cases[delivery.case_id]
        writes.cases[case.case_id] = case._replace(held=True)
        writes.changed.add(case.case_id)
        return self._keep(delivery, writes)

    def _keep(self, delivery: Delivery, writes: Writes[S]) -> Outcome:
        if delivery.deadline is not None:
            self._set_again(delivery, writes)
        elif delivery.record is not None:
            self._hold(delivery, Why.PARKED, None, writes)
        return Outcome(Fate.PARKED)

    def _set_again(self, delivery: Delivery, writes: Writes[S]) -> None:
        line = delivery.deadline
        if line is not None:
            timer = SetTimer(line.kind, line.ref, line.at, line.irreversible)
            writes.timers.append((line.case_id, timer))

    def _hold(self, delivery: Delivery, why: Why, until: datetime | None, writes: Writes[S]) -> None:
        slip, record = delivery.slip, delivery.record
        kept = to_bytes(record) if isinstance(record, Record) else record or b""
        place = delivery.held.id if delivery.held else None
        writes.holds.append(Hold(slip.sender, slip.message_id, slip.case_id, why, until, kept, place))

    async def _park_alone(self, delivery: Delivery, *, damaged: bool) -> Outcome:
        """The database rejects what it would write, or its case does not load: that is a bug of ours too.

        The row of the case is held as it lies. Of a person's request nothing is kept, so that it can be made
        again; who may know of a case that does not load cannot be judged, so it is told to nobody.
        """
        began = time.perf_counter()
        async with self.engine.begin() as connection:
            await self.parties.lock(connection)
            writes: Writes[S] = Writes()
            of_a_person = delivery.record is None and delivery.deadline is None
            if not of_a_person and (await self._claim(connection, [delivery], writes))[0] is not None:
                return Outcome(Fate.REPEATED)
            await self.cases.hold(connection, delivery.case_id)
            outcome = self._keep(delivery, writes)
            await self._write(connection, writes)
        metrics.committed([outcome], (), time.perf_counter() - began)
        return Outcome(Fate.REFUSED, UNKNOWN_CASE) if of_a_person and damaged else outcome

    async def _write(self, connection: AsyncConnection, writes: Writes[S]) -> None:
        await write(connection, writes, self.cases, self.post, self.marker_key, self.own_rows)


ERASED_CASE = replace(UNKNOWN_CASE, name="ErasedCase", settled=True)  # told like any that is not here
NONE: frozenset[str] = frozenset()
ERASED = "erased"  # what the journal says instead of the id of a case that is no more


def _named_items(deliveries: Iterable[Delivery]) -> list[str]:
    return [item for d in deliveries if not isinstance(d.command, Refusal) for item in d.command.new_items()]


def _known_items(delivery: Delivery, owners: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """Of the items it brings in: those of another case, and those this case was given before."""
    if not owners or isinstance(delivery.command, Refusal):
        return NONE, NONE
    known = [item for item in delivery.command.new_items() if item in owners]
    if not known:
        return NONE, NONE
    here = frozenset(item for item in known if owners[item] == delivery.case_id)
    return frozenset(known) - here, here


def _released(delivery: Delivery) -> bool:
    """Whether an operator lets it through to a held case; a message that waits for a fact is not let."""
    return delivery.held is not None and delivery.held.why is not Why.WAITING


def _tried_again_at(delivery: Delivery) -> datetime | None:
    """Covenant time now, for a message that waited."""
    if delivery.held is None:
        return None
    return delivery.received_at + (machine_now() - delivery.slip.received_at)


async def _letters_about(connection: AsyncConnection, dead: Sequence[DeadLetter]) -> list[Letter]:
    """One dead letter for each record, also where it is read again because offsets were lost."""
    if not dead:
        return []
    ids = [d.held.id for d in dead if d.held]
    if ids:
        await held.take(connection, ids)
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
        if outcome.fate is Fate.PARKED:
            await inbox.release(connection, delivery.slip)
        if outcome.fate in (Fate.ACCEPTED, Fate.REFUSED):
            refusal = asdict(outcome.refusal) if outcome.refusal else None
            result = {"version": outcome.version, "refusal": refusal}
            await inbox.remember_result(connection, delivery.slip, result)
