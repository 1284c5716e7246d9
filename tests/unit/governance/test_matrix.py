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
from shared.contract.content import TextRef, contents
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
    files = Path(__file__).parent.glob("test_*.py")
    sentences = "".join(file.read_text(encoding="utf-8") for file in files)
    found = {value.name for value in vars(refusals).values() if isinstance(value, Refusal)}
    assert {name for name in found if f'"{name}"' not in sentences} == set()


def test_of_who_signed_a_membership_keeps_references_and_none_once_it_has_ended_r110() -> None:
    kept = {phase: contents(s.spec().given(*events).state) for phase, events in s.HISTORIES.items()}
    assert kept.pop(Phase.MEMBER) == [
        TextRef("piece-1", "governance"),
        TextRef("piece-2", "governance"),
    ]
    assert not any(kept.values())


def test_what_others_hear_of_a_party_holds_no_text_of_anybody_r110() -> None:
    for history in s.HISTORIES.values():
        assert contents(s.spec().given(*history).state.record) == []


def test_every_event_of_governance_is_told_to_somebody_but_what_is_only_recorded() -> None:
    for history in s.HISTORIES.values():
        given = s.spec().given(*history)
        for command in s.COMMANDS:
            outcome, state = given.when(command).outcome, given.state
            for event in () if isinstance(outcome, Refusal) else outcome:
                state = given.process.evolve(state, event)
                only_recorded = isinstance(event, e.EndingProposed | e.DecisionRecorded)
                assert list(effects("case", event, state)) or only_recorded
