"""Decide at the round table what each phase allows and who is a stranger, and evolve its state."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never

from services.rto import commands as c
from services.rto import direction, meetings, releases
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import (
    Answer,
    Monitoring,
    Phase,
    Progress,
    Release,
    ReleaseKey,
    ReleaseStatus,
    Rto,
    Seat,
    State,
)
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Step
from shared.contract.messages.rto import Taker, Use
from shared.contract.messages.triage import RtoPrepared, ViewingEntry
from shared.contract.refusal import (
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core import terms
from shared.core.actor import A_PARTY, Actor, Role
from shared.core.context import DecisionContext
from shared.core.rounds import out_of_round

# --- the table: what each phase allows, and what moves it on -------------------------------------

Command: TypeAlias = (
    c.RecordItem
    | c.OpenPreparation
    | c.ConveneRto
    | c.ExtendViewingPlan
    | c.AcceptInvitation
    | c.EndMandate
    | c.DeclineInvitation
    | c.ContributeItems
    | c.ConcludeRto
    | c.AskRelease
    | c.GiveRelease
    | c.RefuseRelease
    | c.WithdrawRelease
    | c.RecordPlan
    | c.ProvideItem
    | c.OfferDirection
    | c.AcceptDirection
    | c.DeclineDirection
    | c.ProgressAction
    | c.FollowAssignment
    | c.FollowCleaning
    | c.FollowArchiving
    | c.FollowTerms
    | c.FollowReactivation
    | c.FollowClosing
    | c.PurgeCase
    | c.PassTerm
)
Followed: TypeAlias = (
    c.FollowCleaning | c.FollowArchiving | c.FollowTerms | c.FollowReactivation | c.FollowClosing
)
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

BEFORE = frozenset({Phase.NOTHING, Phase.COLLECTING})
CONVENED = frozenset({Phase.CONVENED})
PHASE_3 = frozenset({Phase.CONVENED, Phase.MONITORING})
RELEASABLE = PHASE_3 | {Phase.PREPARED}
DEESCALATED = frozenset({Phase.DEESCALATED})
IN_PHASE_4 = DEESCALATED | {Phase.ARCHIVED}
LIVE = BEFORE | RELEASABLE

# What a case waits for, by phase: each has its terms in the policy.
TERMS: Mapping[Phase, Step] = {
    Phase.PREPARED: Step.CONVENING,
    Phase.CONVENED: Step.ROUND_TABLE,
    Phase.MONITORING: Step.MONITORING,
}

# For each command: the phases in which it may be decided, and the refusal in any other known one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.RecordItem: (BEFORE | {Phase.PREPARED}, r.ALREADY_PREPARED),
    c.OpenPreparation: (BEFORE, r.ALREADY_PREPARED),
    c.ConveneRto: (frozenset({Phase.PREPARED, Phase.MONITORING}), r.CANNOT_CONVENE_NOW),
    c.ExtendViewingPlan: (CONVENED, r.NO_RTO_IS_OPEN),
    c.AcceptInvitation: (CONVENED, r.NO_RTO_IS_OPEN),
    c.DeclineInvitation: (CONVENED, r.NO_RTO_IS_OPEN),
    c.EndMandate: (CONVENED, r.NO_RTO_IS_OPEN),
    c.ContributeItems: (CONVENED, r.NO_RTO_IS_OPEN),
    c.ConcludeRto: (CONVENED, r.NO_RTO_IS_OPEN),
    c.AskRelease: (RELEASABLE, r.NOT_IN_PHASE_3),
    c.GiveRelease: (RELEASABLE, r.NOT_IN_PHASE_3),
    c.RefuseRelease: (RELEASABLE, r.NOT_IN_PHASE_3),
    c.WithdrawRelease: (RELEASABLE | {Phase.DEESCALATED, Phase.CLOSING}, r.NOT_IN_PHASE_3),
    c.RecordPlan: (CONVENED, r.NO_RTO_IS_OPEN),
    c.ProvideItem: (PHASE_3, r.NOT_IN_PHASE_3),
    c.OfferDirection: (PHASE_3, r.NOT_IN_PHASE_3),
    c.AcceptDirection: (PHASE_3, r.NOT_IN_PHASE_3),
    c.DeclineDirection: (PHASE_3, r.NOT_IN_PHASE_3),
    c.ProgressAction: (PHASE_3, r.NOT_IN_PHASE_3),
    c.FollowAssignment: (frozenset(Phase) - {Phase.PURGED}, UNKNOWN_CASE),
    c.FollowCleaning: (DEESCALATED, r.NOT_DEESCALATED),
    c.FollowArchiving: (DEESCALATED, r.NOT_DEESCALATED),
    c.FollowClosing: (LIVE | {Phase.CLOSING}, r.CASE_ENDED),
    c.FollowTerms: (frozenset(Phase) - {Phase.PURGED}, UNKNOWN_CASE),
    c.FollowReactivation: (IN_PHASE_4, r.NOT_DEESCALATED),
    c.PurgeCase: (frozenset(Phase), UNKNOWN_CASE),
    c.PassTerm: (frozenset(TERMS), r.NOT_IN_PHASE_3),
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.ItemRecorded): Phase.COLLECTING,
    (Phase.NOTHING, e.PreparationOpened): Phase.PREPARED,
    (Phase.COLLECTING, e.PreparationOpened): Phase.PREPARED,
    (Phase.PREPARED, e.RtoConvened): Phase.CONVENED,
    (Phase.CONVENED, e.MonitoringAgreed): Phase.MONITORING,
    (Phase.MONITORING, e.RtoConvened): Phase.CONVENED,
    (Phase.CONVENED, e.CaseDeescalated): Phase.DEESCALATED,
    (Phase.CONVENED, e.CaseEndedAtTable): Phase.CLOSING,
    (Phase.DEESCALATED, e.FileArchived): Phase.ARCHIVED,
    **{(phase, e.CaseReactivated): Phase.PREPARED for phase in sorted(IN_PHASE_4)},
    **{(phase, e.CaseClosing): Phase.CLOSING for phase in sorted(LIVE)},
    **{(phase, e.CasePurged): Phase.PURGED for phase in Phase},
}

# --- decisions -----------------------------------------------------------------------------------


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide any command in any phase: events, or a named refusal; strangers come first."""
    if refusal := _stranger(state, command):
        return refusal
    if (apart := out_of_round(state, command)) is not None:
        return apart
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return _not_now(state, command, refusal)
    if command.by.role is Role.PROCESS_DIRECTOR and command.by.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    match command:
        case c.RecordItem():
            return _record(state, command, context)
        case c.OpenPreparation(preparation=preparation):
            return (e.PreparationOpened(_without_bsn(preparation)),)
        case c.ConveneRto(meeting=meeting):
            return meetings.convene(state, meeting, context)
        case c.ExtendViewingPlan(entries=entries):
            return meetings.extend(state, entries, context)
        case c.AcceptInvitation():
            return meetings.accept(state, command, context)
        case c.DeclineInvitation():
            return meetings.decline(state, command, context)
        case c.EndMandate():
            return meetings.end_mandate(state, command, context)
        case c.ContributeItems():
            return meetings.contribute(state, command, context)
        case c.ConcludeRto():
            return meetings.conclude(state, command, context)
        case c.AskRelease(request=request):
            return releases.ask(state, request, context)
        case c.GiveRelease():
            return releases.give(state, command, context)
        case c.RefuseRelease():
            return releases.refuse(state, command, context)
        case c.WithdrawRelease():
            return releases.withdraw(state, command, context)
        case c.RecordPlan(plan=plan):
            return direction.record_plan(state, plan, context)
        case c.ProvideItem(taking=taking):
            return releases.provide(state, taking, context)
        case c.OfferDirection(party=party):
            return direction.offer(state, party, context)
        case c.AcceptDirection():
            return direction.accept(state, command, context)
        case c.DeclineDirection():
            return direction.decline(state, command, context)
        case c.ProgressAction():
            return direction.progress(state, command, context)
        case c.FollowAssignment(team=team):
            return (e.TeamChanged(team, context.now),)
        case (
            c.FollowCleaning()
            | c.FollowArchiving()
            | c.FollowTerms()
            | c.FollowReactivation()
            | c.FollowClosing()
        ):
            return _follow(state, command)
        case c.PurgeCase(case_id=case_id, house_keys=house_keys):
            return (e.CasePurged(case_id, house_keys),)
        case c.PassTerm(at=at):
            # Nothing ends by silence here: it counts as if somebody had acted just now.
            passed = terms.pass_term(TERMS[state.phase], state.overdue, at, at, context.policy)
            return (passed,) if passed else ()
        case _:
            assert_never(command)


