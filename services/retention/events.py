"""Name what has happened to a case at retention; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.retention.commands import KeptItem
from services.retention.proofs import Ending
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Mandate, Team, Theme
from shared.contract.messages import rto
from shared.contract.messages.triage import Participant
from shared.core.consent import ConsentFollowed as ConsentFollowed
from shared.core.item_standing import StandingFollowed as StandingFollowed
from shared.core.mandate import Leads


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """Record that a lasting case exists; nothing of its content is here yet (R15).

    The name of whoever referred it is for step 2 (R89).
    """

    referrer: str
    theme: Theme
    team: Team
    at: datetime
    acting_body: str = ""
    mandate: Mandate | None = None
    referrer_name: TextRef | None = None


@dataclass(frozen=True, slots=True)
class TeamChanged:
    """Record that other people of the house work on the case (R6)."""

    team: Team
    at: datetime
    acting_body: str = ""


@dataclass(frozen=True, slots=True)
class DirectionMoved(Leads):
    """Record that another party leads (R72)."""


@dataclass(frozen=True, slots=True)
class ItemReceived:
    """Record that an item of the file is here now, and to whom phase 3 showed it, if that is known (R87).

    `rests_on`: on whose consent that rested (R76).
    """

    item: ContributedItem
    shown_to: tuple[str, ...] | None = None
    rests_on: rto.RestsOn | None = None


@dataclass(frozen=True, slots=True)
class FilePartReceived:
    """Record that these participants, takers and actions of the file are here now (R86, R104).

    `drawn_from`: items to which its agreements stay bound (A19).
    """

    participants: tuple[Participant, ...]
    takers: tuple[rto.Taker, ...]
    actions: tuple[rto.Action, ...] = ()
    drawn_from: tuple[rto.DrawnFrom, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """Record step 1 with both dates (R86). `competent`: who may see special-category data (R49)."""

    file: rto.CaseDeescalated
    competent: tuple[str, ...]
    archive_on: datetime
    destroy_on: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Record that only the kept items stay; `dropped` are the sealed texts that go (R95)."""

    kept: tuple[KeptItem, ...]
    dropped: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Record step 2; items that nobody confirmed as necessary went with it (R88, A8)."""

    kept_items: tuple[str, ...]
    dropped: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class InspectionDecided:
    """Record that the manager may read the archived file once, for this reason (R90)."""

    number: int
    person: str
    reason: TextRef
    at: datetime


@dataclass(frozen=True, slots=True)
class InspectionUsed:
    """Record that the one reading takes place now (R90)."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReactivationAsked:
    """Record that the party that led asks for it, with its reason (R90, A9)."""

    reason: TextRef
    at: datetime


@dataclass(frozen=True, slots=True)
class FileReactivated:
    """Record that the case is back in phase 3, in this round, by whom and why; its clock is void (R90, A5).

    `told` hear of it. `kept_items`: what was left of an archived file; None where it was still active.
    """

    round: int
    person: str
    reason: TextRef
    kept_items: tuple[str, ...] | None
    told: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """Record that the case ended early and goes when the closing term has passed (R102)."""

    leading_party: str
    theme: Theme
    ending: Ending
    removal_on: datetime
    at: datetime
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class DutiesSettled:
    """Record that nobody is left to be informed of a case that ends early (R102)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ErasureStarted:
    """Record that all other services are told to forget the case (R91, R105)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TermsTold:
    """Record that the others hear the terms of a case that the version before stored (R91)."""


@dataclass(frozen=True, slots=True)
class DestructionAnnounced:
    """Record that the parties hear under which number they are told of it (R106)."""

    reference: str


@dataclass(frozen=True, slots=True)
class PurgeConfirmed:
    """Record that this service holds nothing any more (R105)."""

    service: str
    at: datetime
    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllPurged:
    """Record that only retention is left: the key goes next (R105)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class CaseErased:
    """Record that the key is gone; proof, messages and forgetting follow (R91, R106)."""

    proof_id: str
    destroyed_at: datetime
    backups_lapse_at: datetime
    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HouseKeysDestroyed:
    """Record that these private keys of this service are gone: no proof waits for them (R105)."""

    service: str
    house_keys: tuple[str, ...]


Event: TypeAlias = (
    CaseOpened
    | TeamChanged
    | DirectionMoved
    | ItemReceived
    | FilePartReceived
    | StandingFollowed
    | ConsentFollowed
    | CaseDeescalated
    | FileCleaned
    | FileArchived
    | InspectionDecided
    | InspectionUsed
    | ReactivationAsked
    | FileReactivated
    | CaseClosing
    | TermsTold
    | DestructionAnnounced
    | DutiesSettled
    | ErasureStarted
    | PurgeConfirmed
    | AllPurged
    | CaseErased
    | HouseKeysDestroyed
)
