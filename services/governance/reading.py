"""Who sees what of the register of parties; everything a person reads passes `may_view` (R115, R122)."""

from datetime import datetime

from services.governance.process import State
from shared.actor import Role
from shared.parties import Authorisation, Parties
from shared.reading import Allowed, Denied, Verdict, Viewer

PEOPLE_OF_THE_HOUSE = frozenset(
    {
        Role.PROCESS_DIRECTOR,
        Role.SUPPORT_WORKER,
        Role.MANAGER,
        Role.SECRETARY,
        Role.PRIVACY_OFFICER,
    }
)
WHO_RELY_ON_AUTHORISATIONS = frozenset({Role.PROCESS_DIRECTOR, Role.SECRETARY, Role.MANAGER})

NO_PARTY = Denied("R109", "art. 18.4; B1")
RIGHTS_ENDED = Denied("R115", "art. 21.2, 21.3")
NOT_THEIRS = Denied("R122", "B3-gen; B5")


def may_view(
    viewer: Viewer, thing: Authorisation | None, state: State, now: datetime, parties: Parties
) -> Verdict:
    """Whether this viewer sees this authorisation, or (None) who the party is; deny by default.

    `parties` says whether the viewer's own party still has rights.
    """
    if state.record is None:
        return NO_PARTY
    if viewer.role is Role.PARTY_WORKER:
        return _worker(viewer, thing, state.record.party, now, parties)
    if viewer.role not in PEOPLE_OF_THE_HOUSE:
        return NOT_THEIRS
    if thing is None:
        return Allowed("R109")
    if viewer.role in WHO_RELY_ON_AUTHORISATIONS:
        return Allowed("R122", state.record.party)
    return NOT_THEIRS


def _worker(
    viewer: Viewer, thing: Authorisation | None, party: str, now: datetime, parties: Parties
) -> Verdict:
    if viewer.party is None or not parties.is_member(viewer.party, now):
        return RIGHTS_ENDED
    if thing is None:
        return Allowed("R109")
    return Allowed("R122", party) if viewer.party == party else NOT_THEIRS
