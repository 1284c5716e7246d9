"""Decide who sees what at retention; everything read passes `may_view` or `may_view_register`."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from services.retention.commands import KeptItem
from services.retention.state import STEP_1, Phase, State
from shared.contract.content import AnyContent
from shared.contract.fields import ContributedItem, Person
from shared.contract.messages.rto import Action, ConsentPurpose, DrawnFrom, Taker
from shared.contract.messages.triage import Participant
from shared.core import item_rules
from shared.core.actor import THE_HOUSE, Role
from shared.core.consent import NO_CONSENT, Need, holds
from shared.core.context import DecisionContext
from shared.core.item_standing import (
    TAKEN_BACK,
    is_off_the_table,
    is_taken_back,
    standing_of,
    taken_back,
)
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

NOTHING_NEW = Denied("R87", "B3-F4")  # phase 4 discloses nothing that phase 3 did not
NOT_ACCESSIBLE = Denied("R88", "B3-F4")
NOT_HERE = Denied("R86", "B3-F3, F4")
NOT_ON_BEHALF = Denied("R100", "B3-F4")
NOT_HIS_CASE = Denied("R95", "B3-F4")
NOT_DECIDED = Denied("R90", "B3-F4")
ONE_READING = timedelta(minutes=1)  # how long after it was used an inspection still opens the file


@dataclass(frozen=True, slots=True)
class CaseDirector:
    """Name who was case director at de-escalation, and of which party (R89)."""

    name: AnyContent | None
    organisation: str


@dataclass(frozen=True, slots=True)
class Referrer:
    """Name who referred the case, and for which party (R89)."""

    name: AnyContent | None
    organisation: str


@dataclass(frozen=True, slots=True)
class Agreements:
    """Hold what the table agreed on, and from which items content stands in it (A8, A19)."""

    text: AnyContent
    drawn_from: tuple[DrawnFrom, ...] = ()


@dataclass(frozen=True, slots=True)
class JointRecord:
    """Hold the actions and who took part in which role: made together, by nobody alone (A8, A19)."""

    actions: tuple[Action, ...]
    participants: tuple[Participant, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold why the party that led asks for a reactivation (R90, A9)."""

    reason: AnyContent


@dataclass(frozen=True, slots=True)
class OnInspection:
    """Wrap a thing of an archived file that is looked at under this inspection (R90)."""

    inspection: int
    thing: Any


Thing = (
    ContributedItem
    | KeptItem
    | Person
    | Referrer
    | CaseDirector
    | Agreements
    | JointRecord
    | Taker
    | Asked
    | OnInspection
)


