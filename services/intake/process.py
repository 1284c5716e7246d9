"""Decide a referral: whether a case is taken up, and who must be informed of that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never

from services.intake import assignment
from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.state import Duty, DutyStatus, Phase, State
from shared.contract.content import TextRef, is_blank
from shared.contract.fields import ContributedItem, InformMoment, Mandate, Step
from shared.contract.messages.intake import ReferralSubmitted, ScreeningOutcome
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
)
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

GONE = frozenset({Phase.NOTHING, Phase.PURGED})
KNOWN = frozenset(Phase) - GONE
PROVISIONAL = frozenset({Phase.RECEIVED, Phase.CONSULTED})
ENDED = frozenset({Phase.DEESCALATED, Phase.ARCHIVED, Phase.CLOSING})
SCREENED = ENDED | {Phase.TAKEN_UP}
# Where a referral is withdrawn while the table de-escalates, retention may have heard of that first (A21).
MAY_BE_ARCHIVED = frozenset({Phase.DEESCALATED, Phase.CLOSING})
UNTIL_IT_ENDS = (c.MoveDirection, c.FollowDeescalation, c.FollowClosing)  # followed, and then no more
OF_A_REFERRAL = (
    c.ConfirmConsultation,
    c.ScreenReferral,
    c.WithdrawReferral,
)  # nothing of it is left to decide

# What a case waits for, by phase: each has its terms in the policy.
TERMS: Mapping[Phase, Step] = {Phase.RECEIVED: Step.CONSULTATION, Phase.CONSULTED: Step.SCREENING}

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
    c.MoveDirection: (frozenset({Phase.TAKEN_UP}), r.NOT_BEFORE_SCREENING),
    c.FollowStanding: (KNOWN, UNKNOWN_CASE),
    c.FollowDeescalation: (frozenset({Phase.TAKEN_UP}), r.NOT_BEFORE_SCREENING),
    c.FollowCleaning: (MAY_BE_ARCHIVED, r.NOT_BEFORE_SCREENING),
    c.FollowArchiving: (MAY_BE_ARCHIVED, r.NOT_BEFORE_SCREENING),
    c.FollowClosing: (frozenset({Phase.TAKEN_UP}), r.NOT_BEFORE_SCREENING),
    c.FollowTerms: (frozenset(Phase) - {Phase.PURGED}, UNKNOWN_CASE),
    c.FollowReactivation: (SCREENED, r.NOT_BEFORE_SCREENING),
    c.PurgeCase: (frozenset(Phase), UNKNOWN_CASE),
    c.PassTerm: (frozenset(TERMS), r.ALREADY_SCREENED),
    c.LookForLeader: (frozenset(TERMS), r.ALREADY_SCREENED),
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
    **{(phase, e.CasePurged): Phase.PURGED for phase in Phase},
}

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
        case c.WithdrawReferral(by=by, reason=reason):
            if state.leading_party != state.referrer:
                return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
            return _of_referrer(state, by) or (e.ReferralWithdrawn(reason, context.now),)
        case c.RecordInforming():
            return _inform(state, command, context)
        case c.PostponeInforming():
            return _postpone(state, command, context)
        case c.RemindOfInforming(person_id=person_id, moment=when):
            duty = state.duty(person_id, when)
            if duty is None or duty.status is not DutyStatus.POSTPONED:
                return ()
            return (e.DutyToInformArose(person_id, when, context.now),)
        case c.RaiseDuties(moment=when):
            return _duties(state, when, context.now)
        case c.FollowStanding(standing=standing):
            return (e.StandingFollowed(standing),)
        case c.MoveDirection(leading_party=party, since=since, acting_body=body, task=task, basis=basis):
            return (e.DirectionMoved(party, since, body, task, basis),)
        case c.FollowDeescalation():
            return (
                e.CaseDeescalated(),
                *_duties(state, InformMoment.AT_DEESCALATION, context.now),
            )
        case c.FollowCleaning(kept_items=kept):
            return (e.FileCleaned(kept),)
        case c.FollowArchiving(kept_items=kept):
            return (e.FileArchived(kept),)
        case c.FollowClosing():
            return (e.CaseClosing(), *_tell_who_knew(state, context.now))
        case c.FollowReactivation(round=number, kept_items=kept):
            return (e.CaseReactivated(number, kept),) if number > state.round else ()
        case c.FollowTerms(terms=ends, holds=holds):
            return () if state.phase is Phase.NOTHING else (e.TermsSet(ends, holds),)
        case c.PurgeCase(case_id=case_id, house_keys=house_keys):
            return (e.CasePurged(case_id, house_keys),)
        case c.PassTerm(at=at):
            return _pass_term(state, at, context)
        case c.LookForLeader(at=at):
            step = TERMS[state.phase]
            found = leaderless.look(step, state.overdue, state.leading_party, at, context)
            return _lapsed(state, step, at) if found is None else found
        case _:
            assert_never(command)


def _not_now(state: State, command: Command, refusal: Refusal) -> Refusal:
    """Return the refusal of a command in a phase that does not allow it."""
    if state.phase in GONE:
        return UNKNOWN_CASE
    if state.phase in ENDED and isinstance(command, OF_A_REFERRAL):
        return r.REFERRAL_ENDED
    return ENDED_HERE if state.phase in ENDED and isinstance(command, UNTIL_IT_ENDS) else refusal


def _may_not_know(state: State, command: Command) -> Refusal | None:
    """Refuse whoever has nothing to do with the case, in every phase and before anything else (R5, R6)."""
    by = command.by
    if isinstance(command, c.SubmitReferral) or state.phase in GONE:
        return None
    if by.role in A_PARTY and by.party not in (state.referrer, state.leading_party):
        return r.NOT_THE_REFERRER
    if by.role is Role.PROCESS_DIRECTOR:
        known_to = by.person if by.on_behalf_of == state.leading_party else None
        return None if (state.director or known_to) == by.person else r.NOT_THE_DIRECTOR
    return None


def _submit(command: c.SubmitReferral, context: DecisionContext) -> Decision:
    referral, party = command.referral, command.by.party or ""
    if refusal := unfit(referral, party, context):
        return refusal
    if context.elsewhere:
        return ITEM_NUMBER_NOT_USABLE
    return (e.ReferralReceived(command.case_id, party, referral, context.now),)


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
    """Refuse an incomplete referral, in the order of the rules (R3, R4, R8, R10, R16, R21, R22, R35)."""
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
    taken_up = command.outcome is not ScreeningOutcome.NOT_TAKEN_UP
    if state.criteria is not None and state.criteria.met != taken_up and command.reason is None:
        return r.REASON_MISSING
    director = command.by.person or ""
    if not taken_up:
        return (
            e.ReferralNotTakenUp(director, command.advice, command.reason, context.now),
            *_tell_who_knew(state, context.now),
        )
    return (
        e.CaseTakenUp(command.outcome, director, command.advice, command.reason, context.now),
        *_duties(state, InformMoment.TAKEN_UP, context.now),
    )


def _duties(state: State, when: InformMoment, at: datetime) -> tuple[e.DutyToInformArose, ...]:
    """Raise one duty per person: a notice to one must not give away another's data (R16)."""
    return tuple(
        e.DutyToInformArose(person.person_id, when, at)
        for person in state.persons
        if _may_arise(state.duty(person.person_id, when), when)
    )


