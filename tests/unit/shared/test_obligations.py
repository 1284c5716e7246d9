"""Who owes what by when: no slot, judged by the date, and nothing that is done comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.contract.content import TextRef
from shared.core.obligations import (
    Obligation,
    ObligationState,
    changed,
    first_due,
    next_id,
    numbered,
    open_of,
    still_open,
)
from tests.support.spec import NOW

SECOND = timedelta(seconds=1)
WHY = TextRef("piece-why", "intake")
CLOSED = [state for state in ObligationState if not state.is_open]


def owed(number: int = 1, **changes: Any) -> Obligation:
    given: dict[str, Any] = {
        "id": number,
        "kind": "informing",
        "cause": f"decision-{number}",
        "debtor": "gemeente-venlo",
        "addressee": "somebody",
        "due": NOW,
    }
    return Obligation(**(given | changes))


def test_it_is_late_from_the_moment_by_which_it_was_due() -> None:
    assert [owed().is_late(at) for at in (NOW - SECOND, NOW)] == [False, True]
    assert owed(due=None).is_late(NOW), "one from before there were terms"


def test_what_is_postponed_is_not_late_and_comes_at_its_moment() -> None:
    postponed = owed().postponed(NOW + SECOND, WHY)
    assert [postponed.has_come(at) for at in (NOW, NOW + SECOND)] == [False, True]
    assert not postponed.is_late(NOW + SECOND)
    assert not owed().has_come(NOW)
    again = postponed.due_again(NOW + 2 * SECOND)
    assert (again.state, again.reason, again.planned_on) == (ObligationState.DUE, None, None)
    assert [again.is_late(at) for at in (NOW + SECOND, NOW + 2 * SECOND)] == [False, True]


@pytest.mark.parametrize("state", CLOSED)
def test_what_is_done_or_handed_over_is_neither_open_nor_late(state: ObligationState) -> None:
    done = owed(state=state)
    assert not done.is_open and not done.is_late(NOW + SECOND) and not done.has_come(NOW + SECOND)
    assert still_open((done, owed(2))) == (owed(2),)


def test_two_of_one_kind_for_one_addressee_stand_beside_each_other_the_oldest_first() -> None:
    both = (owed(1), owed(2), owed(3, addressee="another"))
    assert open_of(both, "informing", "somebody") == both[:2]
    one_done = changed(both, both[0].fulfilled())
    assert open_of(one_done, "informing", "somebody") == (both[1],)
    assert [one.id for one in one_done] == [1, 2, 3]
    assert numbered(both, 2) == both[1]
    assert numbered(both, 4) is None


def test_numbers_go_on_whatever_became_of_those_before() -> None:
    assert next_id(()) == 1
    assert next_id((owed(1).fulfilled(), owed(4).handed_over())) == 5


def test_the_first_that_is_due_is_looked_for_among_those_that_wait_for_nothing_else() -> None:
    later = owed(2, due=NOW + SECOND)
    assert first_due((later, owed())) == NOW
    assert first_due((later, owed().fulfilled())) == NOW + SECOND
    assert first_due((owed().postponed(NOW, WHY), replace(later, due=None))) is None
