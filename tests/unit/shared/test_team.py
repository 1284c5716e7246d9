"""Of two words on who works on a case the later one counts, whichever is heard first (R6)."""

from dataclasses import dataclass
from itertools import permutations

import pytest

from shared.contract.fields import Team
from shared.contract.messages.intake import CaseAssigned
from shared.core.team import followed, team_of
from tests.support.spec import NOW


@dataclass(frozen=True)
class State:
    director: str | None = None
    support_workers: tuple[str, ...] = ()
    assignment: int = 0


WORDS = (
    Team(director="first"),
    Team(director="second", support_workers=("support",), assignment=1),
    Team(director="second", assignment=2),
)


@pytest.mark.parametrize("order", list(permutations(WORDS)))
def test_in_whatever_order_they_are_heard_the_last_assignment_stands(order: tuple[Team, ...]) -> None:
    state = State()
    for team in order:
        state = followed(state, team)
    assert team_of(state) == WORDS[-1]


def test_who_says_nothing_of_the_team_changes_nothing() -> None:
    assert team_of(State()) is None
    assert followed(State("first"), None) == State("first")


def test_a_team_is_told_apart_from_the_message_it_came_in() -> None:
    message = CaseAssigned(**dict(WORDS[1]), assigned_at=NOW)
    assert message.alone() == WORDS[1]
    assert type(message.alone()) is Team
