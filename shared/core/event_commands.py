"""Commands by which a service follows what another one has decided about a case; the same in each."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.contract.fields import Team
from shared.contract.messages.intake import ClosingReason
from shared.core.actor import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDirection(Command):
    """Another party leads the case from this moment (R72)."""

    leading_party: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowAssignment(Command):
    """Follow who of the house works on the case from now on (R6)."""

    team: Team


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowDeescalation(Command):
    """Follow a case into phase 4, by a decision of that moment (R86)."""

    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowCleaning(Command):
    """Follow the cleaning of the file: only these items stay (R95)."""

    kept_items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowArchiving(Command):
    """Follow the archiving of the file: nothing is shown here any more (R88)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowClosing(Command):
    """Another service closed the case early, then and for this reason (R102)."""

    reason: ClosingReason | None = None
    closed_at: datetime | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeCase(Command):
    """Retention ordered the erasure (R105)."""

    after_erasure: ClassVar[bool] = True
    case_id: str
    house_keys: tuple[str, ...] = ()
