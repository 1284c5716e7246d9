"""Hold the membership of one party: where it stands, its public record and the form it signed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.governance.accession import AccessionForm
from shared.contract.messages.governance import EndReason
from shared.contract.parties import PartyRecord


class Phase(StrEnum):
    """Where an organisation stands; PURGED is a case that governance confirms to hold nothing of (R105)."""

    NOTHING = "nothing"
    MEMBER = "member"
    ENDED = "ended"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hold who proposed to end a membership, why and when (covenant time)."""

    reason: EndReason
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """Hold one party's membership; `record` is all that others hear of it, `form` what it signed.

    `proposed`: to end it; what cannot be undone takes a second person.
    """

    phase: Phase = Phase.NOTHING
    record: PartyRecord | None = None
    form: AccessionForm | None = None
    ended: EndReason | None = None
    proposed: Proposal | None = None

    @property
    def mandate(self) -> None:
        """Return nothing: the house acts here in nobody's name."""
