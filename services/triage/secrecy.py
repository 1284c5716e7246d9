"""Decide what a party releases that it holds under secrecy (R30)."""

from dataclasses import replace

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.queries import Decision
from services.triage.record import Secret
from services.triage.state import State
from shared.core.context import DecisionContext


def clear(state: State, command: c.ClearSecrecy, context: DecisionContext) -> Decision:
    """Release items, each by the party that holds it and by no other; what was released stays so (R30)."""
    party, cleared = command.by.party or "", command.cleared
    if not all(_holds(state, party, item, context) for item in cleared.items):
        return r.NOT_UNDER_SECRECY
    still = tuple(dict.fromkeys(item for item in cleared.items if not state.is_cleared(item)))
    with_consent = cleared.with_consent or cleared.consent is not None
    released = e.SecrecyCleared(party, still, with_consent, cleared.consent, context.now)
    return (released,) if still else ()


def _holds(state: State, party: str, item_id: str, context: DecisionContext) -> bool:
    """Tell whether the party gave this item under secrecy, or with the referral (R30)."""
    if any(one.item_id == item_id and one.contributor == party for one in state.secrets):
        return True
    return party == state.referrer and context.contributors.get(item_id) == party


# --- what becomes of it --------------------------------------------------------------------------


def held(state: State, event: e.QueryAnswered) -> State:
    """Return the state that remembers what an answer brought in under secrecy."""
    more = tuple(Secret(item_id, event.party) for item_id in event.answer.under_secrecy)
    return replace(state, secrets=(*state.secrets, *more)) if more else state


def cleared(state: State, event: e.SecrecyCleared) -> State:
    """Return the state in which these items are released."""
    now = tuple(
        Secret(item_id, event.party, event.at, event.with_consent, event.consent) for item_id in event.items
    )
    others = (one for one in state.secrets if one.item_id not in event.items)
    return replace(state, secrets=(*others, *now), last_act=event.at)
