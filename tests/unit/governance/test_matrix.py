"""Every command in every phase gives events or a named refusal, and evolves; the table is the only law."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.governance import commands as c
from services.governance import refusals
from services.governance.effects import effects
from services.governance.process import ALLOWED
from services.governance.state import Phase, State
from shared.contract.content import contents
from shared.contract.refusal import Refusal
from shared.storage.json_writer import to_json
from tests.support.samples import governance as s

MATRIX = [(phase, command) for phase in Phase for command in s.COMMANDS]
NAMES = [f"{phase}-{type(command).__name__}" for phase, command in MATRIX]
STATES = TypeAdapter(State)


@pytest.mark.parametrize(("phase", "command"), MATRIX, ids=NAMES)
def test_each_command_in_each_phase_is_decided(phase: Phase, command: Any) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    assert given.state.phase is phase
    outcome = given.when(command).outcome
    if isinstance(outcome, Refusal):
        assert re.fullmatch(r"R\d+", outcome.rule)
        assert outcome.article
        assert outcome.sentence.endswith(".")
        return
    state = given.state
    for event in outcome:
        state = given.process.evolve(state, event)
        assert list(effects("case", event, state))
    assert STATES.validate_json(to_json(state)) == state


@pytest.mark.parametrize(("phase", "command"), MATRIX, ids=NAMES)
def test_a_command_outside_its_phases_is_refused(phase: Phase, command: Any) -> None:
    allowed, _ = ALLOWED[type(command)]
    outcome = s.spec().given(*s.HISTORIES[phase]).when(command).outcome
    assert isinstance(outcome, Refusal) == (phase not in allowed)


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
