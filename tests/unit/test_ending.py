"""From when nothing of a case is read any more: by the date, in every service that shows something of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from shared.contract.messages.retention import Hold, HoldKind, Term, TermKind
from shared.core.actor import Role
from shared.core.ending import GONE, begins, gone, has_begun
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import samples_of
from tests.support.spec import NOW, looking

MOMENT = timedelta(microseconds=1)
CAUSE = "0192aaaa-0000-7000-8000-0000000000e1"
HELD = Hold(kind=HoldKind.DISPUTE, cause=CAUSE, until=NOW + timedelta(days=5))


@dataclass(frozen=True)
class Ends:
    """The part of a state that this is about."""

    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()


def term(kind: TermKind, due: datetime = NOW, review_on: datetime | None = None) -> Term:
    return Term(kind=kind, due=due, decided_by="zorg-a", review_on=review_on)


@pytest.mark.parametrize("kind", TermKind)
def test_a_step_begins_with_the_first_moment_of_its_day_a4(kind: TermKind) -> None:
    ends = Ends((term(kind),))
    assert not has_begun(kind, ends, NOW - MOMENT)
    assert has_begun(kind, ends, NOW)
    assert [other for other in TermKind if has_begun(other, ends, NOW)] == [kind]


def test_a_case_that_goes_on_has_no_term() -> None:
    assert begins(TermKind.DESTROY, (), ()) is None
    assert gone(Ends(), NOW) is None


def test_without_a_review_in_time_the_step_begins_at_once_r94() -> None:
    """R94: a term that was put off counts only while its review can still come."""
    put_off = term(TermKind.DESTROY, NOW + timedelta(days=300), review_on=NOW)
    assert begins(TermKind.DESTROY, (put_off,), ()) == NOW


def test_a_hold_keeps_from_destruction_until_its_end_and_never_from_archiving_r92_r102() -> None:
    for kind in (TermKind.DESTROY, TermKind.REMOVE):
        ends = Ends((term(kind),), (HELD,))
        assert gone(ends, HELD.until - MOMENT) is None
        assert gone(ends, HELD.until) == GONE
    assert begins(TermKind.ARCHIVE, (term(TermKind.ARCHIVE),), (HELD,)) == NOW


@pytest.mark.parametrize("service", ["intake", "triage", "rto"])
def test_a_closing_case_is_shown_until_its_day_and_not_a_moment_longer_r102(service: str) -> None:
    """R102: whether or not the order to forget it has come."""
    samples, process = samples_of(service), import_module(f"services.{service}.process")
    may_view: Any = import_module(f"services.{service}.viewing").may_view
    given = samples.spec().given(*samples.HISTORIES[process.Phase.CLOSING])
    follow = next(x for x in samples.COMMANDS if type(x).__name__ == "FollowTerms")
    state = given.given(*given.when(follow).events).state
    director = Viewer(Role.PROCESS_DIRECTOR, samples.DIRECTOR, on_behalf_of=state.leading_party)
    (due,) = (one.due for one in samples.TERMS)
    assert isinstance(may_view(director, None, state, looking(at=due - MOMENT)), Allowed)
    assert may_view(director, None, state, looking(at=due)) == GONE
    untold = replace(state, terms=())
    assert isinstance(may_view(director, None, untold, looking(at=due)), Allowed), "nobody told it yet"


@pytest.mark.parametrize("service", ["intake", "triage", "rto"])
def test_of_a_case_that_never_came_here_no_term_is_kept(service: str) -> None:
    samples = samples_of(service)
    follow = next(x for x in samples.COMMANDS if type(x).__name__ == "FollowTerms")
    assert samples.spec().when(follow).events == ()
