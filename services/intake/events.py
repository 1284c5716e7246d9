"""Name what has happened to a case at intake; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.intake.checks import Check, IncomingCheck, Weighing
from services.intake.identity import Identity
from services.intake.state import QueryTold, RoundTable
from shared.contract.content import TextRef
from shared.contract.fields import InformMoment, Step
from shared.contract.messages.intake import ReferralSubmitted, ScreeningOutcome
from shared.contract.messages.known_check import KnownAnswer
from shared.contract.messages.retention import Hold, Term
from shared.contract.messages.triage import TriageOutcome
from shared.core.item_standing import StandingFollowed as StandingFollowed
from shared.core.leaderless import LeaderBack as LeaderBack
from shared.core.leaderless import LeaderLeft as LeaderLeft
from shared.core.mandate import Leads
from shared.core.obligations import Obligation
from shared.core.terms import TermPassed as TermPassed


@dataclass(frozen=True, slots=True)
class ReferralReceived:
    """Record that a referral came in: a provisional record exists (R15)."""

    case_id: str
    referrer: str
    referral: ReferralSubmitted
    at: datetime
    identities: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsultationConfirmed:
    """Record the consultation of R11."""

    remark: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseTakenUp:
    """Record outcome (b) or (c): the file becomes lasting (R12, R15)."""

    outcome: ScreeningOutcome
    director: str
    advice: TextRef | None
    reason: TextRef | None
    at: datetime
    weighing: TextRef | None = None


@dataclass(frozen=True, slots=True)
class CaseAssigned:
    """Record who works on the case from now on, and why that changed; a `director` may lack (R6)."""

    director: str | None
    support_workers: tuple[str, ...]
    assignment: int
    reason: TextRef
    at: datetime


@dataclass(frozen=True, slots=True)
class ReferralNotTakenUp:
    """Record outcome (a): nothing stays (R14)."""

    director: str
    advice: TextRef | None
    reason: TextRef | None
    at: datetime
    weighing: TextRef | None = None


@dataclass(frozen=True, slots=True)
class ReferralWithdrawn:
    """Record that the referrer stopped (A21)."""

    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ReferralLapsed:
    """Record that nobody did what the referral waited for, within all its terms (R102)."""

    step: Step
    at: datetime


@dataclass(frozen=True, slots=True)
class RoundTablePrepared:
    """Record what is fixed for the round table, of which the data subjects are told (R56)."""

    round_table: RoundTable
    at: datetime


@dataclass(frozen=True, slots=True)
class DutyToInformArose:
    """Record that a person must be informed by then, and by whom (R16, R17)."""

    duty: Obligation
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryToBeTold:
    """Record that the notice of a duty says this query too, or, of a new duty, that it will (R18)."""

    told: QueryTold
    at: datetime


@dataclass(frozen=True, slots=True)
class DutyCameDue:
    """Record that the planned moment of a postponed duty has come (R19); `by` is its new term."""

    duty: int
    person_id: str
    moment: InformMoment
    by: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonInformed:
    """Record that a duty was fulfilled."""

    duty: int
    person_id: str
    moment: InformMoment
    at: datetime


@dataclass(frozen=True, slots=True)
class InformingPostponed:
    """Record that a duty waits until then, with the reason (R19)."""

    duty: int
    person_id: str
    moment: InformMoment
    reason: TextRef
    until: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class InformingOverdue:
    """Record that this person should have been informed by now."""

    duty: int
    person_id: str
    moment: InformMoment
    at: datetime


@dataclass(frozen=True, slots=True)
class DutyHandedOver:
    """Record that a duty that is still open is its debtor's alone from now on: the file goes (A20).

    `planned_on`: until when it was postponed.
    """

    duty: int
    person_id: str
    moment: InformMoment
    planned_on: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DutiesSettled:
    """Record that nobody is left to be informed of a case that ends early (R102)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TriageFollowed:
    """Record how triage ended, to be counted (R51)."""

    outcome: TriageOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectionMoved(Leads):
    """Record that another party leads (R72); `referrer_left`: who referred the case is a party no more."""

    referrer_left: bool = False


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """Record that phase 4 began by a decision of then: reading moves to retention (R86)."""

    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Record that only these items stay (R95), and why something is postponed as long as it is (R19)."""

    kept_items: tuple[str, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Record that nothing is shown here any more, and that only these items stay (R88, A8)."""

    kept_items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TermsSet:
    """Record from when nothing of the case is shown any more (R91, R102)."""

    terms: tuple[Term, ...]
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class CaseReactivated:
    """Record that the case is back in phase 3; of an archived file only the kept items (A5)."""

    round: int
    kept_items: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """Record that the case ended early elsewhere, then (R102)."""

    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Record that intake forgets the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownCheckDone:
    """Record a known-check, under this rule: asked of another house, or answered at once (R13, R38).

    `found`: the cases that a yes tells of, each with who leads it.
    """

    check: Check
    director: str
    on_behalf_of: str
    rule: str
    found: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KnownCheckAnswered:
    """Record what the other house answered (R39)."""

    check_id: str
    answer: KnownAnswer
    director: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ExchangeWeighed:
    """Record a weighing of whether more is exchanged with another house (R40)."""

    weighing: Weighing


@dataclass(frozen=True, slots=True)
class HouseCheckTaken:
    """Record that another house asks: a director looks at it, hit or not (R39)."""

    check: IncomingCheck


@dataclass(frozen=True, slots=True)
class LeaderConsulted:
    """Record that the leading party of the case that was found is consulted about this person (R39)."""

    case_id: str
    person_id: str
    party: str


@dataclass(frozen=True, slots=True)
class LeaderAgreed:
    """Record what the leading party said (R39)."""

    agreed: bool


@dataclass(frozen=True, slots=True)
class HouseCheckDecided:
    """Record what the director wants another house to be answered (R39)."""

    answer: KnownAnswer
    director: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HouseCheckAnswered:
    """Record that the answer leaves, and that the check is forgotten (R39).

    `found`: the case that was found, with who leads it.
    """

    check: IncomingCheck
    answer: KnownAnswer
    director: str | None
    found: tuple[str, str] | None


Event: TypeAlias = (
    ReferralReceived
    | ConsultationConfirmed
    | CaseTakenUp
    | CaseAssigned
    | ReferralNotTakenUp
    | ReferralWithdrawn
    | ReferralLapsed
    | RoundTablePrepared
    | DutyToInformArose
    | QueryToBeTold
    | DutyCameDue
    | PersonInformed
    | InformingPostponed
    | InformingOverdue
    | DutyHandedOver
    | DutiesSettled
    | TriageFollowed
    | DirectionMoved
    | StandingFollowed
    | CaseDeescalated
    | FileCleaned
    | FileArchived
    | TermsSet
    | CaseReactivated
    | CaseClosing
    | CasePurged
    | TermPassed
    | LeaderLeft
    | LeaderBack
    | KnownCheckDone
    | KnownCheckAnswered
    | ExchangeWeighed
    | HouseCheckTaken
    | LeaderConsulted
    | LeaderAgreed
    | HouseCheckDecided
    | HouseCheckAnswered
)
