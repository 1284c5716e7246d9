"""Decide on the plan of action and on who directs the case (R69 to R72, R81, R85)."""

from typing import TypeAlias

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import State
from shared.contract.content import is_blank
from shared.contract.parties import Scope
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext

Decision: TypeAlias = tuple[e.Event, ...] | Refusal

AVE_LEVELS = range(1, 5)


def record_plan(state: State, plan: c.Plan, context: DecisionContext) -> Decision:
    """Record the plan of who is at the table; an action falls to one that agreed to it (R70, R85)."""
    present = state.latest.present if state.latest else ()
    if not present:
        return r.NOBODY_AT_THE_TABLE
    refusal = _incomplete(plan) or _not_released(state, plan)
    if refusal:
        return refusal
    if not all(action.party in present for action in plan.actions):
        return r.EXECUTOR_NOT_AT_THE_TABLE
    return (e.PlanRecorded(plan, present, context.now),)


def _incomplete(plan: c.Plan) -> Refusal | None:
    """Refuse a plan that does not state what it must (R69)."""
    if plan.ave_level not in AVE_LEVELS:
        return r.AVE_LEVEL_UNKNOWN
    if is_blank(plan.agreements) or any(is_blank(action.description) for action in plan.actions):
        return r.AGREEMENTS_MISSING
    if len({action.action_id for action in plan.actions}) != len(plan.actions):
        return r.ACTION_TWICE
    return None


def _not_released(state: State, plan: c.Plan) -> Refusal | None:
    """Refuse content taken from an item that is not released for the RTO (A19)."""
    for item_id in plan.drawn_from:
        if state.item(item_id) is None:
            return r.UNKNOWN_ITEM
        if not state.released_for_rto(item_id):
            return r.NOT_RELEASED
    return None


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


def progress(state: State, command: c.ProgressAction, context: DecisionContext) -> Decision:
    """Record the progress of an action, which only who carries it out reports (R85)."""
    action = state.action(command.action_id)
    if action is None or action.party != command.by.party:
        return r.NOT_THE_EXECUTOR
    return (e.ActionProgressed(command.action_id, command.progress, command.remark, context.now),)
