"""Derive what follows from each event of intake: messages to parties, announcements and timers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from services.intake import events as e
from services.intake import known_effects
from services.intake.duties import contents_of
from services.intake.figures import TriageCounted
from services.intake.process import PROVISIONAL, SCREENED
from services.intake.state import BEFORE_PHASE_3, QueryTold, RoundTable, State
from shared.contract.content import sealed_text_ids
from shared.contract.fields import FirstGoal, InformMoment
from shared.contract.limits import MOST_QUERIES_TOLD
from shared.contract.messages import intake as m
from shared.contract.messages.house import CaseLapsed, CasePurged
from shared.core import terms
from shared.core.calendar_terms import local_day
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    DropPieces,
    Effect,
    ForgetCase,
    KeepOnly,
    SetTimer,
    StoreRow,
    ToParty,
)
from shared.core.item_standing import in_use
from shared.core.obligations import Obligation, ObligationState, first_due, numbered
from shared.core.team import team_of

# What triage must decide first (R12c).
FIRST_GOALS = {m.ScreeningOutcome.INFORMATION_NEEDED: FirstGoal.BELONGS_HERE}
INFORMING = "informing"  # timer: a postponed duty to inform comes back


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; `state` is the state after it."""
    match event:
        case e.ReferralReceived(referral=referral):
            message = m.ReferralReceived(referral_id=referral.referral_id, case_id=case_id)
            items = tuple(item.item_id for item in referral.items)
            return [ToParty(state.referrer, message), ClaimItems(items, state.referrer)]
        case e.CaseTakenUp(outcome=outcome, advice=advice):
            screened = m.ReferralScreened(outcome=outcome, advice=advice)
            return [ToParty(state.referrer, screened), Announce(_taken_up(event, state))]
        case e.CaseAssigned(at=at):
            return _assigned(state, at)
        case e.ReferralNotTakenUp(advice=advice, at=at):
            outcome = m.ScreeningOutcome.NOT_TAKEN_UP
            return [
                ToParty(state.referrer, m.ReferralScreened(outcome=outcome, advice=advice)),
                Announce(_closed(state, m.ClosingReason.NOT_TAKEN_UP, at)),
            ]
        case e.ReferralWithdrawn(at=at):
            return [Announce(_closed(state, m.ClosingReason.WITHDRAWN, at))]
        case e.ReferralLapsed(step=step, at=at):
            closed = _closed(state, m.ClosingReason.NOT_TAKEN_UP, at, lapsed=True)
            return [ToParty(state.referrer, CaseLapsed(step=step, lapsed_at=at)), Announce(closed)]
        case e.DutyToInformArose(duty=duty):
            return [_asked(duty, state), *_next_look(state)]
        case e.QueryToBeTold(told=told):
            return [_asked(one, state) for one in _numbered(state, told.duty) if one.planned_on is None]
        case e.DutyCameDue(duty=number):
            return [*(_asked(one, state) for one in _numbered(state, number)), *_next_look(state)]
        case e.InformingPostponed(duty=number, until=until):
            return [SetTimer(INFORMING, str(number), until), *_next_look(state)]
        case e.PersonInformed(duty=number):
            return [CancelTimer(INFORMING, str(number)), *_next_look(state)]
        case e.DirectionMoved():
            return [_asked(duty, state) for duty in _passed_on(event, state)]
        case e.DutyHandedOver(duty=number):
            return [_handed_over(one, event, state) for one in _numbered(state, number)]
        case e.StandingFollowed(dropped=dropped):
            return [DropPieces(dropped)] if dropped else []
        case e.TriageFollowed(outcome=outcome, at=at):
            return [StoreRow(TriageCounted(local_day(at).year, outcome))]
        case e.DutiesSettled(at=at):
            return [Announce(m.DutiesSettled(settled_at=at, round=state.round))]
        case e.InformingOverdue(duty=number):
            return [_asked(one, state, reminder=True) for one in _numbered(state, number)]
        case e.TermPassed(next_on=next_on) if state.phase in SCREENED:
            return [terms.look_at(next_on)]  # and each debtor is reminded of its own
        case e.FileCleaned() | e.FileArchived():
            return [KeepOnly(sealed_text_ids(state))]
        case e.CaseReactivated(kept_items=kept):
            return [] if kept is None else [KeepOnly(sealed_text_ids(state))]
        case e.CasePurged(case_id=purged, house_keys=house_keys):
            confirmed = CasePurged(case_id=purged, house_keys=house_keys)
            return [ForgetCase(), Announce(confirmed, after_erasure=True)]
        case e.TermPassed():
            return terms.reminders(event, state.leading_party)
        case e.KnownCheckDone() | e.HouseCheckTaken() | e.LeaderConsulted() | e.HouseCheckAnswered():
            return known_effects.effects(case_id, event, state)
        case _:
            return []


