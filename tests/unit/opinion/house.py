"""Join the five cores in memory: what one announces comes to the others in the order of its topic, later.

Commands pass the same tests as in the shell, and events become commands by the services' own handlers.
Nothing is sealed and nothing stored: texts are references from the start.
"""

from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from services.governance.main import SERVICE as GOVERNANCE
from services.intake.main import SERVICE as INTAKE
from services.retention import commands as retention_commands
from services.retention.effects import DESTROY_KEY
from services.retention.main import SERVICE as RETENTION
from services.rto.main import SERVICE as RTO
from services.triage.main import SERVICE as TRIAGE
from services.triage.record import Asked, Given, QueryClosed, QueryReopened, Record, Revised, Stripped
from shared.contract.parties import Parties, PartyRecord
from shared.contract.refusal import Refusal
from shared.contract.registry import Model
from shared.core import leaderless, terms
from shared.core.actor import CLOCK, Actor, Command, Role
from shared.core.authorisation import permit, permit_here
from shared.core.context import DecisionContext
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    Effect,
    ForgetCase,
    SetTimer,
    StopUnsent,
    StoreRow,
    ToParty,
)
from shared.core.leaderless import LookForLeader
from shared.core.policy import BUILT_IN
from shared.handling.service import MessageContext, Service
from shared.storage.deadlines import Deadline
from tests.unit.opinion.model.facts import TakesLongNoMore
from tests.unit.opinion.model.story import Story, tell
from tests.unit.opinion.told import facts_of

T = TypeVar("T")
SERVICES: Mapping[str, Service[Any]] = {one.name: one for one in (INTAKE, TRIAGE, RTO, RETENTION, GOVERNANCE)}
OF_CASES = ("intake", "triage", "rto", "retention")
CASE = "00000000-0000-7000-8000-00000000ca5e"
Timer: TypeAlias = tuple[str, str]  # kind and ref


class NotFollowed(AssertionError):
    """Say that a service refuses what another one decided: it would be held for an operator."""


@dataclass(slots=True)
class Place:
    """One service with the one case: its state, what it knows of the parties, what it has still to do."""

    service: Service[Any]
    state: Any
    parties: dict[str, PartyRecord]
    timers: dict[Timer, datetime] = field(default_factory=dict)
    waiting: list[tuple[str, Model]] = field(default_factory=list)
    unsent: list[ToParty] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)  # queries that no longer wait
    forgotten: bool = False

    @property
    def record(self) -> Record:
        return Record(tuple(self.asked), tuple(self.given))


