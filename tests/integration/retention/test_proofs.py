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


def test_a_cell_below_the_smallest_is_withheld_and_so_is_an_empty_one_a24() -> None:
    big: Cell = (2027, Theme.COMPLEX_CASE, Ending.DEESCALATED)
    small: Cell = (2027, Theme.TRAFFICKING, Ending.DEESCALATED)
    empty: Cell = (2027, Theme.RADICALISATION, Ending.WITHDRAWN)
    cells = shown({big: 5, small: 4}, 5)
    assert (cells[big], cells[small], cells[empty]) == (5, None, None)
    assert len(cells) == len(Theme) * len(Ending)


def test_without_a_case_there_is_nothing_to_show_a24() -> None:
    assert shown({}, 5) == {}
