"""Decide on a meeting: how it is prepared, who is invited, who comes, what is brought in (R42 to R61)."""

from collections.abc import Collection, Iterable
from typing import TypeAlias

from services.rto import commands as c
from services.rto import consents
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import Answer, Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.content import is_blank
from shared.contract.fields import ContributedItem, Item
from shared.contract.messages.rto import ItemsProvided, MandateEndedBy, Use
from shared.contract.messages.triage import Participant, ViewingEntry
from shared.contract.parties import Parties, PartyRecord
from shared.contract.refusal import ITEM_NUMBER_NOT_USABLE, ITEM_TWICE, Refusal
from shared.core import item_rules
from shared.core.actor import Role
from shared.core.context import DecisionContext
from shared.core.standing import left_on

Decision: TypeAlias = tuple[e.Event, ...] | Refusal


def convene(state: State, meeting: c.Meeting, context: DecisionContext) -> Decision:
    """Convene an RTO: the first as triage prepared it; a follow-up is prepared anew (R42, R81)."""
    if state.rto(meeting.rto_id) is not None:
        return r.RTO_KNOWN
    if is_blank(meeting.place):
        return r.PLACE_MISSING
    if refusal := _not_prepared(state, meeting):
        return refusal
    participants = meeting.participants or _participants_so_far(state, context)
    if refusal := _may_sit(participants, context) or _may_be_opened(
        state, meeting.viewing_plan, participants, context
    ):
        return refusal
    competent = tuple(p.party for p in participants if is_competent(p, context))
    convened = meeting.model_copy(update={"participants": participants})
    return (e.RtoConvened(convened, competent, context.now),)


def _not_prepared(state: State, meeting: c.Meeting) -> Refusal | None:
    """Refuse a follow-up that lacks what is fixed before any invitation (R42, R44, R46, R47).

    The first RTO was prepared in triage, and nothing of that is fixed twice.
    """
    prepared = meeting.preparation
    if state.phase is Phase.PREPARED and not state.rtos:
        fixed = meeting.participants or meeting.viewing_plan or prepared
        return r.PREPARATION_IS_FIXED if fixed else None
    if prepared is None or is_blank(prepared.goal):
        return r.GOAL_MISSING
    named = (*prepared.decision_types, *prepared.themes)
    if not prepared.decision_types or not prepared.themes or not all(named):
        return r.THEMES_MISSING
    if not prepared.consulted_leading_party:
        return r.LEADING_PARTY_NOT_CONSULTED
    if prepared.citizen is None:
        return r.CITIZEN_UNDECIDED
    return r.CARE_AGREEMENTS_MISSING if is_blank(prepared.care_agreements) else None


def _participants_so_far(state: State, context: DecisionContext) -> tuple[Participant, ...]:
    """Return who is invited anew, or as it was prepared, without those that have left since (R115)."""
    invited: tuple[Participant, ...] = state.preparation.participants if state.preparation else ()
    if state.latest is not None:
        invited = tuple(seat.participant for seat in state.latest.seats)
    return tuple(p for p in invited if left_on(p.party, context.parties, context.judged_at) is None)


def _may_sit(participants: tuple[Participant, ...], context: DecisionContext) -> Refusal | None:
    """Refuse nobody, participants named twice or without a contribution, and who is no party now (R43)."""
    if not participants:
        return r.NOT_LAWFULLY_PRESENT
    if len({p.party for p in participants}) != len(participants):
        return r.PARTICIPANT_TWICE
    if any(is_blank(p.contribution) for p in participants):
        return r.CONTRIBUTION_MISSING
    if not all(context.parties.is_member(p.party, context.judged_at) for p in participants):
        return r.NOT_LAWFULLY_PRESENT
    return None


def is_competent(participant: Participant, context: DecisionContext) -> bool:
    """Tell whether it may see special-category and criminal data, by kind, check or test (R49)."""
    return item_rules.is_competent(
        participant.party, context.parties, passed_test=participant.passed_processing_test
    )


def may_not_be_provided(
    provided: ItemsProvided, recipient: str, state: State, parties: Parties
) -> Refusal | None:
    """Refuse to send what is not released for this now, or special data to who may not process them.

    The contributor may have ended its release since (R62, R65), or corrected the item (A22). By check or
    test, as of now (R21, R49).
    """
    for item in provided.items:
        key = ReleaseKey(item.item_id, Use.PLAN_ACTIVITY, recipient, provided.action_id)
        now = state.item(item.item_id)
        if state.release(key) is not ReleaseStatus.GIVEN or now is None or item.version < now.version:
            return r.NOT_RELEASED
        if not state.stands(key):
            return r.CONSENT_NOT_IN_FORCE
    invited = state.invited(recipient)
    passed = invited is not None and invited.passed_processing_test
    competent = item_rules.is_competent(recipient, parties, passed_test=passed)
    special = any(item.category.needs_test for item in provided.items)
    return r.PROCESSING_TEST_MISSING if special and not competent else None


def extend(state: State, entries: tuple[ViewingEntry, ...], context: DecisionContext) -> Decision:
    """Extend the viewing plan: necessity is decided per participant and item, with the reason (R42)."""
    seats = state.latest.seats if state.latest else ()
    refusal = _may_be_opened(state, entries, [seat.participant for seat in seats], context)
    return refusal or (e.ViewingPlanExtended(entries, context.now),)


