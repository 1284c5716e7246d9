"""Every command in every phase gives events or a named refusal, and evolves; the table is the only law."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from docs.generate.tree import ROOT
from services.retention import refusals
from services.retention.effects import effects
from services.retention.process import ALLOWED, TRANSITIONS
from services.retention.state import Phase, State
from shared.contract.content import SEALED_ALLOWED, TextRef, contents
from shared.contract.refusal import Refusal
from shared.storage.json_writer import to_json
from tests.support.samples import retention as s

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
        list(effects(s.CASE, event, state))
    assert STATES.validate_json(to_json(state), context=SEALED_ALLOWED) == state


@pytest.mark.parametrize(("phase", "command"), MATRIX, ids=NAMES)
def test_a_command_outside_its_phases_is_refused(phase: Phase, command: Any) -> None:
    allowed, _ = ALLOWED[type(command)]
    outcome = s.spec().given(*s.HISTORIES[phase]).when(command).outcome
    assert isinstance(outcome, Refusal) == (phase not in allowed)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_state_holds_no_text_and_no_sealed_piece(phase: Phase) -> None:
    assert all(isinstance(content, TextRef) for content in contents(s.state(*s.HISTORIES[phase])))


def test_nothing_leads_back_from_an_erasure_r91() -> None:
    ending = {Phase.ERASING, Phase.DESTROYING, Phase.ERASED}
    assert {after for (before, _), after in TRANSITIONS.items() if before in ending} <= ending


def test_every_refusal_of_retention_stands_in_a_test() -> None:
    """A refusal that no test mentions could be inverted for years."""
    files = ("unit/retention/test_process.py", "integration/retention/test_api.py")
    sentences = "".join((ROOT / "tests" / file).read_text() for file in files)
    found = {value.name for value in vars(refusals).values() if isinstance(value, Refusal)}
    assert {name for name in found if f'"{name}"' not in sentences} == set()
