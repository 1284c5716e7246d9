"""Decide at the round table what each phase allows and who is a stranger, and evolve its state."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias, assert_never

from services.rto import commands as c
from services.rto import conclusion, consents, corrections, direction, meetings, releases
from services.rto import events as e
from services.rto import plan as plans
from services.rto import refusals as r
from services.rto.consent_state import Agreement, Register
from services.rto.state import (
    Answer,
    EndedAction,
    Monitoring,
    Phase,
    Progress,
    Release,
    ReleaseKey,
    ReleaseStatus,
    Rto,
    Seat,
    State,
    prepared_by_triage,
)
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Step
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.rto import DrawnFrom, Taker, Use
from shared.contract.messages.triage import Participant, RtoPrepared, ViewingEntry
from shared.contract.refusal import (
    NO_ON_BEHALF_OF,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core import leaderless, terms
from shared.core.actor import A_PARTY, Actor, Role
from shared.core.context import DecisionContext
from shared.core.item_standing import Standing, as_decided, bound, followed, is_gone, items_by
from shared.core.rounds import out_of_round
from shared.core.service_numbers import without_numbers
from shared.core.standing import left_on
from shared.core.terms import Overdue

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
    | c.LimitItem
    | c.ChangeTerms
    | c.CorrectItem
    | c.WithdrawItem
    | c.OpenRegister
    | consents.OfConsent
    | c.RecordPlan
    | c.ProvideItem
    | c.OfferDirection
    | c.AcceptDirection
    | c.NameCaseDirector
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
    | c.LookForLeader
)
Followed: TypeAlias = (
    c.FollowCleaning | c.FollowArchiving | c.FollowTerms | c.FollowReactivation | c.FollowClosing
)
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

BEFORE = frozenset({Phase.NOTHING, Phase.COLLECTING})
CONVENED = frozenset({Phase.CONVENED})
PHASE_3 = frozenset({Phase.CONVENED, Phase.MONITORING})
OF_ITS_CONTRIBUTOR = c.WithdrawRelease | c.LimitItem | c.ChangeTerms | c.CorrectItem | c.WithdrawItem
ON_NOBODYS_BEHALF = (c.OfferDirection, c.WithdrawConsent)  # what the director may do once who led has left
RELEASABLE = PHASE_3 | {Phase.PREPARED}
DEESCALATED = frozenset({Phase.DEESCALATED})
IN_PHASE_4 = DEESCALATED | {Phase.ARCHIVED}
LIVE = BEFORE | RELEASABLE
KNOWN = frozenset(Phase) - {Phase.PURGED}  # also before the case itself is here

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
    c.WithdrawRelease: (KNOWN, UNKNOWN_CASE),  # what restricts is never refused as too early or too late
    c.LimitItem: (KNOWN, UNKNOWN_CASE),
    c.ChangeTerms: (KNOWN, UNKNOWN_CASE),
    c.CorrectItem: (KNOWN, UNKNOWN_CASE),
    c.WithdrawItem: (KNOWN, UNKNOWN_CASE),
    c.WithdrawConsent: (KNOWN - {Phase.NOTHING}, UNKNOWN_CASE),
    c.OpenRegister: (KNOWN, UNKNOWN_CASE),
    c.AgreeConsentAsking: (LIVE - {Phase.NOTHING}, r.NO_CONSENT_NOW),
    c.RecordConsent: (LIVE - {Phase.NOTHING}, r.NO_CONSENT_NOW),
    c.RecordPlan: (CONVENED, r.NO_RTO_IS_OPEN),
    c.ProvideItem: (PHASE_3, r.NOT_IN_PHASE_3),
    c.OfferDirection: (PHASE_3, r.NOT_IN_PHASE_3),
    c.AcceptDirection: (PHASE_3, r.NOT_IN_PHASE_3),
    c.NameCaseDirector: (PHASE_3, r.NOT_IN_PHASE_3),
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
    c.LookForLeader: (frozenset(TERMS), r.NOT_IN_PHASE_3),
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.ItemRecorded): Phase.COLLECTING,
    (Phase.NOTHING, e.StandingChanged): Phase.COLLECTING,
    (Phase.NOTHING, e.RegisterOpened): Phase.COLLECTING,
    (Phase.NOTHING, e.PreparationOpened): Phase.PREPARED,
    (Phase.COLLECTING, e.PreparationOpened): Phase.PREPARED,
    (Phase.PREPARED, e.RtoConvened): Phase.CONVENED,
    (Phase.CONVENED, e.MonitoringAgreed): Phase.MONITORING,
    (Phase.MONITORING, e.RtoConvened): Phase.CONVENED,
    (Phase.CONVENED, e.CaseDeescalated): Phase.DEESCALATED,
    (Phase.MONITORING, e.CaseDeescalated): Phase.DEESCALATED,
    (Phase.CONVENED, e.CaseEndedAtTable): Phase.CLOSING,
    (Phase.PREPARED, e.CaseEndedAtTable): Phase.CLOSING,
    (Phase.DEESCALATED, e.FileArchived): Phase.ARCHIVED,
    **{(phase, e.CaseReactivated): Phase.PREPARED for phase in sorted(IN_PHASE_4)},
    **{(phase, e.CaseClosing): Phase.CLOSING for phase in sorted(LIVE)},
    **{(phase, e.CasePurged): Phase.PURGED for phase in Phase},
}

# --- decisions -----------------------------------------------------------------------------------


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide any command in any phase: events, or a named refusal; strangers come first."""
    if refusal := _stranger(state, command, context):
        return refusal
    if (apart := out_of_round(state, command)) is not None:
        return apart
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return _not_now(state, command, refusal)
    if command.by.role is Role.PROCESS_DIRECTOR and (refusal := _not_in_its_name(state, command, context)):
        return refusal
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
            return conclusion.conclude(state, command, context)
        case c.AskRelease(request=request):
            return releases.ask(state, request, context)
        case c.GiveRelease():
            return releases.give(state, command, context)
        case c.RefuseRelease():
            return releases.refuse(state, command, context)
        case c.WithdrawRelease():
            return releases.withdraw(state, command, context)
        case c.LimitItem():
            return releases.limit(state, command, context)
        case c.ChangeTerms():
            return corrections.change_terms(state, command, context)
        case c.CorrectItem():
            return corrections.correct(state, command, context)
        case c.WithdrawItem():
            return corrections.withdraw(state, command, context)
        case c.OpenRegister():
            return consents.open_register(state, command)
        case c.AgreeConsentAsking():
            return consents.agree(state, command, context)
        case c.RecordConsent():
            return consents.record(state, command, context)
        case c.WithdrawConsent():
            return consents.withdraw(state, command, context)
        case c.RecordPlan(plan=plan):
            return plans.record(state, plan, context)
        case c.ProvideItem(taking=taking):
            # While the table sits nothing leaves it (R64): what goes along is part of its conclusion.
            undecided = state.phase is Phase.CONVENED
            return r.TABLE_HAS_NOT_DECIDED if undecided else releases.provide(state, taking, context)
        case c.OfferDirection(party=party):
            return direction.offer(state, party, context)
        case c.AcceptDirection():
            return direction.accept(state, command, context)
        case c.NameCaseDirector():
            return direction.name(state, command, context)
        case c.DeclineDirection():
            return direction.decline(state, command, context)
        case c.ProgressAction():
            return plans.progress(state, command, context)
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
        case c.LookForLeader(at=at):
            found = leaderless.look(TERMS[state.phase], state.overdue, state.leading_party, at, context)
            return _ended_without_leader(state, at) if found is None else found
        case _:
            assert_never(command)


