"""How triage ends, and what is fixed before anybody is invited to a round table (R42 to R51)."""

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.queries import Decision, lapse_all
from services.triage.state import State
from shared.content import is_blank
from shared.messages.triage import Participant, ParticipantRole, RtoPrepared, TriageOutcome, ViewingEntry
from shared.moment import Moment
from shared.parties import Parties
from shared.refusal import CHANGED_MEANWHILE, Refusal

# --- the outcome ---------------------------------------------------------------------------------


def conclude(state: State, command: c.ConcludeTriage, moment: Moment) -> Decision:
    """One of four outcomes (R50); what is still open lapses, whichever it is."""
    if command.outcome is TriageOutcome.DOUBT and command.reason is None:
        return r.DOUBT_WITHOUT_REASON
    needs_rto = command.outcome in (TriageOutcome.RTO_NEEDED, TriageOutcome.DOUBT)
    ended = e.TriageConcluded if needs_rto else e.TriageClosed
    director = command.by.person or ""
    return (
        *lapse_all(state),
        ended(command.outcome, director, command.advice, command.reason, moment.now),
    )


# --- the preparation -----------------------------------------------------------------------------


def prepare(state: State, command: c.PrepareRto, moment: Moment) -> Decision:
    """Every item goes along under its own terms: sharing it waits for its contributor (R65)."""
    if {item.item_id for item in command.items} != state.item_ids:
        return CHANGED_MEANWHILE
    refusal = (
        _of_purpose(command) or _of_participants(command, moment) or _of_viewing_plan(state, command, moment)
    )
    if refusal is not None:
        return refusal
    prepared = _prepared(state, command, moment)
    return (*(e.ItemPrepared(item) for item in command.items), e.RtoPrepared(prepared))


def _of_purpose(command: c.PrepareRto) -> Refusal | None:
    if command.goal is None:
        return r.GOAL_MISSING
    if not all(command.decision_types) or not all(command.themes):
        return r.THEMES_MISSING
    if not command.decision_types or not command.themes:
        return r.THEMES_MISSING
    if not command.consulted_leading_party:
        return r.LEADING_PARTY_NOT_CONSULTED
    if command.citizen is None:
        return r.CITIZEN_UNDECIDED
    return r.CARE_AGREEMENTS_MISSING if command.care_agreements is None else None


def _of_participants(command: c.PrepareRto, moment: Moment) -> Refusal | None:
    invited = [invitee.party for invitee in command.participants]
    if not invited or len(set(invited)) != len(invited):
        return r.PARTICIPANTS_MISSING
    if not all(moment.parties.is_member(party, moment.now) for party in invited):
        return r.PARTICIPANT_NOT_A_PARTY
    if any(invitee.role is None for invitee in command.participants):
        return r.ROLE_MISSING
    if any(is_blank(invitee.contribution) for invitee in command.participants):
        return r.CONTRIBUTION_MISSING
    return None


def _of_viewing_plan(state: State, command: c.PrepareRto, moment: Moment) -> Refusal | None:
    """This item for this participant with this reason (R42); special data only after a test (R49)."""
    plan = command.viewing_plan
    if not state.item_ids.issuperset(entry.item_id for entry in plan):
        return r.UNKNOWN_ITEM
    if not {invitee.party for invitee in command.participants}.issuperset(e.participant for e in plan):
        return r.NOT_A_PARTICIPANT
    if any(is_blank(entry.reason) for entry in plan):
        return r.VIEWING_WITHOUT_REASON
    return r.PARTICIPANT_NOT_TESTED if _untested(command, plan, moment.parties) else None


def _untested(command: c.PrepareRto, plan: tuple[ViewingEntry, ...], parties: Parties) -> bool:
    """Whether special data are planned for somebody whose test is not on record, passed or not."""
    special = {item.item_id for item in command.items if item.category.needs_test}
    planned = {entry.participant for entry in plan if entry.item_id in special}
    return any(
        invitee.party in planned
        and invitee.passed_processing_test is None
        and not _is_competent(invitee.party, parties)
        for invitee in command.participants
    )


def _is_competent(party: str, parties: Parties) -> bool:
    """National chain partners, and whoever passed the check at governance (R21)."""
    record = parties.get(party)
    return record is not None and record.may_see_special


def _prepared(state: State, command: c.PrepareRto, moment: Moment) -> RtoPrepared:
    return RtoPrepared.model_construct(
        leading_party=state.leading_party,
        acting_body=state.acting_body,
        director=state.director,
        theme=state.theme,
        goal=command.goal,
        decision_types=command.decision_types,
        themes=command.themes,
        participants=tuple(_participant(invitee, moment.parties) for invitee in command.participants),
        viewing_plan=command.viewing_plan,
        citizen=command.citizen,
        care_agreements=command.care_agreements,
        persons=state.persons,
        prepared_at=moment.now,
    )


def _participant(invitee: c.Invitee, parties: Parties) -> Participant:
    """Who is competent by itself needs no test; who is not sees special data only after passing (R49)."""
    competent = _is_competent(invitee.party, parties)
    return Participant.model_construct(
        party=invitee.party,
        role=invitee.role or ParticipantRole.EXPERT,
        contribution=invitee.contribution,
        passed_processing_test=competent or bool(invitee.passed_processing_test),
    )
