"""Decide one delivery: accept, refuse, hold back, queue or quarantine it; nothing is read or written here.

The transaction of a batch passes in what is stored, and writes what is collected in the unit of work.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import structlog

from shared.clock import machine_now
from shared.contract.content import contents
from shared.contract.fields import Step
from shared.contract.parties import Parties
from shared.contract.record import Record, to_bytes
from shared.contract.refusal import CASE_HELD, CHANGED_MEANWHILE, UNKNOWN_CASE, VERSION_REQUIRED, Refusal
from shared.core import leaderless, terms
from shared.core.actor import Command
from shared.core.authorisation import covered_here, permit
from shared.core.context import NAMELESS, DecisionContext, House, Matches
from shared.core.effects import Effect, SetTimer
from shared.core.leaderless import LookForLeader
from shared.core.outcome import DeliveryStatus, Outcome
from shared.core.policy import Policy
from shared.core.process import HasPhase, Process
from shared.core.shared_things import Changed
from shared.crypto.case_cipher import reference
from shared.handling.delivery import Delivery, FromParty, FromPerson, FromService, Unhandled
from shared.handling.outgoing import OutgoingMessages
from shared.handling.unit_of_work import UnitOfWork
from shared.handling.versions import changed_since, version_of
from shared.storage import held_messages, journal
from shared.storage.cases import Case
from shared.storage.held_messages import HoldReason, MessageToHold
from shared.storage.item_ids import Claim
from shared.storage.policy_replica import PolicyReplica
from shared.telemetry.logs import log_bug

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
EVENT_PATIENCE = timedelta(days=1)  # what another service decided is never refused for being early
ERASED_CASE = replace(UNKNOWN_CASE, name="ErasedCase", settled=True)  # answered like any that is not here


class Matched(NamedTuple):
    """Hold the cases that stand under the digests of a batch, and whether all cases stand under some."""

    by_digest: Mapping[str, Sequence[Case[Any]]] = MappingProxyType({})
    complete: bool = True


NOTHING_MATCHED = Matched()


@dataclass(frozen=True, slots=True)
class Decider(Generic[S]):
    """Decide for one service; `patience` is how long a message waits for a fact that is not here yet.

    `version_key` makes the versions of shared things opaque. What is decided is judged by the policy of the
    day on which it was received (R121), as `policies` was read last. `house` is the house itself.
    """

    process: Process[S]
    outgoing: OutgoingMessages
    policies: PolicyReplica
    version_key: bytes
    patience: timedelta = held_messages.PATIENCE
    house: House = NAMELESS

    def policy_at(self, moment: datetime) -> Policy:
        """Return the policy of the day on which something was received."""
        return self.policies.known.at(moment)

    def decide(
        self,
        delivery: Delivery,
        parties: Parties,
        erased: set[str],
        owners: dict[str, Claim],
        work: UnitOfWork[S],
        matched: Matched = NOTHING_MATCHED,
    ) -> Outcome:
        """Return the outcome of one delivery, with everything that follows from it collected in `work`.

        `erased`: ids of the batch's cases that were erased. `owners`: what the batch's items are bound to
        that are known already. `matched`: the cases under the digests of the batch. An exception in our code
        quarantines the delivery; the rest goes on.
        """
        case = work.cases[delivery.case_id]
        context = self._context(delivery, parties, owners, _tried_again_at(delivery))
        if digests := self.digests(delivery, case):
            context = context._replace(matches=_matches(digests, case, matched))
        if case.held and not _is_released(delivery):
            return self._queue(delivery, case, context, work)
        if (sequence := _first_sequence(delivery)) is not None:
            sender = delivery.entry.sender
            if sequence <= case.heard.get(sender, 0):
                return Outcome(DeliveryStatus.STALE, version=case.version)
            case = case._replace(heard={**case.heard, sender: sequence})
            work.cases[case.case_id] = case
            if case.exists:
                work.changed.add(case.case_id)
        try:
            verdict = self._verdict(delivery, case, context, erased=case.case_id in erased)
            if isinstance(verdict, Refusal):
                return self._wait_or_refuse(delivery, verdict, work)
            if conflict := self._conflict(delivery, case):
                return self.refuse(delivery, *conflict, work=work)
            return self._accept(delivery, case, verdict, owners, work)
        except Exception as error:  # a bug quarantines its message; the rest goes on
            log_bug(self.process.service, "message-quarantined", error)
            return self._quarantine(delivery, work)

    def digests(self, delivery: Delivery, case: Case[S]) -> Collection[str]:
        """Return under which digests other cases must be known to decide this delivery."""
        if isinstance(delivery.command, Refusal):
            return ()
        return self.process.matching(case.state, delivery.command)

    def preview(
        self, delivery: Delivery, case: Case[S], parties: Parties, owners: dict[str, Claim], *, erased: bool
    ) -> Refusal | None:
        """Return what this delivery would be refused for now; None for what goes on to be decided."""
        context = self._context(delivery, parties, owners)
        if case.held:
            return self._stranger(delivery, case, context) or CASE_HELD
        try:
            verdict = self._verdict(delivery, case, context, erased=erased)
        except Exception:  # a bug, which the decision itself meets again and logs
            return None
        return verdict if isinstance(verdict, Refusal) else None

    def _context(
        self,
        delivery: Delivery,
        parties: Parties,
        owners: Mapping[str, Claim],
        tried_again_at: datetime | None = None,
    ) -> DecisionContext:
        at = delivery.received_at
        policy = self.policy_at(at)
        if not owners or isinstance(delivery.command, Refusal):
            return DecisionContext(at, parties, policy, tried_again_at=tried_again_at, house=self.house)
        brought = frozenset(item for item in delivery.command.new_items() if item in owners)
        here = frozenset(item for item in brought if owners[item].case_id == delivery.case_id)
        whose = {
            item: owners[item].contributor
            for item in delivery.command.named_items()
            if item in owners and owners[item].case_id == delivery.case_id
        }
        return DecisionContext(at, parties, policy, brought - here, here, tried_again_at, whose, self.house)

    def _verdict(
        self, delivery: Delivery, case: Case[S], context: DecisionContext, *, erased: bool
    ) -> "Verdict | Refusal":
        """Ask who may before what is: the answer to somebody who may not tells nothing of the case."""
        command = delivery.command
        if isinstance(command, Unhandled):
            if erased:  # nothing is kept of it, or the id of the case would be stored again
                return ERASED_CASE
            raise TypeError("no command was made of this message")
        asked = delivery.asks or (None if isinstance(command, Refusal) else type(command))
        required = self.process.permissions[asked] if asked else None
        if required and (refusal := permit(required, delivery.by, context)):
            return refusal
        if erased and (isinstance(command, Refusal) or not command.after_erasure):
            return ERASED_CASE
        if isinstance(command, Refusal):
            return command
        verdict = self.process.decide(case.state, command, context)
        if isinstance(verdict, Refusal):
            return verdict
        covered = covered_here(required, delivery.by, case.state, context) if required else None
        if isinstance(covered, Refusal):
            return covered
        return Verdict(verdict, covered.authorisation_id if covered else None)

    def _conflict(self, delivery: Delivery, case: Case[S]) -> tuple[Refusal, Changed | None] | None:
        """Refuse who would replace a shared thing without its version, or another version than stands there.

        Asked last, of what would be done otherwise (RFC 9110, 13.2.1): so who may not know learns nothing.
        """
        command, expected = delivery.command, _expected_version(delivery)
        replacement = self.process.replaces.get(type(command)) if isinstance(command, Command) else None
        if replacement is None:
            return None
        if expected is None:
            return (VERSION_REQUIRED, None) if replacement.overwrites(case.state, command) else None
        if (thing := replacement.thing(case.state)) is None:
            return CHANGED_MEANWHILE, Changed()
        changed = changed_since(self.version_key, case.case_id, thing, expected)
        return None if changed is None else (CHANGED_MEANWHILE, changed)

    def _thing_version(self, delivery: Delivery, case: Case[S]) -> str | None:
        """Return the version of the shared thing that a command was about, after it."""
        command = delivery.command
        replacement = self.process.replaces.get(type(command)) if isinstance(command, Command) else None
        thing = replacement.thing(case.state) if replacement else None
        return version_of(self.version_key, case.case_id, thing) if thing else None

    def _accept(
        self,
        delivery: Delivery,
        case: Case[S],
        verdict: "Verdict",
        owners: dict[str, Claim],
        work: UnitOfWork[S],
    ) -> Outcome:
        """Apply all events or none: effects are computed before anything is collected."""
        events, under = verdict
        state, effects, entries = case.state, list[Effect](), list[journal.Entry]()
        message_id = delivery.entry.message_id
        for event in events:
            state = self.process.evolve(state, event)
            effects += self.process.effects(case.case_id, event, state)
            entries.append(
                journal.of_event(
                    delivery.received_at, case.case_id, event, delivery.by, message_id, under=under
                )
            )
        effects += self._terms(case.state, state, delivery)
        if events:
            case = case.moved_to(state)
            work.cases[case.case_id] = case
            work.changed.add(case.case_id)
        if delivery.texts:
            named = {content for event in events for content in contents(event)}
            work.texts += [(case.case_id, text) for text in delivery.texts if reference(text) in named]
        work.entries += entries
        if isinstance(delivery.origin, FromParty):
            work.answers.append(self.outgoing.accepted(delivery.origin.party, delivery))
        for effect in effects:
            work.collect(delivery, case.case_id, effect, owners)
        version = self._thing_version(delivery, case)
        return Outcome(DeliveryStatus.ACCEPTED, version=case.version, events=events, thing_version=version)

    def _terms(self, before: S, after: S, delivery: Delivery) -> list[Effect]:
        """Start the term of what the case waits for now, if that is something else than before.

        While it waits the clock looks again and again whether who leads is a party still.
        """
        was, now, at = self._waiting(before), self._waiting(after), delivery.received_at
        if isinstance(delivery.command, LookForLeader):
            looks = [leaderless.next_look(now[0], delivery.command.at, self.policy_at(at))]
        else:
            looks = [leaderless.next_look(now[0], at, self.policy_at(at))] if was[0] != now[0] else []
        if was == now:
            return looks
        step, planned_for = now
        return [terms.first_timer(step, max(at, planned_for or at), self.policy_at(at)), *looks]

    def _waiting(self, state: S) -> tuple[Step | None, datetime | None]:
        return self.process.terms.get(state.phase), self.process.planned_for(state)

    # --- not deciding, or not now -----------------------------------------------------------------

    def refuse(
        self, delivery: Delivery, refusal: Refusal, changed: Changed | None = None, *, work: UnitOfWork[S]
    ) -> Outcome:
        """Journal the refusal and answer whoever asked; a refused event of a service is quarantined."""
        entry = delivery.entry
        case_id = delivery.case_id
        if refusal == ERASED_CASE:  # nothing may lead to a case that is no more
            work.unlinked.append(case_id)
        named = None if refusal == ERASED_CASE else case_id
        work.entries.append(
            journal.of_refusal(delivery.received_at, named, refusal, delivery.by, entry.message_id)
        )
        if isinstance(delivery.origin, FromService) and not refusal.settled:
            log.error("event-refused", refusal=refusal.name, rule=refusal.rule, case=case_id)
            return self._quarantine(delivery, work)
        if isinstance(delivery.origin, FromParty):
            work.answers.append(self.outgoing.refused(delivery.origin.party, delivery, refusal))
        return Outcome(DeliveryStatus.REFUSED, refusal, changed=changed)

    def _wait_or_refuse(self, delivery: Delivery, refusal: Refusal, work: UnitOfWork[S]) -> Outcome:
        """Let a message wait whose refusal may only be lag, up to `patience`; refuse every other.

        Whoever may not know of a case waits as long as for a case that never was: time tells nothing. An
        event about an erased case does not wait, or the case's id would be stored for a day.
        """
        is_event = isinstance(delivery.origin, FromService)
        waits = refusal.may_be_lag or refusal.status == 404
        waits = waits and not (refusal.settled and is_event)
        if not waits or _record_of(delivery) is None:
            return self.refuse(delivery, refusal, work=work)
        now = machine_now()
        again = delivery.held_message
        patience = EVENT_PATIENCE if is_event else self.patience
        until = (again and again.until) or now + patience
        if not now < until <= now + patience:  # over, or set by a clock that was wrong
            return self.refuse(delivery, refusal, work=work)
        _hold(delivery, HoldReason.WAITING, until, work)
        return Outcome(DeliveryStatus.WAITING, refusal)

    def _queue(
        self, delivery: Delivery, case: Case[S], context: DecisionContext, work: UnitOfWork[S]
    ) -> Outcome:
        """Queue behind the quarantined message; whoever may not know of the case does not learn of it."""
        if delivery.deadline is not None:
            _set_again(delivery, work)
            return Outcome(DeliveryStatus.HELD)
        if refusal := self._stranger(delivery, case, context):
            return self._wait_or_refuse(delivery, refusal, work)
        if _record_of(delivery) is None:
            return self.refuse(delivery, CASE_HELD, work=work)
        _hold(delivery, HoldReason.QUEUED, None, work)
        return Outcome(DeliveryStatus.HELD)

    def _stranger(self, delivery: Delivery, case: Case[S], context: DecisionContext) -> Refusal | None:
        """Return the refusal of somebody who may not act in a held case, by its state from before the bug."""
        if isinstance(delivery.origin, FromService):
            return None
        try:
            verdict = self._verdict(delivery, case, context, erased=False)
        except Exception as error:  # the very bug for which the case is held
            log_bug(self.process.service, "message-queued", error)
            return None
        return verdict if isinstance(verdict, Refusal) and verdict.status in (403, 404) else None

    def _quarantine(self, delivery: Delivery, work: UnitOfWork[S]) -> Outcome:
        """Store the message and hold its case until an operator has looked: a bug, or a refused event.

        A person's request holds nothing: it had no effect, can be made again, and may be a stranger's.
        """
        if isinstance(delivery.origin, FromPerson):
            return Outcome(DeliveryStatus.QUARANTINED)
        case = work.cases[delivery.case_id]
        work.cases[case.case_id] = case._replace(held=True)
        work.changed.add(case.case_id)
        return self.keep(delivery, work)

    def keep(self, delivery: Delivery, work: UnitOfWork[S]) -> Outcome:
        """Store what met a bug; a person's request is not stored, because it can be made again."""
        if delivery.deadline is not None:
            _set_again(delivery, work)
        elif _record_of(delivery) is not None:
            _hold(delivery, HoldReason.QUARANTINED, None, work)
        return Outcome(DeliveryStatus.QUARANTINED)


