"""Decide who of the house works on a case: the manager assigns, with a reason (R6)."""

from typing import TypeAlias

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.state import State
from shared.contract.content import TextRef
from shared.contract.limits import MOST_SUPPORT_WORKERS
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext

Decision: TypeAlias = tuple[e.Event, ...] | Refusal


def assign_director(state: State, command: c.AssignDirector, context: DecisionContext) -> Decision:
    """Assign the case to this director, in the place of who had it; who supported the case stays."""
    if command.reason is None:
        return r.ASSIGNMENT_WITHOUT_REASON
    if command.person == state.director:
        return r.ALREADY_ASSIGNED
    support = tuple(person for person in state.support_workers if person != command.person)
    return (_assigned(state, command.person, support, command.reason, context),)


def assign_support(state: State, command: c.AssignSupport, context: DecisionContext) -> Decision:
    """Let this worker support the case, in the place of another or beside those who do; or end that."""
    if command.reason is None:
        return r.ASSIGNMENT_WITHOUT_REASON
    if command.instead_of is not None and command.instead_of not in state.support_workers:
        return r.NOT_ASSIGNED
    if command.person in (*state.support_workers, state.director):
        return r.ALREADY_ASSIGNED
    support = tuple(person for person in state.support_workers if person != command.instead_of)
    if command.person is not None:
        support = (*support, command.person)
    if support == state.support_workers:
        return r.NOT_ASSIGNED
    if len(support) > MOST_SUPPORT_WORKERS:
        return r.SUPPORT_IS_FULL
    return (_assigned(state, state.director, support, command.reason, context),)


def _assigned(
    state: State, director: str | None, support: tuple[str, ...], reason: TextRef, context: DecisionContext
) -> e.CaseAssigned:
    return e.CaseAssigned(director, support, state.assignment + 1, reason, context.now)