def _not_in_its_name(state: State, command: Command, context: DecisionContext) -> Refusal | None:
    """Refuse the director what is not on behalf of who leads (R72).

    Once that has left he acts on nobody's behalf, and only to find who takes the case over (R7, R115).
    """
    if command.by.on_behalf_of is not None or not isinstance(command, ON_NOBODYS_BEHALF):
        on_behalf = command.by.on_behalf_of == state.leading_party
        return None if on_behalf else NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    gone_since = left_on(state.leading_party, context.parties, context.judged_at)
    return NO_ON_BEHALF_OF if gone_since is None else None


def _ended_without_leader(state: State, at: datetime) -> Decision:
    """End what nobody took over: by the full clock where a table had begun, else as any early end (R102)."""
    if state.phase is Phase.PREPARED or state.latest is None:
        return (e.CaseEndedAtTable(ClosingReason.NOT_TAKEN_UP, at, lapsed=True),)
    return (e.CaseDeescalated(state.latest.rto_id, at, without_table=True),)


def _follow(state: State, command: Followed) -> Decision:
    """Follow what retention decided about the end of the case, and an early end elsewhere."""
    match command:
        case c.FollowCleaning(kept_items=kept):
            return (e.FileCleaned(kept),)
        case c.FollowArchiving(kept_items=kept):
            return (e.FileArchived(kept),)
        case c.FollowTerms():
            return _follow_terms(state, command)
        case c.FollowReactivation(round=number, kept_items=left):
            return (e.CaseReactivated(number, left),) if number > state.round else ()
        case c.FollowClosing():
            return () if state.phase is Phase.CLOSING else (e.CaseClosing(),)
        case _:
            assert_never(command)


