"""What only retention's own table says; what holds for every core stands in tests/unit/test_matrices.py."""

from docs.generate.tree import ROOT
from services.retention import refusals
from services.retention.process import TRANSITIONS
from services.retention.state import Phase
from shared.contract.refusal import Refusal


def test_nothing_leads_back_from_an_erasure_r91() -> None:
    ending = {Phase.ERASING, Phase.DESTROYING, Phase.ERASED}
    assert {after for (before, _), after in TRANSITIONS.items() if before in ending} <= ending


def test_every_refusal_of_retention_stands_in_a_test() -> None:
    """A refusal that no test mentions could be inverted for years."""
    files = (
        "unit/retention/test_process.py",
        "unit/retention/test_consents.py",
        "integration/retention/test_api.py",
        "integration/retention/test_key_hand_outs.py",
    )
    sentences = "".join((ROOT / "tests" / file).read_text() for file in files)
    found = {value.name for value in vars(refusals).values() if isinstance(value, Refusal)}
    assert {name for name in found if f'"{name}"' not in sentences} == set()
