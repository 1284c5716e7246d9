"""Say what at the round table several people can replace: the plan of action and the viewing plan."""

from collections.abc import Iterable, Mapping

from services.rto import commands as c
from services.rto.state import State
from shared.contract.messages.triage import ViewingEntry
from shared.core.actor import Command
from shared.core.shared_things import Replacement, SharedThing


def plan(state: State) -> SharedThing | None:
    """Return the plan of action, which a later one adjusts; what it ended is no part of it (R69, R81)."""
    if state.plan is None:
        return None
    parts = {name: part for name, part in dict(state.plan).items() if name != "ends"}
    return SharedThing("plan", {**parts, "made_by": state.made_by}, state.plan_at)


def viewing_plan(state: State) -> SharedThing | None:
    """Return the viewing plan; its parts are the participants, each with what it is to see and why (R42)."""
    if not state.viewing_plan:
        return None
    ordered = sorted(state.viewing_plan, key=lambda entry: (entry.participant, entry.item_id))
    parts: dict[str, list[ViewingEntry]] = {}
    for entry in ordered:
        parts.setdefault(entry.participant, []).append(entry)
    return SharedThing("viewing-plan", parts, state.viewing_plan_at)


def _stands(state: State, entries: Iterable[ViewingEntry]) -> bool:
    """Tell whether an entry stands there already: its reason would be lost. New ones only add."""
    known = {(entry.item_id, entry.participant) for entry in state.viewing_plan}
    return any((entry.item_id, entry.participant) in known for entry in entries)


REPLACES: Mapping[type[Command], Replacement[State]] = {
    c.RecordPlan: Replacement(plan, lambda state, command: state.plan is not None),
    c.ExtendViewingPlan: Replacement(viewing_plan, lambda state, command: _stands(state, command.entries)),
}