def _follow(state: State, command: Followed) -> Decision:
    """Follow what retention decided about the end of the case, and an early end elsewhere."""
    match command:
        case c.FollowCleaning(kept_items=kept):
            return (e.FileCleaned(kept),)
        case c.FollowArchiving(kept_items=kept):
            return (e.FileArchived(kept),)
        case c.FollowTerms(terms=ends, holds=holds):
            return () if state.phase is Phase.NOTHING else (e.TermsSet(ends, holds),)
        case c.FollowReactivation(round=number, kept_items=left):
            return (e.CaseReactivated(number, left),) if number > state.round else ()
        case c.FollowClosing():
            return () if state.phase is Phase.CLOSING else (e.CaseClosing(),)
        case _:
            assert_never(command)


def _not_now(state: State, command: Command, refusal: Refusal) -> Refusal:
    """Return the refusal of a command in a phase that does not allow it.

    What a party says of a case whose items are here may have overtaken its preparation.
    """
    if state.phase in (Phase.NOTHING, Phase.PURGED):
        return UNKNOWN_CASE
    if state.phase is Phase.COLLECTING and command.by.role in A_PARTY:
        return r.NOT_PREPARED
    return refusal


def _stranger(state: State, command: Command) -> Refusal | None:
    """Refuse who has nothing to do with the case without telling that it exists (R34, R60)."""
    by = command.by
    if state.phase in (Phase.NOTHING, Phase.PURGED):
        return None
    if by.role in A_PARTY:
        return _unknown_to_party(state, command, by)
    if by.role is not Role.PROCESS_DIRECTOR:
        return None
    if state.preparation is None:
        return r.NOT_PREPARED
    return None if by.person == state.director else r.NOT_THE_DIRECTOR


