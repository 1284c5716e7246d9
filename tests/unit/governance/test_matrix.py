"""What only governance's own table says; what holds for every core stands in tests/unit/test_matrices.py."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.governance import commands as c
from services.governance import events as e
from services.governance import refusals
from services.governance.effects import effects
from services.governance.state import Phase
from shared.contract.content import contents
from shared.contract.refusal import Refusal
from tests.support.samples import governance as s


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("command", [x for x in s.COMMANDS if isinstance(x, c.PartyCommand)], ids=str)
def test_a_stranger_is_told_nothing_in_any_phase(phase: Phase, command: Any) -> None:
    strange = replace(command, by=s.by_party(s.POLICE))
    refusal = s.spec().given(*s.HISTORIES[phase]).when(strange).refusal
    assert (refusal.name, refusal.status) == ("NotYourParty", 404)


def test_every_refusal_of_governance_has_a_sentence_in_the_tests() -> None:
    """A refusal that no test mentions could be inverted for years."""
    sentences = (Path(__file__).parent / "test_process.py").read_text(encoding="utf-8")
    found = {value.name for value in vars(refusals).values() if isinstance(value, Refusal)}
    assert {name for name in found if f'"{name}"' not in sentences} == set()


def test_a_membership_holds_no_text_of_a_case() -> None:
    """Governance has no case keys, so nothing it keeps may need one."""
    for history in s.HISTORIES.values():
        assert list(contents(s.spec().given(*history).state)) == []


def test_every_event_of_governance_is_told_to_somebody_but_what_nobody_confirmed_yet() -> None:
    for history in s.HISTORIES.values():
        given = s.spec().given(*history)
        for command in s.COMMANDS:
            outcome, state = given.when(command).outcome, given.state
            for event in () if isinstance(outcome, Refusal) else outcome:
                state = given.process.evolve(state, event)
                assert list(effects("case", event, state)) or isinstance(event, e.EndingProposed)
