"""Name what has happened to a case at the round table; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.rto.commands import Meeting, Plan, TakeAway
from services.rto.consent_state import RecordedConsent, Register
from services.rto.state import ReleaseKey
from shared.contract.content import TextRef
from shared.contract.fields import Category, ContributedItem, Mandate, Team
from shared.contract.messages import rto as m
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.retention import Hold, Term
from shared.contract.messages.triage import RtoPrepared, ViewingEntry
from shared.core.item_standing import Standing
from shared.core.leaderless import LeaderBack as LeaderBack
from shared.core.leaderless import LeaderLeft as LeaderLeft
from shared.core.terms import TermPassed as TermPassed


@dataclass(frozen=True, slots=True)
class ItemRecorded:
    """Record that an item of the case is here, for the RTO, and who is to see it (R42)."""

    item: ContributedItem
    viewing: tuple[ViewingEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparationOpened:
    """Record all that triage fixed before any invitation (R42)."""

    preparation: RtoPrepared


@dataclass(frozen=True, slots=True)
class TeamChanged:
    """Record that other people of the house work on the case; this may come before the case itself (R6)."""

    team: Team
    at: datetime


@dataclass(frozen=True, slots=True)
class RtoConvened:
    """Record that the parties are invited and the viewing window begins (A17).

    `meeting` names all participants; `competent` are those that may see special-category data (R49).
    """

    meeting: Meeting
    competent: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ViewingPlanExtended:
    """Record more items for participants, each with its reason (R42)."""

    entries: tuple[ViewingEntry, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class InvitationAccepted:
    """Record that this person comes for the party, with a mandate (R59)."""

    rto_id: str
    party: str
    delegate: str
    at: datetime


@dataclass(frozen=True, slots=True)
class InvitationDeclined:
    """Record that the party does not come."""

    rto_id: str
    party: str
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class MandateEnded:
    """Record that a named delegate comes no longer, by whom, and why (R59)."""

    rto_id: str
    party: str
    by: m.MandateEndedBy
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemsContributed:
    """Record what was brought in at the table (R61)."""

    rto_id: str
    items: tuple[ContributedItem, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """Record that the contributor was asked for this use (R65)."""

    request: m.ReleaseAsked
    contributor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseGiven:
    """Record that this use, and no other, is released (R65, R66)."""

    release: m.ReleaseGiven
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseRefused:
    """Record that this use is refused (R75)."""

    refusal: m.ReleaseRefused
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseWithdrawn:
    """Record that no use of the item is released any more (A12)."""

    item_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleasesEnded:
    """Record that a reservation ended what was released of the item to these parties (R62, R65).

    `of_table`: its contributor lets the round table see it no longer (R32).
    """

    item_id: str
    recipients: tuple[str, ...]
    at: datetime
    of_table: bool = False


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """Record what its contributor changed of the terms of an item (R62, R67)."""

    terms: m.ItemTermsChanged
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemCorrected:
    """Record that another version took the place of an item: releases for activities end (R65, A22)."""

    item_id: str
    version: int
    at: datetime
    category: Category | None = None


@dataclass(frozen=True, slots=True)
class ItemWithdrawn:
    """Record that an item was withdrawn from the case for good (R66, A12)."""

    item_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """Record what a contributor decided on its item as a whole, for every service that shows it (R66).

    `dropped`: the sealed texts that nobody needs here any more.
    """

    standing: Standing
    at: datetime
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterOpened:
    """Record that the case was taken up, about whom it is, and who leads it (R20)."""

    register: Register


@dataclass(frozen=True, slots=True)
class ConsentAskingAgreed:
    """Record that by agreement this party asks for the consent it needs itself (R20)."""

    party: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentRecorded:
    """Record a consent of a data subject (R20)."""

    recorded: RecordedConsent


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """Record that a consent was withdrawn, who said so, and which releases stopped by that (R20, R76).

    `told_by` is empty where the director passed it on in nobody's name.
    """

    recorded: RecordedConsent
    told_by: str
    stopped: tuple[ReleaseKey, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanRecorded:
    """Record the plan as the participants `made_by` made it together (R70, A19).

    As in the command, `plan` holds the new actions, and says which of those that ran end (R65, R81).
    """

    plan: Plan
    made_by: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemProvided:
    """Record that a participant takes an item away for its action, and is on the list (R73, R104)."""

    taking: TakeAway
    contributor: str
    at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class DirectionOffered:
    """Record that this party was asked to take case direction; an earlier offer lapsed (R71).

    `left_on`: since when who led is a party no more, where the director offers it on nobody's behalf (R7).
    """

    party: str
    at: datetime
    left_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class DirectionMoved:
    """Record that another party leads from this moment, and in the name of which body of it (R72)."""

    leading_party: str
    before: str
    case_director: TextRef
    since: datetime
    acting_body: str | None = None
    task: str = ""
    basis: str = ""
    account: str = ""

    @property
    def mandate(self) -> Mandate:
        """Return in whose name the house acts from now on."""
        return Mandate(
            party=self.leading_party,
            acting_body=self.acting_body,
            task=self.task,
            basis=self.basis,
            since=self.since,
        )


@dataclass(frozen=True, slots=True)
class CaseDirectorNamed:
    """Record who directs the case for the party that leads, and with which account (R69, R71)."""

    case_director: TextRef
    account: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectionDeclined:
    """Record that the offer was turned down (A3)."""

    party: str
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ActionProgressed:
    """Record that an action got this far (R81)."""

    action_id: str
    progress: m.ActionProgress
    remark: TextRef | None
    at: datetime
    goals_reached: TextRef | None = None
    developments: TextRef | None = None


@dataclass(frozen=True, slots=True)
class RtoConcluded:
    """Record the outcome of the RTO: the viewing window ends, what was agreed takes force (A17, R64, R83).

    `ave_level`: as decided, where the plan goes on or the case de-escalates (R69).
    """

    rto_id: str
    outcome: m.RtoOutcome
    at: datetime
    ave_level: int | None = None
    goals_reached: TextRef | None = None
    developments: TextRef | None = None


@dataclass(frozen=True, slots=True)
class MonitoringAgreed:
    """Record that the approach is followed, for this purpose and with these items alone (R79)."""

    purpose: TextRef
    items: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """Record that the RTO decided to de-escalate: phase 4 begins (R86).

    `without_table`: nobody took over what a departed party led, and no table decided.
    """

    rto_id: str
    at: datetime
    without_table: bool = False


@dataclass(frozen=True, slots=True)
class CaseEndedAtTable:
    """Record that the case does not belong here, or belongs at another table (R78).

    `lapsed`: who led has left before there was a table, and nobody decided on anything.
    """

    reason: ClosingReason
    at: datetime
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Record that of the items only these stay (R95)."""

    kept_items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Record that nothing is shown by anybody but retention, and that only these items stay (R88, A8)."""

    kept_items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TermsSet:
    """Record from when nothing of the case is shown any more (R91, R102)."""

    terms: tuple[Term, ...]
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class FileToldAgain:
    """Record that retention was told again which items of the file phase 3 showed, and to whom (R87)."""


@dataclass(frozen=True, slots=True)
class CaseReactivated:
    """Record that the case is back in phase 3; of an archived file only the kept items (A5)."""

    round: int
    kept_items: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """Record that the case ends early elsewhere (R102)."""


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Record that the round table forgets the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = (
    ItemRecorded
    | PreparationOpened
    | TeamChanged
    | RtoConvened
    | ViewingPlanExtended
    | InvitationAccepted
    | InvitationDeclined
    | MandateEnded
    | ItemsContributed
    | ReleaseAsked
    | ReleaseGiven
    | ReleaseRefused
    | ReleaseWithdrawn
    | ReleasesEnded
    | TermsChanged
    | ItemCorrected
    | ItemWithdrawn
    | StandingChanged
    | RegisterOpened
    | ConsentAskingAgreed
    | ConsentRecorded
    | ConsentWithdrawn
    | PlanRecorded
    | ItemProvided
    | DirectionOffered
    | DirectionMoved
    | CaseDirectorNamed
    | DirectionDeclined
    | ActionProgressed
    | RtoConcluded
    | MonitoringAgreed
    | CaseDeescalated
    | CaseEndedAtTable
    | FileCleaned
    | FileArchived
    | TermsSet
    | FileToldAgain
    | CaseReactivated
    | CaseClosing
    | CasePurged
    | TermPassed
    | LeaderLeft
    | LeaderBack
)
