"""Define the terms and numbers that the covenant leaves to the house, as one versioned set (R121)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from shared.contract.fields import Step


@dataclass(frozen=True, slots=True)
class Term:
    """Hold the terms of one step of a case, each counted from the one before.

    `remind`: from its start until the director is reminded; `tell`: until the leading party and the manager
    are; `again`: from then on, each time anew. `end`: from telling them until the case ends; None: never.
    """

    remind: timedelta
    tell: timedelta
    again: timedelta
    end: timedelta | None = None


def _days(remind: int, tell: int, again: int, end: int | None = None) -> Term:
    last = None if end is None else timedelta(days=end)
    return Term(timedelta(days=remind), timedelta(days=tell), timedelta(days=again), last)


TERMS: Mapping[Step, Term] = MappingProxyType(
    {
        Step.CONSULTATION: _days(7, 7, 7, end=28),  # R11 [P]: the referrer confirms it
        Step.SCREENING: _days(7, 7, 7, end=28),  # R12 [P]
        Step.INFORMING: _days(7, 7, 14),  # R16 [P]: from the decision until the data subject has been told
        Step.TRIAGE: _days(28, 14, 14, end=56),  # R50 [P]; longer as long as an answer is waited for (R31)
        Step.PREPARATION: _days(14, 14, 14),  # R42 [P]: that a round table follows was decided
        Step.CONVENING: _days(14, 14, 14),  # R59 [P]
        Step.ROUND_TABLE: _days(7, 14, 14),  # R69, R83 [P]: from the day of the meeting
        Step.MONITORING: _days(182, 28, 28),  # R81, R82 [P]: never ends by silence
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Hold the parameters [P] that the covenant leaves open, as one versioned set (R121)."""

    profile: str = "convenant-2021"
    closing_term: timedelta = timedelta(days=14)  # R102
    longest_postponement: timedelta = timedelta(days=366)  # R19: what is put off longer is not planned
    query_reminder: timedelta = timedelta(days=3)  # R31: from the end of the term to "no answer"
    archive_after_months: int = 6  # R88
    destroy_after_months: int = 12  # R91
    smallest_cell: int = 5  # A24
    confirmation_within: timedelta = timedelta(days=14)  # R115: of what cannot be undone, by a second person
    strangers_logged_for: timedelta = timedelta(days=365)  # R129: logs about numbers that are no case
    terms: Mapping[Step, Term] = field(default_factory=lambda: TERMS)