def _follow_terms(state: State, command: c.FollowTerms) -> Decision:
    """Follow the terms, and tell retention again of a file that it has from a version before this one."""
    if state.phase is Phase.NOTHING:
        return ()
    told = (e.FileToldAgain(),) if command.tell_again and state.phase in IN_PHASE_4 else ()
    return (e.TermsSet(command.terms, command.holds), *told)


def _not_now(state: State, command: Command, refusal: Refusal) -> Refusal:
    """Return the refusal of a command in a phase that does not allow it.

    What a party says of a case whose items are here may have overtaken its preparation.
    """
    if state.phase in (Phase.NOTHING, Phase.PURGED):
        return UNKNOWN_CASE
    if state.phase is Phase.COLLECTING and command.by.role in A_PARTY:
        return r.NOT_PREPARED
    return refusal


def _stranger(state: State, command: Command, context: DecisionContext) -> Refusal | None:
    """Refuse who has nothing to do with the case without telling that it exists (R34, R60)."""
    by = command.by
    if state.phase is not Phase.PURGED and isinstance(command, OF_ITS_CONTRIBUTOR):
        return releases.not_whoever_gave_it(state, command.item_id, by, context)
    if by.role in A_PARTY and isinstance(command, c.RecordConsent | c.WithdrawConsent):
        return consents.stranger(state, command)
    if state.phase in (Phase.NOTHING, Phase.PURGED):
        return None
    if by.role in A_PARTY:
        return _unknown_to_party(state, command, by)
    if by.role is not Role.PROCESS_DIRECTOR:
        return None
    if state.preparation is None and not (state.register and isinstance(command, consents.OfConsent)):
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
        case _:
            return None if by.party in state.taking_part() else r.NOT_INVOLVED


def _record(state: State, command: c.RecordItem, context: DecisionContext) -> Decision:
    """Record an item of triage, also again, but no other party's item under its number (R35).

    As its contributor decided last, which may have overtaken it: an earlier version is not taken in (A22).
    """
    item = as_decided(command.item, state.standings)
    known = state.item(item.item_id)
    if is_gone(item.item_id, state.standings):
        return ()
    if known is None:
        return (e.ItemRecorded(item, command.viewing),)
    return () if known.contributor == item.contributor else r.ITEM_KNOWN