def _matches(digests: Collection[str], case: Case[Any], matched: Matched) -> Matches:
    """Return the other cases that stand under these digests."""
    found = (match for digest in digests for match in matched.by_digest.get(digest, ()))
    others = {match.case_id: match.state for match in found if match.case_id != case.case_id}
    return Matches(others, matched.complete)


class Verdict(NamedTuple):
    """Hold what follows from a command that is allowed; `under`: the authorisation that covers it (R122)."""

    events: tuple[Any, ...]
    under: str | None


def _first_sequence(delivery: Delivery) -> int | None:
    """Return the sequence number of an event that is tried for the first time."""
    origin = delivery.origin
    return origin.sequence if isinstance(origin, FromService) and origin.held_message is None else None


def _expected_version(delivery: Delivery) -> str | None:
    """Return the version of a shared thing that whoever asks has read."""
    origin = delivery.origin
    return origin.expected_version if isinstance(origin, FromPerson) else None


# --- storing what must wait -----------------------------------------------------------------------


def _set_again(delivery: Delivery, work: UnitOfWork[S]) -> None:
    line = delivery.deadline
    if line is not None:
        work.timers.append((line.case_id, SetTimer(line.kind, line.ref, line.at, line.irreversible)))


def _record_of(delivery: Delivery) -> Record | bytes | None:
    origin = delivery.origin
    return origin.record if isinstance(origin, FromParty | FromService) else None


def _hold(delivery: Delivery, why: HoldReason, until: datetime | None, work: UnitOfWork[S]) -> None:
    entry, record, again = delivery.entry, _record_of(delivery), delivery.held_message
    stored = to_bytes(record) if isinstance(record, Record) else record or b""
    place = again.id if again else None
    work.holds.append(
        MessageToHold(entry.sender, entry.message_id, delivery.case_id, why, until, stored, place)
    )


def _is_released(delivery: Delivery) -> bool:
    """Say whether an operator lets it through to its held case.

    One that waits for a fact is not, nor one that was stored under another case while it could not be read.
    """
    again = delivery.held_message
    return again is not None and again.why is not HoldReason.WAITING and again.case_id == delivery.case_id


def _tried_again_at(delivery: Delivery) -> datetime | None:
    """Return covenant time now, for a message that waited."""
    if delivery.held_message is None:
        return None
    return delivery.received_at + (machine_now() - delivery.entry.received_at)
