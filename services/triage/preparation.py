"""Decide how triage ends, and what is fixed before anybody is invited to a round table (R42 to R51)."""

from dataclasses import replace
from datetime import datetime

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.queries import Decision, lapse_all
from services.triage.state import Conclusion, State
from shared.contract.content import TextRef, is_blank, text
from shared.contract.fields import FirstGoal
from shared.contract.messages.triage import CareSubject, Participant, RtoPrepared, TriageOutcome, ViewingEntry
from shared.contract.parties import Parties
from shared.contract.refusal import CHANGED_MEANWHILE, Refusal
from shared.core.context import DecisionContext
from shared.core.item_rules import is_competent
from shared.core.item_standing import in_use, is_outdated
from shared.core.service_numbers import without_numbers

# --- the outcome ---------------------------------------------------------------------------------


def conclude(state: State, command: c.ConcludeTriage, context: DecisionContext) -> Decision:
    """Conclude with one of four outcomes (R50); queries that still wait lapse, whichever it is."""
    if command.outcome not in (TriageOutcome.RTO_NEEDED, TriageOutcome.DOUBT):
        return (*lapse_all(state), e.TriageClosed(*_how(command, context)))
    if command.outcome is TriageOutcome.DOUBT and command.reason is None:
        return r.DOUBT_WITHOUT_REASON
    if refusal := _of_picture(state, command, context):
        return refusal
    concluded = e.TriageConcluded(*_how(command, context), command.picture, command.without_queries)
    return (*lapse_all(state), concluded)


def _how(
    command: c.ConcludeTriage, context: DecisionContext
) -> tuple[TriageOutcome, str, TextRef | None, TextRef | None, datetime]:
    return command.outcome, command.by.person or "", command.advice, command.reason, context.now


def _of_picture(state: State, command: c.ConcludeTriage, context: DecisionContext) -> Refusal | None:
    """Refuse to end in an RTO without the four points of R37, or with nobody asked and no reason why."""
    picture = command.picture
    if picture is None or not picture.parties:
        return r.PICTURE_INCOMPLETE
    points = (picture.plan_contribution, picture.execution_contribution, picture.information)
    if any(is_blank(point) for point in points):
        return r.PICTURE_INCOMPLETE
    if not all(context.parties.is_member(party, context.judged_at) for party in picture.parties):
        return r.UNKNOWN_PARTY_IN_PICTURE
    return None if state.queries or command.without_queries else r.NOBODY_ASKED_WITHOUT_REASON


def first_goal_of(conclusion: Conclusion | None) -> FirstGoal | None:
    """Return what the round table decides first: after doubt whether a joint approach is useful (R50 iii)."""
    in_doubt = conclusion is not None and conclusion.outcome is TriageOutcome.DOUBT
    return FirstGoal.JOINT_APPROACH if in_doubt else None


# --- the preparation -----------------------------------------------------------------------------


def prepare(state: State, command: c.PrepareRto, context: DecisionContext) -> Decision:
    """Prepare a round table: each item goes along but those taken back, or under secrecy (R30).

    Sharing waits for releases (R65).
    """
    if len(command.items) != state.items_given:
        return CHANGED_MEANWHILE
    free = tuple(item for item in command.items if not state.is_secret(item.item_id))
    command = replace(command, items=in_use(free, state.standings))
    if any(is_outdated(item, state.standings) for item in command.items):
        return CHANGED_MEANWHILE
    participants = _participants(command.participants, context)
    if isinstance(participants, Refusal):
        return participants
    refusal = _of_purpose(command) or _of_viewing_plan(state, command, context)
    if refusal is not None or command.citizen is None:
        return refusal or r.CITIZEN_UNDECIDED
    prepared = RtoPrepared.model_construct(
        leading_party=state.leading_party,
        acting_body=state.acting_body,
        director=state.director,
        support_workers=state.support_workers,
        assignment=state.assignment,
        theme=state.theme,
        goal=command.goal,
        decision_types=command.decision_types,
        themes=command.themes,
        participants=participants,
        viewing_plan=command.viewing_plan,
        citizen=command.citizen,
        care_agreements=command.care_agreements,
        care_subjects=command.care_subjects,
        persons=without_numbers(state.persons),
        prepared_at=context.now,
        mandate=state.mandate,
        outcome=state.conclusion.outcome if state.conclusion else None,
        first_goal=first_goal_of(state.conclusion),
    )
    return (*_items_with_their_viewing(command), e.RtoPrepared(prepared))


