"""What has happened to a case at the round table; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.rto.commands import Meeting, Plan, TakeAway
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem
from shared.contract.messages import rto as m
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.triage import RtoPrepared, ViewingEntry


@dataclass(frozen=True, slots=True)
class ItemRecorded:
    """An item of the case lies here, for the RTO (R42)."""

    item: ContributedItem


@dataclass(frozen=True, slots=True)
class PreparationOpened:
    """All that triage fixed before any invitation (R42)."""

    preparation: RtoPrepared


@dataclass(frozen=True, slots=True)
class RtoConvened:
    """The parties are invited and the viewing window opens (A17).

    `meeting` names all participants; `competent` are those that may see special-category data (R49).
    """

    meeting: Meeting
    competent: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ViewingPlanExtended:
    """More items for participants, each with its reason (R42)."""

    entries: tuple[ViewingEntry, ...]


@dataclass(frozen=True, slots=True)
class InvitationAccepted:
    """This person comes for the party, with a mandate (R59)."""

    rto_id: str
    party: str
    delegate: str
    at: datetime


@dataclass(frozen=True, slots=True)
class InvitationDeclined:
    """The party does not come."""

    rto_id: str
    party: str
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemsContributed:
    """Brought in at the table (R61)."""

    rto_id: str
    items: tuple[ContributedItem, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """The contributor has been asked for this use (R65)."""

    request: m.ReleaseAsked
    contributor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseGiven:
    """This use, and no other, is released (R65, R66)."""

    release: m.ReleaseGiven
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseRefused:
    """This use is refused (R75)."""

    refusal: m.ReleaseRefused
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseWithdrawn:
    """No use of the item is released any more (A12)."""

    item_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanRecorded:
    """The plan as the participants `made_by` made it together (R70, A19)."""

    plan: Plan
    made_by: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemProvided:
    """A participant takes an item away for its action, and stands on the list (R73, R104)."""

    taking: TakeAway
    contributor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectionOffered:
    """This party was asked to take case direction; an earlier offer has lapsed (R71)."""

    party: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectionMoved:
    """Another party leads from this moment (R72)."""

    leading_party: str
    before: str
    case_director: TextRef
    since: datetime


@dataclass(frozen=True, slots=True)
class DirectionDeclined:
    """The offer was turned down (A3)."""

    party: str
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ActionProgressed:
    """An action got this far (R81)."""

    action_id: str
    progress: m.ActionProgress
    remark: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class RtoConcluded:
    """The RTO has its outcome and the viewing window closes (A17, R83)."""

    rto_id: str
    outcome: m.RtoOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class MonitoringAgreed:
    """The approach is followed, for this purpose and with these items alone (R79)."""

    purpose: TextRef
    items: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """The RTO decided to de-escalate: phase 4 begins (R86)."""

    rto_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseEndedAtTable:
    """The RTO found that the case does not belong here, or belongs at another table (R78)."""

    reason: ClosingReason
    at: datetime


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Only these items stay; `dropped` are the pieces that go (R95)."""

    kept_items: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Nothing is shown by anybody but retention (R88)."""


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """The case ends early elsewhere (R102)."""


@dataclass(frozen=True, slots=True)
class CasePurged:
    """The round table forgets the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = (
    ItemRecorded
    | PreparationOpened
    | RtoConvened
    | ViewingPlanExtended
    | InvitationAccepted
    | InvitationDeclined
    | ItemsContributed
    | ReleaseAsked
    | ReleaseGiven
    | ReleaseRefused
    | ReleaseWithdrawn
    | PlanRecorded
    | ItemProvided
    | DirectionOffered
    | DirectionMoved
    | DirectionDeclined
    | ActionProgressed
    | RtoConcluded
    | MonitoringAgreed
    | CaseDeescalated
    | CaseEndedAtTable
    | FileCleaned
    | FileArchived
    | CaseClosing
    | CasePurged
)
