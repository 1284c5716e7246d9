"""What has happened to a case at triage; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.triage.record import Choice
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem
from shared.contract.messages import triage as m
from shared.contract.messages.intake import CaseTakenUp


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """Triage has begun (R25)."""

    taken_up: CaseTakenUp
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryIssued:
    """One party is asked (R26); `lapses_at` is the end of the time after the reminder (R31)."""

    recipient: str
    query: m.QueryIssued
    choice: Choice
    lapses_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryAnswered:
    """The queried party answered, for the `number`-th time (R31, R37)."""

    party: str
    number: int
    answer: m.QueryAnswered
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryDeclined:
    """The queried party gives nothing, on a ground (R31)."""

    party: str
    number: int
    decline: m.QueryDeclined
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryReminded:
    """The term passed in silence (R31)."""

    query_id: str


@dataclass(frozen=True, slots=True)
class QueryLapsed:
    """No answer came, and none is expected any more (R31)."""

    query_id: str


@dataclass(frozen=True, slots=True)
class TriageConcluded:
    """A round table follows (R50 ii and iii)."""

    outcome: m.TriageOutcome
    director: str
    advice: TextRef | None
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TriageClosed:
    """The case ends here (R50 i and iv): closing at once (R52, R102)."""

    outcome: m.TriageOutcome
    director: str
    advice: TextRef | None
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemPrepared:
    """One item of the case goes to the round table's service, under its contributor's terms (R65, R67)."""

    item: ContributedItem


@dataclass(frozen=True, slots=True)
class RtoPrepared:
    """What was fixed before any invitation (R42)."""

    prepared: m.RtoPrepared


@dataclass(frozen=True, slots=True)
class DirectionMoved:
    """Another party leads (R72)."""

    leading_party: str
    since: datetime


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """Phase 4: reading moves to retention (R86)."""


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Only these items stay; `dropped` are pieces that the record does not name (R95)."""

    kept_items: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Nothing is shown here any more (R88); the persons' numbers go (R22, A23)."""

    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """The case ends early elsewhere (R102)."""


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Triage forgets the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = (
    CaseOpened
    | QueryIssued
    | QueryAnswered
    | QueryDeclined
    | QueryReminded
    | QueryLapsed
    | TriageConcluded
    | TriageClosed
    | ItemPrepared
    | RtoPrepared
    | DirectionMoved
    | CaseDeescalated
    | FileCleaned
    | FileArchived
    | CaseClosing
    | CasePurged
)