def _unknown_to_party(state: State, command: Command, by: Actor) -> Refusal | None:
    """Refuse a party what it cannot know of: a table it was not invited to, an item of another (R61, R66).

    Before the phase is looked at, as that is told to who takes part alone; while items come in, nobody does.
    """
    if by.party not in state.involved():
        return r.NOT_INVOLVED
    if state.phase is Phase.COLLECTING:
        return None
    match command:
        case c.AcceptInvitation() | c.DeclineInvitation() | c.ContributeItems():
            return meetings.not_invited(state, command.rto_id, by.party)
        case c.GiveRelease(release=use) | c.RefuseRelease(refusal=use):
            return releases.not_its_contributor(state, use.item_id, by)
        case c.WithdrawRelease(item_id=item_id):
            return releases.not_its_contributor(state, item_id, by)
        case _:
            return None if by.party in state.taking_part() else r.NOT_INVOLVED


def _record(state: State, command: c.RecordItem, context: DecisionContext) -> Decision:
    """Record an item of triage, also again, but no other party's item under its number (R35)."""
    item = command.item
    known = state.item(item.item_id)
    if known is None:
        return (e.ItemRecorded(item, command.viewing),)
    return () if known.contributor == item.contributor else r.ITEM_KNOWN


def _without_bsn(preparation: RtoPrepared) -> RtoPrepared:
    """Drop the citizen service numbers: they served to match persons, and have no use here (R22)."""
    persons = tuple(person.model_copy(update={"bsn": None}) for person in preparation.persons)
    return preparation.model_copy(update={"persons": persons})


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; texts become references here and nowhere else."""
    state = terms.moved(state, TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.ItemRecorded(item=item, viewing=viewing):
            return _with_viewing(_with_items(state, (item,)), viewing, state.viewing_plan_at)
        case e.PreparationOpened(preparation=preparation):
            leading = preparation.leading_party
            state = replace(state, preparation=preparation, leading_party=leading)
            return _with_viewing(state, preparation.viewing_plan, preparation.prepared_at)
        case e.TermPassed(overdue=overdue):
            return replace(state, overdue=overdue)
        case e.TeamChanged(team=team):
            known = state.team
            return state if known and known.assignment > team.assignment else replace(state, team=team)
        case e.RtoConvened():
            return _with_rto(state, event)
        case e.ViewingPlanExtended(entries=entries, at=at):
            return _with_viewing(state, entries, at)
        case e.InvitationAccepted(rto_id=rto_id, party=party, delegate=delegate):
            return _with_answer(state, rto_id, party, Answer.ACCEPTED, delegate)
        case e.InvitationDeclined(rto_id=rto_id, party=party):
            return _with_answer(state, rto_id, party, Answer.DECLINED, "")
        case e.MandateEnded(rto_id=rto_id, party=party):
            return _with_answer(state, rto_id, party, Answer.INVITED, "")
        case e.ItemsContributed(items=items):
            return _with_items(state, items)
        case e.ReleaseAsked(request=request):
            return _with_release(state, releases.key_of(request), ReleaseStatus.ASKED)
        case e.ReleaseGiven(release=release):
            return _with_release(state, releases.key_of(release), ReleaseStatus.GIVEN)
        case e.ReleaseRefused(refusal=refusal):
            return _with_release(state, releases.key_of(refusal), ReleaseStatus.REFUSED)
        case e.ReleaseWithdrawn(item_id=item_id):
            return _without_releases(state, item_id)
        case e.PlanRecorded(plan=plan, made_by=made_by, at=at):
            return replace(state, plan=plan, made_by=made_by, plan_at=at)
        case e.ItemProvided(taking=t):
            taker = Taker(party=t.recipient, item_id=t.item_id, action_id=t.action_id)
            return replace(state, takers=tuple(dict.fromkeys((*state.takers, taker))))
        case e.DirectionOffered(party=party):
            return replace(state, offered_to=party)
        case e.DirectionMoved(leading_party=party, case_director=name):
            return replace(state, leading_party=party, case_director=name, offered_to=None)
        case e.DirectionDeclined():
            return replace(state, offered_to=None)
        case e.ActionProgressed():
            return _with_progress(state, event)
        case e.RtoConcluded(rto_id=rto_id, outcome=outcome):
            rtos = (replace(x, outcome=outcome) if x.rto_id == rto_id else x for x in state.rtos)
            return replace(state, rtos=tuple(rtos))
        case e.MonitoringAgreed(purpose=purpose, items=agreed):
            return replace(state, monitoring=Monitoring(purpose, agreed))
        case e.FileCleaned(kept_items=kept) | e.FileArchived(kept_items=kept):
            return _stripped(state, kept)
        case e.CaseReactivated(round=number, kept_items=left):
            state = replace(state, round=number, terms=(), holds=())
            return state if left is None else _stripped(state, left)
        case e.TermsSet(terms=ends, holds=holds):
            return replace(state, terms=ends, holds=holds)
        case e.CaseDeescalated() | e.CaseEndedAtTable() | e.CaseClosing() | e.CasePurged():
            return state
        case _:
            assert_never(event)


def _stripped(state: State, kept: tuple[str, ...]) -> State:
    """Keep plan, agreements, participants with their roles, and the confirmed items alone (R95, A8)."""
    items = tuple(item for item in state.items if item.item_id in kept)
    fixed = state.preparation and state.preparation.model_copy(update={"viewing_plan": ()})
    progress = tuple(replace(one, remark=None) for one in state.progress)
    return replace(state, items=items, preparation=fixed, viewing_plan=(), progress=progress, monitoring=None)


def _with_items(state: State, items: tuple[ContributedItem, ...]) -> State:
    """Add items; the mark "may be shared in the RTO" is the release for that use (R32, R61)."""
    state = replace(state, items=(*state.items, *items))
    if state.monitoring is not None:
        stay = (*state.monitoring.items, *(item.item_id for item in items))
        state = replace(state, monitoring=replace(state.monitoring, items=stay))
    for item in items:
        if item.shareable_at_rto:
            state = _with_release(state, ReleaseKey(item.item_id, Use.RTO), ReleaseStatus.GIVEN)
    return state


def _with_viewing(state: State, entries: tuple[ViewingEntry, ...], at: datetime | None) -> State:
    new = {(entry.item_id, entry.participant) for entry in entries}
    others = (x for x in state.viewing_plan if (x.item_id, x.participant) not in new)
    changed_at = at if entries else state.viewing_plan_at
    return replace(state, viewing_plan=(*others, *entries), viewing_plan_at=changed_at)


def _with_rto(state: State, event: e.RtoConvened) -> State:
    meeting = event.meeting
    place = meeting.place if isinstance(meeting.place, TextRef) else None
    seats = tuple(Seat(p, p.party in event.competent) for p in meeting.participants)
    rto = Rto(meeting.rto_id, meeting.on, place, seats)
    return _with_viewing(replace(state, rtos=(*state.rtos, rto)), meeting.viewing_plan, event.at)


def _with_answer(state: State, rto_id: str, party: str, answer: Answer, delegate: str) -> State:
    def answered(seat: Seat) -> Seat:
        return replace(seat, answer=answer, delegate=delegate) if seat.party == party else seat

    rtos = (
        replace(rto, seats=tuple(map(answered, rto.seats))) if rto.rto_id == rto_id else rto
        for rto in state.rtos
    )
    return replace(state, rtos=tuple(rtos))


def _with_release(state: State, key: ReleaseKey, status: ReleaseStatus) -> State:
    others = tuple(release for release in state.releases if release.key != key)
    return replace(state, releases=(*others, Release(key, status)))


def _without_releases(state: State, item_id: str) -> State:
    """Withdraw what was given; what was asked or refused stays so (A12)."""

    def withdrawn(x: Release) -> Release:
        given = x.key.item_id == item_id and x.status is ReleaseStatus.GIVEN
        return replace(x, status=ReleaseStatus.WITHDRAWN) if given else x

    return replace(state, releases=tuple(map(withdrawn, state.releases)))


def _with_progress(state: State, event: e.ActionProgressed) -> State:
    new = Progress(event.action_id, event.progress, event.at, event.remark)
    others = tuple(x for x in state.progress if x.action_id != event.action_id)
    return replace(state, progress=(*others, new))
