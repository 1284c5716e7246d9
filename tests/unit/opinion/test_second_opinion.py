"""Who sees what, on whole random cases: the services' own policies against a model that knows none."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.opinion.comparing import played

SOON, ALL = 300, 10_000  # histories: in each fast run, and in the run of each commit
LINES = (Path(__file__).parent / "seeds.txt").read_text(encoding="utf-8").splitlines()
FAILED_BEFORE = [int(line.split()[0]) for line in LINES if line and not line.startswith("#")]
KEEP = "keep this seed in seeds.txt, with what was found"


@pytest.mark.parametrize("seed", FAILED_BEFORE)
def test_where_product_and_covenant_once_differed_they_agree_now(seed: int) -> None:
    assert (found := played(seed, everybody=True)) is None, found


def test_product_and_covenant_agree_on_what_somebody_is_shown() -> None:
    for seed in range(SOON):
        assert (found := played(seed, everybody=False)) is None, f"{found}\n{KEEP}"


@pytest.fixture
def kept_in_memory() -> Iterator[None]:
    """Keep what was made before, mostly modules, out of the collection of garbage: a fifth of the time."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.exhaustive
@pytest.mark.usefixtures("kept_in_memory")
def test_product_and_covenant_agree_in_ten_thousand_histories() -> None:
    for seed in range(SOON, ALL):
        assert (found := played(seed, everybody=False)) is None, f"{found}\n{KEEP}"
