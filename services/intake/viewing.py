"""Who sees what of a case at intake; everything a person reads passes `may_view` (R5, R6)."""

from datetime import datetime

from services.intake.process import PROVISIONAL
from services.intake.state import Phase, State
from shared.contract.fields import ContributedItem, Person
from shared.core.actor import Role
from shared.core.item_rules import kept_secret
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

NOBODY_ELSE = Denied("R6", "B3-F1 access")
OPEN = PROVISIONAL | {Phase.TAKEN_UP, Phase.CLOSING}


def may_view(viewer: Viewer, thing: ContributedItem | Person | None, state: State, now: datetime) -> Verdict:
    """Whether this viewer sees this item or person, or (None) the case itself; deny by default."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if viewer.role is Role.PARTY_WORKER:
        return _party(viewer, thing, state)
    if viewer.role in (Role.PROCESS_DIRECTOR, Role.SUPPORT_WORKER):
        return _house(viewer, thing, state)
    return NOBODY_ELSE


def _party(viewer: Viewer, thing: ContributedItem | Person | None, state: State) -> Verdict:
    """The referrer reads its own referral; another party that leads sees whom it must inform (R6, R17).

    What the referrer brought in, that party sees at the round table, item by item, or not at all (R61).
    """
    if viewer.party == state.referrer:
        return Allowed("R6", state.referrer)
    if viewer.party == state.leading_party and not isinstance(thing, ContributedItem):
        return Allowed("R17", state.referrer)
    return NOBODY_ELSE


def _house(viewer: Viewer, thing: ContributedItem | Person | None, state: State) -> Verdict:
    """The director reads on behalf of the leading party (R7), less what its secrecy hides (R23)."""
    if viewer.on_behalf_of != state.leading_party:
        return Denied("R7", "B3-gen; art. 9.3")
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return Denied("R102", "B3-F1, F2, F3; art. 9.4")
    if viewer.role is Role.PROCESS_DIRECTOR and state.director not in (None, viewer.person):
        return NOBODY_ELSE
    return kept_secret(thing) or Allowed("R6", state.referrer)
