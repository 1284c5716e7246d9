"""Derive what follows from each event of the round table: messages, announcements, what is stopped."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from services.rto import consent_effects
from services.rto import events as e
from services.rto.plan import bond_of
from services.rto.state import Rto, State
from shared.contract.content import Content, sealed_text_ids
from shared.contract.fields import Category, ContributedItem
from shared.contract.limits import TAKERS_PER_MESSAGE, in_parts
from shared.contract.messages import rto as m
from shared.contract.messages.house import CasePurged
from shared.contract.messages.triage import Participant
from shared.core import terms
from shared.core.effects import (
    Announce,
    ClaimItems,
    DropPieces,
    Effect,
    ForgetCase,
    KeepOnly,
    StopUnsent,
    ToParty,
)
from shared.core.item_rules import shown_to
from shared.core.item_standing import Standing


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; `state` is the state after it."""
    match event:
        case e.ItemRecorded(item=item):
            return [ClaimItems((item.item_id,), item.contributor)]
        case e.ItemsContributed(items=items):
            return [ClaimItems(tuple(item.item_id for item in items), items[0].contributor)]
        case e.RtoConvened():
            return _invitations(event)
        case e.MandateEnded():
            return _mandate_ended(event, state)
        case e.ReleaseAsked(request=request, contributor=contributor):
            return [ToParty(contributor, request)]
        case e.ReleaseWithdrawn(item_id=item_id):
            return _stopped_and_told(item_id, m.TakersCause.RELEASE_WITHDRAWN, state)
        case e.ItemWithdrawn(item_id=item_id):
            return _stopped_and_told(item_id, m.TakersCause.ITEM_WITHDRAWN, state)
        case e.ItemCorrected(item_id=item_id, version=version):
            return _stopped_and_told(item_id, m.TakersCause.ITEM_CORRECTED, state, version=version)
        case e.TermsChanged(terms=new, version=version):
            said = {"category": new.category, "use_conditions": new.use_conditions, "version": version}
            if new.category is None and new.use_conditions is None:
                return []  # nothing that who took it keeps to
            return _stopped_and_told(new.item_id, m.TakersCause.TERMS_CHANGED, state, **said)
        case e.ReleasesEnded(item_id=item_id, recipients=recipients):
            stopped = [StopUnsent(item=item_id, recipient=party) for party in recipients]
            took = [party for party in state.takers_of(item_id) if party in recipients]
            return [*stopped, *_takers_told(item_id, took, m.TakersCause.WITHHELD)]
        case e.StandingChanged(standing=standing, dropped=dropped):
            told = Announce(m.ItemStanding.model_construct(**_fields(standing)))
            return [told, DropPieces(dropped)] if dropped else [told]
        case e.ConsentRecorded(recorded=recorded):
            return [consent_effects.told(recorded)]
        case e.ConsentWithdrawn():
            return consent_effects.withdrawn(event, state)
        case e.ItemProvided():
            return _provision(event, state)
        case e.DirectionOffered(party=party, left_on=left_on):
            offered = m.DirectionOffered(offered_on_behalf_of=state.leading_party)
            return [ToParty(party, m.DirectionVacant(left_on=left_on) if left_on else offered)]
        case e.DirectionMoved():
            return _transfer(event, state)
        case e.RtoConcluded():
            return _decided(event, state)
        case e.CaseDeescalated():
            return [*_handed_over(state), *_in_parts(state), Announce(_deescalated(event, state))]
        case e.FileToldAgain():
            return [*_handed_over(state), *_actions(state), *_bonds(state)]
        case e.CaseEndedAtTable():
            return [*_stopped(state), Announce(_closed(event, state))]
        case e.CaseClosing():
            return _stopped(state)
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


def _invitations(event: e.RtoConvened) -> list[Effect]:
    """Invite with date, place, role and contribution asked, and nothing of the case itself (R45)."""
    meeting = event.meeting
    return [
        ToParty(p.party, invitation(meeting.rto_id, meeting.on, meeting.place, p))
        for p in meeting.participants
    ]


def invitation(rto_id: str, on: datetime, place: Content, participant: Participant) -> m.RtoConvened:
    """Return what an invited party gets to know, by message or on the page of its worker."""
    return m.RtoConvened(
        rto_id=rto_id, on=on, place=place, role=participant.role, contribution=participant.contribution
    )


