"""A chain in which leaving out, moving or changing a proof shows, and figures that point to nobody."""

from dataclasses import replace

import pytest

from services.retention.proofs import (
    Cell,
    ChainedProof,
    Ending,
    chained,
    first_break,
    shown,
)
from shared.contract.fields import Theme
from tests.support.samples import retention as s


def chain(length: int) -> list[ChainedProof]:
    links: list[ChainedProof] = []
    for n in range(length):
        links.append(chained(links[-1] if links else None, s.proof(n)))
    return links


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_chain_as_it_was_written_is_sound_r106(length: int) -> None:
    assert first_break(chain(length)) is None


def test_a_proof_that_was_taken_out_shows_r106() -> None:
    links = chain(5)
    assert first_break(links[1:]) == 1
    assert first_break(links[:2] + links[3:]) == 3


def test_proofs_that_changed_places_show_r106() -> None:
    links = chain(5)
    assert first_break([*links[:1], links[2], links[1], *links[3:]]) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"proof_id": "other"},
        {"month": "2027-04"},
        {"theme": Theme.TRAFFICKING},
        {"ending": Ending.WITHDRAWN},
        {"confirmed_by": ("intake",)},
        {"backups_lapse_in": "2027-05"},
    ],
)
def test_a_proof_that_was_changed_shows_r106(changes: dict[str, object]) -> None:
    links = chain(3)
    links[1] = replace(links[1], proof=replace(links[1].proof, **changes))  # type: ignore[arg-type]
    assert first_break(links) == 2


def test_a_place_in_the_chain_that_was_changed_shows_r106() -> None:
    links = chain(3)
    assert first_break([links[0], replace(links[1], previous=links[2].digest), links[2]]) == 2
    assert first_break([links[0], replace(links[1], number=7), links[2]]) == 2


def test_a_proof_that_was_rewritten_with_its_digest_shows_at_the_next_r106() -> None:
    links = chain(3)
    links[1] = chained(links[0], replace(s.proof(1), month="2026-01"))
    assert first_break(links) == 3


BIG: Cell = (2027, Theme.COMPLEX_CASE, Ending.DEESCALATED)
NEXT: Cell = (2027, Theme.YOUTH_AT_RISK, Ending.DEESCALATED)
SMALL: Cell = (2027, Theme.TRAFFICKING, Ending.DEESCALATED)
OTHER_SMALL: Cell = (2027, Theme.TRAFFICKING, Ending.WITHDRAWN)
EMPTY: Cell = (2027, Theme.RADICALISATION, Ending.WITHDRAWN)


@pytest.mark.clause("R106.b", allowed="Een aantal dat niet kleiner is dan de kleinste cel, wordt getoond.")
@pytest.mark.clause("R106.b", refused="Een kleiner aantal wordt niet getoond.")
def test_a_cell_below_the_smallest_is_withheld_and_so_is_an_empty_one_a24() -> None:
    figures = shown({BIG: 5, SMALL: 4, OTHER_SMALL: 1}, 5, 2028)
    assert (figures.cells[BIG], figures.cells[SMALL], figures.cells[EMPTY]) == (5, None, None)
    assert len(figures.cells) == len(Theme) * len(Ending)
    assert figures.total == 10, "what is withheld adds up to no small number"


@pytest.mark.clause(
    "R106.b", refused="Uit het totaal en de getoonde aantallen is geen klein aantal uit te rekenen."
)
@pytest.mark.parametrize("small", [1, 4])
def test_what_is_withheld_adds_up_to_no_small_number_a24(small: int) -> None:
    """A24: each proof counts a case in its year, so what is not shown can be subtracted."""
    figures = shown({BIG: 9, NEXT: 5, SMALL: small}, 5, 2028)
    assert (figures.cells[BIG], figures.cells[NEXT], figures.cells[SMALL]) == (9, None, None)
    assert figures.total == 14 + small
    alone = shown({BIG: 9, SMALL: small}, 5, 2028)
    assert set(alone.cells.values()) == {None}
    nothing_small = shown({BIG: 9, NEXT: 5}, 5, 2028)
    assert (nothing_small.cells[BIG], nothing_small.cells[NEXT], nothing_small.total) == (9, 5, 14)


def test_a_year_with_few_cases_has_no_total_a24() -> None:
    figures = shown({SMALL: 4, (2026, *BIG[1:]): 7}, 5, 2028)
    assert figures.total is None
    assert figures.cells[(2026, *BIG[1:])] == 7


@pytest.mark.clause(
    "R106.b", refused="Een lopend jaar wordt niet getoond, zodat twee keer kijken niets verraadt."
)
def test_a_year_is_shown_when_it_is_over_and_not_before_a24() -> None:
    """A24: else two looks tell how the case ended that was destroyed between them."""
    running, over = shown({BIG: 7}, 5, 2027), shown({BIG: 7}, 5, 2028)
    assert (running.cells[BIG], running.total) == (None, 0)
    assert (over.cells[BIG], over.total) == (7, 7)


def test_without_a_case_there_is_nothing_to_show_a24() -> None:
    assert shown({}, 5, 2027).cells == {}
