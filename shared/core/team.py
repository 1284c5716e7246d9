"""Follow who of the house works on a case, wherever that is told first (R6).

Intake alone decides on it and numbers its decisions. Other services hear them from intake, and from services
that may not have heard the last one yet; so the number decides which word is the later, not the order.
"""

from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

from shared.contract.fields import Team


class HasTeam(Protocol):
    """Require who works on a case; without a `director` nobody does yet."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def director(self) -> str | None: ...
    @property
    def support_workers(self) -> tuple[str, ...]: ...
    @property
    def assignment(self) -> int: ...


S = TypeVar("S", bound=HasTeam)


def followed(state: S, team: Team | None) -> S:
    """Return the state with this team, unless a later assignment was heard of before."""
    if team is None or (state.director and team.assignment <= state.assignment):
        return state
    return replace(
        state,
        director=team.director,
        support_workers=team.support_workers,
        assignment=team.assignment,
    )


def team_of(state: HasTeam) -> Team | None:
    """Return who works on the case; None as long as that is nobody."""
    if not state.director:
        return None
    return Team(director=state.director, support_workers=state.support_workers, assignment=state.assignment)