def _may_arise(duty: Duty | None, when: InformMoment) -> bool:
    """Tell whether a duty arises: after each round table anew (R83), at every other moment once."""
    again = when is InformMoment.AFTER_RTO and duty is not None and duty.status is DutyStatus.FULFILLED
    return duty is None or again


def _tell_who_knew(state: State, at: datetime) -> tuple[e.DutyToInformArose, ...]:
    """Raise a duty for whoever was informed of the case: it hears that it is removed (A10)."""
    knew = {d.person_id for d in state.duties if d.status is DutyStatus.FULFILLED}
    return tuple(e.DutyToInformArose(person, InformMoment.CASE_REMOVED, at) for person in sorted(knew))


def _inform(state: State, command: c.RecordInforming, context: DecisionContext) -> Decision:
    duty = state.duty(command.person_id, command.moment)
    if refusal := _of_informer(state, command.by):
        return refusal
    if duty is None or duty.status is DutyStatus.FULFILLED:
        return r.NO_SUCH_DUTY
    return (e.PersonInformed(command.person_id, command.moment, context.now),)


def _postpone(state: State, command: c.PostponeInforming, context: DecisionContext) -> Decision:
    duty = state.duty(command.person_id, command.moment)
    if refusal := _of_informer(state, command.by):
        return refusal
    if duty is None or duty.status is DutyStatus.FULFILLED:
        return r.NO_SUCH_DUTY
    if command.reason is None or command.until is None:
        return r.POSTPONEMENT_INCOMPLETE
    if not context.now < command.until <= context.now + context.policy.longest_postponement:
        return r.POSTPONEMENT_INCOMPLETE
    return (
        e.InformingPostponed(command.person_id, command.moment, command.reason, command.until, context.now),
    )


