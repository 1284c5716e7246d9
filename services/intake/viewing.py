"""Decide who sees what of a case at intake; everything a person reads passes `may_view` (R5, R6)."""

from dataclasses import dataclass
from typing import TypeAlias

from services.intake.checks import Check, IncomingCheck, Weighing
from services.intake.process import PROVISIONAL
from services.intake.state import BEFORE_PHASE_3, Phase, ScreeningBasis, State
from shared.contract.fields import ContributedItem, Person
from shared.contract.messages.intake import ScreeningOutcome
from shared.core.actor import THE_HOUSE, Role
from shared.core.context import DecisionContext
from shared.core.ending import gone
from shared.core.item_rules import kept_secret
from shared.core.item_standing import taken_back
from shared.core.obligations import Obligation, still_open
from shared.core.service_numbers import PersonNumber, unusable
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

Thing: TypeAlias = (
    ContributedItem | Person | PersonNumber | Obligation | ScreeningBasis | Check | Weighing | None
)

NOBODY_ELSE = Denied("R6", "B3-F1 access")
SHOWN_AT_TRIAGE = Denied("R33", "B3-F2 access")
ONLY_WHO_INFORMS = Denied("R17", "B3-F1, F3")
IS_CLOSING = Denied("R102", "B3-F1, F2, F3; art. 9.4")
OPEN = PROVISIONAL | {Phase.TAKEN_UP, Phase.CLOSING}


def may_view(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case itself; deny by default."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if over := gone(state, context.now):
        return over
    if viewer.role is Role.PARTY_WORKER:
        return _party(viewer, thing, state, context)
    if viewer.role in THE_HOUSE:
        return _house(viewer, thing, state, context)
    return NOBODY_ELSE


def _party(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show the referrer its own referral, and another party that leads whom it must inform (R6, R17).

    What the referrer brought in, that party sees at the round table, item by item, or not at all (R61). What
    is closing only the party that leads still reads (R102).
    """
    if state.phase is Phase.CLOSING and viewer.party != state.leading_party:
        return IS_CLOSING if viewer.party == state.referrer else NOBODY_ELSE
    if isinstance(thing, Obligation):
        return _duty(viewer, thing, state)
    if viewer.party not in (state.referrer, state.leading_party):
        return NOBODY_ELSE
    if viewer.party == state.referrer:
        return unusable(thing, state.referrer, context.parties) or Allowed("R6", state.referrer)
    if isinstance(thing, ContributedItem | ScreeningBasis):
        return NOBODY_ELSE
    return unusable(thing, state.leading_party, context.parties) or Allowed("R17", state.referrer)


def _duty(viewer: Viewer, duty: Obligation, state: State) -> Verdict:
    """Show a duty to the party that leads, which informs (R17, R83), and those of phase 2 to its referrer.

    To each as its own: nobody has to authorise the house for that (R122).
    """
    was_its_own = viewer.party == state.referrer and duty.kind in BEFORE_PHASE_3
    if viewer.party == state.leading_party or was_its_own:
        return Allowed("R17", viewer.party)
    return ONLY_WHO_INFORMS if viewer.party == state.referrer else NOBODY_ELSE


def may_list_duty(
    viewer: Viewer, thing: Obligation | None, state: State, context: DecisionContext
) -> Verdict:
    """Show whom is still to be informed, in all phases: to who informs, who leads, and its director (R17).

    A number of the case, of a person and of a duty, with dates: nothing of the case itself, and nothing once
    the case is to be gone.
    """
    if over := gone(state, context.now):
        return over
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person == state.director:
        return Allowed("R17", state.leading_party)
    debtors = {one.debtor for one in ((thing,) if thing else still_open(state.owed))}
    if viewer.role is Role.PARTY_WORKER and viewer.party in {state.leading_party, *debtors}:
        return Allowed("R17", viewer.party)
    return ONLY_WHO_INFORMS


def _house(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show the director the case on behalf of the leading party (R7), less what R21 and R23 hide."""
    if viewer.on_behalf_of != state.leading_party:
        return Denied("R7", "B3-gen; art. 9.3")
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return IS_CLOSING
    if viewer.role is Role.PROCESS_DIRECTOR and state.director not in (None, viewer.person):
        return NOBODY_ELSE
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return NOBODY_ELSE
    if isinstance(thing, Obligation):
        return Allowed("R17", state.leading_party)
    denied = kept_secret(thing) or unusable(thing, state.leading_party, context.parties)
    return denied or _not_here(thing, state) or Allowed("R6", state.referrer)


def _was_taken_up(state: State) -> bool:
    """Tell whether triage has had the case, and shows its items, or the round table after it."""
    return state.outcome not in (None, ScreeningOutcome.NOT_TAKEN_UP)


def _not_here(thing: Thing, state: State) -> Denied | None:
    """Deny an item that was taken back, and any once triage shows it: one service does so (R33)."""
    if not isinstance(thing, ContributedItem):
        return None
    return taken_back(thing, state.standings) or (SHOWN_AT_TRIAGE if _was_taken_up(state) else None)


@dataclass(frozen=True, slots=True)
class ListedCheck:
    """Hold a check of another house with its number here."""

    number: str
    check: IncomingCheck


def may_view_check(
    viewer: Viewer, thing: Check | Weighing | None, state: State, context: DecisionContext
) -> Verdict:
    """Show the known-checks of a case to its director alone, in the name of who leads (R13, R38)."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if over := gone(state, context.now):
        return over
    if viewer.role is not Role.PROCESS_DIRECTOR:
        return NOBODY_ELSE
    return _house(viewer, thing, state, context)


def may_list_check(
    viewer: Viewer,
    thing: ListedCheck | None,
    state: State,
    context: DecisionContext,
    *,
    waiting: frozenset[str],
) -> Verdict:
    """Show a check of another house to the director of the case that was found, or without one to any (R39).

    `waiting`: the checks that wait for this director, by their cases as they are now. To a party only what it
    is consulted on.
    """
    check = state.check
    if check is None:
        return NOBODY_ELSE
    if viewer.role is Role.PROCESS_DIRECTOR and (thing is None or thing.number in waiting):
        return Allowed("R39", check.asked_of or None)
    asked = viewer.role is Role.PARTY_WORKER and viewer.party == check.asked_of
    return Allowed("R39", check.asked_of) if asked else NOBODY_ELSE
