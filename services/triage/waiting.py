"""Keep the list of what waits for the director: silence, and what queried parties ask (R31)."""

from dataclasses import replace
from datetime import datetime

from services.triage.state import Query, State
from shared.contract.fields import Step
from shared.core.terms import Overdue, Told


def silent(state: State, at: datetime | None) -> State:
    """Return the state in which a query without an answer waits for the director."""
    if at is None:
        return state
    known = state.overdue or _listed(at)
    return replace(state, overdue=counted(replace(known, unanswered=state.unanswered), state))


def settled(state: State) -> State:
    """Return the state after something was asked, said, answered or granted: what waits for a word is listed.

    And what nobody waits for is not: who declined needs no word, unless it answers after all.
    """
    overdue = state.overdue or (_listed(min(state.to_decide)) if state.to_decide else None)
    if overdue is None:
        return state
    left = counted(overdue, state)
    left = replace(left, unanswered=min(left.unanswered, state.unanswered))
    gone = not (left.by_term or left.unanswered or left.to_decide)
    return replace(state, overdue=None if gone else left)


def changed(state: State, query: Query, at: datetime) -> State:
    """Return the state with a query of which something was asked, said or granted just then."""
    return settled(replace(state, queries=state.with_query(query), last_act=at))


def seen(state: State) -> State:
    """Return the state once the director asks anew: silence alone keeps it on no list."""
    if state.overdue is None or state.overdue.by_term:
        return state
    return settled(replace(state, overdue=replace(state.overdue, unanswered=0)))


def led_again(state: State) -> State:
    """Return the state once who leads is a party again: what queried parties asked meanwhile is listed."""
    return settled(replace(state, overdue=None))


def counted(overdue: Overdue, state: State) -> Overdue:
    """Return it with how many words of the director are waited for."""
    return replace(overdue, to_decide=len(state.to_decide))


def _listed(at: datetime) -> Overdue:
    return Overdue(Step.TRIAGE, at, Told.DIRECTOR, by_term=False)
