"""Decide what the referrer itself expects of the parties that could be asked (R28)."""

from dataclasses import replace

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.queries import Decision
from services.triage.record import Estimate
from services.triage.state import State
from shared.contract.content import TextRef, is_blank
from shared.core.context import DecisionContext


def give(state: State, command: c.GiveEstimate, context: DecisionContext) -> Decision:
    """Take the referrer's estimate of one party; a new one replaces what no query rests on yet (R28)."""
    if command.party == state.leading_party:
        return r.QUERY_TO_ITSELF
    if not context.parties.is_member(command.party, context.judged_at):
        return r.RECIPIENT_NOT_A_PARTY
    if is_blank(command.estimate):
        return r.ESTIMATE_MISSING
    before = state.estimate_of(command.party)
    dropped = before.estimate if before is not None else None
    return (
        e.EstimateGiven(
            Estimate(command.party, command.useful, command.estimate, context.now),
            (dropped.piece,) if isinstance(dropped, TextRef) else (),
        ),
    )


def given(state: State, event: e.EstimateGiven) -> State:
    """Return the state with this estimate of the party, and no other of it."""
    others = (one for one in state.estimates if one.party != event.estimate.party)
    return replace(state, estimates=(*others, event.estimate), last_act=event.estimate.at)


def used(state: State, event: e.QueryIssued) -> State:
    """Return the state once a query rests on an estimate: that goes with the query from then on."""
    if event.choice.referrers_own is None:
        return state
    return replace(state, estimates=tuple(one for one in state.estimates if one.party != event.recipient))
