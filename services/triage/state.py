"""Hold what triage decides by: small, because every answer loads and stores it.

How a query was worded and what was given in reply stands in triage's own tables (see `record`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.triage.record import Clarification, Estimate, Extension, Picture, Secret
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
    `drawn_from`: the items that the question draws on (R30); `is_outdated`: one was corrected since (A22).
    `first_term`: until when it was to be answered at first, `reply_before` now; a version before this one
    recorded neither. `rests_on`: on whose consent it rests (R20).
    """

    query_id: str
    recipient: str
    status: QueryStatus
    lapses_at: datetime
    replies: int = 0
    contains_special: bool = False
    passed_test: bool = False
    drawn_from: tuple[str, ...] = ()
    is_outdated: bool = False
    first_term: datetime | None = None
    reply_before: datetime | None = None
    clarifications: tuple[Clarification, ...] = ()
    extensions: tuple[Extension, ...] = ()
    rests_on: RestsOn | None = None

    @property
    def term(self) -> datetime:
        """Return until when a reply is asked for; of a query of the version before, when it lapses."""
        return self.reply_before or self.lapses_at

    @property
    def unclear(self) -> Clarification | None:
        """Return what its recipient asks and was not told yet."""
        return next((one for one in self.clarifications[-1:] if one.given is None), None)

    @property
    def undecided(self) -> Extension | None:
        """Return the time that its recipient asks for, and that nobody has decided on."""
        return next((one for one in self.extensions[-1:] if one.granted is None), None)

    @property
    def asks(self) -> tuple[Clarification | Extension, ...]:
        """Return what its recipient waits for: who has replied needs no time, who declined no word."""
        explains = self.status.waits or self.status is QueryStatus.ANSWERED
        decides = self.status not in (QueryStatus.ANSWERED, QueryStatus.DECLINED)
        waiting = (self.unclear if explains else None, self.undecided if decides else None)
        return tuple(one for one in waiting if one is not None)

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
    secrets: tuple[Secret, ...] = ()
    estimates: tuple[Estimate, ...] = ()

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

    @property
    def to_decide(self) -> tuple[datetime, ...]:
        """Return since when queried parties wait for a word of the director, as long as triage runs (R31)."""
        if self.phase is not Phase.TRIAGE:
            return ()
        return tuple(ask.asked_at for query in self.queries for ask in query.asks)

    def estimate_of(self, party: str) -> Estimate | None:
        """Return what the referrer itself said of asking this party, since it was asked last (R28)."""
        return next((one for one in self.estimates if one.party == party), None)

    def is_cleared(self, item_id: str) -> bool:
        """Tell whether the holder of the item released it from secrecy (R30)."""
        return any(one.item_id == item_id and one.cleared_at is not None for one in self.secrets)

    def is_secret(self, item_id: str) -> bool:
        """Tell whether an answer brought in this item under secrecy that stands (R30)."""
        return any(one.item_id == item_id and one.cleared_at is None for one in self.secrets)

    def was_asked(self, party: str | None) -> bool:
        """Tell whether a query of this case went to the party."""
        return any(query.recipient == party for query in self.queries)

    def with_query(self, changed: Query) -> tuple[Query, ...]:
        """Return the queries, with this one as it is now."""
        return tuple([changed if query.query_id == changed.query_id else query for query in self.queries])
