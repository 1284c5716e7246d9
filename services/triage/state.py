"""Hold what triage decides by: small, because every answer loads and stores it.

How a query was worded and what was given in reply stands in triage's own tables (see `record`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contract.content import Content
from shared.contract.fields import FirstGoal, Person, Theme
from shared.contract.messages.triage import RtoPrepared, TriageOutcome
from shared.core.leaving import Mandate
from shared.core.terms import Overdue


class Phase(StrEnum):
    """Where a case stands for triage."""

    NOTHING = "nothing"
    TRIAGE = "triage"
    PREPARING = "preparing"
    PREPARED = "prepared"
    DEESCALATED = "deescalated"
    ARCHIVED = "archived"
    CLOSING = "closing"
    PURGED = "purged"


class QueryStatus(StrEnum):
    """What became of a query; "no answer" is a valid end (R31)."""

    OPEN = "open"
    REMINDED = "reminded"
    ANSWERED = "answered"
    DECLINED = "declined"
    NO_ANSWER = "no-answer"

    @property
    def waits(self) -> bool:
        """Tell whether a reply is still expected."""
        return self in (QueryStatus.OPEN, QueryStatus.REMINDED)


@dataclass(frozen=True, slots=True)
class Query:
    """Hold one query to one party (R26); from `lapses_at` on nothing is expected any more (R31)."""

    query_id: str
    recipient: str
    status: QueryStatus
    lapses_at: datetime
    replies: int = 0

    def in_time(self, at: datetime) -> bool:
        """Tell whether a reply received then still counts; who has answered may give more (R31)."""
        return self.status is QueryStatus.ANSWERED or at < self.lapses_at


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How triage ended (R50); `reason` where the outcome needs one of its own (R51)."""

    outcome: TriageOutcome
    director: str
    at: datetime
    advice: Content | None = None
    reason: Content | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Hold what triage knows of a case, without any text about anybody."""

    phase: Phase = Phase.NOTHING
    referrer: str = ""
    leading_party: str = ""
    acting_body: str = ""
    director: str = ""
    support_workers: tuple[str, ...] = ()
    assignment: int = 0
    theme: Theme = Theme.COMPLEX_CASE
    persons: tuple[Person, ...] = ()
    first_goal: FirstGoal | None = None
    items_given: int = 0
    queries: tuple[Query, ...] = ()
    conclusion: Conclusion | None = None
    preparation: RtoPrepared | None = None
    overdue: Overdue | None = None
    last_act: datetime | None = None

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts: who leads, by the body that referred until direction moves."""
        return Mandate(self.leading_party, self.acting_body or None) if self.leading_party else None

    def query(self, query_id: str) -> Query | None:
        """Return the query with this id."""
        for query in self.queries:
            if query.query_id == query_id:
                return query
        return None

    @property
    def busy_until(self) -> datetime | None:
        """Return when somebody last acted, or until when a reply is waited for (R31)."""
        waits = (query.lapses_at for query in self.queries if query.status.waits)
        return max((at for at in (self.last_act, *waits) if at is not None), default=None)

    def was_asked(self, party: str | None) -> bool:
        """Tell whether a query of this case went to the party."""
        return any(query.recipient == party for query in self.queries)

    def with_query(self, changed: Query) -> tuple[Query, ...]:
        """Return the queries, with this one as it is now."""
        return tuple([changed if query.query_id == changed.query_id else query for query in self.queries])
