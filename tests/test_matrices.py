"""What holds for the tables of every core; what a service's own table says stands in its test_matrix."""

from importlib import import_module
from typing import Any, get_args

import pytest

from shared.message import SERVICES
from shared.refusal import Refusal

EACH = pytest.mark.parametrize("service", SERVICES)


def core(service: str, module: str) -> Any:
    return import_module(f"services.{service}.{module}")


@EACH
def test_every_command_and_every_phase_stands_in_the_tables_and_in_the_samples(service: str) -> None:
    process, samples = core(service, "process"), import_module(f"tests.{service}.samples")
    commands = set(get_args(process.Command))
    assert set(process.ALLOWED) == set(core(service, "who_may").WHO_MAY) == commands
    assert {type(command) for command in samples.COMMANDS} == commands
    assert set(samples.HISTORIES) == set(process.Phase)


@EACH
def test_every_phase_is_reached_by_the_table_and_by_events_that_exist(service: str) -> None:
    process = core(service, "process")
    assert set(process.TRANSITIONS.values()) == set(process.Phase) - {process.Phase.NOTHING}
    assert {event for _, event in process.TRANSITIONS} <= set(get_args(core(service, "events").Event))


@EACH
def test_no_two_refusals_share_a_name(service: str) -> None:
    found = [value for value in vars(core(service, "refusals")).values() if isinstance(value, Refusal)]
    assert len({refusal.name for refusal in found}) == len(found)
