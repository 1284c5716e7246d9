"""Derive what follows from each event of triage: messages, announcements, timers, rows of the record."""

from collections.abc import Iterable
from datetime import datetime

from services.triage import clarifications, extensions
from services.triage import events as e
from services.triage.extensions import QUERY_REMINDER as QUERY_REMINDER
from services.triage.extensions import QUERY_TERM as QUERY_TERM
from services.triage.preparation import first_goal_of
from services.triage.record import REFERRAL, Asked, Given, QueryClosed, Revised, Stripped, versions_of
from services.triage.state import State
from shared.contract.fields import Step
from shared.contract.messages import triage as m
from shared.contract.messages.house import CaseLapsed, CasePurged
from shared.contract.messages.intake import ClosingReason
from shared.core import terms
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    DropPieces,
    Effect,
    ForgetCase,
    SetTimer,
    StopUnsent,
    StoreRow,
    ToParty,
)

CLOSING_REASONS = {
    m.TriageOutcome.NOT_TAKEN_UP: ClosingReason.NOT_TAKEN_UP,
    m.TriageOutcome.OTHER_TABLE: ClosingReason.OTHER_TABLE,
}


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; `state` is the state after it."""
    match event:
        case e.CaseOpened():
            return _opened(case_id, event)
        case e.QueryIssued():
            return _issued(case_id, event)
        case e.QueryAnswered():
            return _answered(case_id, event)
        case e.QueryDeclined(party=party, number=number, decline=decline, at=at):
            given = Given(case_id, decline.query_id, number, at, decline, party, ())
            return [StoreRow(given), *_no_longer_waiting(decline.query_id)]
        case e.QueryClarified():
            return clarifications.following(event, state)
        case e.QueryExtended() | e.ExtensionRefused():
            return extensions.following(event, state)
        case e.EstimateGiven(dropped=dropped):
            return [DropPieces(dropped)]
        case e.QueryReminded(query_id=query_id):
            return _reminded(query_id, state)
        case e.QueryLapsed(query_id=query_id):
            return _lapsed(query_id, state)
        case e.StandingFollowed():
            return _standing_followed(case_id, event)
        case e.TriageConcluded(outcome=outcome, at=at):
            goal = first_goal_of(state.conclusion)
            recorded = m.TriageOutcomeRecorded(outcome=outcome, recorded_at=at, first_goal=goal)
            return [_told(event, state), Announce(recorded)]
        case e.TriageClosed():
            return [_told(event, state), Announce(_closed(CLOSING_REASONS[event.outcome], event.at, state))]
        case e.TriageLapsed(at=at):
            lapsed = CaseLapsed(step=Step.TRIAGE, lapsed_at=at)
            closed = _closed(ClosingReason.NOT_TAKEN_UP, at, state, lapsed=True)
            return [ToParty(state.leading_party, lapsed), Announce(closed)]
        case e.ItemPrepared(item=item, viewing=viewing):
            return [Announce(m.ItemPrepared.model_construct(item=item, viewing=viewing))]
        case e.RtoPrepared(prepared=prepared):
            return [Announce(prepared.model_copy(update={"viewing_plan": ()}))]  # it went with the items
        case e.FileCleaned(kept_items=kept, dropped=dropped):
            return [StoreRow(Stripped(case_id, kept)), DropPieces(dropped)]
        case e.FileArchived(kept_items=kept, dropped=dropped):
            return [StoreRow(Stripped(case_id, kept)), DropPieces(dropped)]
        case e.CaseReactivated(kept_items=kept, dropped=dropped):
            return [] if kept is None else [StoreRow(Stripped(case_id, kept)), DropPieces(dropped)]
        case e.CasePurged(case_id=purged, house_keys=house_keys):
            confirmed = CasePurged(case_id=purged, house_keys=house_keys)
            return [ForgetCase(), Announce(confirmed, after_erasure=True)]
        case e.TermPassed():
            return terms.reminders(event, state.leading_party)
        case _:
            return []


def _standing_followed(case_id: str, event: e.StandingFollowed) -> Iterable[Effect]:
    """Put the new texts of an item in the place of the earlier ones, wherever these lie (R66, A22)."""
    if event.dropped:
        yield DropPieces(event.dropped)
    if event.standing.is_gone or event.standing.brings_texts:
        yield StoreRow(Revised(case_id, event.standing))


def _opened(case_id: str, event: e.CaseOpened) -> Iterable[Effect]:
    case = event.taken_up
    yield ClaimItems(tuple(item.item_id for item in case.items), case.referrer)
    versions = versions_of(case.items)
    yield StoreRow(Given(case_id, REFERRAL, 0, event.at, None, case.referrer, case.items, versions))


def _issued(case_id: str, event: e.QueryIssued) -> Iterable[Effect]:
    """Send the query; its id can stop the message as long as that has not left (R102)."""
    query = event.query
    asked = Asked(case_id, event.recipient, event.at, query, event.choice)
    yield ToParty(event.recipient, query, item=query.query_id, discloses=event.discloses)
    yield StoreRow(asked)
    yield Announce(_recorded(event))
    yield SetTimer(QUERY_TERM, query.query_id, query.reply_before)
    yield SetTimer(QUERY_REMINDER, query.query_id, event.lapses_at)


def _recorded(event: e.QueryIssued) -> m.QueryRecorded:
    """Tell intake whom was asked and why: the persons it is about are to hear that (R18)."""
    query = event.query
    return m.QueryRecorded.model_construct(
        query_id=query.query_id,
        recipient=event.recipient,
        persons=tuple(person.person_id for person in query.persons),
        purpose=query.purpose,
        recorded_at=event.at,
    )


def _answered(case_id: str, event: e.QueryAnswered) -> Iterable[Effect]:
    answer = event.answer
    if answer.items:
        yield ClaimItems(tuple(item.item_id for item in answer.items), event.party)
    said = answer.model_copy(update={"items": (), "under_secrecy": ()})
    yield StoreRow(Given(case_id, answer.query_id, event.number, event.at, said, event.party, answer.items))
    if event.number == 1:
        yield from _no_longer_waiting(answer.query_id)


def _no_longer_waiting(query_id: str) -> Iterable[Effect]:
    yield CancelTimer(QUERY_TERM, query_id)
    yield CancelTimer(QUERY_REMINDER, query_id)
    yield StoreRow(QueryClosed(query_id))


def _reminded(query_id: str, state: State) -> Iterable[Effect]:
    query = state.query(query_id)
    if query is not None:
        message = m.QueryReminded(query_id=query_id, reply_before=query.lapses_at)
        yield ToParty(query.recipient, message)


def _lapsed(query_id: str, state: State) -> Iterable[Effect]:
    query = state.query(query_id)
    if query is not None:
        yield StopUnsent(item=query_id)
        yield ToParty(query.recipient, m.QueryLapsed(query_id=query_id))
        yield from _no_longer_waiting(query_id)


def _told(event: e.TriageConcluded | e.TriageClosed, state: State) -> ToParty:
    """Tell the outcome to the leading party alone; the answers reach nobody's system (R52, R53, R54)."""
    return ToParty(state.leading_party, m.TriageConcluded(outcome=event.outcome, advice=event.advice))


def _closed(reason: ClosingReason, at: datetime, state: State, *, lapsed: bool = False) -> m.TriageClosed:
    return m.TriageClosed(
        leading_party=state.leading_party,
        theme=state.theme,
        reason=reason,
        closed_at=at,
        lapsed=lapsed,
        round=state.round,
    )
