"""Decide who sees that a case waits too long: nothing of it but its number, the step and the dates."""

from typing import Protocol

from shared.core.actor import Role
from shared.core.context import DecisionContext
from shared.core.ending import HasTerms, gone
from shared.core.terms import Overdue, Told
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

NOT_TOLD = Denied("R82", "art. 6.6, 9.2g, 9.2h, 9.3")


class Waits(HasTerms, Protocol):
    """Require what a list of waiting cases shows."""

    @property
    def director(self) -> str | None: ...
    @property
    def leading_party(self) -> str: ...
    @property
    def overdue(self) -> Overdue | None: ...


def may_view_overdue(
    viewer: Viewer, thing: Overdue | None, state: Waits, context: DecisionContext
) -> Verdict:
    """Show it to the director of the case, and to the manager once told or as long as nobody has it (R82).

    By the date: of a case that is to be gone nothing is listed, though its timers wait (R91, R102).
    """
    if over := gone(state, context.now):
        return over
    if state.overdue is None:
        return NOT_TOLD
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person == state.director:
        return Allowed("R82", state.leading_party)
    its_managers = state.overdue.told is Told.MANAGER or not state.director
    if viewer.role is Role.MANAGER and its_managers:
        return Allowed("R82", state.leading_party)
    return NOT_TOLD
