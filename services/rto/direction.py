"""Decide on who directs the case (R69, R71, R72, R122)."""

from typing import TypeAlias

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import State
from shared.contract.parties import Scope
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext

Decision: TypeAlias = tuple[e.Event, ...] | Refusal


def offer(state: State, party: str, context: DecisionContext) -> Decision:
    """Offer direction to a participant whose authorisation covers monitoring on its behalf (R72, R122)."""
    if state.latest is None or party not in state.latest.present:
        return r.NOT_A_PARTICIPANT
    if party == state.leading_party:
        return r.ALREADY_LEADING
    if not context.parties.authorised(party, Scope.MONITORING, context.judged_at):
        return r.MONITORING_NOT_AUTHORISED
    return (e.DirectionOffered(party, context.now),)


def accept(state: State, command: c.AcceptDirection, context: DecisionContext) -> Decision:
    """Move direction; the authorisation is tested again, as it may have been revoked since (R122)."""
    party = command.by.party or ""
    if party != state.offered_to:
        return r.NOT_OFFERED_TO_YOU
    if command.case_director is None:
        return r.CASE_DIRECTOR_MISSING
    if not context.parties.authorised(party, Scope.MONITORING, context.judged_at):
        return r.MONITORING_NOT_AUTHORISED
    return (e.DirectionMoved(party, state.leading_party, command.case_director, context.now),)


def decline(state: State, command: c.DeclineDirection, context: DecisionContext) -> Decision:
    """Let direction stay where it is (A3)."""
    party = command.by.party or ""
    if party != state.offered_to:
        return r.NOT_OFFERED_TO_YOU
    return (e.DirectionDeclined(party, command.reason, context.now),)