def _mandate_ended(event: e.MandateEnded, state: State) -> list[Effect]:
    """Tell the party, and the one on whose behalf the director leads; why is for the journal (R59)."""
    message = m.MandateEnded(rto_id=event.rto_id, party=event.party, by=event.by)
    return [ToParty(party, message) for party in dict.fromkeys((event.party, state.leading_party))]


def _decided(event: e.RtoConcluded, state: State) -> list[Effect]:
    """Announce the outcome; only now what was agreed leaves, and nothing if the case ends (R64, R78)."""
    outcome, rto = event.outcome, state.rto(event.rto_id)
    goes_on = outcome is m.RtoOutcome.ESCALATE
    announced = m.RtoOutcomeRecorded(
        outcome=m.AnnouncedOutcome.APPROACH_AND_MONITORING if goes_on else m.AnnouncedOutcome(outcome.value),
        leading_party=state.leading_party,
        recorded_at=event.at,
        ave_level=event.ave_level,
    )
    ends = outcome in (m.RtoOutcome.DOES_NOT_BELONG, m.RtoOutcome.OTHER_TABLE)
    if rto is None or ends:
        return [Announce(announced)]
    return [Announce(announced), *_assignments(rto, state), *_endings(rto, state)]


def _assignments(rto: Rto, state: State) -> list[Effect]:
    """Assign each executor its own new actions, and nobody else's (A19); together as they were recorded."""
    letters: list[Effect] = []
    for together in rto.agreed:
        new = [action for action in state.actions if action.action_id in together]
        for party in dict.fromkeys(action.party for action in new):
            own = tuple(action for action in new if action.party == party)
            letters.append(ToParty(party, m.ActionsAssigned(actions=own)))
    return letters


def _endings(rto: Rto, state: State) -> list[Effect]:
    """Tell each executor which of its actions have ended; not of one that was never agreed (R81)."""
    gone = [x.action for x in state.ended if x.rto_id == rto.rto_id and not rto.added(x.action.action_id)]
    return [
        ToParty(party, m.ActionsEnded(action_ids=tuple(a.action_id for a in gone if a.party == party)))
        for party in dict.fromkeys(action.party for action in gone)
    ]


def _provision(event: e.ItemProvided, state: State) -> list[Effect]:
    """Provide an item with its conditions (R67); the message names it, so a withdrawal can stop it (A12)."""
    taking, item = event.taking, state.item(event.taking.item_id)
    if item is None:
        return []
    message = m.ItemsProvided(action_id=taking.action_id, items=(shown_to(item, taking.recipient),))
    return [ToParty(taking.recipient, message, item=taking.item_id)]


MUST: Mapping[m.TakersCause, tuple[m.TakersDuty, ...]] = {
    m.TakersCause.RELEASE_WITHDRAWN: (m.TakersDuty.USE_NO_LONGER,),
    m.TakersCause.WITHHELD: (m.TakersDuty.USE_NO_LONGER,),
    m.TakersCause.ITEM_WITHDRAWN: (m.TakersDuty.USE_NO_LONGER,),
    m.TakersCause.ITEM_CORRECTED: (m.TakersDuty.USE_NO_LONGER, m.TakersDuty.CORRECT_OWN_RECORD),
    m.TakersCause.TERMS_CHANGED: (m.TakersDuty.KEEP_TO_NEW_TERMS,),
}


def _stopped_and_told(item_id: str, cause: m.TakersCause, state: State, **more: Any) -> list[Effect]:
    """Stop what has not left of an item as it was, and tell each that took it what to do now (A12, A22)."""
    return [StopUnsent(item=item_id), *_takers_told(item_id, state.takers_of(item_id), cause, **more)]


def _takers_told(item_id: str, takers: Iterable[str], cause: m.TakersCause, **more: Any) -> list[Effect]:
    told = m.TakersTold(item_id=item_id, cause=cause, must=MUST[cause]).model_copy(update=more)
    return [ToParty(party, told) for party in takers]


def _fields(standing: Standing) -> dict[str, Any]:
    return {one.name: getattr(standing, one.name) for one in fields(standing)}