def _without_bsn(preparation: RtoPrepared) -> RtoPrepared:
    """Drop the citizen service numbers: they served to match persons, and have no use here (R22)."""
    return preparation.model_copy(update={"persons": without_numbers(preparation.persons)})


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; texts become references here and nowhere else."""
    state = terms.moved(state, TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.ItemRecorded(item=item, viewing=viewing):
            return _with_viewing(_with_items(state, (item,)), viewing, state.viewing_plan_at)
        case e.PreparationOpened(preparation=preparation):
            leading, led = preparation.leading_party, preparation.mandate
            state = replace(state, preparation=preparation, leading_party=leading, led=led)
            return _with_viewing(state, preparation.viewing_plan, preparation.prepared_at)
        case e.TermPassed(overdue=overdue) | e.LeaderLeft(overdue=overdue):
            return replace(state, overdue=overdue)
        case e.LeaderBack():
            return replace(state, overdue=None)
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
            return _with_given(state, consents.as_released(release))
        case e.ReleaseRefused(refusal=refusal):
            return _with_release(state, releases.key_of(refusal), ReleaseStatus.REFUSED)
        case e.ReleaseWithdrawn(item_id=item_id):
            return _without_releases(state, item_id)
        case e.ReleasesEnded(item_id=item_id, recipients=recipients, of_table=of_table):
            return _without_releases(state, item_id, recipients, of_table=of_table)
        case e.ItemCorrected(item_id=item_id):
            return _without_grants_for_activities(state, item_id)
        case e.ItemWithdrawn(item_id=item_id):
            return _without_releases(state, item_id)
        case e.StandingChanged(standing=standing):
            return _with_standing(state, standing)
        case e.RegisterOpened(register=register):
            return _with_register(state, register)
        case e.ConsentAskingAgreed(party=party, at=at):
            return replace(state, agreements=(*state.agreements, Agreement(party, at)))
        case e.ConsentRecorded(recorded=recorded) | e.ConsentWithdrawn(recorded=recorded):
            return consents.with_consent(state, recorded)
        case e.PlanRecorded():
            return _with_plan(state, event)
        case e.ItemProvided(taking=t, version=version):
            taker = Taker(party=t.recipient, item_id=t.item_id, action_id=t.action_id, version=version)
            return replace(state, takers=tuple(dict.fromkeys((*state.takers, taker))))
        case e.DirectionOffered(party=party):
            return replace(state, offered_to=party)
        case e.DirectionMoved(leading_party=party, case_director=name):
            moved = replace(state, leading_party=party, led=event.mandate, offered_to=None)
            moved = replace(moved, case_director=name, case_director_account=event.account)
            return replace(moved, overdue=_not_for_its_leader(state))
        case e.CaseDirectorNamed(case_director=name, account=account):
            return replace(state, case_director=name, case_director_account=account)
        case e.DirectionDeclined():
            return replace(state, offered_to=None)
        case e.ActionProgressed():
            return _with_progress(state, event)
        case e.RtoConcluded():
            return _with_outcome(state, event)
        case e.MonitoringAgreed(purpose=purpose, items=agreed):
            return replace(state, monitoring=Monitoring(purpose, agreed))
        case e.FileCleaned(kept_items=kept) | e.FileArchived(kept_items=kept):
            return _stripped(state, kept)
        case e.CaseReactivated(round=number, kept_items=left):
            state = _without_grants_for_the_table(replace(state, round=number, terms=(), holds=()))
            return state if left is None else _stripped(state, left)
        case e.TermsSet(terms=ends, holds=holds):
            return replace(state, terms=ends, holds=holds)
        case (
            e.TermsChanged()
            | e.CaseDeescalated()
            | e.FileToldAgain()
            | e.CaseEndedAtTable()
            | e.CaseClosing()
            | e.CasePurged()
        ):
            return state
        case _:
            assert_never(event)


def _not_for_its_leader(state: State) -> Overdue | None:
    """Return what takes too long, unless that was that nobody leads."""
    return None if state.overdue and state.overdue.leader_left else state.overdue


NOT_SAID: Mapping[str, Any] = {"goal": "", "care_agreements": None}  # of a preparation, once it is stripped


def _stripped(state: State, kept: tuple[str, ...]) -> State:
    """Keep plan, agreements, participants with their roles, and the confirmed items alone (R95, A8).

    Every other text goes: what an RTO was for and what it found, and what was said of an action. Of an item
    that goes and on which the plan draws it stays known whose it was, and from whom it was kept (A19).
    """
    items = tuple(item for item in state.items if item.item_id in kept)
    named = state.plan.drawn_from if state.plan else ()
    dropped = (item for item in state.items if item.item_id in named and item.item_id not in kept)
    bonds = (*state.bonds, *(_bond(item, state) for item in dropped))
    fixed = state.preparation and state.preparation.model_copy(
        update={
            "viewing_plan": (),
            "participants": tuple(map(_without_reason, state.preparation.participants)),
            **NOT_SAID,
        }
    )
    progress = tuple(
        replace(one, remark=None, goals_reached=None, developments=None) for one in state.progress
    )
    return replace(
        state,
        items=items,
        standings=tuple(one.without_texts() for one in state.standings),
        bonds=bonds,
        releases=tuple(release for release in state.releases if release.key.item_id in kept),
        preparation=fixed,
        viewing_plan=(),
        rtos=tuple(map(_without_texts, state.rtos)),
        progress=progress,
        monitoring=None,
    )


def _bond(item: ContributedItem, state: State) -> DrawnFrom:
    return plans.bond_of(item, released=False, rests_on=state.rests_on_at_table(item))


def _without_texts(rto: Rto) -> Rto:
    """Keep when an RTO was, who took part in which role, and its outcome (R95)."""
    prepared = rto.preparation and rto.preparation.model_copy(update=NOT_SAID)
    seats = tuple(replace(x, participant=_without_reason(x.participant)) for x in rto.seats)
    rto = replace(rto, seats=seats, place=None, preparation=prepared)
    return replace(rto, goals_reached=None, developments=None)


def _without_reason(participant: Participant) -> Participant:
    return participant.model_copy(update={"address_reason": None})


def _with_items(state: State, items: tuple[ContributedItem, ...]) -> State:
    """Add items; the mark "may be shared in the RTO" is the release for that use (R32, R61).

    What its contributor decided on an item before it was here counts: it may have overtaken the item.
    """
    items = tuple(as_decided(item, state.standings) for item in items)
    here = {item.item_id for item in items}
    standings = tuple(x.without_texts() if x.item_id in here else x for x in state.standings)
    state = replace(state, items=(*state.items, *items), standings=standings)
    if state.monitoring is not None:
        stay = (*state.monitoring.items, *(item.item_id for item in items))
        state = replace(state, monitoring=replace(state.monitoring, items=stay))
    for item in items:
        if item.shareable_at_rto and not state.withdrawn(item.item_id):
            state = _with_release(state, ReleaseKey(item.item_id, Use.RTO), ReleaseStatus.GIVEN)
    return state


def _with_standing(state: State, standing: Standing) -> State:
    """Take in what a contributor decided; its texts stand in the item, or wait for it (A22)."""
    waits = corrections.waits_for_its_item(state, standing)
    standings = followed(state.standings, standing if waits else standing.without_texts())
    named = state.plan.drawn_from if state.plan else ()
    bonds = tuple(bound(one, standings, stricter=False) for one in state.bonds)
    item = state.item(standing.item_id)
    if standing.is_gone and item is not None and item.item_id in named:
        bonds = (*bonds, _bond(item, state))
    state = replace(state, standings=standings, bonds=bonds, items=items_by(standing, state.items))
    return _without_item(state, standing.item_id) if standing.is_gone else state


def _without_item(state: State, item_id: str) -> State:
    """Drop what was released of an item that was withdrawn for good, and who was to see it (R66)."""

    def without(entries: tuple[ViewingEntry, ...]) -> tuple[ViewingEntry, ...]:
        return tuple(entry for entry in entries if entry.item_id != item_id)

    fixed, monitored = state.preparation, state.monitoring
    return replace(
        state,
        releases=tuple(one for one in state.releases if one.key.item_id != item_id),
        viewing_plan=without(state.viewing_plan),
        preparation=fixed and fixed.model_copy(update={"viewing_plan": without(fixed.viewing_plan)}),
        monitoring=monitored
        and replace(monitored, items=tuple(one for one in monitored.items if one != item_id)),
    )


def _without_grants_for_activities(state: State, item_id: str) -> State:
    """End what was released of an earlier version for activities, and note that the plan draws on it (A22).

    What is released for the round table goes on: it is for the item, whatever its version.
    """
    ended = tuple(sorted(state.released_to(item_id)))
    drawn = state.plan is not None and item_id in state.plan.drawn_from
    corrected = dict.fromkeys((*state.corrected, item_id)) if drawn else state.corrected
    return replace(_without_releases(state, item_id, ended), corrected=tuple(corrected))


def _with_viewing(state: State, entries: tuple[ViewingEntry, ...], at: datetime | None) -> State:
    new = {(entry.item_id, entry.participant) for entry in entries}
    others = (x for x in state.viewing_plan if (x.item_id, x.participant) not in new)
    changed_at = at if entries else state.viewing_plan_at
    return replace(state, viewing_plan=(*others, *entries), viewing_plan_at=changed_at)


def _with_rto(state: State, event: e.RtoConvened) -> State:
    """Seat who is invited; a follow-up RTO begins with what is decided for it anew on who sees what (R42)."""
    meeting, first = event.meeting, not state.rtos
    place = meeting.place if isinstance(meeting.place, TextRef) else None
    seats = tuple(Seat(p, p.party in event.competent) for p in meeting.participants)
    of_triage = prepared_by_triage(state.preparation) if state.preparation and first else None
    rto = Rto(meeting.rto_id, meeting.on, place, seats, preparation=meeting.preparation or of_triage)
    planned = state.viewing_plan if first else ()
    state = replace(state, rtos=(*state.rtos, rto), viewing_plan=planned)
    return _with_viewing(state, meeting.viewing_plan, event.at)


def _with_answer(state: State, rto_id: str, party: str, answer: Answer, delegate: str) -> State:
    def answered(seat: Seat) -> Seat:
        return replace(seat, answer=answer, delegate=delegate) if seat.party == party else seat

    rtos = (
        replace(rto, seats=tuple(map(answered, rto.seats))) if rto.rto_id == rto_id else rto
        for rto in state.rtos
    )
    return replace(state, rtos=tuple(rtos))


def _with_release(state: State, key: ReleaseKey, status: ReleaseStatus) -> State:
    return _with_given(state, Release(key, status))


def _with_given(state: State, release: Release) -> State:
    others = tuple(one for one in state.releases if one.key != release.key)
    return replace(state, releases=(*others, release))


def _with_register(state: State, register: Register) -> State:
    """Take in who leads until the table is prepared; the preparation comes with a later word (R72)."""
    if state.preparation is not None:
        return replace(state, register=register)
    return replace(state, register=register, leading_party=register.referrer, led=register.mandate)


def _without_grants_for_the_table(state: State) -> State:
    """End what was released for the table: each round needs its contributor's own new decision (R65)."""
    others = tuple(release for release in state.releases if release.key.use is not Use.RTO)
    return replace(state, releases=others)


