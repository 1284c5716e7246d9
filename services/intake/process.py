"""Decide a referral: whether a case is taken up, and who must be informed of that."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import TypeAlias, assert_never

from services.intake import assignment, duties, house_checks, known
from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.state import Phase, State
from shared.contract.content import TextRef, is_blank
from shared.contract.fields import ContributedItem, InformMoment, Mandate, Step
from shared.contract.messages.intake import ClosingReason, ReferralSubmitted, ScreeningOutcome
from shared.contract.messages.triage import TriageOutcome
from shared.contract.parties import PartyRecord, Scope
from shared.contract.refusal import (
    ENDED_HERE,
    ITEM_NUMBER_NOT_USABLE,
    ITEM_TWICE,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core import item_rules, item_standing, leaderless, terms
from shared.core.actor import A_PARTY, Actor, Role
from shared.core.context import DecisionContext
from shared.core.obligations import Obligation, Obligations, ObligationState, numbered, still_open
from shared.core.rounds import out_of_round
from shared.core.service_numbers import without_numbers

# --- the table: what each phase allows, and what moves it on -------------------------------------

Command: TypeAlias = (
    c.SubmitReferral
    | c.ConfirmConsultation
    | c.ScreenReferral
    | c.AssignDirector
    | c.AssignSupport
    | c.WithdrawReferral
    | c.RecordInforming
    | c.PostponeInforming
    | c.RemindOfInforming
    | c.RaiseDuties
    | c.FollowTriage
    | c.MoveDirection
    | c.FollowStanding
    | c.FollowDeescalation
    | c.FollowCleaning
    | c.FollowArchiving
    | c.FollowTerms
    | c.FollowReactivation
    | c.FollowClosing
    | c.PurgeCase
    | c.PassTerm
    | c.LookForLeader
    | known.KnownCommand
    | house_checks.HouseCommand
)
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

GONE = frozenset({Phase.NOTHING, Phase.PURGED})
NO_CASE = GONE | {Phase.CHECKING}
KNOWN = frozenset(Phase) - NO_CASE
CHECKING = frozenset({Phase.CHECKING})
PROVISIONAL = frozenset({Phase.RECEIVED, Phase.CONSULTED})
ENDED = frozenset({Phase.DEESCALATED, Phase.ARCHIVED, Phase.CLOSING})
SCREENED = ENDED | {Phase.TAKEN_UP}
# Where a referral is withdrawn while the table de-escalates, retention may have heard of that first (A21).
MAY_BE_ARCHIVED = frozenset({Phase.DEESCALATED, Phase.CLOSING})
UNTIL_IT_ENDS = (c.MoveDirection, c.FollowDeescalation, c.FollowClosing)  # followed, and then no more
OfAHouse: TypeAlias = c.RecordKnownAnswer | c.TakeKnownCheck | c.RecordConsultation
OF_A_REFERRAL = (
    c.ConfirmConsultation,
    c.ScreenReferral,
    c.WithdrawReferral,
)  # nothing of it is left to decide

# What a case waits for, by phase: each has its terms in the policy. Once it is screened, nothing but who is
# still to be informed, as long as anybody is.
TERMS: Mapping[Phase, Step] = {
    Phase.RECEIVED: Step.CONSULTATION,
    Phase.CONSULTED: Step.SCREENING,
    **dict.fromkeys(sorted(SCREENED), Step.INFORMING),
}

# How triage ended where it closed the case; where nobody acted it decided nothing.
ENDS_OF_TRIAGE: Mapping[ClosingReason | None, TriageOutcome] = {
    ClosingReason.NOT_TAKEN_UP: TriageOutcome.NOT_TAKEN_UP,
    ClosingReason.OTHER_TABLE: TriageOutcome.OTHER_TABLE,
}

# For each command: the phases in which it may be decided, and the refusal in any other known one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.SubmitReferral: (frozenset({Phase.NOTHING}), r.ALREADY_REFERRED),
    c.ConfirmConsultation: (frozenset({Phase.RECEIVED}), r.ALREADY_CONSULTED),
    c.ScreenReferral: (PROVISIONAL, r.ALREADY_SCREENED),
    c.WithdrawReferral: (PROVISIONAL | {Phase.TAKEN_UP}, r.ALREADY_SCREENED),
    c.AssignDirector: (KNOWN, UNKNOWN_CASE),
    c.AssignSupport: (KNOWN, UNKNOWN_CASE),
    c.RecordInforming: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.PostponeInforming: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.RemindOfInforming: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.RaiseDuties: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.FollowTriage: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.MoveDirection: (frozenset({Phase.TAKEN_UP}), r.NOT_BEFORE_SCREENING),
    c.FollowStanding: (KNOWN, UNKNOWN_CASE),
    c.FollowDeescalation: (frozenset({Phase.TAKEN_UP}), r.NOT_BEFORE_SCREENING),
    c.FollowCleaning: (MAY_BE_ARCHIVED, r.NOT_BEFORE_SCREENING),
    c.FollowArchiving: (MAY_BE_ARCHIVED, r.NOT_BEFORE_SCREENING),
    c.FollowClosing: (frozenset({Phase.TAKEN_UP}), r.NOT_BEFORE_SCREENING),
    c.FollowTerms: (KNOWN | {Phase.NOTHING}, UNKNOWN_CASE),
    c.FollowReactivation: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.PurgeCase: (frozenset(Phase), UNKNOWN_CASE),
    c.PassTerm: (frozenset(TERMS), r.ALREADY_SCREENED),
    c.LookForLeader: (PROVISIONAL, r.ALREADY_SCREENED),
    c.AskKnownCheck: (PROVISIONAL | {Phase.TAKEN_UP}, r.CHECK_TOO_LATE),
    c.WeighExchange: (frozenset({Phase.TAKEN_UP}), r.WEIGHED_OUTSIDE_TREATMENT),
    c.RecordKnownAnswer: (KNOWN, UNKNOWN_CASE),
    c.TakeKnownCheck: (frozenset({Phase.NOTHING}), r.CHECK_KNOWN),
    c.ConsultOnCheck: (CHECKING, UNKNOWN_CASE),
    c.RecordConsultation: (CHECKING, UNKNOWN_CASE),
    c.DecideKnownCheck: (CHECKING, UNKNOWN_CASE),
    c.AnswerKnownCheck: (CHECKING, UNKNOWN_CASE),
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.ReferralReceived): Phase.RECEIVED,
    (Phase.RECEIVED, e.ConsultationConfirmed): Phase.CONSULTED,
    (Phase.CONSULTED, e.CaseTakenUp): Phase.TAKEN_UP,
    (Phase.CONSULTED, e.ReferralNotTakenUp): Phase.CLOSING,
    (Phase.RECEIVED, e.ReferralWithdrawn): Phase.CLOSING,
    (Phase.CONSULTED, e.ReferralWithdrawn): Phase.CLOSING,
    (Phase.TAKEN_UP, e.ReferralWithdrawn): Phase.CLOSING,
    (Phase.RECEIVED, e.ReferralLapsed): Phase.CLOSING,
    (Phase.CONSULTED, e.ReferralLapsed): Phase.CLOSING,
    (Phase.TAKEN_UP, e.CaseClosing): Phase.CLOSING,
    (Phase.TAKEN_UP, e.CaseDeescalated): Phase.DEESCALATED,
    (Phase.DEESCALATED, e.FileArchived): Phase.ARCHIVED,
    (Phase.CLOSING, e.FileArchived): Phase.ARCHIVED,
    **{(phase, e.CaseReactivated): Phase.TAKEN_UP for phase in sorted(SCREENED)},
    (Phase.NOTHING, e.HouseCheckTaken): Phase.CHECKING,
    (Phase.CHECKING, e.HouseCheckAnswered): Phase.PURGED,
    **{(phase, e.CasePurged): Phase.PURGED for phase in Phase},
}
EARLY_ENDS = tuple({event for (_, event), phase in TRANSITIONS.items() if phase is Phase.CLOSING})

# --- decisions -----------------------------------------------------------------------------------


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide any command in any phase: events, or a named refusal."""
    if refusal := _may_not_know(state, command):
        return refusal
    if (apart := out_of_round(state, command)) is not None:
        return apart
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return _not_now(state, command, refusal)
    match command:
        case c.SubmitReferral():
            return _submit(command, context)
        case c.ConfirmConsultation(by=by, remark=remark):
            return _of_referrer(state, by) or (e.ConsultationConfirmed(remark, context.now),)
        case c.ScreenReferral():
            return _screen(state, command, context)
        case c.AssignDirector():
            return assignment.assign_director(state, command, context)
        case c.AssignSupport():
            return assignment.assign_support(state, command, context)
        case c.WithdrawReferral():
            return _withdraw(state, command, context)
        case c.RecordInforming():
            return duties.inform(state, command, context)
        case c.PostponeInforming():
            return duties.postpone(state, command, context)
        case c.RemindOfInforming():
            return duties.come_due(state, command, context)
        case c.RaiseDuties(query=query, cause=cause) if query is not None:
            return duties.of_query(state, query, cause, context)
        case c.RaiseDuties(moment=InformMoment.AFTER_TRIAGE):
            return duties.after_triage(state, command, context)
        case c.RaiseDuties():
            return duties.after_rto(state, command, context)
        case c.FollowTriage(outcome=outcome):
            return (e.TriageFollowed(outcome, context.now),)
        case c.FollowStanding(standing=standing):
            return (item_standing.follow(standing, state.items, state.standings),)
        case c.MoveDirection(leading_party=party, since=since, acting_body=body, task=task, basis=basis):
            left = not context.parties.is_member(state.referrer, context.judged_at)
            return (e.DirectionMoved(party, since, body, task, basis, referrer_left=left),)
        case c.FollowDeescalation():
            return _deescalate(state, command, context)
        case c.FollowCleaning(kept_items=kept):
            return (e.FileCleaned(kept, context.now),)
        case c.FollowArchiving(kept_items=kept):
            return (e.FileArchived(kept),)
        case c.FollowClosing():
            return _close(state, command, context)
        case c.FollowReactivation(round=number, kept_items=kept):
            return (e.CaseReactivated(number, kept),) if number > state.round else ()
        case c.FollowTerms(terms=ends, holds=holds):
            return () if state.phase is Phase.NOTHING else (e.TermsSet(ends, holds),)
        case c.PurgeCase(case_id=case_id, house_keys=house_keys):
            return (*duties.handed_over(state, context.now), e.CasePurged(case_id, house_keys))
        case c.PassTerm(at=at):
            return _pass_term(state, at, context)
        case c.LookForLeader(at=at):
            step = TERMS[state.phase]
            found = leaderless.look(step, state.overdue, state.leading_party, at, context)
            return _lapsed(state, step, at, context) if found is None else found
        case c.AskKnownCheck() | c.RecordKnownAnswer() | c.WeighExchange():
            return known.decide(state, command, context)
        case (
            c.TakeKnownCheck()
            | c.ConsultOnCheck()
            | c.RecordConsultation()
            | c.DecideKnownCheck()
            | c.AnswerKnownCheck()
        ):
            return house_checks.decide(state, command, context)
        case _:
            assert_never(command)


