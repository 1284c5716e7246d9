"""The share of doubt is reported, and no small number (R51, A24)."""

from dataclasses import replace

import pytest

from services.intake import commands as c
from services.intake import events as e
from services.intake.effects import effects
from services.intake.figures import TriageCounted, Year, shown_by_year
from services.intake.state import Phase
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.triage import TriageOutcome
from shared.core.actor import Actor, Role
from shared.core.effects import StoreRow
from tests.support.samples import intake as s
from tests.support.spec import NOW

BY_TRIAGE = Actor(Role.SERVICE, service="triage")
SMALLEST = 5


def counted(doubt: int, others: int, year: int = 2026) -> dict[TriageCounted, int]:
    return {
        TriageCounted(year, TriageOutcome.DOUBT): doubt,
        TriageCounted(year, TriageOutcome.RTO_NEEDED): others,
    }


@pytest.mark.clause("R51.b", allowed="De manager ziet per jaar welk deel van de triages in twijfel eindigde.")
def test_the_share_of_doubt_is_shown_by_year() -> None:
    counts = counted(5, 15) | counted(10, 10, 2025)
    assert shown_by_year(counts, SMALLEST, 2027) == [Year(2025, 20, 10, 0.5), Year(2026, 20, 5, 0.25)]


@pytest.mark.clause(
    "R51.b", refused="Een aantal dat zo klein is dat het naar een persoon kan leiden, ziet de manager niet."
)
@pytest.mark.parametrize(("doubt", "others"), [(4, 16), (16, 4), (0, 20), (20, 0)])
def test_a_small_number_is_withheld_and_its_complement_with_it_a24(doubt: int, others: int) -> None:
    """Also where it is nothing: that nobody was in doubt points to each case of that year."""
    assert shown_by_year(counted(doubt, others), SMALLEST, 2027) == [Year(2026, 20, None, None)]


def test_of_a_year_that_is_not_over_nothing_is_shown_a24() -> None:
    counts = counted(5, 15) | counted(10, 10, 2025)
    assert shown_by_year(counts, SMALLEST, 2026) == [Year(2025, 20, 10, 0.5)]


def test_of_a_year_with_few_cases_nothing_is_shown_a24() -> None:
    assert shown_by_year(counted(2, 2), SMALLEST, 2027) == [Year(2026, None, None, None)]


def test_each_end_of_triage_is_counted_and_no_other_end() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    closed = c.FollowClosing(by=BY_TRIAGE, reason=ClosingReason.OTHER_TABLE, closed_at=NOW)
    heard = c.FollowTriage(by=BY_TRIAGE, outcome=TriageOutcome.DOUBT)
    for command, outcome in ((closed, TriageOutcome.OTHER_TABLE), (heard, TriageOutcome.DOUBT)):
        (event,) = (x for x in given.when(command).events if isinstance(x, e.TriageFollowed))
        assert list(effects(s.CASE, event, given.state)) == [StoreRow(TriageCounted(2026, outcome))]
    at_the_table = replace(closed, by=s.BY_SERVICE)
    withdrawn = replace(closed, reason=ClosingReason.WITHDRAWN)
    for other in (at_the_table, withdrawn, replace(closed, lapsed=True)):
        assert not [x for x in given.when(other).events if isinstance(x, e.TriageFollowed)]
