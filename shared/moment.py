"""All that a decision may know besides the state and the command: the time, the parties, the policy."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.parties import Parties


@dataclass(frozen=True, slots=True)
class Policy:
    """The parameters [P] that the covenant leaves open, as one versioned set (R121)."""

    profile: str = "convenant-2021"
    closing_term: timedelta = timedelta(days=14)  # R102
    longest_postponement: timedelta = timedelta(days=366)  # R19: what is put off longer is not planned
    query_reminder: timedelta = timedelta(days=3)  # R31: from the end of the term to "no answer"
    archive_after_months: int = 6  # R88
    destroy_after_months: int = 12  # R91
    smallest_cell: int = 5  # A24


class Moment(NamedTuple):
    """When the broker (or the request) received the act, in covenant time, and what was in force then.

    `standing_at` is when membership and authorisations are judged: the same moment, except for a message
    that waited for just such a fact, which is judged by what is in force when it is tried again.
    Of the item ids that the command brings in, `elsewhere` holds those that belong to another case, and
    `here` those that this case was given before (R35).
    """

    now: datetime
    parties: Parties
    policy: Policy = Policy()
    elsewhere: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()
    tried_again_at: datetime | None = None

    @property
    def standing_at(self) -> datetime:
        return self.tried_again_at or self.now
