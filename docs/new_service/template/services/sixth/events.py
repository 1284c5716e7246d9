"""Name what has happened at sixth."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Submitted:
    """Record that the party submitted this, under this number of its own."""

    party: str
    submission_id: str
    subject: str


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Record that sixth holds nothing of the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = Submitted | CasePurged
