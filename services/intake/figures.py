"""Report how often triage ends in doubt, which is not to become the standard procedure (R51)."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contract.messages.triage import TriageOutcome


@dataclass(frozen=True, slots=True)
class TriageCounted:
    """Count one more triage that ended so in that year."""

    year: int
    outcome: TriageOutcome


@dataclass(frozen=True, slots=True)
class Year:
    """Hold what may be shown of a year; `share` is the part that ended in doubt, from 0 to 1."""

    year: int
    concluded: int | None
    doubt: int | None
    share: float | None


def shown_by_year(counts: Mapping[TriageCounted, int], smallest: int, this_year: int) -> list[Year]:
    """Return each year that is over, without counts below `smallest`, nor any that would give one away (A24).

    A running year is withheld: two looks at it would tell how the triage between them ended.
    """
    over = sorted({one.year for one in counts if one.year < this_year})
    return [_shown(year, counts, smallest) for year in over]


def _shown(year: int, counts: Mapping[TriageCounted, int], smallest: int) -> Year:
    doubt = counts.get(TriageCounted(year, TriageOutcome.DOUBT), 0)
    total = sum(n for one, n in counts.items() if one.year == year)
    if total < smallest:
        return Year(year, None, None, None)
    if min(doubt, total - doubt) < smallest:
        return Year(year, total, None, None)
    return Year(year, total, doubt, round(doubt / total, 2))
