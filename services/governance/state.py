"""Hold one thing that governance decides on: the membership of a party, or a decision of an organ."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.governance.accession import AccessionForm
from services.governance.decisions import Decision
from shared.contract.messages.governance import EndReason
from shared.contract.parties import PartyRecord


class Phase(StrEnum):
    """Where an organisation stands; PURGED is a case that governance confirms to hold nothing of (R105)."""

    NOTHING = "nothing"
    MEMBER = "member"
    ENDED = "ended"
    DECIDED = "decided"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hold who proposed to end a membership, why and when (covenant time)."""

    reason: EndReason
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """Hold one party's membership, or one decision: `decision` alone is set in phase DECIDED.

    `record` is all that others hear of a party, `form` what it signed, `rests_on` the number of the steering
    group's decision; "" where it was recorded before there were decisions. `proposed`: to end it; what
    cannot be undone takes a second person.
    """

    phase: Phase = Phase.NOTHING
    record: PartyRecord | None = None
    form: AccessionForm | None = None
    ended: EndReason | None = None
    proposed: Proposal | None = None
    rests_on: str = ""
    decision: Decision | None = None

    @property
    def mandate(self) -> None:
        """Return nothing: the house acts here in nobody's name."""
