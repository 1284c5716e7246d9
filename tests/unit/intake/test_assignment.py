"""Who of the house works on a case: the manager assigns, with a reason, and only those read (R6)."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.main import PROCESS
from services.intake.process import KNOWN
from services.intake.state import Phase, State
from services.intake.viewing import may_view
from shared.contract.fields import InformMoment
from shared.contract.limits import MOST_SUPPORT_WORKERS
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.refusal import NOT_YOURS, Refusal
from shared.core.actor import Actor, Role
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import intake as s
from tests.support.spec import NOW, Spec, looking

OTHER = "another-director"
WHY = s.text("why")


def director(person: str = OTHER, **changes: Any) -> c.AssignDirector:
    given: dict[str, Any] = {"by": s.BY_MANAGER, "person": person, "reason": WHY}
    return c.AssignDirector(**(given | changes))


def support(person: str | None = s.SUPPORT, **changes: Any) -> c.AssignSupport:
    given: dict[str, Any] = {"by": s.BY_MANAGER, "person": person, "reason": WHY}
    return c.AssignSupport(**(given | changes))


def after(given: Spec[State], *commands: Any) -> Spec[State]:
    for command in commands:
        given = given.given(*given.when(command).events)
    return given


def reads(given: Spec[State], role: Role, person: str, on_behalf_of: str = s.VENLO) -> bool:
    viewer = Viewer(role, person, on_behalf_of=on_behalf_of)
    return isinstance(may_view(viewer, None, given.state, looking()), Allowed)


TAKEN_UP = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
CONSULTED = s.spec().given(*s.HISTORIES[Phase.CONSULTED])


@pytest.mark.parametrize("phase", sorted(KNOWN))
def test_the_manager_assigns_a_case_as_long_as_there_is_one(phase: Phase) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    (assigned,) = given.when(director()).events
    assert assigned == e.CaseAssigned(OTHER, (), 1, WHY, NOW)
    assert given.given(assigned).state.phase is phase
    assert given.given(assigned).state.duties == given.state.duties, "the duty to inform is not touched"


@pytest.mark.clause("R6.e", allowed="De manager wijst een casus toe.")
@pytest.mark.clause("R6.e", refused="Een ander dan de manager kan een casus niet toewijzen.")
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER}))
def test_nobody_but_the_manager_assigns(role: Role) -> None:
    somebody = Actor(role, party=s.VENLO, person=s.DIRECTOR, on_behalf_of=s.VENLO)
    for command in (director(by=somebody), support(by=somebody)):
        needed = PROCESS.permissions[type(command)]
        assert permit(needed, command.by, DecisionContext(NOW, s.parties())) is NOT_YOURS
        assert permit(needed, s.BY_MANAGER, DecisionContext(NOW, s.parties())) is None


@pytest.mark.clause("R6.c", allowed="De procesregisseur aan wie de casus is toegewezen, leest hem.")
@pytest.mark.clause("R6.c", refused="De procesregisseur die is vervangen, leest de casus niet meer.")
def test_from_the_assignment_on_the_former_director_is_a_stranger_and_the_new_one_reads_and_acts() -> None:
    moved = after(TAKEN_UP, director())
    assert reads(TAKEN_UP, Role.PROCESS_DIRECTOR, s.DIRECTOR)
    assert not reads(TAKEN_UP, Role.PROCESS_DIRECTOR, OTHER)
    assert not reads(moved, Role.PROCESS_DIRECTOR, s.DIRECTOR)
    assert reads(moved, Role.PROCESS_DIRECTOR, OTHER)
    informed = c.RecordInforming(by=s.by_director(), person_id=s.MAN, moment=InformMoment.TAKEN_UP)
    assert moved.when(informed).refusal is r.NOT_THE_DIRECTOR
    assert moved.when(replace(informed, by=s.by_director(person_=OTHER))).events


def test_before_the_screening_a_case_that_was_assigned_is_screened_by_that_director_alone() -> None:
    assigned = after(CONSULTED, director())
    screened = c.ScreenReferral(by=s.by_director(), outcome=ScreeningOutcome.TAKEN_UP, weighing=WHY)
    assert CONSULTED.when(screened).events
    assert assigned.when(screened).refusal is r.NOT_THE_DIRECTOR
    taken_up = after(assigned, replace(screened, by=s.by_director(person_=OTHER)))
    assert (taken_up.state.director, taken_up.state.assignment) == (OTHER, 1)


@pytest.mark.clause(
    "R6.d", allowed="Een ondersteunende medewerker die aan de casus is toegewezen, leest hem."
)
@pytest.mark.clause("R6.d", refused="Een ondersteunende medewerker die niet is toegewezen, leest hem niet.")
def test_only_a_support_worker_who_was_assigned_reads_r6() -> None:
    given = after(TAKEN_UP, support())
    assert not reads(TAKEN_UP, Role.SUPPORT_WORKER, s.SUPPORT)
    assert reads(given, Role.SUPPORT_WORKER, s.SUPPORT)
    assert not reads(given, Role.SUPPORT_WORKER, "another-worker")
    assert not reads(given, Role.SUPPORT_WORKER, s.SUPPORT, s.POLICE)


def test_a_support_worker_is_replaced_and_another_comes_beside_the_first() -> None:
    both = after(TAKEN_UP, support(), support("second"))
    assert both.state.support_workers == (s.SUPPORT, "second")
    replaced = after(both, support("third", instead_of=s.SUPPORT))
    assert replaced.state.support_workers == ("second", "third")
    ended = after(replaced, support(None, instead_of="second"))
    assert (ended.state.support_workers, ended.state.assignment) == (("third",), 4)
    assert ended.state.director == s.DIRECTOR


def test_a_support_worker_who_becomes_the_director_no_longer_supports() -> None:
    given = after(TAKEN_UP, support(), support("second"), director(s.SUPPORT))
    assert (given.state.director, given.state.support_workers) == (s.SUPPORT, ("second",))


FULL = after(TAKEN_UP, *(support(f"worker-{n}") for n in range(MOST_SUPPORT_WORKERS)))
REFUSED: list[tuple[str, Refusal, Any, Spec[State]]] = [
    ("AssignmentWithoutReason", r.ASSIGNMENT_WITHOUT_REASON, director(reason=None), TAKEN_UP),
    ("AssignmentWithoutReason", r.ASSIGNMENT_WITHOUT_REASON, support(reason=None), TAKEN_UP),
    ("AlreadyAssigned", r.ALREADY_ASSIGNED, director(s.DIRECTOR), TAKEN_UP),
    ("AlreadyAssigned", r.ALREADY_ASSIGNED, support(s.DIRECTOR), TAKEN_UP),
    ("AlreadyAssigned", r.ALREADY_ASSIGNED, support("worker-0"), FULL),
    ("NotAssigned", r.NOT_ASSIGNED, support(instead_of="nobody"), TAKEN_UP),
    ("NotAssigned", r.NOT_ASSIGNED, support(None), TAKEN_UP),
    ("SupportIsFull", r.SUPPORT_IS_FULL, support(), FULL),
]


@pytest.mark.clause("R6.e", refused="Een toewijzing zonder reden wordt geweigerd.")
@pytest.mark.parametrize(("name", "refusal", "command", "given"), REFUSED)
def test_an_assignment_that_says_too_little_or_nothing_new_is_refused(
    name: str, refusal: Refusal, command: Any, given: Spec[State]
) -> None:
    assert given.when(command).refusal is refusal
    assert refusal.name == name
    assert given.when(support("new", instead_of="worker-1") if given is FULL else support()).events
