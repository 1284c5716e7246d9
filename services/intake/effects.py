"""Derive what follows from each event of intake: messages to parties, announcements and timers."""

from collections.abc import Iterable
from datetime import datetime

from services.intake import events as e
from services.intake.process import PROVISIONAL
from services.intake.state import State
from shared.contract.content import sealed_text_ids
from shared.contract.messages import intake as m
from shared.contract.messages.house import CaseLapsed, CasePurged
from shared.core import terms
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    Effect,
    ForgetCase,
    KeepOnly,
    SetTimer,
    ToParty,
)
from shared.core.item_standing import in_use
from shared.core.team import team_of

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
        case e.DutyToInformArose(person_id=person, moment=moment):
            request = m.InformingRequested(person_id=person, moment=moment, on_behalf_of=state.leading_party)
            return [ToParty(state.leading_party, request)]
        case e.InformingPostponed(person_id=person, moment=moment, until=until):
            return [SetTimer(INFORMING, f"{person}/{moment}", until)]
        case e.PersonInformed(person_id=person, moment=moment):
            return [CancelTimer(INFORMING, f"{person}/{moment}")]
        case e.FileCleaned() | e.FileArchived():
            return [KeepOnly(sealed_text_ids(state))]
        case e.CaseReactivated(kept_items=kept):
            return [] if kept is None else [KeepOnly(sealed_text_ids(state))]
        case e.CasePurged(case_id=purged, house_keys=house_keys):
            confirmed = CasePurged(case_id=purged, house_keys=house_keys)
            return [ForgetCase(), Announce(confirmed, after_erasure=True)]
        case e.TermPassed():
            return terms.reminders(event, state.leading_party)
        case _:
            return []


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
