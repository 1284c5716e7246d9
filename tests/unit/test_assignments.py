"""Intake's assignment is followed by every service, whatever other services said before or say after (R6)."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from services.retention.commands import CleanFile
from services.retention.state import Phase as RetentionPhase
from services.rto.effects import effects as rto_effects
from services.rto.events import CaseDeescalated
from services.rto.state import Phase as RtoPhase
from services.triage.state import Phase as TriagePhase
from shared.contract.messages.intake import CaseAssigned, ClosingReason, ReferralClosed
from shared.contract.messages.rto import CaseDeescalated as File
from shared.core.actor import Role
from shared.core.effects import Announce
from shared.core.team import team_of
from shared.core.viewing import Allowed, Viewer
from shared.handling.event_handlers import follow_assignment
from tests.support.samples import retention, rto, samples_of, triage
from tests.support.spec import NOW, Spec, looking

FOLLOWING = ("triage", "rto", "retention")
# The phases in which the people of the house read a case of this service.
READ_IN: dict[str, tuple[Any, ...]] = {
    "triage": (TriagePhase.TRIAGE, TriagePhase.PREPARING, TriagePhase.PREPARED),
    "rto": (RtoPhase.PREPARED, RtoPhase.CONVENED, RtoPhase.MONITORING),
    "retention": (RetentionPhase.STEP_1, RetentionPhase.STEP_1_CLEANED, RetentionPhase.STEP_2),
}
EACH = [(service, phase) for service in FOLLOWING for phase in READ_IN[service]]


def reads(service: str, given: Spec[Any], role: Role, person: str) -> bool:
    viewer = Viewer(role, person, on_behalf_of=given.state.leading_party)
    verdict = import_module(f"services.{service}.viewing").may_view(viewer, None, given.state, looking())
    return isinstance(verdict, Allowed)


@pytest.mark.parametrize(("service", "phase"), EACH)
def test_the_former_director_reads_nothing_from_the_event_on_and_the_new_one_does(
    service: str, phase: Any
) -> None:
    s = samples_of(service)
    before = s.spec().given(*s.HISTORIES[phase])
    after = before.given(s.CHANGED)
    assert reads(service, before, Role.PROCESS_DIRECTOR, s.DIRECTOR)
    assert not reads(service, before, Role.PROCESS_DIRECTOR, s.TEAM.director)
    assert not reads(service, after, Role.PROCESS_DIRECTOR, s.DIRECTOR)
    assert reads(service, after, Role.PROCESS_DIRECTOR, s.TEAM.director)


@pytest.mark.parametrize(("service", "phase"), EACH)
def test_only_the_support_workers_that_were_assigned_read(service: str, phase: Any) -> None:
    s = samples_of(service)
    before = s.spec().given(*s.HISTORIES[phase])
    after = before.given(s.CHANGED.__class__(s.TEAM.model_copy(update={"support_workers": ("new",)}), NOW))
    (first,) = before.state.support_workers
    assert reads(service, before, Role.SUPPORT_WORKER, first)
    assert not reads(service, before, Role.SUPPORT_WORKER, "new")
    assert not reads(service, after, Role.SUPPORT_WORKER, first)
    assert reads(service, after, Role.SUPPORT_WORKER, "new")


@pytest.mark.parametrize("service", FOLLOWING)
def test_the_former_director_acts_no_more_and_the_new_one_does(service: str) -> None:
    s = samples_of(service)
    clean = CleanFile(by=retention.by_director(), kept=())
    acts = {"triage": triage.conclude(), "rto": rto.COMMANDS[2], "retention": clean}[service]
    given = replace(s.spec(), now=NOW).given(*s.HISTORIES[READ_IN[service][0]], s.CHANGED)
    assert given.when(acts).refusal.status == 404
    assert given.when(replace(acts, by=replace(acts.by, person=s.TEAM.director))).events


def test_an_assignment_that_comes_before_the_preparation_is_kept_and_wins_at_the_round_table() -> None:
    """Triage prepared before it heard of it: the two events come from two services, in any order."""
    early = rto.spec().given(rto.CHANGED)
    assert early.state.phase is RtoPhase.NOTHING
    for history in (
        (rto.CHANGED, *rto.RECORDED, rto.PREPARED),
        (*rto.RECORDED, rto.CHANGED, rto.PREPARED),
        (*rto.RECORDED, rto.PREPARED, rto.CHANGED),
    ):
        given = rto.spec().given(*history)
        assert (given.state.phase, given.state.director) == (RtoPhase.PREPARED, rto.TEAM.director)


def test_a_preparation_that_knows_more_than_was_heard_of_intake_counts() -> None:
    later = {"director": "third", "assignment": 2}
    prepared = replace(rto.PREPARED, preparation=rto.preparation(**later))
    for history in ((rto.CHANGED, prepared), (prepared, rto.CHANGED)):
        assert rto.spec().given(*history).state.director == "third"


def test_triage_passes_on_who_works_on_the_case_as_it_knows_it() -> None:
    given = triage.spec().given(*triage.HISTORIES[TriagePhase.PREPARING], triage.CHANGED)
    by = triage.by_director(person_=triage.TEAM.director)
    prepared = given.when(triage.prepare(by=by)).events[-1].prepared
    assert prepared.alone() == triage.TEAM


def test_a_file_that_was_handed_over_by_who_had_not_heard_yet_brings_no_former_director_back() -> None:
    """A round table that concludes while the assignment is under way names the director it knows."""
    for history in (
        (retention.OPENED, retention.CHANGED, retention.DEESCALATED),
        (retention.OPENED, retention.DEESCALATED, retention.CHANGED),
    ):
        given = retention.spec().given(*history)
        assert team_of(given.state) == retention.TEAM


def test_the_file_says_who_worked_on_the_case_last() -> None:
    deescalated = CaseDeescalated(rto.RTO, NOW)
    state = rto.state(*rto.ENDED[:-1], rto.CHANGED, deescalated)
    effects = rto_effects(rto.CASE, deescalated, state)
    (file,) = [x.message for x in effects if isinstance(x, Announce) and isinstance(x.message, File)]
    assert file.alone() == rto.TEAM


def test_a_referral_that_was_assigned_and_then_withdrawn_is_read_by_that_director_alone() -> None:
    closed = ReferralClosed(
        leading_party=retention.CARE,
        theme=retention.OPENED.theme,
        reason=ClosingReason.WITHDRAWN,
        closed_at=NOW,
        team=retention.TEAM,
    )
    close_early = import_module("services.retention.handlers").close_early
    command = close_early(closed, retention.by_service("intake"))
    given = retention.spec().given(*retention.spec().when(command).events)
    assert reads("retention", given, Role.PROCESS_DIRECTOR, retention.TEAM.director)
    assert not reads("retention", given, Role.PROCESS_DIRECTOR, "somebody-else")


def test_what_follows_an_assignment_keeps_the_team_and_nothing_else_of_the_message() -> None:
    message = CaseAssigned(**dict(triage.TEAM), assigned_at=NOW)
    assert type(follow_assignment(message, triage.BY_SERVICE).team) is type(triage.TEAM)