def _numbered(state: State, number: int) -> list[Obligation]:
    """Return the duty with this number."""
    duty = numbered(state.owed, number)
    return [duty] if duty else []


def _asked(duty: Obligation, state: State, *, reminder: bool = False) -> ToParty:
    """Ask the debtor to inform one person (R16, R17), and say what the notice must contain (R18, R56)."""
    said = {part.value for part in contents_of(duty)}
    asked = m.InformingRequested(
        person_id=duty.addressee,
        moment=InformMoment(duty.kind),
        on_behalf_of=duty.debtor,
        what_to_say=tuple(word for word in m.WhatToSay if word.value in said),
        duty=duty.id,
        contents=contents_of(duty),
        due=duty.due,
        reminder=reminder,
    )
    if told := state.told_by(duty):
        asked = asked.model_copy(update=_of_queries(told))
    if duty.kind == InformMoment.AFTER_TRIAGE and state.round_table is not None:
        asked = asked.model_copy(update=_of_table(state.round_table))
    return ToParty(duty.debtor, asked)


def _of_queries(told: Sequence[QueryTold]) -> dict[str, Any]:
    """Return what the notice says of queries: whom was asked, and the purpose of the last one (R18).

    That of each one before it was in a request of its own.
    """
    return {
        "queries": tuple(
            m.QueryToTell(query_id=x.query_id, party=x.party) for x in told[-MOST_QUERIES_TOLD:]
        ),
        "purpose": told[-1].purpose,
    }


def _of_table(table: RoundTable) -> dict[str, Any]:
    """Return what the notice says of the round table to come (R56)."""
    return {
        "outcome": table.outcome and table.outcome.value,
        "goal": table.goal,
        "first_goal": table.first_goal,
        "themes": table.themes,
        "participants": table.participants,
    }


def _passed_on(event: e.DirectionMoved, state: State) -> list[Obligation]:
    """Return what the party that has just taken direction is to do now; what is postponed comes later."""
    return [
        one
        for one in state.owed
        if one.state is ObligationState.DUE
        and one.debtor == state.leading_party
        and (event.referrer_left or one.kind not in BEFORE_PHASE_3)
    ]


def _next_look(state: State) -> list[Effect]:
    """Set the look at who is informed too late; as long as somebody is, that goes on by itself."""
    if state.overdue is not None:
        return []
    due = first_due(state.owed)
    return [CancelTimer(terms.TERM, "") if due is None else terms.look_at(due)]


def _handed_over(duty: Obligation, event: e.DutyHandedOver, state: State) -> ToParty:
    """Hand a duty over for good; what is planned goes along (A20)."""
    return ToParty(
        duty.debtor,
        m.InformingHandedOver(
            person_id=duty.addressee,
            moment=event.moment,
            on_behalf_of=duty.debtor,
            contents=contents_of(duty),
            planned_on=event.planned_on,
            asked=tuple(dict.fromkeys(one.party for one in state.told_by(duty)))[-MOST_QUERIES_TOLD:],
        ),
        after_erasure=True,
    )


def _assigned(state: State, at: datetime) -> list[Effect]:
    """Tell the other services; as long as a record is provisional none of them knows of it (R15)."""
    team = team_of(state)
    if team is None or state.phase in PROVISIONAL:
        return []
    return [Announce(m.CaseAssigned(**dict(team), assigned_at=at))]


def _taken_up(event: e.CaseTakenUp, state: State) -> m.CaseTakenUp:
    return m.CaseTakenUp(
        referrer=state.referrer,
        acting_body=state.acting_body,
        task=state.task,
        basis=state.basis,
        theme=state.theme,
        outcome=event.outcome,
        director=state.director,
        support_workers=state.support_workers,
        assignment=state.assignment,
        persons=state.persons,
        items=in_use(state.items, state.standings),
        taken_up_at=event.at,
        mandate=state.mandate,
        referrer_name=state.referrer_name,
        first_goal=FIRST_GOALS.get(event.outcome),
    )


def _closed(state: State, reason: m.ClosingReason, at: datetime, *, lapsed: bool = False) -> m.ReferralClosed:
    return m.ReferralClosed(
        leading_party=state.leading_party,
        theme=state.theme,
        reason=reason,
        closed_at=at,
        team=team_of(state),
        lapsed=lapsed,
        round=state.round,
    )
