"""Hold the triage record (R37): how each query was worded and what came in reply, one row each.

These rows are written once and read when somebody looks or the round table is prepared, so that an answer
need not load and store all that was said before it. They hold codes, ids and references, never a text.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pydantic import Field

from shared.contract.content import Content
from shared.contract.fields import ContributedItem, Item, PartyId
from shared.contract.limits import MOST_PARTICIPANTS
from shared.contract.messages.rto import RestsOn
from shared.contract.messages.triage import QueryAnswered, QueryDeclined, QueryIssued
from shared.contract.registry import Model

REFERRAL = ""  # stands for the query id where items came with the referral


@dataclass(frozen=True, slots=True)
class Choice:
    """Why this party is asked and what is given with the question (R28, R30), and its test (R49).

    `reason` is the director's and `referrer_estimate` the referrer's: what they expect of this party. Without
    `address_reason` no address went along; `drawn_from` are the items that the question draws on, `rests_on`
    says on whose consent it rests (R20). Not part of what the queried party gets.
    A query of a version before this one has no more than reason and test.
    """

    query_id: str
    reason: Content
    contains_special: bool
    passed_processing_test: bool
    referrer_estimate: Content | None = None
    address_reason: Content | None = None
    drawn_from: tuple[str, ...] = ()
    rests_on: RestsOn | None = None


class Picture(Model):
    """The picture of the case that triage gives, in its four points; what is left out is refused (R37)."""

    parties: tuple[PartyId, ...] = Field(
        default=(), max_length=MOST_PARTICIPANTS, title="betrokken of te betrekken partijen"
    )
    plan_contribution: Content = Field(default="", title="bijdrage aan het plan")
    execution_contribution: Content = Field(default="", title="bijdrage aan de uitvoering")
    information: Content = Field(default="", title="informatie en bereidheid die in te brengen")


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold a query as it was sent, with the choice behind it."""

    case_id: str
    recipient: str
    issued_at: datetime
    query: QueryIssued
    choice: Choice


Said: TypeAlias = QueryAnswered | QueryDeclined


@dataclass(frozen=True, slots=True)
class Given:
    """Hold one reply to a query, or (without `said`) what came with the referral.

    `said` holds the four points of R37, or the ground of R31; what its contributor brought stands apart.
    """

    case_id: str
    query_id: str
    number: int
    at: datetime
    said: Said | None
    contributor: str
    brought: tuple[Item, ...]

    @property
    def items(self) -> tuple[ContributedItem, ...]:
        """Return the items; from now on each says whose it is (R57, R66)."""
        return tuple(ContributedItem.of(item, self.contributor) for item in self.brought)


@dataclass(frozen=True, slots=True)
class Record:
    """Hold all that was asked and given in a case."""

    asked: tuple[Asked, ...]
    given: tuple[Given, ...]

    @property
    def items(self) -> tuple[ContributedItem, ...]:
        """Return every item of the case, whoever gave it."""
        return tuple(item for given in self.given for item in given.items)


@dataclass(frozen=True, slots=True)
class QueryClosed:
    """Name a query that no longer waits for its recipient."""

    query_id: str


@dataclass(frozen=True, slots=True)
class Stripped:
    """Name the items that stay after cleaning or archiving, of all that was asked and given (R95)."""

    case_id: str
    kept_items: tuple[str, ...]
