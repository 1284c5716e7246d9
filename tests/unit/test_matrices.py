"""What holds for the tables of every core; what a service's own table says stands in its test_matrix."""

import json
from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from shared.contract.content import SEALED_ALLOWED, check_walkable
from shared.contract.refusal import Refusal
from shared.contract.registry import SERVICES
from shared.storage.json_writer import to_json

EACH = pytest.mark.parametrize("service", SERVICES)


def core(service: str, module: str) -> Any:
    return import_module(f"services.{service}.{module}")


@EACH
def test_every_command_and_every_phase_stands_in_the_tables_and_in_the_samples(service: str) -> None:
    process, samples = core(service, "process"), import_module(f"tests.support.samples.{service}")
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
    samples = import_module(f"tests.support.samples.{service}")
    met = set()
    for history in samples.HISTORIES.values():
        given = samples.spec().given(*history)
        decided = [given.when(command).outcome for command in samples.COMMANDS]
        events = [event for outcome in decided if not isinstance(outcome, Refusal) for event in outcome]
        for value in (given.state, *history, *events):
            adapter: TypeAdapter[Any] = TypeAdapter(type(value))
            assert json.loads(to_json(value)) == json.loads(adapter.dump_json(value))
            assert adapter.validate_json(to_json(value), context=SEALED_ALLOWED) == value
            met.add(type(value))
    assert set(get_args(core(service, "events").Event)) <= met