def _may_be_opened(
    state: State,
    entries: Iterable[ViewingEntry],
    participants: Iterable[Participant],
    context: DecisionContext,
) -> Refusal | None:
    """Refuse an entry that lacks something, and special data for who was not tested for them (R42, R49)."""
    by_party = {one.party: one for one in participants}
    for entry in entries:
        item, participant = state.item(entry.item_id), by_party.get(entry.participant)
        if item is None:
            return r.UNKNOWN_ITEM
        if not state.stays(entry.item_id):
            return r.NOT_KEPT_FOR_MONITORING
        if participant is None:
            return r.NOT_A_PARTICIPANT
        if is_blank(entry.reason):
            return r.VIEWING_REASON_MISSING
        if item.category.needs_test and not is_competent(participant, context):
            return r.PROCESSING_TEST_MISSING
    return None


def accept(state: State, command: c.AcceptInvitation, context: DecisionContext) -> Decision:
    """Take the acceptance of an invited party, which names a delegate with a mandate (R59)."""
    party = command.by.party or ""
    if refusal := _concluded(state, command.rto_id):
        return refusal
    if not command.mandate:
        return r.NO_MANDATE
    if _named(state, command.rto_id, party) not in ("", command.delegate):
        return r.DELEGATE_IS_NAMED
    return (e.InvitationAccepted(command.rto_id, party, command.delegate, context.now),)


def decline(state: State, command: c.DeclineInvitation, context: DecisionContext) -> Decision:
    """Take the refusal of an invited party; after it has come, by the delegate or the party itself (R59).

    A colleague of the delegate, who may act for the party too, could otherwise take the seat in two steps.
    """
    party = command.by.party or ""
    if refusal := _concluded(state, command.rto_id):
        return refusal
    declined = e.InvitationDeclined(command.rto_id, party, command.reason, context.now)
    delegate = _named(state, command.rto_id, party)
    if not delegate:
        return (declined,)
    if command.by.role is Role.PARTY_WORKER and command.by.person != delegate:
        return r.DELEGATE_IS_NAMED
    by = MandateEndedBy.PARTY
    return (e.MandateEnded(command.rto_id, party, by, command.reason, context.now), declined)


def end_mandate(state: State, command: c.EndMandate, context: DecisionContext) -> Decision:
    """Free a delegate's seat, as the director, with a reason; the party may name another (R59)."""
    if refusal := not_invited(state, command.rto_id, command.party) or _concluded(state, command.rto_id):
        return refusal
    if not _named(state, command.rto_id, command.party):
        return r.NO_DELEGATE_NAMED
    if is_blank(command.reason):
        return r.MANDATE_REASON_MISSING
    by = MandateEndedBy.DIRECTOR
    return (e.MandateEnded(command.rto_id, command.party, by, command.reason, context.now),)


def _named(state: State, rto_id: str, party: str) -> str:
    """Return the party's delegate at this RTO; empty while it has named none."""
    rto = state.rto(rto_id)
    seat = rto.seat(party) if rto else None
    return seat.delegate if seat and seat.answer is Answer.ACCEPTED else ""


def not_invited(state: State, rto_id: str, party: str | None) -> Refusal | None:
    """Refuse all but a party that was invited to this RTO (R61)."""
    rto = state.rto(rto_id)
    return r.NOT_INVITED if rto is None or rto.seat(party) is None else None


def _concluded(state: State, rto_id: str) -> Refusal | None:
    """Refuse what comes after the RTO has an outcome (R61)."""
    rto = state.rto(rto_id)
    return r.RTO_CONCLUDED if rto is not None and rto.outcome is not None else None


def contribute(state: State, command: c.ContributeItems, context: DecisionContext) -> Decision:
    """Take items of a participant during the RTO, each of them complete (B3-F3)."""
    party = command.by.party or ""
    if refusal := _concluded(state, command.rto_id):
        return refusal
    rto, record = state.rto(command.rto_id), context.parties.get(party)
    if rto is None or record is None or party not in rto.present:
        return r.NOT_AT_THE_TABLE
    if refusal := _known_before(state, command.items, context):
        return refusal
    persons = {p.person_id for p in state.preparation.persons} if state.preparation else set()
    for item in command.items:
        if refusal := _incomplete(item, record, persons):
            return refusal
    if refusal := item_rules.must_reserve_against_parties(
        command.items, context.parties, r.RESERVATION_UNKNOWN
    ) or consents.must_be_given(state, command.items, party):
        return refusal
    items = tuple(ContributedItem.model_construct(**dict(i), contributor=party) for i in command.items)
    return (e.ItemsContributed(command.rto_id, items, context.now),)


def _known_before(state: State, items: tuple[Item, ...], context: DecisionContext) -> Refusal | None:
    """Refuse items whose number was given before, here or elsewhere: those have a contributor (R35)."""
    known = any(state.item(item.item_id) for item in items)
    if context.elsewhere or context.here or known:
        return ITEM_NUMBER_NOT_USABLE
    return item_rules.must_differ(items, ITEM_TWICE)


def _incomplete(item: Item, record: PartyRecord, persons: Collection[str]) -> Refusal | None:
    """Refuse an item that lacks what each must state (R3, R16, R21, R42, R57)."""
    one = (item,)
    return (
        item_rules.must_be_necessary(one, r.NECESSITY_MISSING)
        or item_rules.must_name_basis(one, r.BASIS_MISSING)
        or item_rules.must_name_body(one, record, r.ACTING_BODY_UNKNOWN)
        or item_rules.must_be_about(one, persons, r.UNKNOWN_PERSON)
        or item_rules.must_be_checked(one, record, r.SPECIAL_NOT_CHECKED)
    )
