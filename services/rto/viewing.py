"""Decide who sees which item now; everything a person reads passes `may_view`, which denies by default.

A participant's checks stand in `AT_THE_TABLE` and `FOR_AN_ITEM`: each is one rule, gives `Denied` or
nothing, and the first one that denies decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.rto.commands import Plan
from services.rto.state import (
    Answer,
    EndedAction,
    Monitoring,
    Phase,
    Progress,
    Release,
    ReleaseKey,
    Rto,
    Seat,
    State,
)
from shared.contract.content import AnyContent, is_blank
from shared.contract.fields import ContributedItem, Person
from shared.contract.messages.rto import Action, ConsentPurpose, DrawnFrom, RtoConvened, Taker, Use
from shared.contract.messages.triage import RtoPrepared, ViewingEntry
from shared.core import consent, item_rules
from shared.core.actor import Role
from shared.core.context import DecisionContext
from shared.core.ending import gone
from shared.core.item_standing import TAKEN_BACK
from shared.core.viewing import Allowed, Denied, Verdict, Viewer


@dataclass(frozen=True, slots=True)
class Residence:
    """Hold where a person lives, apart from who it is: not every participant needs that (R61)."""

    person_id: str
    address: AnyContent


Thing: TypeAlias = (
    ContributedItem
    | Person
    | Residence
    | RtoPrepared
    | ViewingEntry
    | Rto
    | Plan
    | Action
    | EndedAction
    | Progress
    | Monitoring
    | Release
    | Taker
    | None
)

PHASE_3 = frozenset({Phase.CONVENED, Phase.MONITORING})
UNTIL_DEESCALATION = PHASE_3 | {Phase.COLLECTING, Phase.PREPARED}
OF_THE_HOUSE = PHASE_3 | {Phase.PREPARED, Phase.CLOSING}

NOBODY_ELSE = Denied("R61", "B3-F3; B3-gen 3")
NOT_RELEASED = Denied("R65", "B3-gen 1; B3-F3")
ELSEWHERE = Denied("R88", "B3-F4")  # from de-escalation on, retention decides on reading
FOR_THE_CONSULTATION_ONLY = Denied("R64", "B3-F3")
DIRECTOR_AND_LEADING_PARTY = Denied("R102", "B3-F1, F2, F3")  # nobody else reads a case that closes


def may_view(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case itself.

    That the party of the viewer is a party, and authorised the house, is tested where every look begins.
    """
    if state.phase not in UNTIL_DEESCALATION | OF_THE_HOUSE:
        return ELSEWHERE
    if over := gone(state, context.now):
        return over
    if state.phase is Phase.CLOSING and state.preparation is None:
        return NOBODY_ELSE  # it ended before there was a table: where it ended it is shown (R102)
    if viewer.role in (Role.PROCESS_DIRECTOR, Role.SUPPORT_WORKER):
        return _house(viewer, thing, state, context)
    if viewer.role is Role.PARTY_WORKER and viewer.party:
        return _party(viewer, thing, state, context)
    return NOBODY_ELSE


def may_view_invitation(
    viewer: Viewer, thing: RtoConvened | None, state: State, context: DecisionContext
) -> Verdict:
    """Show its delegate what the message to its party says, before the rest of the case (R45, R59).

    A thing here is the invitation of the viewer's own party, because no other is ever looked up.
    """
    seat = _seat(viewer, state)
    if viewer.role is not Role.PARTY_WORKER or state.phase is not Phase.CONVENED or seat is None:
        return NOBODY_ELSE
    if seat.answer is Answer.DECLINED:
        return NOBODY_ELSE
    return _not_the_delegate(viewer, state) or Allowed("R45", state.leading_party)


# --- the people of the house -----------------------------------------------------------------------


