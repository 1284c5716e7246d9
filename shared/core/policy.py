"""Define the terms and numbers that the covenant leaves to the house, as one versioned set (R121)."""

from dataclasses import dataclass
from datetime import timedelta


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
    strangers_logged_for: timedelta = timedelta(days=365)  # R129: logs about numbers that are no case
