"""Every command in every phase gives events or a named refusal, and evolves; the table is the only law."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from services.triage import refusals
from services.triage.effects import effects
from services.triage.process import ALLOWED, DirectorCommand
from services.triage.state import Phase, State
from shared.contract.content import SEALED_ALLOWED, TextRef, contents
from shared.contract.refusal import Refusal, public_refusal
from shared.storage.json_writer import to_json
from tests.support.samples import triage as s

MATRIX = [(phase, command) for phase in Phase for command in s.COMMANDS]
NAMES = [f"{phase}-{type(command).__name__}" for phase, command in MATRIX]
STATES = TypeAdapter(State)
# Both are allowed while an RTO is prepared, for what was received before triage ended (R31).
ONLY_IF_RECEIVED_BEFORE = {(Phase.PREPARING, "AnswerQuery"), (Phase.PREPARING, "DeclineQuery")}


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
    assert all(isinstance(text, TextRef) for text in contents(state)), "a state holds references only"
    assert STATES.validate_json(to_json(state), context=SEALED_ALLOWED) == state


@pytest.mark.parametrize(("phase", "command"), MATRIX, ids=NAMES)
def test_a_command_outside_its_phases_is_refused(phase: Phase, command: Any) -> None:
    allowed, _ = ALLOWED[type(command)]
    expected = phase in allowed and (phase, type(command).__name__) not in ONLY_IF_RECEIVED_BEFORE
    outcome = s.spec().given(*s.HISTORIES[phase]).when(command).outcome
    assert isinstance(outcome, Refusal) == (not expected)


STRANGERS = [
    *(replace(command, by=s.by_party("gemeente-venray")) for command in (s.answer(), s.decline())),
    *(
        replace(command, by=s.by_director(person_="somebody-else"))
        for command in s.COMMANDS
        if isinstance(command, get_args(DirectorCommand))
    ),
]


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("command", STRANGERS, ids=lambda command: type(command).__name__)
def test_a_stranger_is_told_the_same_in_every_phase_r34(phase: Phase, command: Any) -> None:
    refusal = s.spec().given(*s.HISTORIES[phase]).when(command).refusal
    assert refusal.status == 404
    assert public_refusal(refusal).name == "UnknownCase"


def test_every_refusal_of_triage_has_a_sentence_in_the_tests() -> None:
    """A refusal that no test mentions could be inverted for years."""
    sentences = (Path(__file__).parent / "test_process.py").read_text(encoding="utf-8")
    own = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
    assert {refusal.name for refusal in own if f'"{refusal.name}"' not in sentences} == set()
