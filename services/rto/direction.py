"""Decide on who directs the case (R69, R71, R72, R122)."""

from typing import TypeAlias

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import State
from shared.contract.parties import Scope
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext
from shared.core.mandate import covering
from shared.core.standing import left_on

Decision: TypeAlias = tuple[e.Event, ...] | Refusal

NEXT = ((Scope.MONITORING, r.MONITORING_NOT_AUTHORISED), (Scope.RTO, r.RTO_NOT_AUTHORISED))


def offer(state: State, party: str, context: DecisionContext) -> Decision:
    """Offer direction to a participant that authorised what comes next, by one of its bodies (R72, R122)."""
    if state.latest is None or party not in state.latest.present:
        return r.NOT_A_PARTICIPANT
    if party == state.leading_party:
        return r.ALREADY_LEADING
    if refusal := _may_not_lead(party, context):
        return refusal
    gone_since = left_on(state.leading_party, context.parties, context.judged_at)
    return (e.DirectionOffered(party, context.now, gone_since),)


def _may_not_lead(party: str, context: DecisionContext) -> Refusal | None:
    """Refuse a party of which no body authorised what comes next."""
    found = [_not_authorised(party, body, context) for body in _bodies(party, context)]
    return None if None in found else next(iter(found), r.RTO_NOT_AUTHORISED)


def _bodies(party: str, context: DecisionContext) -> tuple[str, ...]:
    record = context.parties.get(party)
    return record.acting_bodies if record else ()


def _not_authorised(party: str, body: str, context: DecisionContext) -> Refusal | None:
    """Refuse a body that did not authorise both: a table leads to monitoring, and that to a table (R122)."""
    for scope, refusal in NEXT:
        if covering(party, body, frozenset({scope}), context.parties, context.judged_at) is None:
            return refusal
    return None


def accept(state: State, command: c.AcceptDirection, context: DecisionContext) -> Decision:
    """Move direction to one body of the party, on its task and basis, and its authorisation (R57, R122)."""
    party = command.by.party or ""
    if party != state.offered_to:
        return r.NOT_OFFERED_TO_YOU
    if command.case_director is None:
        return r.CASE_DIRECTOR_MISSING
    if not command.task.strip() or not command.basis.strip():
        return r.TASK_OR_BASIS_MISSING
    body = _acting_body(command.acting_body, _bodies(party, context))
    if isinstance(body, Refusal):
        return body
    if refusal := _not_authorised(party, body, context):
        return refusal
    before, director = state.leading_party, command.case_director
    why = (command.task, command.basis)
    return (e.DirectionMoved(party, before, director, context.now, body, *why, command.account),)


def name(state: State, command: c.NameCaseDirector, context: DecisionContext) -> Decision:
    """Take who directs the case for the party that leads already, which need not be offered it (R69, R71)."""
    if command.by.party != state.leading_party:
        return r.NOT_THE_LEADING_PARTY
    if command.case_director is None:
        return r.CASE_DIRECTOR_MISSING
    return (e.CaseDirectorNamed(command.case_director, command.account, context.now),)


def _acting_body(named: str | None, recorded: tuple[str, ...]) -> str | Refusal:
    """Return which body of the party leads: the one it names, or the only one it has (R3)."""
    if named is None:
        return recorded[0] if len(recorded) == 1 else r.ACTING_BODY_MISSING
    return named if named in recorded else r.ACTING_BODY_UNKNOWN


def decline(state: State, command: c.DeclineDirection, context: DecisionContext) -> Decision:
    """Let direction stay where it is (A3)."""
    party = command.by.party or ""
    if party != state.offered_to:
        return r.NOT_OFFERED_TO_YOU
    return (e.DirectionDeclined(party, command.reason, context.now),)