@dataclass(slots=True)
class House:
    """The five services, what is under way between them, and the story of what happened."""

    now: datetime
    places: dict[str, Place]
    members: dict[str, Any]  # governance's states, by party
    story: Story = field(default_factory=Story)
    under_way: dict[tuple[str, str], deque[Model]] = field(default_factory=dict)
    changes: int = 0  # how often something happened or came to somebody
    pending: dict[str, int] = field(default_factory=dict)  # how much of it, by receiver
    claims: dict[str, str] = field(default_factory=dict)

    # --- asking ------------------------------------------------------------------------------------

    def ask(self, name: str, command: Command) -> tuple[Any, ...] | Refusal:
        """Decide a command as the shell does: who may, then what is, then whether the mandate covers it."""
        place = self.places[name]
        process, state, context = place.service.process, place.state, self.context(name, command)
        required = process.permissions[type(command)]
        if refusal := permit(required, command.by, context):
            return refusal
        events = process.decide(state, command, context)
        if isinstance(events, Refusal):
            return events
        if refusal := permit_here(required, command.by, state, context):
            return refusal
        self._accept(name, place, command, events)
        return events

    def context(self, name: str, command: Command | None = None) -> DecisionContext:
        here, whose = frozenset[str](), dict[str, str]()
        if command is not None:
            here = frozenset(i for i in command.new_items() if i in self.claims)
            whose = {i: self.claims[i] for i in command.named_items() if i in self.claims}
        parties = Parties(self.places[name].parties)
        return DecisionContext(self.now, parties, BUILT_IN, here=here, contributors=whose)

    def ask_governance(self, party: str, command: Command) -> tuple[Any, ...] | Refusal:
        """Decide on a membership, of which governance has one state each."""
        process = GOVERNANCE.process
        context = DecisionContext(self.now, Parties({}))
        if refusal := permit(process.permissions[type(command)], command.by, context):
            return refusal
        events = process.decide(self.members[party], command, context)
        if isinstance(events, Refusal):
            return events
        for event in events:
            state = self.members[party] = process.evolve(self.members[party], event)
            effects = list(process.effects(CASE, event, state))
            self._tell(event, state, effects)
            for effect in effects:
                if isinstance(effect, Announce) and isinstance(effect.message, PartyRecord):
                    for name in OF_CASES:
                        self._send("governance", name, effect.message)
        return events

    # --- what follows ------------------------------------------------------------------------------

    def _accept(self, name: str, place: Place, command: Command, events: tuple[Any, ...]) -> None:
        process, before = place.service.process, place.state
        state, follows = before, list[Effect]()
        for event in events:
            state = process.evolve(state, event)
            effects = list(process.effects(CASE, event, state))
            self._tell(event, state, effects)
            follows += effects
        if state.phase != before.phase:
            tell(self.story, TakesLongNoMore(name))
        place.state = state
        follows += self._terms(process, before, state, command)
        for stop in (one for one in follows if isinstance(one, StopUnsent)):
            place.unsent = [one for one in place.unsent if not _is_stopped(one, stop)]
        for effect in follows:
            self._do(name, place, effect)

    def passes(self, time: timedelta) -> None:
        """Let time pass."""
        self.now += time
        self.changes += 1

    def _tell(self, event: Any, state: Any, effects: list[Effect]) -> None:
        self.changes += 1
        for fact in facts_of(event, state, effects):
            tell(self.story, fact)

    def _terms(self, process: Any, before: Any, after: Any, command: Command) -> list[Effect]:
        """Start the terms as the shell does."""
        was, now = process.terms.get(before.phase), process.terms.get(after.phase)
        looks = isinstance(command, LookForLeader) or was != now
        found = [leaderless.next_look(now, self.now, BUILT_IN)] if looks and process.terms else []
        planned = process.planned_for(after)
        if (was, process.planned_for(before)) == (now, planned):
            return found
        return [terms.first_timer(now, max(self.now, planned or self.now), BUILT_IN), *found]

    def _do(self, name: str, place: Place, effect: Effect) -> None:
        match effect:
            case ToParty():
                place.unsent.append(effect)
            case Announce(message=message):
                for other in (*OF_CASES, "governance"):
                    self._send(name, other, message)
            case SetTimer(kind=kind, ref=ref, at=at):
                place.timers[kind, ref] = at
            case CancelTimer(kind=kind, ref=ref):
                place.timers.pop((kind, ref), None)
            case ClaimItems(items=items, contributor=contributor):
                self.claims |= dict.fromkeys(items, contributor)
            case StoreRow(row=row):
                _store(place, row)
            case ForgetCase():
                place.unsent = [one for one in place.unsent if one.after_erasure]
                place.timers, place.asked, place.given = {}, [], []
                place.state, place.forgotten = place.service.process.empty, True

    def _send(self, sender: str, receiver: str, message: Model) -> None:
        follows = type(message) in SERVICES[receiver].handlers
        if sender != receiver and (follows or isinstance(message, PartyRecord)):
            self.under_way.setdefault((sender, receiver), deque()).append(message)
            self.pending[receiver] = self.pending.get(receiver, 0) + 1

    # --- what comes later --------------------------------------------------------------------------

    def is_current(self, name: str) -> bool:
        """Tell whether it has taken in all that the others said: else it shows and sends nothing."""
        return not self.pending.get(name)

    def knows(self, name: str) -> bool:
        """Tell whether the case is there."""
        place = self.places[name]
        return bool(place.state != place.service.process.empty)

    def deliver(self, sender: str, receiver: str) -> None:
        """Bring the next of what this service said to that one."""
        message = self.under_way[sender, receiver].popleft()
        self.pending[receiver] -= 1
        self.changes += 1
        if isinstance(message, PartyRecord):
            if receiver in self.places:
                self.places[receiver].parties[message.party] = message
        elif not self._follows(sender, receiver, message):
            self.places[receiver].waiting.append((sender, message))
        if receiver in self.places:
            self._try_again(receiver)

    def deliver_all(self) -> None:
        while some := [pair for pair, waits in self.under_way.items() if waits]:
            for pair in some:
                while self.under_way[pair]:
                    self.deliver(*pair)

    def _follows(self, sender: str, receiver: str, message: Model) -> bool:
        """Follow an event; False where it has to wait for another one."""
        by = Actor(Role.SERVICE, service=sender)
        at = MessageContext(CASE, by, self.now, CASE, self.now, ("key",))
        command = SERVICES[receiver].handlers[type(message)](message, at)
        if receiver == "governance":
            self._do("governance", _OF_GOVERNANCE, Announce(_purged(command)))
            return True
        if self.places[receiver].forgotten and not command.after_erasure:
            return True
        outcome = self.ask(receiver, command)
        if not isinstance(outcome, Refusal) or outcome.settled:
            return True
        if outcome.may_be_lag or outcome.status == 404:
            return False
        raise NotFollowed(f"{receiver} does not follow {type(message).__name__} of {sender}: {outcome.name}")

    def _try_again(self, name: str) -> None:
        place = self.places[name]
        still = place.waiting
        place.waiting = []
        for sender, message in still:
            if not self._follows(sender, name, message):
                place.waiting.append((sender, message))

    def due(self) -> list[tuple[str, Timer]]:
        """List the timers whose time has come."""
        return [
            (name, timer)
            for name, place in self.places.items()
            for timer, at in place.timers.items()
            if at <= self.now
        ]

    def fire(self, name: str, timer: Timer) -> tuple[Any, ...] | Refusal:
        """Let the clock ask what this deadline is for."""
        place, (kind, ref) = self.places[name], timer
        at = place.timers.pop(timer)
        if kind == DESTROY_KEY:
            gone = retention_commands.RecordKeyDestroyed(
                by=CLOCK, proof_id=CASE, destroyed_at=self.now, backups_lapse_at=self.now
            )
            return self.ask(name, gone)
        line = Deadline(CASE, CASE, kind, ref, at, False, self.now)
        return self.ask(name, _result(place.service.timers[kind](line)))


