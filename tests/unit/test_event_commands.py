"""What one service decided is followed by the others, or is so already, or is a fault that holds the case."""

import importlib
from typing import Any

import pytest

from shared.contract.refusal import ENDED_HERE, Refusal
from shared.core.actor import Role

# The end of a case counts; what else is told of it then changes nothing.
SETTLED: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {
    "intake": {
        ("MoveDirection", "FollowDeescalation", "FollowClosing"): ("deescalated", "archived", "closing"),
    },
    "triage": {
        ("OpenCase",): ("triage", "preparing", "prepared", "deescalated", "archived", "closing"),
        ("MoveDirection", "FollowDeescalation", "FollowClosing"): ("deescalated", "archived", "closing"),
    },
    "rto": {
        ("OpenPreparation",): ("prepared", "convened", "monitoring", "deescalated", "archived", "closing"),
        ("RecordItem",): ("convened", "monitoring", "deescalated", "archived", "closing"),
        ("FollowClosing",): ("deescalated", "archived"),
    },
    "retention": {
        ("OpenCase",): ("open", "collecting"),
        (
            "OpenCase",
            "MoveDirection",
            "RecordHandedOverItem",
            "RecordFilePart",
            "Deescalate",
            "CloseEarly",
        ): (
            "step-1",
            "step-1-cleaned",
            "step-2",
            "closing",
            "erasing",
            "destroying",
        ),
        ("FollowSettling",): ("step-1", "step-1-cleaned", "step-2", "erasing", "destroying"),
    },
}
# The phases in which each service must be able to follow: nothing of these is ever refused.
ALWAYS_FOLLOWED = {"intake": "PurgeCase", "triage": "PurgeCase", "rto": "PurgeCase"}


def decided(service: str) -> dict[tuple[str, str], Any]:
    """What becomes of each other service's decision in each phase."""
    samples = importlib.import_module(f"tests.support.samples.{service}")
    heard = [command for command in samples.COMMANDS if command.by.role is Role.SERVICE]
    return {
        (type(command).__name__, str(phase)): samples.spec().given(*history).when(command).outcome
        for phase, history in samples.HISTORIES.items()
        for command in heard
    }


@pytest.mark.parametrize("service", SETTLED)
def test_what_comes_after_the_end_or_again_is_settled_and_holds_no_case(service: str) -> None:
    expected = {
        (command, phase)
        for commands, phases in SETTLED[service].items()
        for command in commands
        for phase in phases
    }
    outcomes = decided(service)
    assert {at for at, x in outcomes.items() if isinstance(x, Refusal) and x.settled} == expected


@pytest.mark.parametrize(("service", "command"), ALWAYS_FOLLOWED.items())
def test_an_order_to_erase_is_followed_in_every_phase_r105(service: str, command: str) -> None:
    assert not [at for at, x in decided(service).items() if at[0] == command and isinstance(x, Refusal)]


def test_a_direction_that_moves_after_the_end_changes_nothing_r86() -> None:
    for service in ("intake", "triage"):
        assert decided(service)["MoveDirection", "closing"] is ENDED_HERE
        assert decided(service)["FollowArchiving", "closing"] is not ENDED_HERE


def test_a_case_that_was_taken_up_is_taken_in_by_every_service_that_hears_of_it_first_r25() -> None:
    for service in ("triage", "retention"):
        assert not isinstance(decided(service)["OpenCase", "nothing"], Refusal)


@pytest.mark.parametrize("service", SETTLED)
def test_no_refusal_that_a_party_can_meet_is_settled_while_it_may_still_be_lag(service: str) -> None:
    refusals = vars(importlib.import_module(f"services.{service}.refusals")).values()
    assert not [x.name for x in refusals if isinstance(x, Refusal) and x.settled and x.may_be_lag]
