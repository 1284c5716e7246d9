"""What sixth decides, in sentences."""

from dataclasses import replace

import pytest

from services.sixth.effects import effects
from services.sixth.process import ALLOWED
from services.sixth.state import Phase
from services.sixth.viewing import NOT_YOURS, may_view
from shared.contract.messages.sixth import SixthRegistered
from shared.contract.refusal import Refusal
from shared.core.actor import Command, Role
from shared.core.effects import ForgetCase, ToParty
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import sixth as s
from tests.support.spec import NOW

SUBMITTED = s.spec().given(s.SUBMITTED)


def test_what_a_party_submits_is_on_record_and_the_party_hears_of_it() -> None:
    (event,) = s.spec().when(s.SUBMIT).events
    assert event == s.SUBMITTED
    registered = ToParty(s.VENLO, SixthRegistered(submission_id=s.NUMBER))
    assert list(effects(s.CASE, event, SUBMITTED.state)) == [registered]


def test_a_number_that_was_used_before_is_refused_r127() -> None:
    assert SUBMITTED.when(s.SUBMIT).refusal.name == "AlreadySubmitted"


def test_an_erasure_leaves_nothing_and_is_confirmed_r105() -> None:
    (event,) = SUBMITTED.when(s.PURGE).events
    assert ForgetCase() in effects(s.CASE, event, SUBMITTED.state)


@pytest.mark.parametrize("command", s.COMMANDS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("phase", list(Phase))
def test_each_command_is_refused_outside_its_phases_and_decided_within(
    phase: Phase, command: Command
) -> None:
    allowed, _ = ALLOWED[type(command)]  # type: ignore[index]
    outcome = s.spec().given(*s.HISTORIES[phase]).when(command).outcome
    assert isinstance(outcome, Refusal) == (phase not in allowed)


def test_only_workers_of_the_party_that_submitted_it_see_it_r34() -> None:
    worker = Viewer(Role.PARTY_WORKER, "person-a", s.VENLO)
    assert may_view(worker, None, SUBMITTED.state, NOW) == Allowed("R34", s.VENLO)
    for stranger in (replace(worker, party="politie-limburg"), replace(worker, role=Role.MANAGER)):
        assert may_view(stranger, None, SUBMITTED.state, NOW) == NOT_YOURS
    assert may_view(worker, None, s.spec().given().state, NOW) == NOT_YOURS
