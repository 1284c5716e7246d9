"""What one delivery comes to: decided by its service's core, refused under a rule, made to wait, or parked.

Nothing is read or written here: a batch's transaction hands over what lies there and writes what is noted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog

from shared.clock import machine_now
from shared.contract.parties import Parties
from shared.contract.record import Record, to_bytes
from shared.contract.refusal import CASE_HELD, CHANGED_MEANWHILE, UNKNOWN_CASE, Refusal
from shared.core.actor import Role
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.core.effects import Effect, SetTimer
from shared.core.outcome import DeliveryStatus, Outcome
from shared.core.policy import Policy
from shared.core.process import HasPhase, Process
from shared.handling.delivery import Delivery, Unhandled
from shared.handling.outgoing import OutgoingMessages
from shared.handling.unit_of_work import UnitOfWork
from shared.storage import held_messages, journal
from shared.storage.cases import Case
from shared.storage.held_messages import HoldReason, MessageToHold
from shared.telemetry.logs import log_bug

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
EVENT_PATIENCE = timedelta(days=1)  # what another service decided is never refused for being early
ERASED_CASE = replace(UNKNOWN_CASE, name="ErasedCase", settled=True)  # told like any that is not here
ERASED = "erased"  # what the journal says instead of the id of a case that is no more
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decider(Generic[S]):
    """Decides for one service; `patience` is how long a message waits for a fact that is not here yet."""

    process: Process[S]
    post: OutgoingMessages
    policy: Policy
    patience: timedelta = held_messages.PATIENCE

    def decide(
        self,
        delivery: Delivery,
        parties: Parties,
        gone: set[str],
        owners: dict[str, str],
        writes: UnitOfWork[S],
    ) -> Outcome:
        """The outcome, with all that follows from it noted in `writes`.

        `gone`: cases that were erased. `owners`: whose each item of the batch is that is known already.
        """
        case = writes.cases[delivery.case_id]
        elsewhere, here = _known_items(delivery, owners)
        moment = DecisionContext(
            delivery.received_at, parties, self.policy, elsewhere, here, _tried_again_at(delivery)
        )
        if case.held and not _released(delivery):
            return self._queue(delivery, case, moment, writes)
        if delivery.heard is not None and delivery.held is None:
            source, sequence = delivery.heard
            if sequence <= case.heard.get(source, 0):
                return Outcome(DeliveryStatus.STALE, version=case.version)
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
        self, delivery: Delivery, case: Case[S], moment: DecisionContext, *, gone: bool
    ) -> tuple[Any, ...] | Refusal:
        """Who may is asked before what is: the answer to somebody who may not tells nothing of the case."""
        command = delivery.command
        if isinstance(command, Unhandled):
            raise TypeError("no command was made of this message")
        asked = delivery.asks or (None if isinstance(command, Refusal) else type(command))
        if asked and (refusal := permit(self.process.permissions[asked], delivery.by, moment)):
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
        writes: UnitOfWork[S],
    ) -> Outcome:
        """All or nothing per message: consequences are computed before anything is noted."""
        state = case.state
        steps: list[Effect] = []
        entries: list[journal.Entry] = []
        for event in events:
            state = self.process.evolve(state, event)
            steps += self.process.effects(case.case_id, event, state)
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
            writes.pieces += [(case.case_id, piece) for piece in journal.named(entries, delivery.pieces)]
        writes.entries += entries
        if delivery.answer_to:
            writes.answers.append(self.post.accepted(delivery.answer_to, delivery))
        for step in steps:
            writes.note(delivery, case.case_id, step, owners)
        return Outcome(DeliveryStatus.ACCEPTED, version=case.version, events=events)

    # --- not deciding, or not now -----------------------------------------------------------------

    def refuse(self, delivery: Delivery, refusal: Refusal, writes: UnitOfWork[S]) -> Outcome:
        """Journalled, and told to whoever asked; an event that is refused is a fault of ours, and parked."""
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
        return Outcome(DeliveryStatus.REFUSED, refusal)

    def _wait_or_refuse(self, delivery: Delivery, refusal: Refusal, writes: UnitOfWork[S]) -> Outcome:
        """Lag must not look like law: what rests only on an absent fact waits, up to a minute.

        Whoever may not know of a case waits as long as for a case that never was: time tells nothing. An
        event about an erased case does not, or the number of the case would lie here for a day.
        """
        waits = refusal.may_be_lag or refusal.status == 404
        waits = waits and not (refusal.settled and delivery.by.role is Role.SERVICE)
        if not waits or delivery.record is None:
            return self.refuse(delivery, refusal, writes)
        now = machine_now()
        patience = EVENT_PATIENCE if delivery.by.role is Role.SERVICE else self.patience
        waited = delivery.held.until if delivery.held else None
        until = waited or now + patience
        if until <= now:
            return self.refuse(delivery, refusal, writes)
        _hold(delivery, HoldReason.WAITING, until, writes)
        return Outcome(DeliveryStatus.WAITING, refusal)

    def _queue(
        self, delivery: Delivery, case: Case[S], moment: DecisionContext, writes: UnitOfWork[S]
    ) -> Outcome:
        """Behind the fault, in order; but who may not know of the case does not learn that it is held."""
        if delivery.deadline is not None:
            _set_again(delivery, writes)
            return Outcome(DeliveryStatus.HELD)
        if refusal := self._stranger(delivery, case, moment):
            return self._wait_or_refuse(delivery, refusal, writes)
        if delivery.record is None:
            return self.refuse(delivery, CASE_HELD, writes)
        _hold(delivery, HoldReason.QUEUED, None, writes)
        return Outcome(DeliveryStatus.HELD)

    def _stranger(self, delivery: Delivery, case: Case[S], moment: DecisionContext) -> Refusal | None:
        """The refusal of somebody who may not act in a held case, by its state from before the fault."""
        if delivery.by.role is Role.SERVICE:
            return None
        try:
            verdict = self._verdict(delivery, case, moment, gone=False)
        except Exception as error:  # the very fault for which the case is held
            log_bug(self.process.service, "message-queued", error)
            return None
        return verdict if isinstance(verdict, Refusal) and verdict.status in (403, 404) else None

    def _park(self, delivery: Delivery, writes: UnitOfWork[S]) -> Outcome:
        """A bug of ours, or an event refused: it is kept, its case is held until an operator has looked."""
        case = writes.cases[delivery.case_id]
        writes.cases[case.case_id] = case._replace(held=True)
        writes.changed.add(case.case_id)
        return self.keep(delivery, writes)

    def keep(self, delivery: Delivery, writes: UnitOfWork[S]) -> Outcome:
        """What met a fault of ours stays; a person's request does not, because it can be made again."""
        if delivery.deadline is not None:
            _set_again(delivery, writes)
        elif delivery.record is not None:
            _hold(delivery, HoldReason.QUARANTINED, None, writes)
        return Outcome(DeliveryStatus.QUARANTINED)


def _set_again(delivery: Delivery, writes: UnitOfWork[S]) -> None:
    line = delivery.deadline
    if line is not None:
        timer = SetTimer(line.kind, line.ref, line.at, line.irreversible)
        writes.timers.append((line.case_id, timer))


def _hold(delivery: Delivery, why: HoldReason, until: datetime | None, writes: UnitOfWork[S]) -> None:
    slip, record = delivery.slip, delivery.record
    kept = to_bytes(record) if isinstance(record, Record) else record or b""
    place = delivery.held.id if delivery.held else None
    writes.holds.append(MessageToHold(slip.sender, slip.message_id, slip.case_id, why, until, kept, place))


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
    return delivery.held is not None and delivery.held.why is not HoldReason.WAITING


def _tried_again_at(delivery: Delivery) -> datetime | None:
    """Covenant time now, for a message that waited."""
    if delivery.held is None:
        return None
    return delivery.received_at + (machine_now() - delivery.slip.received_at)