def _items_with_their_viewing(command: c.PrepareRto) -> tuple[e.ItemPrepared, ...]:
    """Send who sees an item along with it: the whole plan can be too large for one event."""
    viewing: dict[str, list[ViewingEntry]] = {}
    for entry in command.viewing_plan:
        viewing.setdefault(entry.item_id, []).append(entry)
    return tuple(e.ItemPrepared(item, tuple(viewing.get(item.item_id, ()))) for item in command.items)


def _participants(
    invitees: tuple[c.Invitee, ...], context: DecisionContext
) -> tuple[Participant, ...] | Refusal:
    """Return the participants: each once, lawfully present, with role and contribution (R42, R43, R60)."""
    if not invitees:
        return r.PARTICIPANTS_MISSING
    if len({invitee.party for invitee in invitees}) != len(invitees):
        return r.PARTICIPANT_TWICE
    participants = []
    for invitee in invitees:
        if not context.parties.is_member(invitee.party, context.judged_at):
            return r.PARTICIPANT_NOT_A_PARTY
        if invitee.role is None:
            return r.ROLE_MISSING
        if is_blank(invitee.contribution):
            return r.CONTRIBUTION_MISSING
        participants.append(
            Participant.model_construct(
                party=invitee.party,
                role=invitee.role,
                contribution=invitee.contribution,
                passed_processing_test=bool(invitee.passed_processing_test),
                address_reason=text(invitee.address_reason),
            )
        )
    return tuple(participants)


def _of_purpose(command: c.PrepareRto) -> Refusal | None:
    """Refuse a preparation that lacks what is fixed besides who sees what (R42, R44, R47)."""
    if is_blank(command.goal):
        return r.GOAL_MISSING
    named = (*command.decision_types, *command.themes)
    if not command.decision_types or not command.themes or not all(named):
        return r.THEMES_MISSING
    if not command.consulted_leading_party:
        return r.LEADING_PARTY_NOT_CONSULTED
    if is_blank(command.care_agreements):
        return r.CARE_AGREEMENTS_MISSING
    return None if set(command.care_subjects) >= set(CareSubject) else r.CARE_SUBJECT_MISSING


def _of_viewing_plan(state: State, command: c.PrepareRto, context: DecisionContext) -> Refusal | None:
    """Refuse an entry that lacks something or stands there twice (R42), or is untested where needed (R49)."""
    plan = command.viewing_plan
    if not {item.item_id for item in command.items}.issuperset(entry.item_id for entry in plan):
        return r.UNKNOWN_ITEM
    if not {invitee.party for invitee in command.participants}.issuperset(e.participant for e in plan):
        return r.NOT_A_PARTICIPANT
    if len({(entry.item_id, entry.participant) for entry in plan}) != len(plan):
        return r.VIEWING_TWICE
    if any(is_blank(entry.reason) for entry in plan):
        return r.VIEWING_WITHOUT_REASON
    return r.PARTICIPANT_NOT_TESTED if _untested(command, plan, context.parties) else None


def _untested(command: c.PrepareRto, plan: tuple[ViewingEntry, ...], parties: Parties) -> bool:
    """Tell whether special data are planned for somebody whose test is not on record, passed or not."""
    special = {item.item_id for item in command.items if item.category.needs_test}
    planned = {entry.participant for entry in plan if entry.item_id in special}
    return any(
        invitee.party in planned
        and invitee.passed_processing_test is None
        and not is_competent(invitee.party, parties)
        for invitee in command.participants
    )
