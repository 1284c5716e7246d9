"""Decide who sees what of a case at triage; everything read passes `may_view` (R23, R33, R34)."""

from typing import TypeAlias, assert_never

from services.triage import clarifications
from services.triage.consents import is_lifted, kept
from services.triage.queries import is_special, keeps_back
from services.triage.record import Choice, Clarification, Clarified, Estimate, Extension, Said
from services.triage.state import Conclusion, Phase, Query, QueryStatus, State
from shared.contract.fields import ContributedItem, Person
from shared.contract.messages.triage import QueryAnswered, QueryDeclined, QueryIssued, RtoPrepared
from shared.core.actor import THE_HOUSE, Role
from shared.core.consent import NO_CONSENT
from shared.core.context import DecisionContext
from shared.core.ending import gone
from shared.core.item_rules import NOT_COMPETENT, is_competent, kept_secret, unchecked
from shared.core.item_standing import as_decided, taken_back
from shared.core.service_numbers import MAY_NOT_USE_IT, PersonNumber, unusable
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

NOBODY_ELSE = Denied("R33", "B3-F2 access")
AT_THE_TABLE = Denied("R61", "B3-F3; B3-gen 3")
NOT_YOURS = Denied("R34", "B3-F2 access")
KEPT_BY_NOW = Denied("R30", "B3-F2 secrecy")
UNDER_SECRECY = Denied("R30", "B3-F2 secrecy")
OPEN = frozenset({Phase.TRIAGE, Phase.PREPARING, Phase.PREPARED, Phase.CLOSING})


# What a queried party says of its query: as its replies, the referrer reads it until the table is prepared.
OfTheQueried: TypeAlias = Said | Clarification | Extension
Thing: TypeAlias = (
    ContributedItem
    | QueryIssued
    | OfTheQueried
    | Clarified
    | Choice
    | Estimate
    | Person
    | PersonNumber
    | Conclusion
    | RtoPrepared
    | None
)


