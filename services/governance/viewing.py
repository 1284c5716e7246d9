"""Decide who sees what of the register of parties; everything read passes `may_view` (R109, R122)."""

from typing import TypeAlias

from services.governance.accession import AccessionForm
from services.governance.state import Proposal, State
from shared.contract.parties import Authorisation
from shared.core.actor import Role
from shared.core.context import DecisionContext
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

Thing: TypeAlias = Authorisation | AccessionForm | Proposal | None

PEOPLE_OF_THE_HOUSE = frozenset(
    {
        Role.PROCESS_DIRECTOR,
        Role.SUPPORT_WORKER,
        Role.MANAGER,
        Role.SECRETARY,
        Role.PRIVACY_OFFICER,
    }
)
# The directors act on the authorisations, the other two answer for the register.
WHO_SEE_AUTHORISATIONS = frozenset({Role.PROCESS_DIRECTOR, Role.SECRETARY, Role.MANAGER})
WHO_SEE_FORMS = frozenset({Role.SECRETARY, Role.MANAGER})

NO_PARTY = Denied("R109", "art. 18.4; B1")
NOT_THEIRS = Denied("R122", "B3-gen; B5")
NOT_DECIDED_FOR_THEM = Denied("R121", "art. 5.4, 5.5")


def may_view(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) who the party is; deny by default.

    That the party of a worker still has rights is tested where every look begins (R115).
    """
    if state.record is None:
        return NO_PARTY
    if viewer.role not in PEOPLE_OF_THE_HOUSE | {Role.PARTY_WORKER}:
        return NOT_THEIRS
    if thing is None:
        return Allowed("R109")
    if isinstance(thing, Proposal):
        return Allowed("R115") if viewer.role in WHO_SEE_FORMS else NOT_THEIRS
    if viewer.role is Role.PARTY_WORKER:
        return _own(viewer, state.record.party)
    seen_by = WHO_SEE_FORMS if isinstance(thing, AccessionForm) else WHO_SEE_AUTHORISATIONS
    return Allowed("R122", state.record.party) if viewer.role in seen_by else NOT_THEIRS


def _own(viewer: Viewer, party: str) -> Verdict:
    return Allowed("R122", party) if viewer.party == party else NOT_THEIRS


def may_view_decisions(viewer: Viewer) -> Verdict:
    """Decide whether this viewer reads what the organs decided: the people of the house do (R121)."""
    return Allowed("R121") if viewer.role in PEOPLE_OF_THE_HOUSE else NOT_DECIDED_FOR_THEM
