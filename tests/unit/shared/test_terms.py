"""What nobody does is reminded of, term by term; some of it ends then, never before that was announced."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from shared.contract.fields import Step
from shared.contract.messages import house as m
from shared.contract.messages.retention import Hold, Term, TermKind
from shared.core.actor import Role
from shared.core.effects import CancelTimer, SetTimer, ToParty
from shared.core.overdue import may_view_overdue
from shared.core.policy import TERMS, Policy
from shared.core.terms import (
    TERM,
    Overdue,
    TermPassed,
    Told,
    first_timer,
    pass_term,
    reminders,
)
from shared.core.viewing import Allowed, Denied, Viewer
from tests.support.spec import NOW, looking

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
POLICY = Policy()
ENDING = [step for step, term in TERMS.items() if term.end is not None]
LASTING = [step for step, term in TERMS.items() if term.end is None]


def passed(step: Step, overdue: Overdue | None, at: datetime, last_act: datetime | None = None) -> TermPassed:
    found = pass_term(step, overdue, last_act, at, POLICY)
    assert found is not None
    return found


def announced(step: Step) -> TermPassed:
    first = passed(step, None, NOW)
    return passed(step, first.overdue, first.next_on)


def test_each_step_has_a_term_and_only_what_was_not_decided_on_yet_ends_by_silence() -> None:
    assert set(TERMS) == set(Step)
    assert set(ENDING) == {Step.CONSULTATION, Step.SCREENING, Step.TRIAGE}


@pytest.mark.parametrize("step", Step)
def test_a_step_that_starts_is_looked_at_when_its_term_is_over_and_one_that_ends_no_more(step: Step) -> None:
    timer = first_timer(step, NOW, POLICY)
    assert timer == SetTimer(TERM, "", NOW + TERMS[step].remind, irreversible=True)
    assert first_timer(None, NOW, POLICY) == CancelTimer(TERM, "")


@pytest.mark.parametrize("step", Step)
def test_the_director_is_reminded_first_and_the_leading_party_is_told_after_a_second_term(step: Step) -> None:
    first = passed(step, None, NOW)
    assert first == TermPassed(Overdue(step, NOW, Told.DIRECTOR), NOW + TERMS[step].tell)
    assert reminders(first, "venlo") == [SetTimer(TERM, "", first.next_on, irreversible=True)]
    second = passed(step, first.overdue, first.next_on)
    assert (second.overdue.told, second.overdue.since) == (Told.MANAGER, NOW)
    timer, message = reminders(second, "venlo")
    assert timer == SetTimer(TERM, "", second.next_on, irreversible=True)
    told = m.TermPassed(step=step, since=NOW, ends_on=second.overdue.ends_on)
    assert message == ToParty("venlo", told)


@pytest.mark.parametrize("step", Step)
def test_a_reminder_is_repeated_once_a_term_however_long_the_clock_stood_still(step: Step) -> None:
    """A leap of 800 days gives one reminder: the next is counted from when the clock looked."""
    late = NOW + 800 * DAY
    first = passed(step, None, late)
    assert first.next_on == late + TERMS[step].tell
    second = passed(step, first.overdue, late + 800 * DAY)
    assert second.next_on == late + 800 * DAY + TERMS[step].again


@pytest.mark.parametrize("step", LASTING)
def test_what_does_not_end_by_silence_is_reminded_of_for_ever(step: Step) -> None:
    at, overdue, times = NOW, None, 0
    while at < NOW + 800 * DAY:
        found = passed(step, overdue, at)
        assert found.overdue.ends_on is None
        at, overdue, times = found.next_on, found.overdue, times + 1
    term = TERMS[step]
    assert times <= 2 + 800 * DAY / term.again


@pytest.mark.parametrize("step", ENDING)
def test_it_ends_at_the_announced_moment_and_a_second_before_it_does_not(step: Step) -> None:
    told, term = announced(step), TERMS[step]
    assert term.end is not None
    ends_on = NOW + term.tell + term.end
    assert told.overdue.ends_on == ends_on
    before = passed(step, told.overdue, ends_on - SECOND)
    assert (before.overdue.ends_on, before.next_on) == (ends_on, ends_on)
    assert pass_term(step, told.overdue, None, ends_on, POLICY) is None
    assert pass_term(step, before.overdue, None, ends_on, POLICY) is None


@pytest.mark.parametrize("step", ENDING)
def test_it_never_ends_before_its_end_was_announced_for_a_whole_term(step: Step) -> None:
    """The end is counted from when the leading party was told, however late that was."""
    first, term = passed(step, None, NOW), TERMS[step]
    assert term.end is not None
    late = NOW + 800 * DAY
    told = passed(step, first.overdue, late)
    assert told.overdue.ends_on == late + term.end


@pytest.mark.parametrize("step", ENDING)
def test_who_acts_after_the_announcement_gets_a_whole_term_again_and_who_acted_before_does_not(
    step: Step,
) -> None:
    told, term = announced(step), TERMS[step]
    assert term.end is not None
    ends_on = told.overdue.ends_on
    assert ends_on is not None
    announced_on = ends_on - term.end
    assert pass_term(step, told.overdue, announced_on, ends_on, POLICY) is None
    again = passed(step, told.overdue, ends_on, last_act=announced_on + SECOND)
    assert (again.overdue.since, again.overdue.ends_on) == (NOW, ends_on + term.end)


def test_reminders_before_the_end_are_a_term_apart_and_the_last_look_is_the_end() -> None:
    looks, found = [], announced(Step.TRIAGE)
    while found is not None:
        looks.append(found.next_on)
        following = pass_term(Step.TRIAGE, found.overdue, None, found.next_on, POLICY)
        if following is None:
            break
        found = following
    term = TERMS[Step.TRIAGE]
    assert all(later - earlier <= term.again for earlier, later in pairwise(looks))
    assert looks[-1] == found.overdue.ends_on


def test_what_was_overdue_in_another_step_counts_for_nothing() -> None:
    told = announced(Step.CONSULTATION)
    assert passed(Step.SCREENING, told.overdue, NOW).overdue == Overdue(Step.SCREENING, NOW, Told.DIRECTOR)


# --- who sees it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    told: Told | None
    director: str | None
    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    leading_party: str = "venlo"

    @property
    def overdue(self) -> Overdue | None:
        return Overdue(Step.TRIAGE, NOW, self.told) if self.told else None


DIRECTOR, MANAGER = Viewer(Role.PROCESS_DIRECTOR, "director"), Viewer(Role.MANAGER, "manager")


@pytest.mark.parametrize(
    ("viewer", "told", "director", "seen"),
    [
        (DIRECTOR, Told.DIRECTOR, "director", True),
        (DIRECTOR, Told.MANAGER, "director", True),
        (DIRECTOR, None, "director", False),
        (DIRECTOR, Told.MANAGER, "another", False),
        (DIRECTOR, Told.MANAGER, None, False),
        (MANAGER, Told.DIRECTOR, "director", False),
        (MANAGER, Told.MANAGER, "director", True),
        (MANAGER, Told.DIRECTOR, None, True),
        (MANAGER, None, None, False),
        (replace(MANAGER, role=Role.SUPPORT_WORKER), Told.MANAGER, "director", False),
        (replace(DIRECTOR, role=Role.PARTY_WORKER, party="venlo"), Told.MANAGER, "director", False),
    ],
)
def test_the_director_sees_its_own_and_the_manager_what_it_was_told_or_nobody_has(
    viewer: Viewer, told: Told | None, director: str | None, seen: bool
) -> None:
    state = State(told, director)
    for thing in (None, state.overdue):
        verdict = may_view_overdue(viewer, thing, state, looking())
        assert isinstance(verdict, Allowed if seen else Denied)


@pytest.mark.parametrize("viewer", [DIRECTOR, MANAGER])
@pytest.mark.parametrize("kind", [TermKind.DESTROY, TermKind.REMOVE])
def test_from_the_day_on_which_all_is_gone_nothing_of_a_case_waits_any_more(
    viewer: Viewer, kind: TermKind
) -> None:
    """R91, R102: by the date, though the timer that deletes it has not fired."""
    state = State(Told.MANAGER, "director", (Term(kind=kind, due=NOW, decided_by="venlo"),))
    before = looking(at=NOW - timedelta(microseconds=1))
    for thing in (None, state.overdue):
        assert isinstance(may_view_overdue(viewer, thing, state, before), Allowed)
        verdict = may_view_overdue(viewer, thing, state, looking())
        assert isinstance(verdict, Denied) and verdict.rule == "R91"
