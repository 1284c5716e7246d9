"""Hold what triage decides by: small, because every answer loads and stores it.

How a query was worded and what was given in reply stands in triage's own tables (see `record`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.triage.record import Picture
from shared.contract.content import Content
from shared.contract.fields import FirstGoal, Person, Theme
from shared.contract.messages.retention import Hold, Term
from shared.contract.messages.rto import RestsOn
from shared.contract.messages.triage import RtoPrepared, TriageOutcome
from shared.core.consent import Consents
from shared.core.item_standing import Standings
from shared.core.mandate import Mandate
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
    """Hold one query to one party (R26); from `lapses_at` on nothing is expected any more (R31).

    `contains_special`: it holds special or criminal data, which `passed_test` lets its recipient read (R49).
    `drawn_from`: the items that the question draws on (R30). `rests_on`: on whose consent it rests (R20).
    """

    query_id: str
    recipient: str
    status: QueryStatus
    lapses_at: datetime
    replies: int = 0
    contains_special: bool = False
    passed_test: bool = False
    drawn_from: tuple[str, ...] = ()
    rests_on: RestsOn | None = None

    def in_time(self, at: datetime) -> bool:
        """Tell whether a reply received then still counts; who has answered may give more (R31)."""
        return self.status is QueryStatus.ANSWERED or at < self.lapses_at


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How triage ended (R50); `reason` where the outcome needs one of its own (R51).

    `picture` of the case as triage found it, and `without_queries` why nobody was asked for it (R37).
    """

    outcome: TriageOutcome
    director: str
    at: datetime
    advice: Content | None = None
    reason: Content | None = None
    picture: Picture | None = None
    without_queries: Content | None = None


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
    standings: Standings = ()
    consents: Consents = ()
    queries: tuple[Query, ...] = ()
    conclusion: Conclusion | None = None
    preparation: RtoPrepared | None = None
    overdue: Overdue | None = None
    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    round: int = 0
    last_act: datetime | None = None
    led: Mandate | None = None

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts; as a version before this one left it, by what it recorded."""
        if self.led is not None and self.led.party == self.leading_party:
            return self.led
        if not self.leading_party:
            return None
        return Mandate(party=self.leading_party, acting_body=self.acting_body or None)

    @property
    def was_prepared(self) -> bool:
        """Tell whether a table was prepared; of a case that came back the preparation itself may be gone."""
        return self.preparation is not None or self.phase is Phase.PREPARED or self.round > 0

    @property
    def person_ids(self) -> tuple[str, ...]:
        """Return whom the case is about, by their opaque ids."""
        return tuple(person.person_id for person in self.persons)

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

    @property
    def unanswered(self) -> int:
        """Count the queries that ended without an answer (R31)."""
        return sum(query.status is QueryStatus.NO_ANSWER for query in self.queries)

    def was_asked(self, party: str | None) -> bool:
        """Tell whether a query of this case went to the party."""
        return any(query.recipient == party for query in self.queries)

    def with_query(self, changed: Query) -> tuple[Query, ...]:
        """Return the queries, with this one as it is now."""
        return tuple([changed if query.query_id == changed.query_id else query for query in self.queries])
