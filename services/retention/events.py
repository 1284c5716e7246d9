"""What has happened to a case at retention; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.retention.commands import KeptItem
from services.retention.proofs import Ending
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Theme
from shared.contract.messages import rto


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A lasting case exists; nothing of its content is here yet (R15)."""

    referrer: str
    theme: Theme
    director: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectionMoved:
    """Another party leads (R72)."""

    leading_party: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ItemReceived:
    """An item of the file lies here now (R86)."""

    item: ContributedItem


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """Step 1; both dates are fixed now (R86). `competent`: who may see special-category data (R49)."""

    file: rto.CaseDeescalated
    competent: tuple[str, ...]
    archive_on: datetime
    destroy_on: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Only the kept items stay; `dropped` are the pieces that go (R95)."""

    kept: tuple[KeptItem, ...]
    dropped: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Step 2; items that nobody confirmed as necessary went with it (R88, A8)."""

    kept_items: tuple[str, ...]
    dropped: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class InspectionDecided:
    """The manager may read the archived file once, for this reason (R90)."""

    number: int
    person: str
    reason: TextRef
    at: datetime


@dataclass(frozen=True, slots=True)
class InspectionUsed:
    """The one reading takes place now (R90)."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """The case ended early and goes when the closing term has passed (R102)."""

    leading_party: str
    theme: Theme
    ending: Ending
    removal_on: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class ErasureStarted:
    """All other services are told to forget the case (R91, R105)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PurgeConfirmed:
    """This service holds nothing any more (R105)."""

    service: str
    at: datetime
    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllPurged:
    """Only retention is left: the key goes next (R105)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class CaseErased:
    """The key is gone; what follows is the proof, the letters and forgetting (R91, R106)."""

    proof_id: str
    destroyed_at: datetime
    backups_lapse_at: datetime
    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HouseKeysDestroyed:
    """These private keys of this service are gone: no proof waits for them any more (R105)."""

    service: str
    house_keys: tuple[str, ...]


Event: TypeAlias = (
    CaseOpened
    | DirectionMoved
    | ItemReceived
    | CaseDeescalated
    | FileCleaned
    | FileArchived
    | InspectionDecided
    | InspectionUsed
    | CaseClosing
    | ErasureStarted
    | PurgeConfirmed
    | AllPurged
    | CaseErased
    | HouseKeysDestroyed
)
