"""Hold the triage record (R37): how each query was worded and what came in reply, one row each.

These rows are written once and read when somebody looks or the round table is prepared, so that an answer
need not load and store all that was said before it. They hold codes, ids and references, never a text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from pydantic import Field

from shared.contract.content import Content
from shared.contract.fields import ContributedItem, Item, PartyId
from shared.contract.limits import MOST_PARTICIPANTS
from shared.contract.messages.rto import RestsOn
from shared.contract.messages.triage import QueryAnswered, QueryDeclined, QueryIssued
from shared.contract.registry import Model
from shared.core.item_standing import NO_TEXTS, Standing, as_decided

REFERRAL = ""  # stands for the query id where items came with the referral


@dataclass(frozen=True, slots=True)
class Choice:
    """Why this party is asked and what is given with the question (R28, R30), and its test (R49).

    `reason` is the director's: what it expects of this party. `referrers_own` is the estimate that the
    referrer gave itself, `referrer_estimate` what the director wrote down of a consultation; at least one of
    the two is there. Without `address_reason` no address went along; `drawn_from` are the items that the
    question draws on. Not part of what the queried party gets. A query of a version before this one has no
    more than reason and test. `rests_on` says on whose consent it rests (R20).
    """

    query_id: str
    reason: Content
    contains_special: bool
    passed_processing_test: bool
    referrer_estimate: Content | None = None
    address_reason: Content | None = None
    drawn_from: tuple[str, ...] = ()
    referrers_own: Content | None = None
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold what the referrer itself expects of a party: whether to ask it is useful, and why (R28)."""

    party: str
    useful: bool
    estimate: Content
    at: datetime


@dataclass(frozen=True, slots=True)
class Clarified:
    """Hold what was meant with a query, said in the name of who leads (R26).

    It draws on items and may hold special data as a query does (R30, R49); its recipient passed the test of
    that query, or `passed_test` of its own. `is_outdated`: what it draws on was corrected (A22).
    """

    query_id: str
    number: int
    clarification: Content
    at: datetime
    contains_special: bool = False
    passed_test: bool = False
    drawn_from: tuple[str, ...] = ()
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class Clarification:
    """Hold what a queried party asks about its query (R31), and what it was told."""

    query_id: str
    number: int
    question: Content
    asked_at: datetime
    given: Clarified | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """Hold until when a queried party asks for time, and why; `granted` is None until it is decided on (R31).

    `said` is the reason of the director, without which nothing is refused.
    """

    query_id: str
    number: int
    until: datetime
    reason: Content
    asked_at: datetime
    granted: bool | None = None
    said: Content | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """Name an item that its contributor holds under secrecy, or (with `cleared_at`) has released (R30).

    `with_consent`: of the data subject; `consent` is where that is recorded, if anywhere here.
    """

    item_id: str
    contributor: str
    cleared_at: datetime | None = None
    with_consent: bool = False
    consent: str | None = None


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
    `versions` names each item of which the texts were changed since, with the version that stands here.
    """

    case_id: str
    query_id: str
    number: int
    at: datetime
    said: Said | None
    contributor: str
    brought: tuple[Item, ...]
    versions: tuple[tuple[str, int], ...] = ()

    @property
    def items(self) -> tuple[ContributedItem, ...]:
        """Return the items; from now on each says whose it is, and in which version (R57, R66)."""
        versions = dict(self.versions)
        return tuple(
            ContributedItem.of(item, self.contributor, versions.get(item.item_id, 1)) for item in self.brought
        )

    def revised(self, standing: Standing) -> "Given":
        """Return the row with the new texts of an item, and no trace of the earlier ones (R66, A22)."""
        after = [as_decided(item, (standing,)) for item in self.items]
        texts = [{name: getattr(item, name) for name in NO_TEXTS} for item in after]
        brought = (item.model_copy(update=x) for item, x in zip(self.brought, texts, strict=True))
        return replace(self, brought=tuple(brought), versions=versions_of(after))


def versions_of(items: Iterable[ContributedItem]) -> tuple[tuple[str, int], ...]:
    """Return which version each item is in, of those that are not as they were given."""
    return tuple((item.item_id, item.version) for item in items if item.version != 1)


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
class Revised:
    """Name what a contributor changed of the texts of its item, or that it withdrew that for good (R66)."""

    case_id: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class QueryClosed:
    """Name a query that no longer waits for its recipient."""

    query_id: str


@dataclass(frozen=True, slots=True)
class QueryReopened:
    """Name a query that had ended without an answer and waits for its recipient again."""

    query_id: str


@dataclass(frozen=True, slots=True)
class Stripped:
    """Name the items that stay after cleaning or archiving, of all that was asked and given (R95)."""

    case_id: str
    kept_items: tuple[str, ...]
