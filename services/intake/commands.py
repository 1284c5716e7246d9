"""What may be asked of intake."""

from dataclasses import dataclass
from datetime import datetime

from shared.actor import Command
from shared.content import Ref
from shared.following import FollowArchiving as FollowArchiving
from shared.following import FollowCleaning as FollowCleaning
from shared.following import FollowClosing as FollowClosing
from shared.following import FollowDeescalation as FollowDeescalation
from shared.following import MoveDirection as MoveDirection
from shared.following import PurgeCase as PurgeCase
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

    remark: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenReferral(Command):
    """The director decides whether the case goes on; `reason` where that departs from the criteria (R10)."""

    outcome: ScreeningOutcome
    advice: Ref | None = None
    reason: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReferral(Command):
    """The referrer stops its referral (A21)."""

    reason: Ref | None = None


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
    reason: Ref | None = None
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