def _without_releases(
    state: State, item_id: str, recipients: tuple[str, ...] | None = None, *, of_table: bool = False
) -> State:
    """Withdraw what was given, to these recipients or to all; what was asked or refused stays so (A12)."""

    def withdrawn(x: Release) -> Release:
        given = x.key.item_id == item_id and x.status is ReleaseStatus.GIVEN
        to_them = recipients is None or x.key.recipient in recipients
        ends = given and (to_them or (of_table and x.key.use is Use.RTO))
        return replace(x, status=ReleaseStatus.WITHDRAWN) if ends else x

    return replace(state, releases=tuple(map(withdrawn, state.releases)))


def _with_progress(state: State, event: e.ActionProgressed) -> State:
    """Add a word: "done" does not take the place of "started" (R81)."""
    new = Progress(
        event.action_id, event.progress, event.at, event.remark, event.goals_reached, event.developments
    )
    return replace(state, progress=(*state.progress, new))


def _with_plan(state: State, event: e.PlanRecorded) -> State:
    """Adjust the plan: what ends is kept as it was, and the rest goes on beside what is new (R65, R81)."""
    gone, rto = plans.ended_by(event.plan), state.latest
    running = tuple(x for x in state.actions if x.action_id not in gone)
    rto_id = rto.rto_id if rto else ""
    ended = tuple(EndedAction(x, rto_id, event.at) for x in state.actions if x.action_id in gone)
    plan = event.plan.model_copy(update={"actions": (*running, *event.plan.actions), "ends": ()})
    bonds = tuple(one for one in state.bonds if one.item_id in plan.drawn_from)
    state = replace(state, plan=plan, made_by=event.made_by, plan_at=event.at, ended=(*state.ended, *ended))
    state = replace(state, bonds=bonds, corrected=())
    if rto is None or not event.plan.actions:
        return state
    together = tuple(x.action_id for x in event.plan.actions)
    return replace(state, rtos=(*state.rtos[:-1], replace(rto, agreed=(*rto.agreed, together))))


def _with_outcome(state: State, event: e.RtoConcluded) -> State:
    """Record how an RTO ended; the AVE level it decided is that of the plan from now on (R69)."""

    def concluded(rto: Rto) -> Rto:
        return replace(
            rto,
            outcome=event.outcome,
            ave_level=event.ave_level,
            goals_reached=event.goals_reached,
            developments=event.developments,
        )

    rtos = tuple(concluded(x) if x.rto_id == event.rto_id else x for x in state.rtos)
    plan = state.plan
    if plan is not None and event.ave_level is not None:
        plan = plan.model_copy(update={"ave_level": event.ave_level})
    return replace(state, rtos=rtos, plan=plan)
