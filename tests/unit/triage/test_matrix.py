"""What only triage's own table says; what holds for every core stands in tests/unit/test_matrices.py."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from services.triage import refusals
from services.triage.process import DirectorCommand
from services.triage.state import Phase
from shared.contract.refusal import Refusal, public_refusal
from tests.support.samples import triage as s

STRANGERS = [
    *(replace(command, by=s.by_party("gemeente-venray")) for command in (s.answer(), s.decline())),
    *(
        replace(command, by=s.by_director(person_="somebody-else"))
        for command in s.COMMANDS
        if isinstance(command, get_args(DirectorCommand))
    ),
]


@pytest.mark.clause(
    "R34.c",
    refused="Wie niets met de casus te maken heeft, krijgt in elke fase het antwoord dat er geen casus is.",
)
@pytest.mark.clause(
    "R44.a", refused="Een andere procesregisseur kan niet bepalen wat een deelnemer vooraf mag inzien."
)
@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("command", STRANGERS, ids=lambda command: type(command).__name__)
def test_a_stranger_is_told_the_same_in_every_phase_r34(phase: Phase, command: Any) -> None:
    refusal = s.spec().given(*s.HISTORIES[phase]).when(command).refusal
    assert refusal.status == 404
    assert public_refusal(refusal).name == "UnknownCase"


def test_every_refusal_of_triage_has_a_sentence_in_the_tests() -> None:
    """A refusal that no test mentions could be inverted for years."""
    sentences = "".join(one.read_text(encoding="utf-8") for one in Path(__file__).parent.glob("test_*.py"))
    own = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
    assert {refusal.name for refusal in own if f'"{refusal.name}"' not in sentences} == set()
