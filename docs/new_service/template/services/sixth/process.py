"""Decide what may be submitted, and apply what was: the pure core of sixth. Start reading here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias, assert_never

from services.sixth import commands as c
from services.sixth import events as e
from services.sixth import refusals as r
from services.sixth.state import Phase, State
from shared.contract.refusal import UNKNOWN_CASE, Refusal
from shared.core.context import DecisionContext

Command: TypeAlias = c.Submit | c.PurgeCase
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

# For each command: the phases in which it may be decided, and the refusal in another one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.Submit: (frozenset({Phase.NOTHING}), r.ALREADY_SUBMITTED),
    c.PurgeCase: (frozenset(Phase), UNKNOWN_CASE),
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.Submitted): Phase.SUBMITTED,
    **{(phase, e.CasePurged): Phase.PURGED for phase in Phase},
}


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Return the events that a command gives in this state, or a named refusal; total."""
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return refusal
    match command:
        case c.Submit(party=party, submission=submission):
            return (e.Submitted(party, submission.submission_id, submission.subject),)
        case c.PurgeCase(case_id=case_id, house_keys=house_keys):
            return (e.CasePurged(case_id, house_keys),)
        case _:
            assert_never(command)


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; total."""
    state = replace(state, phase=TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.Submitted(party=party, subject=subject):
            return replace(state, party=party, subject=subject)
        case e.CasePurged():
            return state
        case _:
            assert_never(event)
