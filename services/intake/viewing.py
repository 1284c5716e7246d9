"""Decide who sees what of a case at intake; everything a person reads passes `may_view` (R5, R6)."""

from datetime import datetime
from typing import TypeAlias

from services.intake.process import PROVISIONAL
from services.intake.state import BEFORE_PHASE_3, Phase, ScreeningBasis, State
from shared.contract.fields import ContributedItem, Person
from shared.core.actor import THE_HOUSE, Role
from shared.core.item_rules import kept_secret
from shared.core.obligations import Obligation, still_open
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

Thing: TypeAlias = ContributedItem | Person | Obligation | ScreeningBasis | None

NOBODY_ELSE = Denied("R6", "B3-F1 access")
ONLY_WHO_INFORMS = Denied("R17", "B3-F1, F3")
IS_CLOSING = Denied("R102", "B3-F1, F2, F3; art. 9.4")
OPEN = PROVISIONAL | {Phase.TAKEN_UP, Phase.CLOSING}


def may_view(viewer: Viewer, thing: Thing, state: State, now: datetime) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case itself; deny by default."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if viewer.role is Role.PARTY_WORKER:
        return _party(viewer, thing, state)
    if viewer.role in THE_HOUSE:
        return _house(viewer, thing, state)
    return NOBODY_ELSE


def _party(viewer: Viewer, thing: Thing, state: State) -> Verdict:
    """Show the referrer its own referral, and another party that leads whom it must inform (R6, R17).

    What the referrer brought in, that party sees at the round table, item by item, or not at all (R61). What
    is closing only the party that leads still reads (R102).
    """
    if state.phase is Phase.CLOSING and viewer.party != state.leading_party:
        return IS_CLOSING if viewer.party == state.referrer else NOBODY_ELSE
    if isinstance(thing, Obligation):
        return _duty(viewer, thing, state)
    if viewer.party == state.referrer:
        return Allowed("R6", state.referrer)
    if viewer.party == state.leading_party and not isinstance(thing, ContributedItem | ScreeningBasis):
        return Allowed("R17", state.referrer)
    return NOBODY_ELSE


def _duty(viewer: Viewer, duty: Obligation, state: State) -> Verdict:
    """Show a duty to the party that leads, which informs (R17, R83), and those of phase 2 to its referrer."""
    was_its_own = viewer.party == state.referrer and duty.kind in BEFORE_PHASE_3
    if viewer.party == state.leading_party or was_its_own:
        return Allowed("R17", state.leading_party)
    return ONLY_WHO_INFORMS if viewer.party == state.referrer else NOBODY_ELSE


def may_list_duty(viewer: Viewer, thing: Obligation | None, state: State, now: datetime) -> Verdict:
    """Show whom is still to be informed, in all phases: to who informs, who leads, and its director (R17).

    A number of the case, of a person and of a duty, with dates: nothing of the case itself.
    """
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person == state.director:
        return Allowed("R17", state.leading_party)
    debtors = {one.debtor for one in ((thing,) if thing else still_open(state.owed))}
    if viewer.role is Role.PARTY_WORKER and viewer.party in {state.leading_party, *debtors}:
        return Allowed("R17", viewer.party)
    return ONLY_WHO_INFORMS


def _house(viewer: Viewer, thing: Thing, state: State) -> Verdict:
    """Show the director the case on behalf of the leading party (R7), less what its secrecy hides (R23)."""
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
    return kept_secret(thing) or Allowed("R6", state.referrer)
