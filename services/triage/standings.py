"""Follow at triage what contributors decide on their items, which stand in its record (R66)."""

from dataclasses import replace

from services.triage import events as e
from services.triage.record import Clarification
from services.triage.state import Phase, Query, State
from shared.contract.content import sealed_text_ids
from shared.contract.messages.intake import CaseTakenUp
from shared.core.item_standing import Standing, as_decided, followed, is_gone, is_news, standing_of


def follow(state: State, told: Standing) -> e.StandingFollowed:
    """Follow a standing; a later one that came before it stays.

    Its texts are taken in where the item is, which the record knows, and before the case itself is here: the
    referral's items can come after what was decided on them.
    """
    if not is_news(told, state.standings):
        return e.StandingFollowed(told.without_texts())
    known = standing_of(told.item_id, state.standings)
    earlier = sealed_text_ids(known) if known is not None else ()
    brought = sealed_text_ids(told)
    return e.StandingFollowed(told, tuple(piece for piece in earlier if piece not in brought))


def taken_in(state: State, told: Standing) -> State:
    """Return the state after a standing; no question that drew on an earlier version is shown (A22)."""
    before = standing_of(told.item_id, state.standings)
    kept = told if state.phase is Phase.NOTHING and not told.is_gone else told.without_texts()
    state = replace(state, standings=followed(state.standings, kept))
    changed = told.version > (before.version if before is not None else 1)
    queries = tuple(_drawn_on(one, told.item_id) if changed else one for one in state.queries)
    return replace(state, queries=queries)


def _drawn_on(query: Query, item_id: str) -> Query:
    told = tuple(_told_of(one, item_id) for one in query.clarifications)
    outdated = query.is_outdated or item_id in query.drawn_from
    return replace(query, is_outdated=outdated, clarifications=told)


def _told_of(asked: Clarification, item_id: str) -> Clarification:
    if asked.given is None or item_id not in asked.given.drawn_from:
        return asked
    return replace(asked, given=replace(asked.given, is_outdated=True))


def as_told(state: State, case: CaseTakenUp) -> CaseTakenUp:
    """Return the case with its items as their contributor decided, also before the case was here (A22)."""
    items = tuple(
        as_decided(item, state.standings) for item in case.items if not is_gone(item.item_id, state.standings)
    )
    return case.model_copy(update={"items": items})
