"""Decide who sees what of a case at intake; everything a person reads passes `may_view` (R5, R6)."""

from datetime import datetime
from typing import TypeAlias

from services.intake.process import PROVISIONAL
from services.intake.state import Duty, Phase, State
from shared.contract.fields import ContributedItem, InformMoment, Person
from shared.core.actor import THE_HOUSE, Role
from shared.core.ending import gone
from shared.core.item_rules import kept_secret
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

Thing: TypeAlias = ContributedItem | Person | Duty | None

NOBODY_ELSE = Denied("R6", "B3-F1 access")
ONLY_WHO_INFORMS = Denied("R17", "B3-F1, F3")
OPEN = PROVISIONAL | {Phase.TAKEN_UP, Phase.CLOSING}
BEFORE_PHASE_3 = frozenset({InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE})


def may_view(viewer: Viewer, thing: Thing, state: State, now: datetime) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case itself; deny by default."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if over := gone(state, now):
        return over
    if viewer.role is Role.PARTY_WORKER:
        return _party(viewer, thing, state)
    if viewer.role in THE_HOUSE:
        return _house(viewer, thing, state)
    return NOBODY_ELSE


def _party(viewer: Viewer, thing: Thing, state: State) -> Verdict:
    """Show the referrer its own referral, and another party that leads whom it must inform (R6, R17).

    What the referrer brought in, that party sees at the round table, item by item, or not at all (R61).
    """
    if isinstance(thing, Duty):
        return _duty(viewer, thing, state)
    if viewer.party == state.referrer:
        return Allowed("R6", state.referrer)
    if viewer.party == state.leading_party and not isinstance(thing, ContributedItem):
        return Allowed("R17", state.referrer)
    return NOBODY_ELSE


def _duty(viewer: Viewer, duty: Duty, state: State) -> Verdict:
    """Show a duty to the party that leads, which informs (R17, R83).

    Direction moves in phase 3: the duties of the phases before were the referrer's own (R16, R56).
    """
    was_its_own = viewer.party == state.referrer and duty.moment in BEFORE_PHASE_3
    if viewer.party == state.leading_party or was_its_own:
        return Allowed("R17", state.leading_party)
    return ONLY_WHO_INFORMS if viewer.party == state.referrer else NOBODY_ELSE


def _house(viewer: Viewer, thing: Thing, state: State) -> Verdict:
    """Show the director the case on behalf of the leading party (R7), less what its secrecy hides (R23)."""
    if viewer.on_behalf_of != state.leading_party:
        return Denied("R7", "B3-gen; art. 9.3")
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return Denied("R102", "B3-F1, F2, F3; art. 9.4")
    if viewer.role is Role.PROCESS_DIRECTOR and state.director not in (None, viewer.person):
        return NOBODY_ELSE
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return NOBODY_ELSE
    if isinstance(thing, Duty):
        return Allowed("R17", state.leading_party)
    return kept_secret(thing) or Allowed("R6", state.referrer)
