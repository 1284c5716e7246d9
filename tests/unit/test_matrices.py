"""What holds for the tables of every core; what a service's own table says stands in its test_matrix."""

import json
import re
from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from shared.contract.content import SEALED_ALLOWED, TextRef, check_walkable, contents
from shared.contract.refusal import Refusal
from shared.contract.registry import SERVICES
from shared.storage.json_writer import to_json
from tests.support.samples import samples_of

CASE = "0192aaaa-0000-7000-8000-00000000000c"
EACH = pytest.mark.parametrize("service", SERVICES)


def core(service: str, module: str) -> Any:
    return import_module(f"services.{service}.{module}")


def holds_no_text(state: Any) -> bool:
    """Whether a state holds references alone, and where a text was dropped nothing."""
    return all(isinstance(content, TextRef) or content == "" for content in contents(state))


MATRIX = [
    pytest.param(service, command, id=f"{service}-{type(command).__name__}")
    for service in SERVICES
    for command in samples_of(service).COMMANDS
]
# Triage allows both while an RTO is prepared, for what was received before triage ended (R31). Retention
# judges what people do by the date, and in its samples every term is over (A4). A file of phase 4 takes in
# only what the round table tells again of one from the version before. Another house is recorded anew,
# a party never as one.
ONLY_IF_RECEIVED_BEFORE = {
    ("governance", "member", "RecordHouse"),
    ("triage", "preparing", "AnswerQuery"),
    ("triage", "preparing", "DeclineQuery"),
    ("retention", "step-1", "CleanFile"),
    ("retention", "step-1-cleaned", "CleanFile"),
    *(
        ("retention", step, asked)
        for step in ("step-1", "step-1-cleaned", "step-2")
        for asked in ("AskReactivation", "ReactivateFile", "RecordHandedOverItem", "RecordFilePart")
    ),
    ("retention", "step-2", "InspectFile"),
    ("retention", "step-2", "UseInspection"),
}
# What these two accept depends on more than the phase; their own test_matrix lists it.
LISTED_APART = {"intake", "rto"}


@pytest.mark.parametrize(("service", "command"), MATRIX)
def test_each_command_in_each_phase_gives_events_or_a_named_refusal(service: str, command: Any) -> None:
    """Events move the case as the table says and leave references only; a state is read back as it was."""
    for phase in core(service, "state").Phase:
        _gives_events_or_a_named_refusal(service, phase, command)


def _gives_events_or_a_named_refusal(service: str, phase: Any, command: Any) -> None:
    samples, process = samples_of(service), core(service, "process")
    given = samples.spec().given(*samples.HISTORIES[phase])
    assert given.state.phase is phase
    outcome = given.when(command).outcome
    if isinstance(outcome, Refusal):
        assert re.fullmatch(r"R\d+", outcome.rule)
        assert outcome.article
        assert outcome.sentence.endswith(".")
        return
    state = given.state
    for event in outcome:
        after = given.process.evolve(state, event)
        assert after.phase is process.TRANSITIONS.get((state.phase, type(event)), state.phase)
        assert holds_no_text(after), "references only"
        list(given.process.effects(CASE, event, after))
        state = after
    adapter: TypeAdapter[Any] = TypeAdapter(type(state))
    assert adapter.validate_json(to_json(state), context=SEALED_ALLOWED) == state


@pytest.mark.parametrize(("service", "command"), MATRIX)
def test_a_command_outside_its_phases_is_refused(service: str, command: Any) -> None:
    samples, name = samples_of(service), type(command).__name__
    allowed, _ = core(service, "process").ALLOWED[type(command)]
    for phase in core(service, "state").Phase:
        accepted = phase in allowed and (service, phase, name) not in ONLY_IF_RECEIVED_BEFORE
        outcome = samples.spec().given(*samples.HISTORIES[phase]).when(command).outcome
        assert isinstance(outcome, Refusal) or accepted, phase
        if service not in LISTED_APART:
            assert isinstance(outcome, Refusal) == (not accepted), phase


@EACH
def test_a_state_holds_no_text_in_any_phase(service: str) -> None:
    samples = samples_of(service)
    for history in samples.HISTORIES.values():
        assert holds_no_text(samples.spec().given(*history).state)


@EACH
def test_every_command_and_every_phase_stands_in_the_tables_and_in_the_samples(service: str) -> None:
    process, samples = core(service, "process"), samples_of(service)
    commands = set(get_args(process.Command))
    assert set(process.ALLOWED) == set(core(service, "permissions").PERMISSIONS) == commands
    assert {type(command) for command in samples.COMMANDS} == commands
    assert set(samples.HISTORIES) == set(process.Phase)


@EACH
def test_every_phase_is_reached_by_the_table_and_by_events_that_exist(service: str) -> None:
    process = core(service, "process")
    assert set(process.TRANSITIONS.values()) == set(process.Phase) - {process.Phase.NOTHING}
    assert {event for _, event in process.TRANSITIONS} <= set(get_args(core(service, "events").Event))


@EACH
def test_no_state_event_or_command_holds_a_text_where_it_is_never_sealed(service: str) -> None:
    process = core(service, "process")
    for kind in (process.State, *get_args(core(service, "events").Event), *get_args(process.Command)):
        check_walkable(kind)


@EACH
def test_no_two_refusals_share_a_name(service: str) -> None:
    found = [value for value in vars(core(service, "refusals")).values() if isinstance(value, Refusal)]
    assert len({refusal.name for refusal in found}) == len(found)


@EACH
def test_every_event_and_state_is_written_with_its_declared_fields_and_read_as_it_was(service: str) -> None:
    samples = samples_of(service)
    met = set()
    for history in samples.HISTORIES.values():
        given = samples.spec().given(*history)
        decided = [given.when(command).outcome for command in samples.COMMANDS]
        events = [event for outcome in decided if not isinstance(outcome, Refusal) for event in outcome]
        for value in (given.state, *history, *events, *getattr(samples, "BESIDES", ())):
            adapter: TypeAdapter[Any] = TypeAdapter(type(value))
            assert json.loads(to_json(value)) == json.loads(adapter.dump_json(value))
            assert adapter.validate_json(to_json(value), context=SEALED_ALLOWED) == value
            met.add(type(value))
    assert set(get_args(core(service, "events").Event)) <= met
