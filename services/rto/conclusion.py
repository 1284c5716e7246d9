"""Decide how an RTO ends, and what is taken away from it (R64, R69, R70, R73, R78 to R80, R86)."""

from typing import TypeAlias, assert_never

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto import releases
from services.rto.plan import AVE_LEVELS, at_the_table, not_joint
from services.rto.state import State
from shared.contract.content import text
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.rto import RtoOutcome
from shared.contract.parties import Scope
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext
from shared.core.mandate import authority

Decision: TypeAlias = tuple[e.Event, ...] | Refusal


def conclude(state: State, command: c.ConcludeRto, context: DecisionContext) -> Decision:
    """Conclude the RTO as the participants decided (R70); each outcome asks for what it needs."""
    rto, conclusion = state.rto(command.rto_id), command.conclusion
    if rto is None or not rto.is_open:
        return r.NO_RTO_IS_OPEN
    match conclusion.outcome:
        case RtoOutcome.APPROACH_AND_MONITORING | RtoOutcome.ESCALATE | RtoOutcome.DEESCALATE:
            return _agree(state, command, context)
        case RtoOutcome.DOES_NOT_BELONG:
            return _end(state, command, ClosingReason.DOES_NOT_BELONG, context)
        case RtoOutcome.OTHER_TABLE:
            return _end(state, command, ClosingReason.OTHER_TABLE, context)
        case _:
            assert_never(conclusion.outcome)


def _end(state: State, command: c.ConcludeRto, reason: ClosingReason, context: DecisionContext) -> Decision:
    """End the case here: nothing goes along (R78). Whoever came may say so: it gives nobody anything."""
    if not at_the_table(state.rto(command.rto_id), context):
        return r.NOBODY_AT_THE_TABLE
    if command.conclusion.take_aways:
        return r.NOTHING_GOES_ALONG
    return (_concluded(command, None, context), e.CaseEndedAtTable(reason, context.now))


def _agree(state: State, command: c.ConcludeRto, context: DecisionContext) -> Decision:
    """Go on by the plan, or de-escalate: jointly, at an AVE level, with who takes what (R69, R70, R73)."""
    conclusion = command.conclusion
    if refusal := _not_agreed(state, command.rto_id, context):
        return refusal
    level = _ave_level(state, conclusion)
    if isinstance(level, Refusal):
        return level
    taken = _taken(state, conclusion.take_aways, context)
    if isinstance(taken, Refusal):
        return taken
    if conclusion.outcome is RtoOutcome.DEESCALATE:
        after: Decision = (e.CaseDeescalated(command.rto_id, context.now),)
    else:
        after = _monitor(state, conclusion, context)
    return after if isinstance(after, Refusal) else (_concluded(command, level, context), *taken, *after)


def _not_agreed(state: State, rto_id: str, context: DecisionContext) -> Refusal | None:
    """Refuse an outcome without who agrees on it, and without who carries out what is new (R70, R85)."""
    rto = state.rto(rto_id)
    present = at_the_table(rto, context)
    new = (action for action in state.actions if rto is not None and rto.added(action.action_id))
    absent = any(action.party not in present for action in new)
    return not_joint(present) or (r.EXECUTOR_NOT_AT_THE_TABLE if absent else None)


def _concluded(command: c.ConcludeRto, level: int | None, context: DecisionContext) -> e.RtoConcluded:
    conclusion = command.conclusion
    return e.RtoConcluded(
        command.rto_id,
        conclusion.outcome,
        context.now,
        level,
        text(conclusion.goals_reached),
        text(conclusion.developments),
    )


def _ave_level(state: State, conclusion: c.Conclusion) -> int | Refusal:
    """Return the level that is decided: higher than the one before if, and only if, this escalates (R69)."""
    if state.plan is None:
        return r.PLAN_MISSING
    level = state.plan.ave_level if conclusion.ave_level is None else conclusion.ave_level
    if level not in AVE_LEVELS:
        return r.AVE_LEVEL_UNKNOWN
    before, escalates = state.ave_level, conclusion.outcome is RtoOutcome.ESCALATE
    fits = before is None or (level > before) is escalates
    return level if fits else r.AVE_LEVEL_DOES_NOT_FIT


def _taken(state: State, taking: tuple[c.TakeAway, ...], context: DecisionContext) -> Decision:
    """Return what each participant takes away for its actions: recorded at the end of the RTO (R73)."""
    provided: list[e.Event] = []
    for one in dict.fromkeys(taking):
        events = releases.provide(state, one, context)
        if isinstance(events, Refusal):
            return events
        provided += events
    return tuple(provided)


def _monitor(state: State, conclusion: c.Conclusion, context: DecisionContext) -> Decision:
    """Agree on monitoring: purpose explicit, items released, support authorised (R79, R80)."""
    purpose = text(conclusion.monitoring_purpose)
    if purpose is None:
        return r.MONITORING_PURPOSE_MISSING
    if authority(state, Scope.MONITORING, context.parties, context.judged_at) is None:
        return r.MONITORING_NOT_AUTHORISED
    for item_id in conclusion.monitoring_items:
        if state.item(item_id) is None:
            return r.UNKNOWN_ITEM
        if not state.stays(item_id):
            return r.NOT_KEPT_FOR_MONITORING
        if not state.released_for_rto(item_id):
            return r.NOT_RELEASED
    items = tuple(dict.fromkeys(conclusion.monitoring_items))
    return (e.MonitoringAgreed(purpose, items, context.now),)
