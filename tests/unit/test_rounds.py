"""What is late from before a reactivation moves nothing, what is early waits, what restricts has no round."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from services.rto import commands as rto_commands
from services.rto.events import CaseReactivated, ReleaseGiven
from services.rto.viewing import may_view
from shared.contract.messages import rto as m
from shared.contract.messages.rto import RtoOutcome
from shared.contract.refusal import REACTIVATION_NOT_HEARD, Refusal
from shared.contract.registry import SERVICES
from shared.core.actor import A_SERVICE, Role
from shared.core.rounds import OfRound
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import retention, rto, samples_of
from tests.support.spec import NOW, looking

FOLLOWING = ("intake", "triage", "rto")
LIVE = {"intake": "taken-up", "triage": "prepared", "rto": "prepared"}


def back(service: str, phase: str = "deescalated") -> Any:
    """A case of this service that was reactivated from that phase."""
    samples, process = samples_of(service), import_module(f"services.{service}.process")
    given = samples.spec().given(*samples.HISTORIES[process.Phase(phase)])
    follow = next(x for x in samples.COMMANDS if type(x).__name__ == "FollowReactivation")
    return given.given(*given.when(follow).events)


def moving(service: str) -> list[Any]:
    """Every command of this service that moves a case in one of its rounds."""
    return [x for x in samples_of(service).COMMANDS if isinstance(x, OfRound)]


@pytest.mark.parametrize("phase", ["deescalated", "archived"])
@pytest.mark.parametrize("service", FOLLOWING)
def test_a_case_comes_back_without_its_terms_a5(service: str, phase: str) -> None:
    state = back(service, phase).state
    assert (state.phase, state.round, state.terms) == (LIVE[service], 1, ())


@pytest.mark.parametrize("service", FOLLOWING)
def test_what_an_earlier_round_says_moves_nothing_a5(service: str) -> None:
    """A5: a withdrawal of the referral, or the de-escalation itself, may come after the reactivation."""
    given = back(service)
    assert {type(x).__name__ for x in moving(service)} >= {"FollowClosing", "FollowArchiving", "FollowTerms"}
    for command in moving(service):
        assert given.when(command).events == ()


def test_retention_is_not_moved_by_an_earlier_round_a5() -> None:
    given = retention.spec().given(*retention.STEP_1, retention.REACTIVATED)
    assert len(moving("retention")) == 5
    for command in moving("retention"):
        assert given.when(command).events == ()


@pytest.mark.parametrize("service", (*FOLLOWING, "retention"))
def test_what_a_later_round_says_waits_for_the_reactivation_a5(service: str) -> None:
    """A5: two services do not hear a third in the same order; nothing of it is lost."""
    samples, process = samples_of(service), import_module(f"services.{service}.process")
    assert REACTIVATION_NOT_HEARD.may_be_lag
    assert not REACTIVATION_NOT_HEARD.settled
    for command in moving(service):
        early = replace(command, round=1)
        for phase, history in samples.HISTORIES.items():
            if phase is not process.Phase.NOTHING:
                assert samples.spec().given(*history).when(early).outcome is REACTIVATION_NOT_HEARD


@pytest.mark.parametrize("service", ["intake", "triage"])
def test_a_de_escalation_that_is_heard_after_the_reactivation_of_it_does_not_move_and_the_next_does(
    service: str,
) -> None:
    given = back(service, LIVE[service])
    follow = next(x for x in moving(service) if type(x).__name__ == "FollowDeescalation")
    assert given.when(follow).events == ()
    moved = given.given(*given.when(replace(follow, round=1)).events)
    assert moved.state.phase == "deescalated"


@pytest.mark.parametrize("service", FOLLOWING)
def test_a_reactivation_that_is_heard_twice_counts_once(service: str) -> None:
    given = back(service, LIVE[service] if service != "rto" else "deescalated")
    follow = next(x for x in samples_of(service).COMMANDS if type(x).__name__ == "FollowReactivation")
    outcome = given.when(follow).outcome
    assert isinstance(outcome, Refusal) if service == "rto" else outcome == ()


@pytest.mark.parametrize("service", SERVICES)
def test_what_restricts_is_of_no_round_so_it_is_never_refused_as_old_a12(service: str) -> None:
    """A12: a withdrawal, a refusal, an objection: only services, which tell of phases, name a round."""
    permissions = import_module(f"services.{service}.permissions").PERMISSIONS
    of_a_round = [command for command in permissions if issubclass(command, OfRound)]
    assert all(permissions[command].roles == A_SERVICE for command in of_a_round)


# --- at the round table -----------------------------------------------------------------------------


def table(*events: Any) -> Any:
    return rto.spec().given(*rto.ENDED, *events)


def test_a_reactivated_case_waits_for_its_round_table_and_is_read_by_no_party_until_then_a17() -> None:
    state = table(CaseReactivated(1)).state
    director = Viewer(Role.PROCESS_DIRECTOR, rto.DIRECTOR, on_behalf_of=rto.VENLO)
    item = state.item(rto.FREE)
    assert isinstance(may_view(director, item, state, looking(rto.parties())), Allowed)
    for party in (rto.VENLO, rto.CARE, rto.HOUSING):
        delegate = Viewer(Role.PARTY_WORKER, rto.worker(party), party)
        assert not isinstance(may_view(delegate, item, state, looking(rto.parties())), Allowed), party
        assert not isinstance(may_view(delegate, state.plan, state, looking(rto.parties())), Allowed), party


def test_the_new_round_table_may_name_others_than_the_one_that_de_escalated_r81() -> None:
    given = table(CaseReactivated(1))
    invited = {"participants": (rto.participant(rto.CARE),)}
    others = rto.meeting(rto.SECOND_RTO, **invited, preparation=rto.follow_up())
    convene = rto_commands.ConveneRto(by=rto.by_director(), meeting=others)
    assert given.given(*given.when(convene).events).state.latest.seats[0].party == rto.CARE
    unprepared = replace(convene, meeting=rto.meeting(rto.SECOND_RTO, **invited))
    assert given.when(unprepared).refusal.name == "GoalMissing", "it is prepared anew (R42)"
    first = rto.spec().given(*rto.RECORDED, rto.PREPARED).when(convene).refusal
    assert first.name == "PreparationIsFixed"


def test_what_ends_at_the_new_table_is_of_the_new_round_a5() -> None:
    seated = (rto.accepted(one, rto.SECOND_RTO) for one in rto.AT_THE_TABLE)
    anew = ReleaseGiven(m.ReleaseGiven(item_id=rto.FREE, use=m.Use.RTO), NOW)
    again = (CaseReactivated(1), rto.convened(rto.SECOND_RTO), *seated, anew)
    conclude = rto_commands.ConcludeRto(
        by=rto.by_director(),
        rto_id=rto.SECOND_RTO,
        conclusion=rto.conclusion(outcome=RtoOutcome.DEESCALATE),
    )
    given = table(*again)
    state, told = given.state, []
    for event in given.when(conclude).events:
        state = given.process.evolve(state, event)
        told += [x.message for x in given.process.effects(rto.CASE, event, state) if hasattr(x, "message")]
    rounds = {type(x).__name__: x.round for x in told if hasattr(x, "round")}
    handed = [x.item.item_id for x in told if isinstance(x, m.ItemHandedOver)]
    assert handed == [rto.FREE], "a release for the table ends with its round (R65)"
    assert rounds == {"ItemHandedOver": 1, "FilePartHandedOver": 1, "CaseDeescalated": 1}