def may_view(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Decide whether this viewer sees this thing, or (None) the case itself; deny by default."""
    if state.phase not in OPEN:
        return Denied("R88", "B3-F4")
    if over := gone(state, context.now):
        return over
    if viewer.role is Role.PARTY_WORKER and viewer.party == state.referrer == state.leading_party:
        return _of_the_referrer(thing, state, context)
    if viewer.role is Role.PARTY_WORKER:
        return _of_another_party(viewer.party or "", thing, state, context)
    if viewer.role in THE_HOUSE:
        return _of_the_house(viewer, thing, state, context)
    return NOBODY_ELSE


def _of_the_referrer(thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show the referrer the answers given to it, as long as it leads, less what was withheld (R32, R33).

    Whoever leads after it reads them at the round table, item by item (R35, R65).
    """
    if isinstance(thing, ContributedItem) and thing.contributor == state.referrer:
        return Allowed("R34", state.referrer)
    if isinstance(thing, ContributedItem) and _is_withheld(thing, state):
        return Denied("R32", "B3-F2")
    if state.was_prepared and isinstance(thing, OfTheQueried):
        return AT_THE_TABLE
    return _not_here(thing, state) or _shown(thing, state, context)


def _is_withheld(item: ContributedItem, state: State) -> bool:
    return state.referrer in as_decided(item, state.standings).withheld_from


def _not_here(thing: Thing, state: State) -> Denied | None:
    """Deny what its contributor took back or holds under secrecy (R30), and any item once there is a table.

    That shows them then (R61).
    """
    if not isinstance(thing, ContributedItem):
        return None
    if state.is_secret(thing.item_id):
        return UNDER_SECRECY
    at_the_table = AT_THE_TABLE if state.was_prepared else None
    return taken_back(thing, state.standings) or kept(thing, state) or at_the_table


def _of_the_house(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show the assigned director and the support worker what the leading party may see (R7, R33)."""
    if viewer.on_behalf_of != state.leading_party:
        return Denied("R7", "B3-gen; art. 9.3")
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person != state.director:
        return NOBODY_ELSE
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in state.support_workers:
        return NOBODY_ELSE
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return Denied("R102", "B3-F1, F2, F3")
    return kept_secret(thing) or _not_here(thing, state) or _shown(thing, state, context)


def _shown(thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show who leads, and who acts for it, what that party may process (R21, R22), for who gave it."""
    leader, parties = state.leading_party, context.parties
    if isinstance(thing, PersonNumber) and leader != state.referrer:
        return MAY_NOT_USE_IT  # it served the queries, which the referrer asked
    denied = unchecked(thing, leader, parties) or unusable(thing, leader, parties)
    return denied or Allowed("R33", _giver(thing, state))


def _of_another_party(party: str, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show a party what it was asked, in whose name, and what it gave itself; nothing else (R34)."""
    if state.phase is Phase.CLOSING:
        return Denied("R102", "B3-F1, F2, F3")
    if isinstance(thing, QueryIssued | Clarified) and (
        denied := _of_its_content(party, thing, state, context)
    ):
        return denied
    if isinstance(thing, PersonNumber):
        return _number_asked_about(party, thing, state, context)
    match thing:
        case None:
            mine = party == state.referrer or state.was_asked(party)
        case ContributedItem(contributor=contributor):
            mine = contributor == party
        case QueryIssued() | QueryAnswered() | QueryDeclined() | Clarification() | Clarified() | Extension():
            mine = _recipient(thing, state) == party
        case Estimate():
            mine = party == state.referrer
        case Choice() | Person() | Conclusion() | RtoPrepared():
            mine = False
        case _:
            assert_never(thing)
    giver = state.referrer if isinstance(thing, QueryIssued | Clarified) else party
    return Allowed("R34", giver) if mine else NOT_YOURS


def _number_asked_about(party: str, number: PersonNumber, state: State, context: DecisionContext) -> Verdict:
    """Show a queried party the referrer's number that stood in its query, while it may use it (R22).

    And no longer than it is shown the query: what is kept from it by now is kept with all it says (R30).
    """
    query = state.query(number.query_id)
    if query is None or query.recipient != party:
        return NOT_YOURS
    if denied := _kept_of_query(query, state, context):
        return denied
    if query.status is QueryStatus.NO_ANSWER or not query.in_time(context.now):
        return MAY_NOT_USE_IT  # it served a reply, which nobody expects any more
    return unusable(number, party, context.parties) or Allowed("R34", state.referrer)


def _of_its_content(
    party: str, asked: QueryIssued | Clarified, state: State, context: DecisionContext
) -> Denied | None:
    """Deny a party its query when what that holds is kept from it by now (R30), or too special (R21, R49).

    And a clarification with its query, or for what it holds itself.
    """
    query = state.query(asked.query_id)
    if query is None or query.recipient != party:
        return None
    if denied := _kept_of_query(query, state, context):
        return denied
    return _kept_of_clarified(asked, query, state, context) if isinstance(asked, Clarified) else None


def _kept_of_clarified(
    clarified: Clarified, query: Query, state: State, context: DecisionContext
) -> Denied | None:
    if clarifications.keeps_back(state, query, clarified):
        return KEPT_BY_NOW
    passed = query.passed_test or clarified.passed_test
    competent = is_competent(query.recipient, context.parties, passed_test=passed)
    return NOT_COMPETENT if clarifications.is_special(state, clarified) and not competent else None


def _kept_of_query(query: Query, state: State, context: DecisionContext) -> Denied | None:
    if keeps_back(state, query):
        return KEPT_BY_NOW
    if not is_lifted(query, state):
        return NO_CONSENT
    competent = is_competent(query.recipient, context.parties, passed_test=query.passed_test)
    return NOT_COMPETENT if is_special(state, query) and not competent else None


def _recipient(thing: QueryIssued | OfTheQueried | Clarified, state: State) -> str:
    query = state.query(thing.query_id)
    return "" if query is None else query.recipient


def givers(state: State, thing: object) -> frozenset[str]:
    """Return who gave this, an item or a reply: once that party has left nobody is shown it (A11)."""
    match thing:
        case ContributedItem(contributor=contributor):
            return frozenset({contributor})
        case QueryAnswered() | QueryDeclined() | Clarification() | Extension():
            return frozenset({_recipient(thing, state)} - {""})
        case Estimate():
            return frozenset({state.referrer})
        case _:
            return frozenset()


def _giver(thing: Thing, state: State) -> str:
    """Return whose information it is (R129)."""
    match thing:
        case ContributedItem(contributor=contributor):
            return contributor
        case QueryAnswered() | QueryDeclined() | Clarification() | Extension():
            return _recipient(thing, state)
        case Person() | PersonNumber() | Estimate():
            return state.referrer
        case _:
            return state.leading_party
