"""Hold what sixth knows of one submission."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Name where a submission stands; PURGED is a case that sixth confirms to hold nothing of (R105)."""

    NOTHING = "nothing"
    SUBMITTED = "submitted"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class State:
    """Hold one submission: whose it is and what it is about."""

    phase: Phase = Phase.NOTHING
    party: str | None = None
    subject: str | None = None

    @property
    def mandate(self) -> None:
        """Return nothing: the house acts here in nobody's name."""
