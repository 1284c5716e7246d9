"""Decide queries: whom to ask what, and which replies count (R26 to R32, R57)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from services.triage import commands as c
from services.triage import consents
from services.triage import events as e
from services.triage import refusals as r
from services.triage.record import Choice
from services.triage.state import Phase, Query, QueryStatus, State
from shared.contract.content import is_blank
from shared.contract.fields import ContributedItem, Item
from shared.contract.messages.triage import QueryIssued
from shared.contract.parties import Parties, PartyRecord
from shared.contract.refusal import ITEM_NUMBER_NOT_USABLE, ITEM_TWICE, Refusal
from shared.core import item_rules
from shared.core.context import DecisionContext
from shared.core.disclosure import of_items, of_leader
from shared.core.item_standing import NOT_REVISED, in_use, is_kept_from, standing_of
from shared.core.service_numbers import may_use, without_numbers

Decision: TypeAlias = tuple[e.Event, ...] | Refusal
Draws: TypeAlias = c.IssueQuery | c.ClarifyQuery  # what is said to a queried party, and draws on items
EVERYBODY = "all"

# --- asking --------------------------------------------------------------------------------------


def issue(state: State, command: c.IssueQuery, context: DecisionContext) -> Decision:
    """Issue one query to one party, chosen for this case, saying all that R27 asks."""
    command = replace(command, items=in_use(command.items, state.standings))
    recipient = command.recipient
    if refusal := _of_recipient(state, recipient, context):
        return refusal
    if state.query(command.query_id) is not None:
        return r.QUERY_ISSUED_BEFORE
    record = context.parties.get(str(recipient))
    if record is None or not record.is_member(context.judged_at):
        return r.RECIPIENT_NOT_A_PARTY
    if refusal := _of_contents(state, command, record, context):
        return refusal
    own = state.estimate_of(record.party)
    return (
        e.QueryIssued(
            recipient=record.party,
            query=_message(state, command),
            choice=Choice(
                query_id=command.query_id,
                reason=command.reason,
                contains_special=contains_special(command),
                passed_processing_test=command.passed_processing_test,
                referrer_estimate=command.referrer_estimate,
                address_reason=command.address_reason if command.include_address else None,
                drawn_from=command.drawn_from,
                referrers_own=own.estimate if own is not None else None,
                rests_on=consents.rests_on(command, drawn_on(command), state),
            ),
            lapses_at=command.reply_before + context.policy.query_reminder,
            at=context.now,
            discloses=(
                *of_leader(f"query/{command.query_id}", state.mandate, "R30"),
                *of_items(drawn_on(command), "R30"),
            ),
        ),
    )


def _of_recipient(state: State, recipient: str | tuple[str, ...], context: DecisionContext) -> Refusal | None:
    """Refuse any but a bilateral query (R26): never to all parties, at once or one by one (R28, R29)."""
    named = {recipient} if isinstance(recipient, str) else set(recipient)
    before = {query.recipient for query in state.queries}
    if EVERYBODY in named or context.parties.members(context.judged_at) <= named | before | {
        state.leading_party
    }:
        return r.QUERY_TO_EVERYBODY
    if not isinstance(recipient, str):
        return r.ONE_PARTY_PER_QUERY
    if recipient == state.leading_party:
        return r.QUERY_TO_ITSELF
    return None


def _of_contents(
    state: State, command: c.IssueQuery, recipient: PartyRecord, context: DecisionContext
) -> Refusal | None:
    """Refuse what a query lacks or may not hold: its statements first, and then what goes along."""
    stated = (command.purpose, command.necessity, command.question)
    if not command.task or any(is_blank(text) for text in stated):
        return r.QUERY_INCOMPLETE
    if is_blank(command.reason):
        return r.CHOICE_WITHOUT_REASON
    if refusal := _of_estimate(state, command, recipient.party):
        return refusal
    if not set(command.persons) <= {person.person_id for person in state.persons}:
        return r.UNKNOWN_PERSON
    if command.reply_before <= context.now:
        return r.TERM_IN_THE_PAST
    return (
        _of_what_goes_along(state, command, recipient, context)
        or of_secrecy(state, command, recipient.party)
        or consents.not_given(consents.rests_on(command, drawn_on(command), state), state)
    )


def _of_estimate(state: State, command: c.IssueQuery, recipient: str) -> Refusal | None:
    """Refuse without an estimate of the referrer, its own or as written down, and against its own (R28)."""
    own = state.estimate_of(recipient)
    if own is not None:
        return None if own.useful else r.REFERRER_AGAINST_IT
    return r.ESTIMATE_MISSING if is_blank(command.referrer_estimate) else None


def _of_what_goes_along(
    state: State, command: c.IssueQuery, recipient: PartyRecord, context: DecisionContext
) -> Refusal | None:
    """Refuse what may not go to this party, or is not said to be needed there (R21, R22, R30, R49)."""
    if command.include_address and is_blank(command.address_reason):
        return r.ADDRESS_WITHOUT_REASON
    both, passed = (state.leading_party, recipient.party), command.passed_processing_test
    refusal = of_special(*both, context.parties, passed_test=passed)
    if contains_special(command) and refusal:
        return refusal
    return _of_number(*both, context.parties) if command.include_bsn else None


def drawn_on(command: Draws) -> tuple[ContributedItem, ...]:
    """Return the items of the case that the question draws on."""
    return tuple(item for item in command.items if item.item_id in command.drawn_from)


def contains_special(command: Draws) -> bool:
    """Tell whether the question holds special or criminal data, as it says or as what it draws on is."""
    return command.contains_special or any(item.category.needs_test for item in drawn_on(command))


def of_secrecy(state: State, command: Draws, recipient: str) -> Refusal | None:
    """Refuse a question that draws on what another answered (R34, R35), or the referrer keeps (R23, R30).

    What is not in the case, its contributor did not release either; so nobody learns of an item this way.
    """
    items = drawn_on(command)
    if any(item.contributor != state.leading_party for item in items):
        return r.QUERY_DRAWS_ON_ANOTHERS
    released = {item.item_id for item in items if _may_be_drawn_on(item, recipient, state)}
    return None if released.issuperset(command.drawn_from) else r.SECRECY_NOT_RELEASED


def _may_be_drawn_on(item: ContributedItem, recipient: str, state: State) -> bool:
    """Tell whether its contributor, by its last word, lets a query to this party draw on it (R30, R62)."""
    if item_rules.kept_secret(item) or item_rules.withheld(item, recipient):
        return False
    released = item.shareable_in_query or state.is_cleared(item.item_id)
    return released and not is_kept_from(recipient, item.item_id, state.standings)


def keeps_back(state: State, query: Query) -> bool:
    """Tell whether the referrer keeps from its recipient by now what a query draws on (R30, R62, A12).

    Or has corrected it: an earlier version is not shown again, in no question either (A22).
    """
    return query.is_outdated or draws_on_what_is_kept(state, query.recipient, query.drawn_from)


def draws_on_what_is_kept(state: State, recipient: str, drawn_from: Iterable[str]) -> bool:
    """Tell whether the referrer keeps one of these items from this party by now (R30)."""
    return any(
        is_kept_from(recipient, item_id, state.standings) or _is_no_longer_for_a_query(item_id, state)
        for item_id in drawn_from
    )


def _is_no_longer_for_a_query(item_id: str, state: State) -> bool:
    known = standing_of(item_id, state.standings)
    revision = known.revision if known is not None else NOT_REVISED
    return revision.shareable_in_query is False or revision.hidden_from_director is True


def is_special(state: State, query: Query) -> bool:
    """Tell whether a query holds special or criminal data, as its contributor classes them by now (R49)."""
    return query.contains_special or draws_on_what_is_special(state, query.drawn_from)


def draws_on_what_is_special(state: State, drawn_from: Iterable[str]) -> bool:
    """Tell whether one of these items is classed as special or criminal by now (R49)."""
    drawn = (standing_of(item_id, state.standings) for item_id in drawn_from)
    classed = (one.revision.category for one in drawn if one is not None)
    return any(one is not None and one.needs_test for one in classed)


def of_special(asking: str, asked: str, parties: Parties, *, passed_test: bool) -> Refusal | None:
    """Refuse special data that who asks may not process (R21), or who is asked was not tested for (R49)."""
    if not item_rules.is_competent(asking, parties):
        return r.SPECIAL_NOT_CHECKED
    competent = item_rules.is_competent(asked, parties, passed_test=passed_test)
    return None if competent else r.QUERIED_PARTY_NOT_TESTED


def _of_number(asking: str, asked: str, parties: Parties) -> Refusal | None:
    """Refuse a citizen service number that not both parties may use (R22)."""
    return None if may_use(asking, parties) and may_use(asked, parties) else r.BSN_NOT_ALLOWED


def _message(state: State, command: c.IssueQuery) -> QueryIssued:
    """Make the message to the queried party: only the persons named, without what it has no need of (R30)."""
    persons = tuple(p for p in state.persons if p.person_id in command.persons)
    if not command.include_address:
        persons = tuple(person.model_copy(update={"address": None}) for person in persons)
    return QueryIssued.model_construct(
        query_id=command.query_id,
        on_behalf_of=state.leading_party,
        acting_body=state.acting_body,
        task=command.task,
        purpose=command.purpose,
        necessity=command.necessity,
        question=command.question,
        persons=persons if command.include_bsn else without_numbers(persons),
        reply_before=command.reply_before,
    )


def may_not_be_asked(query: QueryIssued, recipient: str, state: State, parties: Parties) -> Refusal | None:
    """Refuse to send what its two parties may process no more (R21, R22, R49), or the referrer keeps by now.

    A query draws on its items when it leaves, and not only when it was written (R30, A12).
    """
    both = (query.on_behalf_of, recipient)
    of_number = _of_number(*both, parties)
    if of_number and any(person.bsn is not None for person in query.persons):
        return of_number
    asked = state.query(query.query_id)
    if asked is not None and keeps_back(state, asked):
        return r.SECRECY_NOT_RELEASED
    if asked is not None and not consents.is_lifted(asked, state):
        return r.CONSENT_NOT_IN_FORCE
    if asked is None or not is_special(state, asked):
        return None
    return of_special(*both, parties, passed_test=asked.passed_test)


# --- replying ------------------------------------------------------------------------------------


def answer(state: State, command: c.AnswerQuery, context: DecisionContext) -> Decision:
    """Take an answer, by when it was received; further ones may follow as long as triage runs (R31)."""
    query = state.query(command.query_id)
    if query is None:
        return r.NOT_THE_QUERIED_PARTY
    if refusal := _of_time(state, query, context.now):
        return refusal
    record = context.parties.get(query.recipient)
    if record is None:
        return r.NOT_THE_QUERIED_PARTY
    if refusal := _of_items(state, command.answer.items, record, context) or _of_marks(command):
        return refusal
    return (e.QueryAnswered(query.recipient, query.replies + 1, command.answer, context.now),)


def decline(state: State, command: c.DeclineQuery, context: DecisionContext) -> Decision:
    """Take a refusal to answer: the queried party alone weighs it, and its ground is on record (R31)."""
    query = state.query(command.query_id)
    if query is None:
        return r.NOT_THE_QUERIED_PARTY
    if query.status in (QueryStatus.ANSWERED, QueryStatus.DECLINED):
        return r.ALREADY_REPLIED
    return _of_time(state, query, context.now) or (
        e.QueryDeclined(query.recipient, query.replies + 1, command.decline, context.now),
    )


def _of_time(state: State, query: Query, received: datetime) -> Refusal | None:
    """Refuse what came too late; what was received in time counts, whatever was handled first (R31)."""
    concluded = state.conclusion
    if state.phase is Phase.PREPARING and (concluded is None or concluded.at <= received):
        return r.TRIAGE_NOT_RUNNING
    return None if query.in_time(received) else r.REPLY_TOO_LATE


def _of_items(
    state: State, items: tuple[Item, ...], giver: PartyRecord, context: DecisionContext
) -> Refusal | None:
    """Refuse items that lack what each must state, in the order of the rules (R8, R21, R35, R57, R62)."""
    if not items:
        return None
    if context.elsewhere or context.here:
        return ITEM_NUMBER_NOT_USABLE
    known = {person.person_id for person in state.persons}
    return (
        item_rules.must_differ(items, ITEM_TWICE)
        or item_rules.must_name_basis(items, r.BASIS_MISSING)
        or item_rules.must_name_body(items, giver, r.ACTING_BODY_UNKNOWN)
        or item_rules.must_be_necessary(items, r.NECESSITY_MISSING)
        or item_rules.must_be_about(items, known, r.UNKNOWN_PERSON)
        or item_rules.must_be_checked(items, giver, r.SPECIAL_NOT_CHECKED)
        or item_rules.must_reserve_against_parties(items, context.parties, r.RESERVATION_UNKNOWN)
        or consents.must_be_given(items, giver.party, state)
    )


def _of_marks(command: c.AnswerQuery) -> Refusal | None:
    """Refuse a mark of secrecy on what this answer does not bring in (R30)."""
    brought = {item.item_id for item in command.answer.items}
    return None if brought.issuperset(command.answer.under_secrecy) else r.SECRECY_OF_NO_ITEM


# --- silence -------------------------------------------------------------------------------------


def remind(state: State, query_id: str, now: datetime) -> Decision:
    """Remind of a query that still waits, once its term has come; that may have moved since (R31)."""
    query = state.query(query_id)
    if query is None or query.status is not QueryStatus.OPEN:
        return ()
    if query.reply_before is not None and now < query.reply_before:
        return ()
    return (e.QueryReminded(query_id),)


def lapse(state: State, query_id: str, now: datetime) -> Decision:
    """End a query without an answer, for the director to see among what waits for him (R31)."""
    query = state.query(query_id)
    if query is None or not query.status.waits or now < query.lapses_at:
        return ()
    return (e.QueryLapsed(query_id, now),)


def lapse_all(state: State) -> tuple[e.QueryLapsed, ...]:
    """End every query that waits: triage ends, and its recipients hear that nothing is expected."""
    return tuple(e.QueryLapsed(query.query_id) for query in state.queries if query.status.waits)