_OF_GOVERNANCE = Place(GOVERNANCE, GOVERNANCE.process.empty, {})
NO_MOMENT = DecisionContext(datetime(2000, 1, 1, tzinfo=UTC), Parties({}))


def _purged(command: Command) -> Model:
    """Return what governance, which holds nothing of a case, confirms."""
    process = GOVERNANCE.process
    (event,) = process.decide(process.empty, command, NO_MOMENT)  # type: ignore[misc]
    effects = process.effects(CASE, event, process.evolve(process.empty, event))
    (told,) = (one.message for one in effects if isinstance(one, Announce))
    return told


def _is_stopped(letter: ToParty, stop: StopUnsent) -> bool:
    return (stop.item is not None and letter.item == stop.item) or (
        stop.recipient is not None and letter.recipient == stop.recipient
    )


def _store(place: Place, row: object) -> None:
    match row:
        case Asked():
            place.asked.append(row)
        case Given():
            place.given.append(row)
        case Stripped(kept_items=kept):
            _strip(place, kept)
        case Revised(standing=told) if not told.is_gone:
            place.given = [one.revised(told) for one in place.given]
        case QueryClosed(query_id=query):
            place.closed.add(query)
        case QueryReopened(query_id=query):
            place.closed.discard(query)


def _strip(place: Place, kept: tuple[str, ...]) -> None:
    """Leave of the record only the kept items, as the store does."""
    left = [
        Given(one.case_id, one.query_id, one.number, one.at, None, one.contributor, some, one.versions)
        for one in place.given
        if (some := tuple(item for item in one.brought if item.item_id in kept))
    ]
    place.asked, place.given = [], left


def _result(asked: Coroutine[Any, Any, T] | Any) -> T:
    """Run what a deadline asks, which waits for nothing."""
    try:
        asked.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("a deadline waited")
