"""Hold one thing that governance decides on: a membership, a decision of an organ, an account's secrecy."""

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
    ACKNOWLEDGED = "acknowledged"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hold who proposed to end a membership, why and when (covenant time)."""

    reason: EndReason
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """Hold one party's membership, one decision in phase DECIDED, or one account in phase ACKNOWLEDGED.

    `record` is all that others hear of a party, `form` what it signed, `rests_on` the number of the steering
    group's decision; "" where it was recorded before there were decisions. `proposed`: to end it; what
    cannot be undone takes a second person. `decision` and `account` (an opaque subject, and its party) are
    as they were recorded, at `recorded_at`.
    """

    phase: Phase = Phase.NOTHING
    record: PartyRecord | None = None
    form: AccessionForm | None = None
    ended: EndReason | None = None
    proposed: Proposal | None = None
    rests_on: str = ""
    decision: Decision | None = None
    account: tuple[str, str | None] | None = None
    recorded_at: datetime | None = None

    @property
    def mandate(self) -> None:
        """Return nothing: the house acts here in nobody's name."""
