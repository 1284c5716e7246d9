"""Decide whether a queried party gets more time (R31)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage import waiting
from services.triage.queries import Decision
from services.triage.record import Extension, QueryReopened
from services.triage.state import Query, QueryStatus, State
from shared.contract.content import is_blank, text
from shared.contract.messages import triage as m
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext
from shared.core.effects import Effect, SetTimer, StoreRow, ToParty
from shared.core.policy import Policy

QUERY_TERM = "query-term"  # timer: the term of a query has come
QUERY_REMINDER = "query-reminder"  # timer: the time after the reminder is over
REPLIED = frozenset({QueryStatus.ANSWERED, QueryStatus.DECLINED})


def ask(state: State, command: c.AskExtension, context: DecisionContext) -> Decision:
    """Take an ask for more time, by when it was received; until it is granted the term stands (R31)."""
    query, until = state.query(command.query_id), command.asked.reply_before
    if query is None:
        return r.NOT_THE_QUERIED_PARTY
    if query.status in REPLIED:
        return r.HAS_ITS_REPLY
    if not query.in_time(context.now):
        return r.REPLY_TOO_LATE
    if query.undecided is not None:
        return r.EXTENSION_ASKED_BEFORE
    if is_blank(command.asked.reason):
        return r.EXTENSION_WITHOUT_REASON
    if until <= max(query.term, context.now):
        return r.EXTENSION_NOT_LATER
    if _too_long(query, until, context.policy):
        return r.EXTENSION_TOO_LONG
    number = len(query.extensions) + 1
    return (e.ExtensionAsked(query.query_id, number, until, command.asked.reason, context.now),)


def settle(state: State, command: c.DecideExtension, context: DecisionContext) -> Decision:
    """Give the time or refuse it; also after the query lapsed, for it was asked before (R31)."""
    query = state.query(command.query_id)
    if query is None:
        return r.UNKNOWN_QUERY
    if query.status in REPLIED:
        return r.HAS_ITS_REPLY
    if query.undecided is None:
        return r.NO_EXTENSION_ASKED
    if not command.granted:
        refused = e.ExtensionRefused(query.query_id, command.reason, context.now)
        return r.EXTENSION_REFUSED_WITHOUT_REASON if is_blank(command.reason) else (refused,)
    until = query.undecided.until
    if refusal := _not_to_be_granted(query, until, context):
        return refusal
    lapses_at = until + context.policy.query_reminder
    return (e.QueryExtended(query.query_id, until, lapses_at, text(command.reason), context.now),)


def _not_to_be_granted(query: Query, until: datetime, context: DecisionContext) -> Refusal | None:
    """Refuse what has become impossible since it was asked."""
    if not context.parties.is_member(query.recipient, context.judged_at):
        return r.RECIPIENT_NOT_A_PARTY
    if until <= context.now:
        return r.TERM_IN_THE_PAST
    return r.EXTENSION_TOO_LONG if _too_long(query, until, context.policy) else None


def _too_long(query: Query, until: datetime, policy: Policy) -> bool:
    return until > (query.first_term or query.lapses_at) + policy.query_extension


# --- what becomes of it --------------------------------------------------------------------------


def asked(state: State, event: e.ExtensionAsked) -> State:
    """Return the state in which the queried party waits for a decision."""
    query = state.query(event.query_id)
    if query is None:
        return state
    one = Extension(event.query_id, event.number, event.until, event.reason, event.at)
    query = replace(query, extensions=(*query.extensions, one))
    return waiting.changed(state, query, event.at)


def extended(state: State, event: e.QueryExtended) -> State:
    """Return the state in which the query waits until then, whatever had become of it."""
    query = state.query(event.query_id)
    if query is None:
        return state
    query = replace(
        _decided(query, granted=True, event=event),
        status=QueryStatus.OPEN,
        reply_before=event.until,
        lapses_at=event.lapses_at,
    )
    return waiting.changed(state, query, event.at)


def refused(state: State, event: e.ExtensionRefused) -> State:
    """Return the state in which the term stands."""
    query = state.query(event.query_id)
    if query is None:
        return state
    query = _decided(query, granted=False, event=event)
    return waiting.changed(state, query, event.at)


def _decided(query: Query, *, granted: bool, event: e.QueryExtended | e.ExtensionRefused) -> Query:
    *before, last = query.extensions
    decided = replace(last, granted=granted, said=event.said, decided_at=event.at)
    return replace(query, extensions=(*before, decided))


def following(event: e.QueryExtended | e.ExtensionRefused, state: State) -> Iterable[Effect]:
    """Tell the party that asked; with more time both its deadlines move, and it is on its list again."""
    query = state.query(event.query_id)
    if query is None:
        return
    number, party = query.query_id, query.recipient
    if isinstance(event, e.ExtensionRefused):
        refused = m.QueryExtensionRefused.model_construct(
            query_id=number, reply_before=query.term, reason=event.said
        )
        yield ToParty(party, refused)
        return
    yield ToParty(party, m.QueryExtended(query_id=number, reply_before=event.until), item=number)
    yield SetTimer(QUERY_TERM, number, event.until)
    yield SetTimer(QUERY_REMINDER, number, event.lapses_at)
    yield StoreRow(QueryReopened(number))