def _pass_term(state: State, at: datetime, context: DecisionContext) -> Decision:
    """Remind of a referral that waits; one that nobody screens ends as any other early end (R102)."""
    step = TERMS[state.phase]
    passed = terms.pass_term(step, state.overdue, state.last_act, at, context.policy)
    return (passed,) if passed else _lapsed(state, step, at)


def _lapsed(state: State, step: Step, at: datetime) -> Decision:
    return (e.ReferralLapsed(step, at), *_tell_who_knew(state, at))


def _of_referrer(state: State, by: Actor) -> Refusal | None:
    return None if by.party == state.referrer else r.NOT_THE_REFERRER


def _of_informer(state: State, by: Actor) -> Refusal | None:
    """Refuse whoever does not inform: the leading party does, or the director on its behalf (R17)."""
    if by.role is Role.PROCESS_DIRECTOR:
        if by.person != state.director:
            return r.NOT_THE_DIRECTOR
        if by.on_behalf_of != state.leading_party:
            return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
        return None
    return None if by.party == state.leading_party else r.NOT_THE_REFERRER


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; texts become references here and nowhere else."""
    state = terms.moved(state, TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.ReferralReceived():
            return _received(state, event)
        case e.CaseTakenUp(outcome=outcome, director=director):
            return replace(state, outcome=outcome, director=director)
        case e.CaseAssigned(director=director, support_workers=support, assignment=number, at=at):
            team = replace(state, director=director, support_workers=support, assignment=number)
            return replace(team, last_act=at)
        case e.TermPassed(overdue=overdue) | e.LeaderLeft(overdue=overdue):
            return replace(state, overdue=overdue)
        case e.LeaderBack():
            return replace(state, overdue=None)
        case e.ReferralNotTakenUp(director=director):
            return replace(state, outcome=ScreeningOutcome.NOT_TAKEN_UP, director=director)
        case e.DutyToInformArose(person_id=person, moment=when):
            return _with_duty(state, Duty(person, when, DutyStatus.DUE))
        case e.PersonInformed(person_id=person, moment=when):
            return _with_duty(state, Duty(person, when, DutyStatus.FULFILLED))
        case e.InformingPostponed(person_id=person, moment=when, reason=reason, until=until):
            duty = Duty(person, when, DutyStatus.POSTPONED, until, reason)
            return _with_duty(state, duty)
        case e.StandingFollowed(standing=standing):
            return replace(state, standings=item_standing.followed(state.standings, standing))
        case e.DirectionMoved(leading_party=party):
            return replace(state, leading_party=party, led=event.mandate)
        case e.FileCleaned(kept_items=kept):
            duties = tuple(replace(duty, reason=None) for duty in state.duties)
            return replace(_stripped(state, kept), duties=duties)
        case e.FileArchived(kept_items=kept):
            return _stripped(state, kept)
        case e.CaseReactivated(round=number, kept_items=left):
            state = replace(state, round=number, terms=(), holds=())
            return state if left is None else _stripped(state, left)
        case e.TermsSet(terms=ends, holds=holds):
            return replace(state, terms=ends, holds=holds)
        case (
            e.ConsultationConfirmed()
            | e.ReferralWithdrawn()
            | e.ReferralLapsed()
            | e.CaseDeescalated()
            | e.CaseClosing()
            | e.CasePurged()
        ):
            return state
        case _:
            assert_never(event)


def _stripped(state: State, kept: tuple[str, ...]) -> State:
    """Keep who the case is about, and of what was brought in only the confirmed items (R95, A8)."""
    items = tuple(item for item in state.items if item.item_id in kept)
    return replace(_without_bsn(state), items=items, weighing=None, referrer_name=None)


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
        duties=tuple(
            Duty(person, InformMoment.TAKEN_UP, DutyStatus.FULFILLED)
            for person in referral.informed_beforehand
        ),
    )


def _with_duty(state: State, duty: Duty) -> State:
    others = tuple(d for d in state.duties if (d.person_id, d.moment) != (duty.person_id, duty.moment))
    return replace(state, duties=(*others, duty))