def _transfer(event: e.DirectionMoved, state: State) -> list[Effect]:
    told = {p.party for p in state.participants()} | {event.before, event.leading_party}
    message = m.DirectionTransferred(leading_party=event.leading_party, since=event.since)
    moved = m.DirectionMoved(
        leading_party=event.leading_party,
        since=event.since,
        acting_body=event.acting_body,
        task=event.task,
        basis=event.basis,
    )
    return [Announce(moved), *(ToParty(party, message) for party in sorted(told))]


def _handed_over(state: State) -> list[Effect]:
    """Hand over what the table had, with who could see it: phase 4 shows no more than phase 3 (R86, R87).

    An item whose release was never given, was refused or was taken back stays behind (R61, R65).
    """
    return [
        Announce(
            m.ItemHandedOver(
                item=item,
                shown_to=_shown_to(item, state),
                rests_on=state.rests_on_at_table(item),
                round=state.round,
            )
        )
        for item in state.items
        if state.stays(item.item_id) and state.released_for_rto(item.item_id)
    ]


def _shown_to(item: ContributedItem, state: State) -> tuple[str, ...]:
    """Return whom the viewing plan names; the leader follows the set that was agreed on too (R42, R80).

    From whom it is withheld it was not shown: a reservation that is taken off in phase 4 shows it to nobody.
    """
    planned = {entry.participant for entry in state.viewing_plan if entry.item_id == item.item_id}
    monitored = {state.leading_party} if state.monitoring is not None else set()
    return tuple(sorted((planned | monitored).difference(item.withheld_from)))


def _in_parts(state: State) -> list[Effect]:
    """Hand over what grew over the life of the case, in events that are each small enough."""
    number = state.round
    took_part = (one.model_copy(update={"address_reason": None}) for one in state.participants())
    participants = [m.FilePartHandedOver(participants=(one,), round=number) for one in took_part]
    takers = [
        m.FilePartHandedOver(takers=some, round=number) for some in in_parts(state.takers, TAKERS_PER_MESSAGE)
    ]
    told = (Announce(part) for part in (*participants, *takers))
    return [*told, *_actions(state), *_bonds(state)]


def _actions(state: State) -> list[Effect]:
    return [Announce(m.FilePartHandedOver(actions=(one,), round=state.round)) for one in state.actions]


def _bonds(state: State) -> list[Effect]:
    """Tell to which items the agreements stay bound, as their contributors have decided (A19)."""
    drawn_from = [_bound(item_id, state) for item_id in (state.plan.drawn_from if state.plan else ())]
    return [Announce(m.FilePartHandedOver(drawn_from=(one,), round=state.round)) for one in drawn_from]


def _bound(item_id: str, state: State) -> m.DrawnFrom:
    """Return an item of which content stands in the plan; of one that was dropped nothing is released."""
    item = state.item(item_id)
    if item is not None:
        released, rests_on = state.released_for_rto(item_id), state.rests_on_at_table(item)
        return bond_of(item, released=released, rests_on=rests_on)
    unknown = m.DrawnFrom(item_id=item_id, category=Category.SPECIAL, released=False)
    return state.bond(item_id) or unknown


def _deescalated(event: e.CaseDeescalated, state: State) -> m.CaseDeescalated:
    assert state.preparation is not None  # noqa: S101 - no RTO without its preparation (R58)
    assert state.people is not None  # noqa: S101 - the preparation names them
    return m.CaseDeescalated(
        rto_id=event.rto_id,
        decided_at=event.at,
        leading_party=state.leading_party,
        referrer=state.referrer,
        director=state.people.director,
        support_workers=state.people.support_workers,
        assignment=state.people.assignment,
        case_director=state.case_director,
        theme=state.preparation.theme,
        participants=(),
        persons=state.preparation.persons,
        agreements=state.plan.agreements if state.plan else None,
        actions=(),
        takers=(),
        mandate=state.mandate,
        without_table=event.without_table,
        round=state.round,
    )


def _stopped(state: State) -> list[Effect]:
    """Stop what has not left yet: it reaches nobody's system any more (R78)."""
    return [StopUnsent(item=item_id) for item_id in sorted({taker.item_id for taker in state.takers})]


def _closed(event: e.CaseEndedAtTable, state: State) -> m.RtoClosed:
    assert state.preparation is not None  # noqa: S101 - no RTO without its preparation (R58)
    return m.RtoClosed(
        leading_party=state.leading_party,
        theme=state.preparation.theme,
        reason=event.reason,
        closed_at=event.at,
        lapsed=event.lapsed,
        round=state.round,
    )
