"""Decide who sees what of a case at triage; everything read passes `may_view` (R23, R33, R34)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never

from services.triage.record import Choice, Said
from services.triage.state import Conclusion, Phase, State
from shared.contract.content import Content
from shared.contract.fields import ContributedItem, Person
from shared.contract.messages.triage import QueryAnswered, QueryDeclined, QueryIssued, RtoPrepared
from shared.core.actor import THE_HOUSE, Role
from shared.core.ending import gone
from shared.core.item_rules import kept_secret
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

NOBODY_ELSE = Denied("R33", "B3-F2 access")
NOT_YOURS = Denied("R34", "B3-F2 access")
OPEN = frozenset({Phase.TRIAGE, Phase.PREPARING, Phase.PREPARED, Phase.CLOSING})


@dataclass(frozen=True, slots=True)
class PersonNumber:
    """Hold a citizen service number: only to see that parties mean the same person (R22)."""

    person_id: str
    bsn: Content


Thing: TypeAlias = (
    ContributedItem | QueryIssued | Said | Choice | Person | PersonNumber | Conclusion | RtoPrepared | None
)


def may_view(viewer: Viewer, thing: Thing, state: State, now: datetime) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case itself; deny by default."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if over := gone(state, now):
        return over
    if viewer.role is Role.PARTY_WORKER and viewer.party == state.referrer == state.leading_party:
        return _of_the_referrer(thing, state)
    if viewer.role is Role.PARTY_WORKER:
        return _of_another_party(viewer.party or "", thing, state)
    if viewer.role in THE_HOUSE:
        return _of_the_house(viewer, thing, state)
    return NOBODY_ELSE


def _of_the_referrer(thing: Thing, state: State) -> Verdict:
    """Show the referrer the answers given to it, as long as it leads, less what was withheld (R32, R33).

    Whoever leads after it reads them at the round table, item by item (R35, R65).
    """
    if isinstance(thing, ContributedItem) and state.referrer in thing.withheld_from:
        return Denied("R32", "B3-F2")
    return _shown(thing, state)


def _of_the_house(viewer: Viewer, thing: Thing, state: State) -> Verdict:
    """Show the assigned director and the support worker what the leading party may see (R7, R33)."""
    if viewer.on_behalf_of != state.leading_party:
        return Denied("R7", "B3-gen; art. 9.3")
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person != state.director:
        return NOBODY_ELSE
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return NOBODY_ELSE
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return Denied("R102", "B3-F1, F2, F3")
    return kept_secret(thing) or _shown(thing, state)


def _shown(thing: Thing, state: State) -> Verdict:
    """Show all of it to the leading party and who acts for it, each on behalf of who gave it."""
    if isinstance(thing, PersonNumber) and state.leading_party != state.referrer:
        return Denied("R22", "B3-F1, F2")
    return Allowed("R33", _giver(thing, state))


def _of_another_party(party: str, thing: Thing, state: State) -> Verdict:
    """Show a party its own queries and what it gave itself, and nothing of others (R34)."""
    if state.phase is Phase.CLOSING:
        return Denied("R102", "B3-F1, F2, F3")
    match thing:
        case None:
            mine = party == state.referrer or state.was_asked(party)
        case ContributedItem(contributor=contributor):
            mine = contributor == party
        case QueryIssued() | QueryAnswered() | QueryDeclined():
            mine = _recipient(thing, state) == party
        case Choice() | Person() | PersonNumber() | Conclusion() | RtoPrepared():
            mine = False
        case _:
            assert_never(thing)
    return Allowed("R34", party) if mine else NOT_YOURS


def _recipient(thing: QueryIssued | Said, state: State) -> str:
    query = state.query(thing.query_id)
    return "" if query is None else query.recipient


def _giver(thing: Thing, state: State) -> str:
    """Return whose information it is (R129)."""
    match thing:
        case ContributedItem(contributor=contributor):
            return contributor
        case QueryAnswered() | QueryDeclined():
            return _recipient(thing, state)
        case Person() | PersonNumber():
            return state.referrer
        case _:
            return state.leading_party
