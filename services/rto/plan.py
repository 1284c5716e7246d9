"""Decide on the plan of action and on what becomes of its actions (R65, R69, R70, R81, R85).

An action never changes: its number stands for one party, one description and one day for good. It ends, and
another may succeed it; so a release for an action means what it meant when it was given.
"""

from typing import TypeAlias

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import Rto, State
from shared.contract.content import is_blank
from shared.contract.fields import ContributedItem
from shared.contract.limits import MOST_ACTIONS
from shared.contract.messages.rto import DrawnFrom, RestsOn
from shared.contract.refusal import ITEM_FROZEN, Refusal
from shared.core.context import DecisionContext
from shared.core.standing import is_frozen

Decision: TypeAlias = tuple[e.Event, ...] | Refusal

AVE_LEVELS = range(1, 5)


def bond_of(item: ContributedItem, *, released: bool, rests_on: RestsOn | None) -> DrawnFrom:
    """Return to what content of this item stays bound, wherever it stands (R70, A19)."""
    return DrawnFrom(
        item_id=item.item_id,
        contributor=item.contributor,
        category=item.category,
        released=released,
        hidden_from_director=item.hidden_from_director,
        withheld_from=item.withheld_from,
        rests_on=rests_on,
    )


def record(state: State, plan: c.Plan, context: DecisionContext) -> Decision:
    """Record the plan of who is at the table; an action falls to one that agreed to it (R70, R85)."""
    present = at_the_table(state.latest, context)
    refusal = (
        not_joint(present)
        or _incomplete(plan)
        or _not_released(state, plan, context)
        or _changes_an_action(state, plan)
        or _does_not_go_round(state, plan, present)
    )
    return refusal or (e.PlanRecorded(plan, present, context.now),)


def at_the_table(rto: Rto | None, context: DecisionContext) -> tuple[str, ...]:
    """Return who decides at this RTO: the parties that came, and are parties now (R43, R70, R115)."""
    came = rto.present if rto else ()
    return tuple(party for party in came if context.parties.is_member(party, context.judged_at))


def not_joint(present: tuple[str, ...]) -> Refusal | None:
    """Refuse an agreement of nobody, or of one party with itself (R70)."""
    if not present:
        return r.NOBODY_AT_THE_TABLE
    return r.ONLY_ONE_AT_THE_TABLE if len(present) == 1 else None


def ended_by(plan: c.Plan) -> frozenset[str]:
    """Return the numbers of the actions that end by this plan: those it names, and those succeeded (R81)."""
    return frozenset(plan.ends) | {x.succeeds for x in plan.actions if x.succeeds is not None}


def _incomplete(plan: c.Plan) -> Refusal | None:
    """Refuse a plan that does not state what it must (R69)."""
    if plan.ave_level not in AVE_LEVELS:
        return r.AVE_LEVEL_UNKNOWN
    if is_blank(plan.agreements) or any(is_blank(action.description) for action in plan.actions):
        return r.AGREEMENTS_MISSING
    if len({action.action_id for action in plan.actions}) != len(plan.actions):
        return r.ACTION_TWICE
    return None


def _not_released(state: State, plan: c.Plan, context: DecisionContext) -> Refusal | None:
    """Refuse content taken from an item that is frozen, or not released for the RTO (A11, A19)."""
    for item_id in plan.drawn_from:
        item = state.item(item_id)
        if item is None:
            return r.UNKNOWN_ITEM
        if is_frozen(item.contributor, context.parties, context.judged_at):
            return ITEM_FROZEN
        if not state.released_for_rto(item_id):
            return r.NOT_RELEASED
    return None


def _changes_an_action(state: State, plan: c.Plan) -> Refusal | None:
    """Refuse a number that stood for an action before, and the end of one that does not run (R65, R81)."""
    if any(state.action(x.action_id) or state.ended_action(x.action_id) for x in plan.actions):
        return r.ACTION_NEVER_CHANGES
    if any(state.action(action_id) is None for action_id in plan.ends):
        return r.NO_ACTION_RUNS
    succeeded = [x.succeeds for x in plan.actions if x.succeeds is not None]
    if not all(state.action(x) or state.ended_action(x) for x in succeeded):
        return r.NO_ACTION_RUNS
    running = [x for x in state.actions if x.action_id not in ended_by(plan)]
    return r.TOO_MANY_ACTIONS if len(running) + len(plan.actions) > MOST_ACTIONS else None


def _does_not_go_round(state: State, plan: c.Plan, present: tuple[str, ...]) -> Refusal | None:
    """Refuse a new action of who is absent, and a party of which the part is not told once (R69, R70)."""
    if not all(action.party in present for action in plan.actions):
        return r.EXECUTOR_NOT_AT_THE_TABLE
    ended = ended_by(plan)
    involved = set(present) | {x.party for x in state.actions if x.action_id not in ended}
    told = [part.party for part in plan.parts]
    if any(is_blank(part.role) or is_blank(part.information_need) for part in plan.parts):
        return r.INFORMATION_NEED_MISSING
    if len(set(told)) != len(told) or not involved.issuperset(told):
        return r.PART_OF_NOBODY
    return None if involved.issubset(told) else r.INFORMATION_NEED_MISSING


def progress(state: State, command: c.ProgressAction, context: DecisionContext) -> Decision:
    """Record a word on how far an action is: of who carries it out, once agreed, until it ends (R81, R85)."""
    action = state.action(command.action_id) or state.ended_action(command.action_id)
    if action is None or action.party != command.by.party:
        return r.NOT_THE_EXECUTOR
    if state.action(command.action_id) is None:
        return r.ACTION_ENDED
    if not state.is_agreed(command.action_id):
        return r.TABLE_HAS_NOT_DECIDED
    return (
        e.ActionProgressed(
            command.action_id,
            command.progress,
            command.remark,
            context.now,
            command.goals_reached,
            command.developments,
        ),
    )
