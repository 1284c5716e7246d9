"""Name the commands of intake."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.checks import IncomingCheck
from services.intake.identity import Identity
from services.intake.state import AskedOf, RoundTable
from shared.contract.content import TextRef
from shared.contract.fields import InformMoment
from shared.contract.messages.intake import ReferralSubmitted, ScreeningOutcome
from shared.contract.messages.known_check import CheckNecessity, KnownAnswer
from shared.contract.messages.rto import AnnouncedOutcome
from shared.contract.messages.triage import TriageOutcome
from shared.core.actor import Command
from shared.core.event_commands import FollowArchiving as FollowArchiving
from shared.core.event_commands import FollowCleaning as FollowCleaning
from shared.core.event_commands import FollowClosing as FollowClosing
from shared.core.event_commands import FollowDeescalation as FollowDeescalation
from shared.core.event_commands import FollowReactivation as FollowReactivation
from shared.core.event_commands import FollowStanding as FollowStanding
from shared.core.event_commands import FollowTerms as FollowTerms
from shared.core.event_commands import MoveDirection as MoveDirection
from shared.core.event_commands import PurgeCase as PurgeCase
from shared.core.leaderless import LookForLeader as LookForLeader
from shared.core.terms import PassTerm as PassTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitReferral(Command):
    """Refer a case; `case_id` was derived from the party and its referral id.

    `identities`: by what its persons are found, made while their names were read (R13).
    """

    case_id: str
    referral: ReferralSubmitted
    identities: tuple[Identity, ...] = ()

    def new_items(self) -> tuple[str, ...]:
        return tuple(item.item_id for item in self.referral.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmConsultation(Command):
    """Confirm, as the referrer, that the director consulted it (R11)."""

    remark: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenReferral(Command):
    """Decide whether the case goes on: the director's own weighing, `reason` where it departs (R10)."""

    outcome: ScreeningOutcome
    weighing: TextRef | None = None
    advice: TextRef | None = None
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignDirector(Command):
    """Assign the case to a process director, as the manager (R6)."""

    person: str
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignSupport(Command):
    """Assign, replace or (without `person`) end a support worker of the case, as the manager (R6)."""

    person: str | None = None
    instead_of: str | None = None
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReferral(Command):
    """Stop a referral, as its referrer (A21)."""

    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInforming(Command):
    """Record that a person was informed (R16)."""

    person_id: str
    moment: InformMoment
    duty: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponeInforming(Command):
    """Inform a person later, with the reason and the planned moment (R19)."""

    person_id: str
    moment: InformMoment
    duty: int | None = None
    reason: TextRef | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfInforming(Command):
    """Make a postponed duty due again, at its planned moment (R19).

    Without its number (a timer of the version before) whatever of this person and moment has come.
    """

    duty: int | None = None
    person_id: str = ""
    moment: InformMoment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseDuties(Command):
    """Raise the duties of a point of the case that another service reached (A20).

    `cause` names the decision, so that each raises its own. `outcome`: how that round table ended. `query`:
    whom triage has asked.
    """

    moment: InformMoment
    cause: str = ""
    outcome: AnnouncedOutcome | None = None
    round_table: RoundTable | None = None
    query: AskedOf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowTriage(Command):
    """Follow how triage ended, where a round table comes of it (R50, R51)."""

    outcome: TriageOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class AskKnownCheck(Command):
    """Ask whether a person of the case is in treatment, here or at another house (R13, R38).

    Without `person_id` of all persons of a referral: whether it is a duplicate.
    """

    check_id: str
    person_id: str | None = None
    house: str | None = None
    necessity: CheckNecessity | None = None
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKnownAnswer(Command):
    """Record what another house answers (R39)."""

    check_id: str
    answer: KnownAnswer
    director: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighExchange(Command):
    """Record a weighing of whether more is exchanged with another house (R40).

    `involved`: the participants of this case who took part. `exchange`: whether it should be.
    """

    weighing_id: str
    house: str
    involved: tuple[str, ...]
    other_involved_its_own: bool
    exchange: bool
    weighing: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeKnownCheck(Command):
    """Take in what another house asks (R39)."""

    check: IncomingCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultOnCheck(Command):
    """Consult the leading party of the case that was found, as its director (R39)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsultation(Command):
    """Say, as the leading party, whether the check may be answered (R39)."""

    may_be_answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideKnownCheck(Command):
    """Decide, as a director, what another house is answered at the end of the term (R39)."""

    answer: KnownAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKnownCheck(Command):
    """Answer another house: its term has come (R39)."""
