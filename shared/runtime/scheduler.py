"""Turn deadlines that have come into commands, and give messages that waited for a fact another try."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock, Pace, machine_now
from shared.contract.record import from_bytes
from shared.core.actor import CLOCK, Command
from shared.core.process import HasPhase
from shared.crypto.case_key_client import KeyAuthorityUnreachable
from shared.handling.decide import EVENT_PATIENCE
from shared.handling.delivery import Delivery, FromClock, FromPerson, Unhandled
from shared.handling.service import Service
from shared.handling.terms import start_missing
from shared.handling.transaction import Transaction
from shared.ids import new_id
from shared.kafka.admin import KafkaUnreachable
from shared.messaging.receiver import Receiver
from shared.messaging.relay import Relay
from shared.storage import cases, deadlines, erasure, held_messages, inbox, ticks
from shared.storage.database import DATABASE_ERRORS, sqlstate
from shared.storage.deadlines import Deadline
from shared.storage.held_messages import HeldMessage
from shared.storage.inbox import InboxEntry
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.party_replica import PartyReplica
from shared.telemetry.logs import log_bug
from shared.telemetry.turns import Turns

log = structlog.get_logger()
ReadUntil = Callable[[], Awaitable[datetime | None]]
Prune = Callable[[AsyncConnection, datetime, int], Awaitable[int]]  # with a limit; returns how many went
S = TypeVar("S", bound=HasPhase)
LOOP = "scheduler"  # its name among the loops of the process
UNREACHABLE = (*DATABASE_ERRORS, KeyAuthorityUnreachable)  # nothing is wrong with the deadline: all wait
PERIOD = 0.5  # seconds between two looks
MOST = 500
PRUNED_AT_ONCE = 5000  # rows
HOUR = 3600.0  # seconds


@dataclass(slots=True)
class Scheduler(Generic[S]):
    """Fire the deadlines of one service and retry what waits, in one of its processes at a time.

    The two `read_until` return the moment (covenant time) before which everything that parties and other
    services sent has been handled; None while that cannot be said. `holding`: covenant time leapt, so what
    cannot be undone waits until it is back where it was, or an operator has confirmed it.
    """

    engine: AsyncEngine
    service: Service[S]
    transaction: Transaction[S]
    receiver: Receiver[S]
    parties: PartyReplica
    relay: Relay
    clock: Clock
    messages_read_until: ReadUntil
    events_read_until: ReadUntil
    holding: bool = field(default=False)
    turns: Turns = field(default_factory=Turns)
    pace: Pace = field(default_factory=Pace)
    _tried: dict[str, int] = field(default_factory=dict)
    _pruned_at: float | None = None
    _without_term: str | None = ""  # where the next page of cases begins that may lack one; None: none do
    _not_caught_up: str | None = ""  # and of cases that the version before may have stored last

    async def run(self) -> None:
        """Become the one scheduler of this database, then look again and again what is due."""
        while True:
            self.turns.turned(LOOP)
            try:
                async with acquire_leadership(self.engine, LeaderLock.SCHEDULER) as session:
                    while session is not None:
                        self.turns.turned(LOOP)
                        await self._look(session)
            except UNREACHABLE as error:
                log.warning("scheduler-pauses", kind=type(error).__name__, sqlstate=sqlstate(error))
            await asyncio.sleep(PERIOD)

    async def _look(self, session: AsyncConnection) -> None:
        fired = await self._fire(session)
        self.turns.turned(LOOP)
        fired += await self._retry()
        self.turns.turned(LOOP)
        await self._prune()
        await self._start_missing_terms()
        fired += await self._catch_up()
        if fired:
            self.relay.wake()
        await asyncio.sleep(0 if fired >= MOST else PERIOD)

    async def _fire(self, session: AsyncConnection) -> int:
        """Fire what is due, looked up in the leader's session: if that is lost, nothing fires."""
        now = self.clock.now()
        async with session.begin():
            self.holding = await self._time_leapt(session, now)
            lines = await deadlines.due_now(session, now, irreversible=not self.holding, limit=MOST)
        lines = await self._not_before_unread(lines)
        if lines:
            await self.transaction.run([await self._delivery(line) for line in lines])
        return len(lines)

    async def _time_leapt(self, session: AsyncConnection, now: datetime) -> bool:
        """Tell whether covenant time leapt since the last tick, or step by step while this process ran.

        Otherwise it ticks. What was believed last is saved before it holds, so that a new start holds too.
        """
        leapt = await ticks.leapt(session, now)
        believed = self.pace.expected(now, time.monotonic())
        if not leapt and abs(now - believed) > ticks.LEAP:
            leapt = True
            await ticks.save(session, believed)
        if leapt and self.clock.file is None:
            self.pace.forget()
            return True
        await ticks.save(session, now)
        return False

    async def _not_before_unread(self, lines: list[Deadline]) -> list[Deadline]:
        """Return those before which nothing is unread: what came in time is decided before its term ends."""
        if not lines:
            return []
        until = await _read_until(self.messages_read_until)
        return [line for line in lines if until is not None and line.at <= until]

    async def _not_in_vain(self, waiting: list[HeldMessage]) -> list[HeldMessage]:
        """Leave out those whose time is over while a fact of that time may be unread: it may be theirs."""
        now = machine_now()
        if self.holding:  # a clock that is wrong must not make a refusal of lag
            return [one for one in waiting if one.until is None or now < one.until <= now + EVENT_PATIENCE]
        if not any(one.until is not None and one.until <= now for one in waiting):
            return waiting
        until = await _read_until(self.events_read_until)

        def may_be_tried(one: HeldMessage) -> bool:
            if one.until is None or one.until > now:
                return True
            return until is not None and self.clock.covenant(one.until) <= until

        return [one for one in waiting if may_be_tried(one)]

    async def _delivery(self, line: Deadline) -> Delivery:
        """Make the command of a deadline; it counts as received when it was due.

        State decides whether it still matters. One that no command can be made of is kept and holds its case,
        as a message does.
        """
        entry = InboxEntry("clock", line.id, b"", machine_now(), line.case_id)
        command: Command
        try:
            command = await self.service.timers[line.kind](line)
        except UNREACHABLE:
            raise
        except Exception as error:
            log_bug(self.service.name, "deadline-unreadable", error)
            command = Unhandled(by=CLOCK)
        return Delivery(entry=entry, by=CLOCK, command=command, received_at=line.at, origin=FromClock(line))

    async def _prune(self) -> None:
        """Delete hourly the inbox rows and markers past the horizon (machine time), and the service's own.

        None while time has leapt: without its inbox row a message that comes again has a second effect.
        """
        now, monotonic = machine_now(), time.monotonic()
        if self.holding or (self._pruned_at is not None and monotonic - self._pruned_at < HOUR):
            return
        for prune in (inbox.prune, erasure.prune):
            while await self._pruned(prune, now) == PRUNED_AT_ONCE:
                pass
        if self.service.own_rows is not None:
            async with self.engine.begin() as connection:
                await self.service.own_rows.prune(connection)
        self._pruned_at = monotonic

    async def _start_missing_terms(self) -> None:
        """Give cases from before there were terms their own, a page at each look, once for each process."""
        if self._without_term is None or self.holding or not self.service.process.terms:
            return
        terms, now = self.service.process.terms, self.clock.now()
        async with self.engine.begin() as connection:
            policy = (await self.transaction.decider.policies.refresh(connection)).at(now)
            self._without_term = await start_missing(
                connection, terms, policy, now, after=self._without_term, most=MOST
            )

    async def _catch_up(self) -> int:
        """Decide once on cases that the version before stored, a page at each look, once for each process."""
        wanted = self.service.catch_up
        if wanted is None or self._not_caught_up is None or self.holding:
            return 0
        async with self.engine.connect() as connection:
            found, after = await cases.stored_before(
                connection, wanted.phases, wanted.lacks, after=self._not_caught_up, most=MOST
            )
        now = self.clock.now()
        if found:
            await self.transaction.run([_caught_up(case_id, wanted.command(), now) for case_id in found])
        self._not_caught_up = after
        return len(found)

    async def _pruned(self, prune: Prune, now: datetime) -> int:
        """Delete some in a transaction of their own, so that nobody waits for what a month left behind."""
        async with self.engine.begin() as connection:
            return await prune(connection, now, PRUNED_AT_ONCE)

    async def _retry(self) -> int:
        waiting = await self._not_in_vain(await self._waiting())
        if not waiting:
            return 0
        async with self.engine.begin() as connection:
            parties = await self.parties.refresh(connection)
            await self.receiver.policies.refresh(connection)
        records = []
        for one in waiting:
            try:
                records.append((from_bytes(one.record), one))
            except Exception as error:
                log_bug(self.service.name, "held-message-unreadable", error, row=one.id)
                await self._quarantine(one)
        deliveries, dead = await self.receiver.receive(records, parties)
        await self.transaction.run(deliveries, dead)
        return len(waiting)

    async def _waiting(self) -> list[HeldMessage]:
        """Return what waits, of each sender behind what was tried last, as long as not all has its turn."""
        async with self.engine.connect() as connection:
            found = await held_messages.waiting(connection, MOST, tried=self._tried)
        self._tried = {one.sender: one.id for one in found} if len(found) == MOST else {}
        return found

    async def _quarantine(self, one: HeldMessage) -> None:
        async with self.engine.begin() as connection:
            await self.transaction.cases.hold(connection, one.case_id)
            await held_messages.quarantine(connection, one.id)


async def _read_until(ask: ReadUntil) -> datetime | None:
    """Return the watermark; None as long as something of then is unread, or Kafka cannot be asked."""
    try:
        return await ask()
    except KafkaUnreachable as error:
        log.warning("deadlines-wait", reason=str(error))
        return None


def _caught_up(case_id: str, command: Command, now: datetime) -> Delivery:
    """Make a decision of the clock that no deadline asks."""
    entry = InboxEntry("clock", new_id(), b"", machine_now(), case_id)
    return Delivery(entry=entry, by=CLOCK, command=command, received_at=now, origin=FromPerson())
