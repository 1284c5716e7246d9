"""Decide the duties to inform: when one arises, what the notice says, and who fulfils it (R16 to R19).

Each is an obligation of the register (A20). An open one has a term, is reminded of, and holds up no erasure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.state import BEFORE_PHASE_3, AskedOf, Phase, QueryTold, State
from shared.contract.fields import InformMoment, Step
from shared.contract.messages.intake import ClosingReason, NoticePart
from shared.contract.messages.retention import TermKind
from shared.contract.messages.rto import AnnouncedOutcome
from shared.contract.refusal import NOT_ON_BEHALF_OF_THE_LEADING_PARTY, Refusal
from shared.core import obligations, terms
from shared.core.actor import Actor, Role
from shared.core.calendar_terms import add_months
from shared.core.context import DecisionContext
from shared.core.ending import begins
from shared.core.obligations import Obligation, ObligationState
from shared.core.policy import Policy

Decision: TypeAlias = tuple[e.Event, ...] | Refusal

TAKEN_UP = InformMoment.TAKEN_UP
# What the notice of a moment says: R18, R56, R83, R98, and R78 with A10.
CONTENTS: Mapping[InformMoment, tuple[NoticePart, ...]] = {
    InformMoment.TAKEN_UP: (NoticePart.STEPS_TAKEN, NoticePart.INFORMATION_ASKED, NoticePart.RIGHTS),
    InformMoment.AFTER_TRIAGE: (
        NoticePart.OUTCOME_OF_TRIAGE,
        NoticePart.GOAL,
        NoticePart.THEMES,
        NoticePart.PARTICIPANTS,
        NoticePart.RIGHTS,
    ),
    InformMoment.AFTER_RTO: (NoticePart.OUTCOME_OF_RTO, NoticePart.RECIPIENTS),
    InformMoment.AT_DEESCALATION: (
        NoticePart.DEESCALATION,
        NoticePart.CLEANING,
        NoticePart.WHAT_STAYS,
        NoticePart.RIGHTS,
        NoticePart.AFTER_DESTRUCTION,
    ),
    InformMoment.CASE_REMOVED: (NoticePart.REMOVAL,),
}


def contents_of(duty: Obligation) -> tuple[NoticePart, ...]:
    """Return what the notice of a duty says; one from the version before names nothing."""
    return tuple(NoticePart(part) for part in duty.contents) or CONTENTS[InformMoment(duty.kind)]


# --- when a duty arises ---------------------------------------------------------------------------


def raised(
    state: State, when: InformMoment, cause: str, at: datetime, policy: Policy
) -> tuple[e.DutyToInformArose, ...]:
    """Raise one duty per person: a notice to one must not give away another's data (R16).

    One for each decision; who was informed beforehand that the case goes on is not informed of it again.
    """
    persons = [person.person_id for person in state.persons]
    if when is InformMoment.TAKEN_UP:
        persons = [person for person in persons if state.duty(person, when) is None]
    known = {(one.kind, one.cause, one.addressee) for one in state.owed}
    new = [person for person in persons if (when, cause, person) not in known]
    return _arising(state, [_owed(state, when, cause, person) for person in new], at, policy)


def after_rto(state: State, command: c.RaiseDuties, context: DecisionContext) -> Decision:
    """Raise the duties after a round table (R83); of a case that does not belong here nobody gets data."""
    arisen = raised(state, command.moment, command.cause, context.now, context.policy)
    if command.outcome is not AnnouncedOutcome.DOES_NOT_BELONG:
        return arisen
    contents = (NoticePart.OUTCOME_OF_RTO,)
    return tuple(replace(one, duty=replace(one.duty, contents=contents)) for one in arisen)


def after_triage(state: State, command: c.RaiseDuties, context: DecisionContext) -> Decision:
    """Raise the duties after triage once it is known what they say (R56); a case that ends has no table."""
    if command.round_table is None or state.phase is not Phase.TAKEN_UP:
        return ()
    return (
        e.RoundTablePrepared(command.round_table, context.now),
        *raised(state, command.moment, command.cause, context.now, context.policy),
    )


def of_query(state: State, query: AskedOf, cause: str, context: DecisionContext) -> Decision:
    """Have whoever a query is about told whom was asked and why, by a duty that is open or a new one (R18).

    What was told before the query went out did not say it.
    """
    if any(one.query_id == query.query_id for one in state.queries):
        return ()
    about = [person.person_id for person in state.persons if person.person_id in query.persons]
    still = {one.addressee: one for one in obligations.still_open(state.owed) if one.kind == TAKEN_UP}
    new = [
        replace(_owed(state, TAKEN_UP, cause, person), contents=(NoticePart.INFORMATION_ASKED,))
        for person in about
        if person not in still
    ]
    arisen = _arising(state, new, context.now, context.policy)
    saying = [still[person].id for person in about if person in still] + [one.duty.id for one in arisen]
    told = (QueryTold(number, query.query_id, query.party, query.purpose) for number in saying)
    return (*(e.QueryToBeTold(one, context.now) for one in told), *arisen)


def of_removal(
    state: State, reason: ClosingReason | None, at: datetime, context: DecisionContext
) -> tuple[e.DutyToInformArose, ...]:
    """Raise a duty for whoever was informed of the case (A10), and for whom the rules name (R78).

    The notice comes from who informed that person last, as long as that is a party; else from who leads.
    """
    fulfilled = (one for one in state.owed if one.state is ObligationState.FULFILLED)
    informed = {
        one.addressee: one.debtor if context.parties.is_member(one.debtor, at) else state.leading_party
        for one in fulfilled
    }
    everybody = reason is ClosingReason.DOES_NOT_BELONG
    told = [
        _owed(state, InformMoment.CASE_REMOVED, "", person.person_id, informed.get(person.person_id))
        for person in state.persons
        if (everybody or person.person_id in informed)
        and state.duty(person.person_id, InformMoment.CASE_REMOVED) is None
    ]
    return _arising(state, told, at, context.policy)


def _owed(state: State, when: InformMoment, cause: str, person: str, sender: str | None = None) -> Obligation:
    return Obligation(
        id=0,
        kind=when,
        cause=cause,
        debtor=sender or state.leading_party,
        addressee=person,
        contents=CONTENTS[when],
    )


def _arising(
    state: State, new: Iterable[Obligation], at: datetime, policy: Policy
) -> tuple[e.DutyToInformArose, ...]:
    """Return them as events, each with its number and its term [P]."""
    due, first = _due(at, policy), obligations.next_id(state.owed)
    return tuple(
        e.DutyToInformArose(replace(one, id=number, due=due), at) for number, one in enumerate(new, first)
    )


def _due(at: datetime, policy: Policy) -> datetime:
    """Return by when a duty that is due from that moment on is to be fulfilled [P]."""
    return at + policy.terms[Step.INFORMING].remind


# --- who fulfils it, or puts it off -----------------------------------------------------------------


def inform(state: State, command: c.RecordInforming, context: DecisionContext) -> Decision:
    """Record that a person was informed; of a case that is closing it then hears the end as well (A10)."""
    duty = _meant(state, command)
    if refusal := _of_informer(state, command.by, duty):
        return refusal
    if duty is None:
        return r.NO_SUCH_DUTY
    informed = e.PersonInformed(duty.id, command.person_id, command.moment, context.now)
    if state.phase is not Phase.CLOSING:
        return (informed,)
    after = state.with_duty(duty.fulfilled())
    return (informed, *of_removal(after, None, context.now, context))


def postpone(state: State, command: c.PostponeInforming, context: DecisionContext) -> Decision:
    """Put informing off, with the reason and a planned moment at which there still is a file (R19)."""
    duty, until = _meant(state, command), command.until
    if refusal := _of_informer(state, command.by, duty):
        return refusal
    if duty is None:
        return r.NO_SUCH_DUTY
    if command.reason is None or until is None:
        return r.POSTPONEMENT_INCOMPLETE
    if not context.now < until <= context.now + context.policy.longest_postponement:
        return r.POSTPONEMENT_INCOMPLETE
    erased_on = erased_at_the_latest(state, context.policy)
    if erased_on is not None and until >= erased_on:
        return r.POSTPONED_BEYOND_ERASURE
    return (
        e.InformingPostponed(duty.id, command.person_id, command.moment, command.reason, until, context.now),
    )


def erased_at_the_latest(state: State, policy: Policy) -> datetime | None:
    """Return when nothing is left of a case that has ended, by its terms (R91, R102); None while it runs.

    As retention set them; until that is heard, as the policy has it.
    """
    due = [begins(kind, state.terms, state.holds) for kind in (TermKind.DESTROY, TermKind.REMOVE)]
    if known := [at for at in due if at is not None]:
        return min(known)
    if state.ended_at is None:
        return None
    if state.phase is Phase.CLOSING:
        return state.ended_at + policy.closing_term
    return add_months(state.ended_at, policy.destroy_after_months)


def _meant(state: State, command: c.RecordInforming | c.PostponeInforming) -> Obligation | None:
    """Return the open duty that is named, or else the oldest of this person and moment."""
    found = obligations.open_of(state.owed, command.moment, command.person_id)
    if command.duty is None:
        return found[0] if found else None
    return obligations.numbered(found, command.duty)


def _of_informer(state: State, by: Actor, duty: Obligation | None) -> Refusal | None:
    """Refuse whoever does not inform: its debtor does, who leads, or the director on its behalf (R17)."""
    if by.role is not Role.PROCESS_DIRECTOR:
        may = (state.leading_party, duty.debtor if duty else None)
        return None if by.party in may else r.NOT_THE_REFERRER
    if by.person != state.director:
        return r.NOT_THE_DIRECTOR
    return None if by.on_behalf_of == state.leading_party else NOT_ON_BEHALF_OF_THE_LEADING_PARTY


# --- what time does ---------------------------------------------------------------------------------


def come_due(state: State, command: c.RemindOfInforming, context: DecisionContext) -> Decision:
    """Make what was postponed until now due again, with a new term."""
    at = context.now
    by = _due(at, context.policy)
    return tuple(
        e.DutyCameDue(one.id, one.addressee, InformMoment(one.kind), by, at)
        for one in state.owed
        if one.has_come(at) and _is_named(one, command)
    )


def _is_named(one: Obligation, command: c.RemindOfInforming) -> bool:
    if command.duty is not None:
        return one.id == command.duty
    return (one.addressee, one.kind) == (command.person_id, command.moment)


def pass_term(state: State, at: datetime, policy: Policy) -> Decision:
    """Remind of what is not done in time; nothing ends by it."""
    overdue = tuple(
        e.InformingOverdue(one.id, one.addressee, InformMoment(one.kind), at) for one in late(state, at)
    )
    passed = terms.pass_term(Step.INFORMING, state.overdue, at, at, policy) if overdue else None
    return (passed, *overdue) if passed else ()


def late(state: State, at: datetime) -> tuple[Obligation, ...]:
    """Return the duties that should have been fulfilled by then."""
    return tuple(one for one in state.owed if one.is_late(at))


# --- how it ends --------------------------------------------------------------------------------------


def handed_over(state: State, at: datetime) -> tuple[e.DutyHandedOver, ...]:
    """Hand over what is still open: no duty holds up an erasure (A20)."""
    return tuple(
        e.DutyHandedOver(one.id, one.addressee, InformMoment(one.kind), one.planned_on, at)
        for one in obligations.still_open(state.owed)
    )


def moved(state: State, leading_party: str, *, of_every_phase: bool) -> State:
    """Return the state once another party leads: what is open of phase 3 is that party's (R83).

    The duties of the phases before stay the referrer's own (R16, R56), as long as that is a party.
    """
    passed_on = (
        replace(one, debtor=leading_party)
        if one.is_open and (of_every_phase or one.kind not in BEFORE_PHASE_3)
        else one
        for one in state.owed
    )
    return state.owing(tuple(passed_on))


def cleaned(state: State, at: datetime | None) -> State:
    """Return the state without what no open duty needs: a postponement that runs keeps its reason (R19)."""
    known = tuple(
        replace(one, reason=None) if at is not None and one.has_come(at) else one for one in state.owed
    )
    says_it = obligations.still_open(known)
    needed = any(one.kind == InformMoment.AFTER_TRIAGE for one in says_it)
    numbers = {one.id for one in says_it}
    return replace(
        state.owing(known),
        round_table=state.round_table if needed else None,
        queries=tuple(one for one in state.queries if one.duty in numbers),
    )
