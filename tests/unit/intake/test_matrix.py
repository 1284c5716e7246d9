"""Every command in every phase: events or a named refusal, and exactly the moves of the table."""

from typing import Any, get_args

import pytest

from services.intake.main import PROCESS
from services.intake.process import TRANSITIONS, Command
from services.intake.state import Phase
from shared.contract.refusal import UNKNOWN_CASE, Refusal
from tests.support.samples import intake as s

# The phases in which each command of the samples gives events; everywhere else it is refused by name.
KNOWN = {phase.value for phase in Phase} - {"nothing", "checking", "purged"}
CHECKING = {"checking"}
ACCEPTED = {
    "SubmitReferral": {"nothing"},
    "ConfirmConsultation": {"received"},
    "ScreenReferral": {"consulted"},
    "AssignDirector": KNOWN,
    "AssignSupport": KNOWN,
    "PassTerm": KNOWN,
    "LookForLeader": {"received", "consulted"},
    "WithdrawReferral": {"received", "consulted", "taken-up"},
    "RecordInforming": {"taken-up", "deescalated", "archived"},
    "PostponeInforming": {"taken-up", "deescalated", "archived"},
    "RemindOfInforming": {"taken-up", "deescalated", "archived", "closing"},
    "RaiseDuties": {"taken-up", "deescalated", "archived", "closing"},
    "FollowTriage": {"taken-up", "deescalated", "archived", "closing"},
    "MoveDirection": {"taken-up"},
    "FollowStanding": KNOWN,
    "FollowDeescalation": {"taken-up"},
    "FollowCleaning": {"deescalated", "closing"},
    "FollowArchiving": {"deescalated", "closing"},
    "FollowTerms": KNOWN | {"nothing"},
    "FollowReactivation": {"taken-up", "deescalated", "archived", "closing"},
    "FollowClosing": {"taken-up"},
    "PurgeCase": {phase.value for phase in Phase},
    "AskKnownCheck": {"received", "consulted", "taken-up"},
    "WeighExchange": {"taken-up"},
    "RecordKnownAnswer": set(),  # none of the samples has asked another house
    "TakeKnownCheck": {"nothing"},
    "ConsultOnCheck": set(),  # and none is found by what another house asks
    "RecordConsultation": CHECKING,
    "DecideKnownCheck": CHECKING,
    "AnswerKnownCheck": CHECKING,
}
OF_ANOTHER_HOUSE = {"RecordKnownAnswer", "ConsultOnCheck", "RecordConsultation", "DecideKnownCheck"}
OF_ANOTHER_HOUSE |= {"AnswerKnownCheck"}


def _name(value: Any) -> str:
    return str(value) if isinstance(value, Phase) else type(value).__name__


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", s.COMMANDS, ids=_name)
def test_each_command_in_each_phase_gives_events_or_a_named_refusal(phase: Phase, command: Any) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    assert given.state is None or given.state.phase is phase
    outcome = given.when(command).outcome
    if phase.value in ACCEPTED[type(command).__name__]:
        assert not isinstance(outcome, Refusal), outcome
    else:
        assert isinstance(outcome, Refusal)
        name = type(command).__name__
        gone = phase in (Phase.NOTHING, Phase.PURGED) or name in OF_ANOTHER_HOUSE
        gone = gone or (phase is Phase.CHECKING and name != "TakeKnownCheck")
        at_the_check = phase is Phase.CHECKING and name == "ConsultOnCheck"  # it finds nobody
        assert (outcome is UNKNOWN_CASE) is (gone and not at_the_check) or name == "PurgeCase"


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", s.COMMANDS, ids=_name)
def test_an_event_moves_the_case_only_as_the_table_says(phase: Phase, command: Any) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    outcome = given.when(command).outcome
    state = PROCESS.empty if given.state is None else given.state
    for event in () if isinstance(outcome, Refusal) else outcome:
        after = PROCESS.evolve(state, event)
        assert after.phase is TRANSITIONS.get((state.phase, type(event)), state.phase)
        state = after


def test_of_every_command_it_is_said_where_it_is_accepted() -> None:
    assert set(ACCEPTED) == {command.__name__ for command in get_args(Command)}


def test_every_phase_can_be_reached_and_each_move_is_taken_by_a_sample() -> None:
    taken = set()
    for phase, history in s.HISTORIES.items():
        state = PROCESS.empty
        for event in history:
            before = state.phase
            state = PROCESS.evolve(state, event)
            taken.add((before, type(event)))
        assert state.phase is phase
        for command in s.COMMANDS:
            outcome = s.spec().given(*history).when(command).outcome
            step = state
            for event in () if isinstance(outcome, Refusal) else outcome:
                taken.add((step.phase, type(event)))
                step = PROCESS.evolve(step, event)
    missing = set(TRANSITIONS) - taken
    assert not missing