def may_view(viewer: Viewer, thing: Thing | None, state: State, context: DecisionContext) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case; deny by default (cross-table F).

    By the date: an archived file is not read because its timer waits (R88, A4).
    """
    phase = state.at(context.now)
    if phase in STEP_1:
        return _step_1(viewer, _about(thing, state), state, context)
    if phase is Phase.STEP_2:
        return _step_2(viewer, thing, state, context)
    if phase is Phase.CLOSING:
        return _closing(viewer, thing, state)
    return NOT_HERE


# --- step 1: the file is there for a relapse ------------------------------------------------------


def _step_1(viewer: Viewer, thing: Thing | None, state: State, context: DecisionContext) -> Verdict:
    if viewer.role in THE_HOUSE:
        return _house(viewer, thing, state, context)
    if viewer.role is not Role.PARTY_WORKER:
        return NOTHING_NEW
    if viewer.party == state.leading_party:
        return _leading_party(thing, state, context)
    return _contributor(viewer, thing, state)


def _about(thing: Any, state: State) -> Any:
    """Return what decides on a thing: of a reason its item, as why that stays is for whoever may see it."""
    if not isinstance(thing, KeptItem):
        return thing
    return next(item for item in state.items if item.item_id == thing.item_id)  # kept while it is there


def _house(viewer: Viewer, thing: Thing | None, state: State, context: DecisionContext) -> Verdict:
    """Show the director and who supports him the file for the party that led (R100), less R21 and R23."""
    if viewer.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person != state.director:
        return NOT_HIS_CASE
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return NOT_HIS_CASE
    return _not_for_the_house(thing, state, context) or Allowed("R87", _giver(thing, state))


def _not_for_the_house(thing: Thing | None, state: State, context: DecisionContext) -> Denied | None:
    """Deny the people of the house, in whatever step and role, what no contributor shows them.

    What one keeps under its secrecy (R23) or took back (A12), and what who led may not process (R21, R49).
    """
    return (
        item_rules.kept_secret(thing)
        or _not_released(thing, state)
        or _not_for_who_led(thing, state, context)
        or _of_its_sources(thing, None, state, context)
    )


def _not_released(thing: Thing | None, state: State) -> Denied | None:
    """Deny everybody but its contributor what phase 3 showed nobody, and what was taken back (R87, A12)."""
    if not isinstance(thing, ContributedItem):
        return None
    if is_off_the_table(thing.item_id, state.standings):
        return TAKEN_BACK
    return (
        taken_back(thing, state.standings)
        or (None if state.is_told(thing.item_id) else NOTHING_NEW)
        or (None if thing.contributor == state.leading_party or state.is_lifted(thing) else NO_CONSENT)
    )


def _of_its_sources(
    thing: Thing | None, party: str | None, state: State, context: DecisionContext
) -> Denied | None:
    """Deny the agreements to whom an item of which content stands in them may not be shown (R70, A19).

    `party` is None for the people of the house; a party's own items keep nothing from it.
    """
    sources = thing.drawn_from if isinstance(thing, Agreements) else ()
    of_others = (one for one in sources if party is None or one.contributor != party)
    denials = (_of_source(one, party, state, context) for one in of_others)
    return next((denied for denied in denials if denied is not None), None)


def _of_source(source: DrawnFrom, party: str | None, state: State, context: DecisionContext) -> Denied | None:
    known = standing_of(source.item_id, state.standings)
    kept = is_taken_back(source.item_id, state.standings) or is_off_the_table(source.item_id, state.standings)
    if not source.released or kept:
        return TAKEN_BACK
    if source.contributor != state.leading_party and not _is_lifted(source, state):
        return NO_CONSENT
    if party in (*source.withheld_from, *(known.withheld_from if known else ())):
        return item_rules.WITHHELD
    if party is None and source.hidden_from_director:
        return item_rules.KEPT_SECRET
    if not source.category.needs_test or source.contributor == state.leading_party:
        return None
    may = state.leading_party in state.competent and item_rules.is_competent(
        state.leading_party, context.parties, passed_test=_passed_its_test(state)
    )
    return None if may else item_rules.NOT_COMPETENT


def _is_lifted(source: DrawnFrom, state: State) -> bool:
    """Tell whether no consent is missing on which what the table took from an item rested (A19, R76)."""
    need = Need(source.contributor or "", ConsentPurpose.RTO)
    return holds(source.rests_on, need, state.consents)


def _leading_party(thing: Thing | None, state: State, context: DecisionContext) -> Verdict:
    """Show the party with case direction the file, under reservations and the processing test."""
    if isinstance(thing, ContributedItem) and thing.contributor != state.leading_party:
        denied = (
            _not_released(thing, state)
            or _not_shown_before(thing, state)
            or item_rules.withheld(thing, state.leading_party)
        )
        if denied:
            return denied
    denied = _not_for_who_led(thing, state, context) or _of_its_sources(
        thing, state.leading_party, state, context
    )
    return denied or Allowed("R87", _giver(thing, state))


def _not_for_who_led(thing: Thing | None, state: State, context: DecisionContext) -> Denied | None:
    """Deny who led what it might not process when it led (R49, R87), or may not process now (R21)."""
    if not isinstance(thing, ContributedItem) or thing.contributor == state.leading_party:
        return None
    then, passed = state.leading_party in state.competent, _passed_its_test(state)
    now = item_rules.unchecked(thing, state.leading_party, context.parties, passed_test=passed)
    return item_rules.untested(thing, competent=then) or now


def _passed_its_test(state: State) -> bool:
    """Tell whether who led had passed the processing test of the table (R49)."""
    led = (one for one in state.all_participants if one.party == state.leading_party)
    return any(one.passed_processing_test for one in led)


def _not_shown_before(item: ContributedItem, state: State) -> Denied | None:
    """Deny what phase 3 did not show to this party (R87)."""
    return None if state.was_shown(item.item_id, state.leading_party) else NOTHING_NEW


def _contributor(viewer: Viewer, thing: Thing | None, state: State) -> Verdict:
    """Show anybody else what it brought in itself, and that it is still there (R34)."""
    own = [item for item in state.items if item.contributor == viewer.party]
    if own and (thing is None or thing in own):
        return Allowed("R34", viewer.party)
    return NOTHING_NEW


def _giver(thing: Thing | None, state: State) -> str:
    """Return whose information it is (R68, R129)."""
    return thing.contributor if isinstance(thing, ContributedItem) else state.leading_party


# --- step 2: four things, and one reading per inspection ------------------------------------------


def _step_2(viewer: Viewer, thing: Thing | None, state: State, context: DecisionContext) -> Verdict:
    if isinstance(thing, OnInspection):
        return _inspected(viewer, thing, state, context)
    if isinstance(thing, ContributedItem | KeptItem | Agreements | JointRecord | Taker | Asked):
        return NOT_ACCESSIBLE
    if viewer.role is Role.MANAGER:
        return Allowed("R89", state.leading_party)
    if viewer.role not in THE_HOUSE:
        return NOT_ACCESSIBLE
    if viewer.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person != state.director:
        return NOT_HIS_CASE
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return NOT_HIS_CASE
    return Allowed("R89", state.leading_party)


def _inspected(viewer: Viewer, thing: OnInspection, state: State, context: DecisionContext) -> Verdict:
    """Show the manager who decided the file, in the one reading the decision was for (R90, A9).

    No more of it than the director read in step 1: archiving protects, and opens nothing (R103).
    """
    if viewer.role is not Role.MANAGER or isinstance(thing.thing, Taker):
        return NOT_ACCESSIBLE
    found = next((i for i in state.inspections if i.number == thing.inspection), None)
    if found is None or found.person != viewer.person or found.used_at is None:
        return NOT_DECIDED
    if not found.used_at <= context.now < found.used_at + ONE_READING:
        return NOT_DECIDED
    about = _about(thing.thing, state)
    return _not_for_the_house(about, state, context) or Allowed("R90", _giver(about, state))


def givers(state: State, thing: Any) -> frozenset[str]:
    """Return who brought in what this thing says: of an item, why it stays, and the agreements (A11, A19)."""
    item = _about(thing.thing if isinstance(thing, OnInspection) else thing, state)
    if isinstance(item, Agreements):
        return frozenset(one.contributor for one in item.drawn_from if one.contributor)
    return frozenset({item.contributor}) if isinstance(item, ContributedItem) else frozenset()


# --- closing --------------------------------------------------------------------------------------


def _closing(viewer: Viewer, thing: Thing | None, state: State) -> Verdict:
    """Show director and leading party that the case is closing and until when; no content (R102)."""
    if thing is not None:
        return Denied("R102", "B3-F1, F2, F3")
    if viewer.role is Role.PARTY_WORKER and viewer.party == state.leading_party:
        return Allowed("R102", state.leading_party)
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.on_behalf_of == state.leading_party:
        return Allowed("R102", state.leading_party) if _is_director(viewer, state) else NOT_HIS_CASE
    return Denied("R102", "B3-F1, F2, F3")


def _is_director(viewer: Viewer, state: State) -> bool:
    """Tell whether it is the director; a case that was never taken up is known here without one."""
    return state.director in ("", viewer.person)


def may_view_request(viewer: Viewer, thing: Asked | None, state: State, context: DecisionContext) -> Verdict:
    """Show the manager, who decides on an archived file, what the party that led asks (R90, A9)."""
    if viewer.role is Role.MANAGER and state.at(context.now) is Phase.STEP_2 and state.asked is not None:
        return Allowed("R90", state.leading_party)
    return NOT_ACCESSIBLE


# --- what each party is told of the destruction -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Announcement:
    """Hold what a party is told of the destruction to come."""

    party: str


def may_view_announcement(
    viewer: Viewer, thing: Announcement | None, state: State, context: DecisionContext
) -> Verdict:
    """Show a worker what the letter to its party says, for a party without a connector (R99).

    A thing here is what the viewer's own party is told, because no other is ever looked up.
    """
    if state.at(context.now) not in (Phase.STEP_2, Phase.CLOSING) or not state.reference:
        return NOT_HERE
    if viewer.role is not Role.PARTY_WORKER or viewer.party not in state.told:
        return NOT_ACCESSIBLE
    return Allowed("R99", state.leading_party)


# --- what is about no case ------------------------------------------------------------------------


class Register(StrEnum):
    """Lists that lead to nobody (R106)."""

    FIGURES = "figures"
    PROOFS = "proofs"
    ERASURES = "erasures"


READERS = {
    Register.FIGURES: frozenset({Role.MANAGER}),
    Register.PROOFS: frozenset({Role.MANAGER, Role.PRIVACY_OFFICER}),
    Register.ERASURES: frozenset({Role.MANAGER, Role.PRIVACY_OFFICER}),
}


def may_view_register(viewer: Viewer, register: Register) -> Verdict:
    """Show the manager the figures (R91), and proofs and erasures also to who watches the logs."""
    if viewer.role in READERS[register]:
        return Allowed("R91")
    return Denied("R91", "B3-F4")
