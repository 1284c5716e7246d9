"""Decide who sees what of sixth; everything a person reads passes `may_view` (R34)."""

from datetime import datetime

from services.sixth.state import State
from shared.core.actor import Role
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

NOT_YOURS = Denied("R34", "B3-F2 access")


def may_view(viewer: Viewer, thing: None, state: State, now: datetime) -> Verdict:
    """Return whether this viewer sees the submission: its own party's workers do, and nobody else."""
    if state.party is None or viewer.role is not Role.PARTY_WORKER or viewer.party != state.party:
        return NOT_YOURS
    return Allowed("R34", state.party)