def decide_and_settle(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide, and say of an early end when nobody is left to be informed of it (R102)."""
    decision = decide(state, command, context)
    if isinstance(decision, Refusal):
        return decision
    ends = state.phase is Phase.CLOSING or any(isinstance(event, EARLY_ENDS) for event in decision)
    return (*decision, *_settled(state, decision, context.now)) if ends else decision


def _settled(state: State, decided: tuple[e.Event, ...], at: datetime) -> tuple[e.DutiesSettled, ...]:
    """Say so once: nothing here delays the removal any more."""
    after = reduce(evolve, decided, state)
    waits = after.settled or after.phase is not Phase.CLOSING or still_open(after.owed)
    return () if waits else (e.DutiesSettled(at),)


def _not_now(state: State, command: Command, refusal: Refusal) -> Refusal:
    """Return the refusal of a command in a phase that does not allow it."""
    if state.phase in GONE or (state.phase is Phase.CHECKING and not isinstance(command, c.TakeKnownCheck)):
        return UNKNOWN_CASE
    if state.phase in ENDED and isinstance(command, OF_A_REFERRAL):
        return r.REFERRAL_ENDED
    return ENDED_HERE if state.phase in ENDED and isinstance(command, UNTIL_IT_ENDS) else refusal


def _may_not_know(state: State, command: Command) -> Refusal | None:
    """Refuse whoever has nothing to do with the case, in every phase and before anything else (R5, R6)."""
    by = command.by
    if isinstance(command, c.SubmitReferral | OfAHouse) or state.phase in NO_CASE:
        return None
    if by.role in A_PARTY and by.party not in _involved(state):
        return r.NOT_THE_REFERRER
    if by.role is Role.PROCESS_DIRECTOR:
        known_to = by.person if by.on_behalf_of == state.leading_party else None
        return None if (state.director or known_to) == by.person else r.NOT_THE_DIRECTOR
    return None


def _involved(state: State) -> set[str]:
    """Return the parties that may know of the case: who referred it, who leads, who is to inform."""
    return {state.referrer, state.leading_party, *(one.debtor for one in still_open(state.owed))}


def _submit(command: c.SubmitReferral, context: DecisionContext) -> Decision:
    referral, party = command.referral, command.by.party or ""
    if refusal := unfit(referral, party, context):
        return refusal
    if context.elsewhere:
        return ITEM_NUMBER_NOT_USABLE
    return (e.ReferralReceived(command.case_id, party, referral, context.now, command.identities),)


def unfit(referral: ReferralSubmitted, party: str, context: DecisionContext) -> Refusal | None:
    """Refuse a referral for what it states itself, whatever else is known of its case."""
    record = context.parties.get(party)
    if record is not None and referral.acting_body not in record.acting_bodies:
        return r.ACTING_BODY_UNKNOWN
    if record is None or not context.parties.authorised(
        party, Scope.SCREENING, context.judged_at, referral.acting_body
    ):
        return r.NO_AUTHORISATION_ON_RECORD
    if referral.theme not in context.policy.themes:
        return r.THEME_NOT_IN_FORCE
    return _incomplete(referral, record) or item_rules.must_reserve_against_parties(
        referral.items, context.parties, r.RESERVATION_UNKNOWN
    )


def _incomplete(referral: ReferralSubmitted, record: PartyRecord) -> Refusal | None:
    """Refuse an incomplete referral, in the order of the rules (R3, R4, R8, R10, R16, R21, R22, R35, R57)."""
    items = referral.items
    if not referral.task:
        return r.TASK_MISSING
    if not referral.basis:
        return r.BASIS_MISSING
    if refusal := item_rules.must_name_basis(items, r.BASIS_MISSING):
        return refusal
    if refusal := item_rules.must_be_necessary(items, r.NECESSITY_MISSING):
        return refusal
    if is_blank(referral.weighing):
        return r.WEIGHING_MISSING
    if refusal := item_rules.must_name_body(items, record, r.ITEM_OF_UNKNOWN_BODY):
        return refusal
    return (
        _of_persons(referral)
        or item_rules.must_be_checked(items, record, r.SPECIAL_NOT_CHECKED)
        or _of_numbers(referral, record)
        or item_rules.must_differ(items, ITEM_TWICE)
    )


def _of_persons(referral: ReferralSubmitted) -> Refusal | None:
    """Refuse a person named twice, or named and not in the case."""
    known = {person.person_id for person in referral.persons}
    if len(known) != len(referral.persons):
        return r.PERSON_TWICE
    if not known.issuperset(referral.informed_beforehand):
        return r.UNKNOWN_PERSON
    return item_rules.must_be_about(referral.items, known, r.UNKNOWN_PERSON)


def _of_numbers(referral: ReferralSubmitted, record: PartyRecord) -> Refusal | None:
    """Refuse citizen service numbers of a party that may not use them."""
    used = any(not is_blank(person.bsn) for person in referral.persons)
    return r.BSN_NOT_ALLOWED if used and not record.may_use_bsn else None


def _screen(state: State, command: c.ScreenReferral, context: DecisionContext) -> Decision:
    if command.by.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    if state.phase is not Phase.CONSULTED:
        return r.CONSULTATION_MISSING
    if command.weighing is None:
        return r.OWN_WEIGHING_MISSING
    taken_up = command.outcome is not ScreeningOutcome.NOT_TAKEN_UP
    if state.criteria is not None and state.criteria.met != taken_up and command.reason is None:
        return r.REASON_MISSING
    director = command.by.person or ""
    if not taken_up:
        return (
            e.ReferralNotTakenUp(director, command.advice, command.reason, context.now, command.weighing),
            *duties.of_removal(state, ClosingReason.NOT_TAKEN_UP, context.now, context),
        )
    return (
        e.CaseTakenUp(
            command.outcome, director, command.advice, command.reason, context.now, command.weighing
        ),
        *duties.raised(state, InformMoment.TAKEN_UP, "screening", context.now, context.policy),
    )


def _withdraw(state: State, command: c.WithdrawReferral, context: DecisionContext) -> Decision:
    """Stop the case, as the party that leads it: the referrer until direction has moved (A21)."""
    if command.by.party != state.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    return (
        e.ReferralWithdrawn(command.reason, context.now),
        *duties.of_removal(state, ClosingReason.WITHDRAWN, context.now, context),
    )


def _deescalate(state: State, command: c.FollowDeescalation, context: DecisionContext) -> Decision:
    decided_at = command.decided_at or context.now
    cause = f"deescalation/{decided_at.isoformat()}"
    when = InformMoment.AT_DEESCALATION
    return (
        e.CaseDeescalated(decided_at),
        *duties.raised(state, when, cause, context.now, context.policy),
    )


def _close(state: State, command: c.FollowClosing, context: DecisionContext) -> Decision:
    """Follow an early end elsewhere, and have told whom the rules name (R78, A10)."""
    ended = ENDS_OF_TRIAGE.get(command.reason) if command.by.service == "triage" else None
    return (
        e.CaseClosing(command.closed_at or context.now),
        *((e.TriageFollowed(ended, context.now),) if ended and not command.lapsed else ()),
        *duties.of_removal(state, command.reason, context.now, context),
    )


def _pass_term(state: State, at: datetime, context: DecisionContext) -> Decision:
    """Remind of what waits; a referral that nobody screens ends as any other early end (R102)."""
    step = TERMS[state.phase]
    if step is Step.INFORMING:
        return duties.pass_term(state, at, context.policy)
    passed = terms.pass_term(step, state.overdue, state.last_act, at, context.policy)
    return (passed,) if passed else _lapsed(state, step, at, context)


def _lapsed(state: State, step: Step, at: datetime, context: DecisionContext) -> Decision:
    told = duties.of_removal(state, ClosingReason.NOT_TAKEN_UP, at, context)
    return (e.ReferralLapsed(step, at), *told)


def _of_referrer(state: State, by: Actor) -> Refusal | None:
    return None if by.party == state.referrer else r.NOT_THE_REFERRER


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; texts become references here and nowhere else."""
    state = _moved(state, TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.ReferralReceived():
            return _received(state, event)
        case e.CaseTakenUp(outcome=outcome):
            return _screened(state, event, outcome)
        case e.CaseAssigned(director=director, support_workers=support, assignment=number, at=at):
            team = replace(state, director=director, support_workers=support, assignment=number)
            return replace(team, last_act=at)
        case e.TermPassed(overdue=overdue) | e.LeaderLeft(overdue=overdue):
            return replace(state, overdue=overdue)
        case e.LeaderBack():
            return replace(state, overdue=None)
        case e.ReferralNotTakenUp(at=at):
            return replace(_screened(state, event, ScreeningOutcome.NOT_TAKEN_UP), ended_at=at)
        case e.ReferralWithdrawn(at=at) | e.ReferralLapsed(at=at):
            return replace(state, ended_at=at)
        case e.CaseClosing(closed_at=at) | e.CaseDeescalated(decided_at=at):
            return replace(state, ended_at=at)
        case e.RoundTablePrepared(round_table=table):
            return replace(state, round_table=table)
        case e.DutyToInformArose(duty=duty):
            return state.with_duty(duty)
        case e.QueryToBeTold(told=told):
            return replace(state, queries=(*state.queries, told))
        case e.DutyCameDue(duty=number, by=by):
            return _with_duty(state, number, lambda one: one.due_again(by))
        case e.PersonInformed(duty=number, at=at):
            return _on_time(_with_duty(state, number, Obligation.fulfilled), at)
        case e.InformingPostponed(duty=number, until=until, reason=reason, at=at):
            return _on_time(_with_duty(state, number, lambda one: one.postponed(until, reason)), at)
        case e.DutyHandedOver(duty=number):
            return _with_duty(state, number, Obligation.handed_over)
        case e.DutiesSettled():
            return replace(state, settled=True)
        case e.StandingFollowed(standing=standing):
            return _with_standing(state, standing)
        case e.DirectionMoved(leading_party=party):
            passed_on = duties.moved(state, party, of_every_phase=event.referrer_left)
            return replace(passed_on, leading_party=party, led=event.mandate)
        case e.FileCleaned(kept_items=kept, at=at):
            return duties.cleaned(_stripped(state, kept), at)
        case e.FileArchived(kept_items=kept):
            return duties.cleaned(_stripped(state, kept), None)
        case e.CaseReactivated():
            return _reactivated(state, event)
        case e.TermsSet(terms=ends, holds=holds):
            return replace(state, terms=ends, holds=holds)
        case e.ConsultationConfirmed() | e.TriageFollowed() | e.InformingOverdue() | e.CasePurged():
            return state
        case e.KnownCheckDone(check=check):
            return replace(state, checks=(*state.checks, check))
        case e.KnownCheckAnswered():
            return replace(state, checks=known.answered(state.checks, event))
        case e.ExchangeWeighed(weighing=weighing):
            return replace(state, weighings=(*state.weighings, weighing))
        case e.HouseCheckTaken(check=taken):
            return replace(state, check=taken)
        case e.LeaderConsulted() | e.LeaderAgreed() | e.HouseCheckDecided():
            return replace(state, check=state.check and house_checks.evolve(state.check, event))
        case e.HouseCheckAnswered():
            return replace(state, check=None)
        case _:
            assert_never(event)


def _moved(state: State, phase: Phase) -> State:
    """Return the state in this phase; who is informed too late is so in every phase after the screening."""
    both = {state.phase, phase} <= SCREENED
    return replace(state, phase=phase) if both else terms.moved(state, phase)


def _with_duty(state: State, number: int, change: Callable[[Obligation], Obligation]) -> State:
    duty = numbered(state.owed, number)
    return state if duty is None else state.with_duty(change(duty))


def _on_time(state: State, at: datetime) -> State:
    """Return the state as no longer overdue, if by then nobody is informed too late."""
    of_informing = state.overdue is not None and state.overdue.step is Step.INFORMING
    return replace(state, overdue=None) if of_informing and not duties.late(state, at) else state


def _with_standing(state: State, standing: item_standing.Standing) -> State:
    """Take in what a contributor decided on its item, unless a later word is known (R66, A22)."""
    known = item_standing.followed(state.standings, standing.without_texts())
    if known == state.standings:
        return state
    return replace(state, standings=known, items=item_standing.items_by(standing, state.items))


def _screened(state: State, event: e.CaseTakenUp | e.ReferralNotTakenUp, outcome: ScreeningOutcome) -> State:
    return replace(
        state,
        outcome=outcome,
        director=event.director,
        own_weighing=event.weighing,
        reason=event.reason,
        advice=event.advice,
    )


def _stripped(state: State, kept: tuple[str, ...]) -> State:
    """Keep who the case is about, and of what was brought in only the confirmed items (R95, A8)."""
    items = tuple(item for item in state.items if item.item_id in kept)
    state = replace(state, checks=(), weighings=())
    bare = replace(_without_bsn(state), items=items, referrer_name=None)
    return replace(bare, weighing=None, own_weighing=None, reason=None, advice=None)


def _reactivated(state: State, event: e.CaseReactivated) -> State:
    """Return the state in its next round: nothing of how it ended counts any more (A5)."""
    back = replace(state, round=event.round, terms=(), holds=(), ended_at=None, settled=False)
    left = event.kept_items
    return back if left is None else duties.cleaned(_stripped(back, left), None)


def _without_bsn(state: State) -> State:
    """Drop the citizen service numbers: they are for matching in phases 1 to 3 (R22, A23)."""
    return replace(state, persons=without_numbers(state.persons))


def _received(state: State, event: e.ReferralReceived) -> State:
    referral = event.referral
    weighing, name = referral.weighing, referral.referrer_name
    return replace(
        state,
        referrer=event.referrer,
        leading_party=event.referrer,
        identities=event.identities,
        acting_body=referral.acting_body,
        task=referral.task,
        basis=referral.basis,
        led=Mandate(
            party=event.referrer,
            acting_body=referral.acting_body,
            task=referral.task,
            basis=referral.basis,
            since=event.at,
        ),
        theme=referral.theme,
        criteria=referral.criteria,
        persons=referral.persons,
        items=tuple(
            ContributedItem.model_construct(**dict(item), contributor=event.referrer)
            for item in referral.items
        ),
        weighing=weighing if isinstance(weighing, TextRef) else None,
        referrer_name=name if isinstance(name, TextRef) else None,
    ).owing(_fulfilled_beforehand(event))


def _fulfilled_beforehand(event: e.ReferralReceived) -> Obligations:
    """Return who was informed before the referral, by its referrer (R16)."""
    return tuple(
        Obligation(
            id=number,
            kind=InformMoment.TAKEN_UP,
            cause="beforehand",
            debtor=event.referrer,
            addressee=person,
            due=event.at,
            state=ObligationState.FULFILLED,
        )
        for number, person in enumerate(event.referral.informed_beforehand, start=1)
    )