def _house(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show the assigned director and the support worker the case on behalf of who leads it (R72, R82).

    What is closing the director alone still reads (R102).
    """
    if state.phase not in OF_THE_HOUSE:
        return NOBODY_ELSE
    if denied := not_of_the_team(viewer, state):
        return denied
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return DIRECTOR_AND_LEADING_PARTY
    # Who is to see an item, and why, says something of it: it is for whoever may see that.
    item = state.item(thing.item_id) if isinstance(thing, ViewingEntry) else thing
    if isinstance(item, ContributedItem):
        denied = (
            item_rules.kept_secret(item)
            or _not_taken_back(viewer, item, state)
            or _kept_again(item, state)
            or _not_for_who_leads(item, state, context)
            or _kept_for_monitoring(viewer, item, state)
        )
        return denied or Allowed("R68", item.contributor)
    drawn_from = thing.drawn_from if isinstance(thing, Plan) else ()
    denials = (_source_not_for_the_house(item_id, state, context) for item_id in drawn_from)
    return next((one for one in denials if one is not None), Allowed("R82", state.leading_party))


def not_of_the_team(viewer: Viewer, state: State) -> Denied | None:
    """Deny who of the house does not work on the case, or not on behalf of who leads it (R6, R72)."""
    if not state.leading_party or viewer.on_behalf_of != state.leading_party:
        return Denied("R72", "B3-gen; art. 9.3")
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person != state.director:
        return Denied("R72", "B3-gen; art. 9.3")
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return Denied("R6", "B3-F1 access")
    return None


def _source_not_for_the_house(item_id: str, state: State, context: DecisionContext) -> Denied | None:
    """Deny what the plan took from an item that the house may not see: it stays bound to that item (A19).

    To one that cleaning or archiving dropped too, as it was then, with what its contributor decided since.
    """
    if state.withdrawn(item_id):
        return TAKEN_BACK
    item = state.item(item_id) or state.bond(item_id)
    if item is None:
        return NOT_RELEASED
    denied = _kept_again(item, state) if isinstance(item, ContributedItem) else _bond_kept_again(item, state)
    return denied or item_rules.kept_secret(item) or _not_for_who_leads(item, state, context)


def _kept_again(item: ContributedItem, state: State) -> Denied | None:
    """Deny for who leads what another may give with consent alone, without it: for triage or the table (R20).

    Its own items the house has from it as from within (R68).
    """
    if item.contributor == state.leading_party or state.released_for_rto(item.item_id):
        return None
    return consent.kept_again(item, state.person_ids, state.consent_pictures)


def _bond_kept_again(bond: DrawnFrom, state: State) -> Denied | None:
    """Deny it of an item that was dropped too, once the consent by which the table saw it is withdrawn."""
    if bond.contributor is None or bond.contributor == state.leading_party:
        return None
    need = consent.Need(bond.contributor, ConsentPurpose.RTO)
    lifted = consent.holds(bond.rests_on, need, state.consent_pictures)
    return None if lifted else consent.NO_CONSENT


def _not_for_who_leads(
    item: ContributedItem | DrawnFrom, state: State, context: DecisionContext
) -> Denied | None:
    """Deny for who leads what it may not process now, nor was tested for at the table (R21, R49)."""
    led = state.invited(state.leading_party)
    passed = led is not None and led.passed_processing_test
    return item_rules.unchecked(item, state.leading_party, context.parties, passed_test=passed)


# --- the parties -----------------------------------------------------------------------------------


def _party(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    denied = None if _monitors(viewer, state) else _not_the_delegate(viewer, state)
    if denied:
        return denied
    if state.phase is Phase.CLOSING and viewer.party != state.leading_party:
        return DIRECTOR_AND_LEADING_PARTY
    match thing:
        case None:
            return _case(viewer, state)
        case ContributedItem():
            return _item(viewer, thing, state, context)
        case Action(party=party) | EndedAction(action=Action(party=party)):
            return _its_own(viewer, party) or _joint(viewer, state)
        case Progress(action_id=action_id):
            action = state.action(action_id) or state.ended_action(action_id)
            own = _its_own(viewer, action.party) if action else None
            return own or _joint(viewer, state)
        case Plan():
            return _plan(viewer, thing, state, context)
        case Rto():
            return _of_its_meeting(viewer, thing, state)
        case RtoPrepared():
            return _of_its_meeting(viewer, state.rtos[0], state) if state.rtos else _joint(viewer, state)
        case ViewingEntry(item_id=item_id, participant=participant):
            item = state.item(item_id) if participant == viewer.party else None
            return _item(viewer, item, state, context) if item else NOBODY_ELSE
        case Release():
            return _of_its_item(viewer, thing.key.item_id, state)
        case Taker():
            own = _its_own(viewer, thing.party) or _to_inform_with(viewer, state)
            return own or _of_its_item(viewer, thing.item_id, state)
        case Monitoring():
            return _joint(viewer, state)
        case Person():
            return _no_part_in_it(viewer, state) or _joint(viewer, state)
        case Residence():
            denied = _no_part_in_it(viewer, state) or _not_needed_there(viewer, state)
            return denied or _joint(viewer, state)


def _not_the_delegate(viewer: Viewer, state: State) -> Denied | None:
    """Deny all but the person a party has named to come (R59)."""
    seat = _seat(viewer, state)
    if seat is None or seat.answer is not Answer.ACCEPTED or seat.delegate == viewer.person:
        return None
    return Denied("R59", "art. 6.2, 6.3")


def _case(viewer: Viewer, state: State) -> Verdict:
    """Tell that the case exists to whoever is at the table or has something of its own here."""
    joint = _joint(viewer, state)
    if isinstance(joint, Allowed):
        return joint
    contributed = any(item.contributor == viewer.party for item in state.items)
    executes = state.phase in PHASE_3 and state.executes(viewer.party or "")
    if contributed or executes:
        return Allowed("R66", viewer.party)
    return Allowed("R33", viewer.party) if _prepares(viewer, state) else joint


def _prepares(viewer: Viewer, state: State) -> bool:
    """Tell whether this is who leads a case that no table has met on yet."""
    return state.phase is Phase.PREPARED and not state.rtos and viewer.party == state.leading_party


def _joint(viewer: Viewer, state: State) -> Verdict:
    """Show participants what they share: the meeting, the persons, the plan (A19, R61)."""
    if state.phase is Phase.CLOSING:
        return Allowed("R102", state.leading_party)
    if _monitors(viewer, state):
        return Allowed("R80", state.leading_party)
    return _first_denial(AT_THE_TABLE, viewer, None, state) or Allowed("R61", state.leading_party)


def _monitors(viewer: Viewer, state: State) -> bool:
    """Tell whether this is who follows the approach for the party that leads (R80, R82).

    Its case director, and its delegate where it came to the last RTO; where neither account is known, whoever
    works for it, as before the table (R33).
    """
    if state.phase is not Phase.MONITORING or viewer.party != state.leading_party:
        return False
    seat = _seat(viewer, state)
    delegate = seat.delegate if seat is not None and seat.answer is Answer.ACCEPTED else ""
    named = {delegate, state.case_director_account} - {""}
    return viewer.person in named or not named


def _of_its_meeting(viewer: Viewer, rto: Rto, state: State) -> Verdict:
    """Show an RTO with its preparation to who was invited to that one (R47, R61, R84)."""
    invited = rto.seat(viewer.party) is not None
    return _joint(viewer, state) if invited else NOBODY_ELSE


def _no_part_in_it(viewer: Viewer, state: State) -> Denied | None:
    """Deny while monitoring who neither leads nor carries out an action: the consultation is over (R64)."""
    party = viewer.party or ""
    has_part = party == state.leading_party or state.executes(party)
    return None if has_part or state.phase is not Phase.MONITORING else FOR_THE_CONSULTATION_ONLY


def _not_needed_there(viewer: Viewer, state: State) -> Denied | None:
    """Deny where a person lives to participants of which the preparation does not say why they need it (R61).

    Who leads the case, and who referred it, know it from the referral on.
    """
    seat, knows = _seat(viewer, state), viewer.party in (state.leading_party, state.referrer)
    needed = seat is not None and not is_blank(seat.participant.address_reason)
    return None if needed or knows else NOBODY_ELSE


def _plan(viewer: Viewer, plan: Plan, state: State, context: DecisionContext) -> Verdict:
    """Show the plan, a joint record; what it took from an item is for who may see that item (R49, A19)."""
    for item_id in plan.drawn_from:
        item = state.item(item_id)
        if item is None:
            return NOT_RELEASED
        denied = _first_denial((_released, _not_withheld), viewer, item, state) or _not_competent(
            viewer, item, state, context
        )
        if denied and item.contributor != viewer.party:
            return denied
    return _joint(viewer, state)


def _item(viewer: Viewer, item: ContributedItem, state: State, context: DecisionContext) -> Verdict:
    """Show an item to its contributor, and to participants that pass every check (R61, R66)."""
    if item.contributor == viewer.party:
        return Allowed("R66", viewer.party)
    if state.phase is Phase.CLOSING:
        return DIRECTOR_AND_LEADING_PARTY
    if _prepares(viewer, state):
        return _before_the_table(viewer, item, state, context)
    present = () if _monitors(viewer, state) else AT_THE_TABLE
    denied = _first_denial((*present, *FOR_AN_ITEM), viewer, item, state) or _not_competent(
        viewer, item, state, context
    )
    if denied:
        return denied
    return Allowed("R79" if state.phase is Phase.MONITORING else "R61", item.contributor)


def _not_competent(
    viewer: Viewer, item: ContributedItem, state: State, context: DecisionContext
) -> Denied | None:
    """Deny special-category and criminal data to who is not competent for them, by its seat (R49).

    Who leads without a seat at the last RTO is judged as it is now, and by the test where it had one.
    """
    seat = _seat(viewer, state)
    if seat is None and viewer.party == state.leading_party:
        return _not_for_who_leads(item, state, context)
    return item_rules.untested(item, competent=seat is not None and seat.competent)


def _before_the_table(
    viewer: Viewer, item: ContributedItem, state: State, context: DecisionContext
) -> Verdict:
    """Show who leads what was given in triage, until the table is convened: triage shows it no more (R33)."""
    denied = (
        _not_taken_back(viewer, item, state)
        or _kept_again(item, state)
        or item_rules.withheld(item, viewer.party or "")
        or _not_for_who_leads(item, state, context)
    )
    return denied or Allowed("R33", item.contributor)


def _of_its_item(viewer: Viewer, item_id: str, state: State) -> Verdict:
    """Show what became of an item to its contributor alone (R66)."""
    item = state.item(item_id)
    return Allowed("R66", viewer.party) if item and item.contributor == viewer.party else NOBODY_ELSE


def _to_inform_with(viewer: Viewer, state: State) -> Allowed | None:
    """Show who leads who takes what: it tells the data subject to whom which data are given (R83)."""
    leads = viewer.party == state.leading_party and isinstance(_joint(viewer, state), Allowed)
    return Allowed("R83", state.leading_party) if leads else None


def _its_own(viewer: Viewer, party: str) -> Allowed | None:
    """Show a taker or executor its own, also when it is not at the table this time (A19)."""
    return Allowed("R85", party) if viewer.party == party else None


def _seat(viewer: Viewer, state: State) -> Seat | None:
    return state.latest.seat(viewer.party) if state.latest else None


# --- the checks, one rule each ---------------------------------------------------------------------


def _window_is_open(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny before convening and after phase 3 (A17, R79)."""
    return None if state.phase in PHASE_3 else Denied("R61", "B3-F3; art. 9.2f")


def _invited(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny all but participants of that RTO (R61)."""
    return None if _seat(viewer, state) else NOBODY_ELSE


def _is_its_delegate(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny all but the person named by a party that accepted (R59)."""
    seat = _seat(viewer, state)
    if seat is not None and seat.answer is Answer.ACCEPTED and seat.delegate == viewer.person:
        return None
    return Denied("R59", "art. 6.2, 6.3")


def _kept_for_monitoring(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny what was not agreed for monitoring and came before it (R79)."""
    stays = item is not None and state.stays(item.item_id)
    return None if stays else Denied("R79", "B3-F3")


def _on_the_viewing_plan(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny what is not planned for this participant (R42); while monitoring its part in that decides."""
    if item is None:
        return NOBODY_ELSE
    if state.phase is Phase.MONITORING:
        return _not_for_its_part(viewer, item, state)
    planned = any((x.item_id, x.participant) == (item.item_id, viewer.party) for x in state.viewing_plan)
    return None if planned else Denied("R42", "art. 9.2f; B3-F2")


def _not_for_its_part(viewer: Viewer, item: ContributedItem, state: State) -> Denied | None:
    """Deny what is neither for the leader, which monitors (R80), nor released for an own action (R64)."""
    party = viewer.party or ""
    own = (action.action_id for action in state.actions if action.party == party)
    keys = (ReleaseKey(item.item_id, Use.PLAN_ACTIVITY, party, action_id) for action_id in own)
    needed = any(state.stands(key) for key in keys)
    return None if needed or party == state.leading_party else FOR_THE_CONSULTATION_ONLY


def _not_taken_back(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny what its contributor took back (A12)."""
    return TAKEN_BACK if item is None or state.withdrawn(item.item_id) else None


def _released(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny what its contributor did not release for the RTO, or took back (R65, A12)."""
    released = item is not None and state.released_for_rto(item.item_id)
    return None if released else NOT_RELEASED


def _not_withheld(viewer: Viewer, item: ContributedItem | None, state: State) -> Denied | None:
    """Deny an item to exactly the participants its reservation names (R62)."""
    return item_rules.WITHHELD if item is None else item_rules.withheld(item, viewer.party or "")


Check: TypeAlias = Callable[[Viewer, ContributedItem | None, State], Denied | None]

AT_THE_TABLE: Sequence[Check] = (_window_is_open, _invited, _is_its_delegate)
FOR_AN_ITEM: Sequence[Check] = (
    _kept_for_monitoring,
    _on_the_viewing_plan,
    _released,
    _not_withheld,
)


def _first_denial(
    checks: Sequence[Check], viewer: Viewer, item: ContributedItem | None, state: State
) -> Denied | None:
    denials = (check(viewer, item, state) for check in checks)
    return next((denied for denied in denials if denied is not None), None)
