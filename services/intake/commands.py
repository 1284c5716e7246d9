"""What may be asked of intake."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.actor import Command
from shared.content import Sealed
from shared.messages.intake import ReferralSubmitted, ScreeningOutcome
from shared.words import InformMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitReferral(Command):
    """A party refers a case; `case_id` was derived from the party and its referral id."""

    case_id: str
    referral: ReferralSubmitted

    def new_items(self) -> tuple[str, ...]:
        return tuple(item.item_id for item in self.referral.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmConsultation(Command):
    """The referrer confirms that the director consulted it (R11)."""

    remark: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenReferral(Command):
    """The director decides whether the case goes on; `reason` where that departs from the criteria (R10)."""

    outcome: ScreeningOutcome
    advice: Sealed | None = None
    reason: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReferral(Command):
    """The referrer stops its referral (A21)."""

    reason: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInforming(Command):
    """A person was informed (R16)."""

    person_id: str
    moment: InformMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponeInforming(Command):
    """A person is informed later, with the reason and the planned moment (R19)."""

    person_id: str
    moment: InformMoment
    reason: Sealed | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfInforming(Command):
    """The planned moment of a postponed duty has come (R19)."""

    person_id: str
    moment: InformMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseDuties(Command):
    """Another service reached a point at which the data subjects must be informed (A20)."""

    moment: InformMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDirection(Command):
    """Another party leads the case from this moment (R72)."""

    leading_party: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowDeescalation(Command):
    """The case entered phase 4 (R86)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowCleaning(Command):
    """The file was cleaned: only these items stay (R95)."""

    kept_items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowArchiving(Command):
    """The file is archived: nothing is shown here any more (R88)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowClosing(Command):
    """Another service closed the case early (R102)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeCase(Command):
    """Retention ordered the erasure (R105)."""

    after_erasure: ClassVar[bool] = True
    case_id: str
