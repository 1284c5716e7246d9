"""Decide what a queried party asks about its query, and what it is told (R26, R27, R30, R31)."""

from collections.abc import Iterable
from dataclasses import replace

from services.triage import commands as c
from services.triage import consents, queries, waiting
from services.triage import events as e
from services.triage import refusals as r
from services.triage.queries import Decision
from services.triage.record import Clarification, Clarified
from services.triage.state import Query, State
from shared.contract.content import is_blank
from shared.contract.messages.triage import QueryClarified
from shared.contract.parties import Parties
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext
from shared.core.disclosure import of_items, of_leader
from shared.core.effects import Effect, ToParty


def ask(state: State, command: c.AskClarification, context: DecisionContext) -> Decision:
    """Take a question on a query, as long as a reply to it counts; the term runs on (R31)."""
    query = state.query(command.query_id)
    if query is None:
        return r.NOT_THE_QUERIED_PARTY
    if not query.in_time(context.now):
        return r.REPLY_TOO_LATE
    if query.unclear is not None:
        return r.CLARIFICATION_ASKED_BEFORE
    if is_blank(command.asked.question):
        return r.UNCLEAR_WITHOUT_QUESTION
    number = len(query.clarifications) + 1
    return (e.ClarificationAsked(query.query_id, number, command.asked.question, context.now),)


def clarify(state: State, command: c.ClarifyQuery, context: DecisionContext) -> Decision:
    """Say what is meant; it holds no more than a query to this party may hold (R21, R30, R49)."""
    query = state.query(command.query_id)
    if query is None:
        return r.UNKNOWN_QUERY
    if query.unclear is None:
        return r.NOTHING_TO_CLARIFY
    if refusal := _of_clarification(state, query, command, context):
        return refusal
    clarified = Clarified(
        query.query_id,
        query.unclear.number,
        command.clarification,
        context.now,
        contains_special=queries.contains_special(command),
        passed_test=command.passed_processing_test,
        drawn_from=command.drawn_from,
    )
    label = f"clarified/{clarified.query_id}/{clarified.number}"
    drawn_on = of_items(queries.drawn_on(command), "R30")
    return (e.QueryClarified(clarified, (*of_leader(label, state.mandate, "R30"), *drawn_on)),)


def _of_clarification(
    state: State, query: Query, command: c.ClarifyQuery, context: DecisionContext
) -> Refusal | None:
    if not query.in_time(context.now):
        return r.REPLY_TOO_LATE
    if is_blank(command.clarification):
        return r.CLARIFICATION_MISSING
    if not context.parties.is_member(query.recipient, context.judged_at):
        return r.RECIPIENT_NOT_A_PARTY
    passed = query.passed_test or command.passed_processing_test
    if queries.contains_special(command):
        both = (state.leading_party, query.recipient)
        if refusal := queries.of_special(*both, context.parties, passed_test=passed):
            return refusal
    if queries.keeps_back(state, query):
        return r.SECRECY_NOT_RELEASED
    return queries.of_secrecy(state, command, query.recipient) or consents.beyond(
        query, queries.drawn_on(command), state
    )


# --- what becomes of it --------------------------------------------------------------------------


def asked(state: State, event: e.ClarificationAsked) -> State:
    """Return the state in which the queried party waits for a word."""
    query = state.query(event.query_id)
    if query is None:
        return state
    one = Clarification(event.query_id, event.number, event.question, event.at)
    query = replace(query, clarifications=(*query.clarifications, one))
    return waiting.changed(state, query, event.at)


def given(state: State, event: e.QueryClarified) -> State:
    """Return the state in which it was told."""
    clarified = event.clarified
    query = state.query(clarified.query_id)
    if query is None:
        return state
    all_of_it = tuple(
        replace(one, given=clarified) if one.number == clarified.number else one
        for one in query.clarifications
    )
    query = replace(query, clarifications=all_of_it)
    return waiting.changed(state, query, clarified.at)


def following(event: e.QueryClarified, state: State) -> Iterable[Effect]:
    """Send it to the party that asked, alone; like its query it goes unsent once that has ended (R26)."""
    clarified = event.clarified
    query = state.query(clarified.query_id)
    if query is not None:
        message = QueryClarified.model_construct(
            query_id=query.query_id,
            number=clarified.number,
            on_behalf_of=state.leading_party,
            acting_body=state.acting_body,
            clarification=clarified.clarification,
        )
        yield ToParty(query.recipient, message, item=query.query_id, discloses=event.discloses)


# --- when it leaves, and is read ------------------------------------------------------------------


def said(state: State, query_id: str, number: int) -> Clarified | None:
    """Return what was told of a query, the `number`-th time."""
    query = state.query(query_id)
    told = query.clarifications if query is not None else ()
    return next((one.given for one in told if one.number == number), None)


def keeps_back(state: State, query: Query, clarified: Clarified) -> bool:
    """Tell whether its recipient may not have by now what this draws on, or its query (R30, A12, A22)."""
    told = said(state, query.query_id, clarified.number)
    outdated = queries.keeps_back(state, query) or (told is not None and told.is_outdated)
    return outdated or queries.draws_on_what_is_kept(state, query.recipient, clarified.drawn_from)


def is_special(state: State, clarified: Clarified) -> bool:
    """Tell whether it holds special or criminal data, as their contributor classes them by now (R49)."""
    return clarified.contains_special or queries.draws_on_what_is_special(state, clarified.drawn_from)


def may_not_be_told(letter: QueryClarified, recipient: str, state: State, parties: Parties) -> Refusal | None:
    """Refuse to send what the recipient may process no more, or the referrer keeps by now (R21, R30, R49)."""
    query, clarified = state.query(letter.query_id), said(state, letter.query_id, letter.number)
    if query is None or clarified is None:
        return r.UNKNOWN_QUERY
    if keeps_back(state, query, clarified):
        return r.SECRECY_NOT_RELEASED
    if not consents.is_lifted(query, state):
        return r.CONSENT_NOT_IN_FORCE
    if not (is_special(state, clarified) or queries.is_special(state, query)):
        return None
    passed = query.passed_test or clarified.passed_test
    return queries.of_special(letter.on_behalf_of, recipient, parties, passed_test=passed)
