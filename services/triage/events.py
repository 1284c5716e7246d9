"""Name what has happened to a case at triage; an event refers to texts, and holds none."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.triage.record import Choice, Clarified, Estimate, Picture
from shared.contract.content import Content, TextRef
from shared.contract.fields import ContributedItem, Team
from shared.contract.messages import triage as m
from shared.contract.messages.intake import CaseTakenUp
from shared.contract.messages.retention import Hold, Term
from shared.core.consent import ConsentFollowed as ConsentFollowed
from shared.core.disclosure import Disclosed
from shared.core.item_standing import StandingFollowed as StandingFollowed
from shared.core.leaderless import LeaderBack as LeaderBack
from shared.core.leaderless import LeaderLeft as LeaderLeft
from shared.core.mandate import Leads
from shared.core.terms import TermPassed as TermPassed


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """Record that triage began (R25)."""

    taken_up: CaseTakenUp
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryIssued:
    """Record that one party is asked (R26); `lapses_at` ends the time after the reminder (R31).

    `discloses`: whose information the query tells the party, and on which basis (R129).
    """

    recipient: str
    query: m.QueryIssued
    choice: Choice
    lapses_at: datetime
    at: datetime
    discloses: tuple[Disclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryAnswered:
    """Record that the queried party answered, for the `number`-th time (R31, R37)."""

    party: str
    number: int
    answer: m.QueryAnswered
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryDeclined:
    """Record that the queried party gives nothing, on a ground (R31)."""

    party: str
    number: int
    decline: m.QueryDeclined
    at: datetime


@dataclass(frozen=True, slots=True)
class ClarificationAsked:
    """Record that the queried party asks what is meant (R31)."""

    query_id: str
    number: int
    question: Content
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryClarified:
    """Record what the queried party is told (R26); `discloses` as with a query (R129)."""

    clarified: Clarified
    discloses: tuple[Disclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtensionAsked:
    """Record that the queried party asks for time until then (R31)."""

    query_id: str
    number: int
    until: datetime
    reason: Content
    at: datetime


@dataclass(frozen=True, slots=True)
class QueryExtended:
    """Record that it has until then; `lapses_at` ends the time after the reminder, anew (R31)."""

    query_id: str
    until: datetime
    lapses_at: datetime
    said: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ExtensionRefused:
    """Record that the term stands, and why (R31)."""

    query_id: str
    said: Content
    at: datetime


@dataclass(frozen=True, slots=True)
class SecrecyCleared:
    """Record that the holder of these items released them, with or without consent (R30)."""

    party: str
    items: tuple[str, ...]
    with_consent: bool
    consent: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class EstimateGiven:
    """Record what the referrer itself expects of a party (R28); `dropped` are texts that it replaces."""

    estimate: Estimate
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryReminded:
    """Record that the term passed in silence (R31)."""

    query_id: str


@dataclass(frozen=True, slots=True)
class QueryLapsed:
    """Record that no answer came, and none is expected any more (R31).

    `at`: from when on the director is to look at it; None where triage ends with it.
    """

    query_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TriageConcluded:
    """Record that a round table follows (R50 ii and iii), and on what picture of the case (R37)."""

    outcome: m.TriageOutcome
    director: str
    advice: TextRef | None
    reason: TextRef | None
    at: datetime
    picture: Picture | None = None
    without_queries: TextRef | None = None


@dataclass(frozen=True, slots=True)
class TriageClosed:
    """Record that the case ends here (R50 i and iv): closing at once (R52, R102)."""

    outcome: m.TriageOutcome
    director: str
    advice: TextRef | None
    reason: TextRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TriageLapsed:
    """Record that nobody concluded triage within all its terms: the case ends here (R102)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ItemPrepared:
    """Record that one item goes to the round table, under its contributor's terms (R65, R67).

    `viewing`: who is to see it there, and why (R42).
    """

    item: ContributedItem
    viewing: tuple[m.ViewingEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class RtoPrepared:
    """Record what was fixed before any invitation (R42)."""

    prepared: m.RtoPrepared


@dataclass(frozen=True, slots=True)
class TeamChanged:
    """Record that other people of the house work on the case (R6)."""

    team: Team
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectionMoved(Leads):
    """Record that another party leads (R72)."""


@dataclass(frozen=True, slots=True)
class CaseDeescalated:
    """Record that phase 4 began: reading moves to retention (R86)."""


@dataclass(frozen=True, slots=True)
class FileCleaned:
    """Record that only these items stay; `dropped` are sealed texts that the record does not name (R95)."""

    kept_items: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileArchived:
    """Record that nothing is shown here any more, and that only these items stay (R88, A8).

    `dropped` are sealed texts that the record does not name: with those of the outcome the persons' numbers
    (R22, A23).
    """

    dropped: tuple[str, ...] = ()
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
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """Record that the case ends early elsewhere (R102)."""


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Record that triage forgets the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = (
    CaseOpened
    | QueryIssued
    | QueryAnswered
    | QueryDeclined
    | ClarificationAsked
    | QueryClarified
    | ExtensionAsked
    | QueryExtended
    | ExtensionRefused
    | SecrecyCleared
    | EstimateGiven
    | QueryReminded
    | QueryLapsed
    | TriageConcluded
    | TriageClosed
    | TriageLapsed
    | ItemPrepared
    | RtoPrepared
    | TeamChanged
    | DirectionMoved
    | StandingFollowed
    | ConsentFollowed
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
)
