"""Decide the known-checks of a case: whom its director asks, and what came of it (R13, R38, R40, R41).

Nobody learns more than yes or no and a director. What another house asks stands in `house_checks`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.checks import Check, Weighing
from services.intake.identity import UNFINDABLE
from services.intake.state import Phase, State
from shared.contract.limits import MOST_CHECKS, MOST_WEIGHINGS
from shared.contract.messages.known_check import CheckNecessity, KnownAnswer
from shared.contract.messages.retention import TermKind
from shared.contract.parties import Parties
from shared.contract.refusal import NOT_ON_BEHALF_OF_THE_LEADING_PARTY, UNKNOWN_CASE, Refusal
from shared.core.actor import Actor
from shared.core.context import DecisionContext, Matches
from shared.core.ending import has_begun

Decision: TypeAlias = tuple[e.Event, ...] | Refusal
KnownCommand: TypeAlias = c.AskKnownCheck | c.RecordKnownAnswer | c.WeighExchange

PROVISIONAL = frozenset({Phase.RECEIVED, Phase.CONSULTED})
ACTIVE = frozenset({Phase.TAKEN_UP, Phase.DEESCALATED})


def decide(state: State, command: KnownCommand, context: DecisionContext) -> Decision:
    """Decide what is asked, answered or weighed of a case."""
    match command:
        case c.AskKnownCheck():
            return _ask(state, command, context)
        case c.RecordKnownAnswer():
            return _record_answer(state, command, context)
        case c.WeighExchange():
            return _weigh(state, command, context)
        case _:
            assert_never(command)


# --- who is found ---------------------------------------------------------------------------------


def is_active(state: State, at: datetime) -> bool:
    """Tell whether a case is in treatment: taken up and not archived yet, by the date too (R13, A7)."""
    return state.phase in ACTIVE and not has_begun(TermKind.ARCHIVE, state, at)


def hits(digest: str, matches: Matches, at: datetime) -> list[tuple[str, State]]:
    """Return the active cases that are about this person; a relative is not in treatment (A18)."""
    found = sorted(matches.cases.items())
    return [(case_id, one) for case_id, one in found if _is_about(one, digest) and is_active(one, at)]


def _is_about(state: State, digest: str) -> bool:
    return any(one.subject and one.digest == digest != UNFINDABLE for one in state.identities)


def digests_asked(state: State, command: c.AskKnownCheck) -> Collection[str]:
    """Return by what the persons are found of whom is asked here."""
    if command.house is not None:
        return ()
    return {state.digest(person) for person in _persons(state, command)} - {UNFINDABLE}


# --- asking ----------------------------------------------------------------------------------------


def _ask(state: State, command: c.AskKnownCheck, context: DecisionContext) -> Decision:
    """Ask of a person of the case whether it is known, or of all of a referral (R13, R38)."""
    refusal = _may_not_ask(state, command)
    if refusal is None and command.house is not None:
        refusal = _may_not_ask_house(state, command.house, command, context)
    if refusal is not None:
        return refusal
    return tuple(_asked(state, command, person, context) for person in _persons(state, command))


def _persons(state: State, command: c.AskKnownCheck) -> tuple[str, ...]:
    if command.person_id is not None:
        return (command.person_id,)
    return tuple(person.person_id for person in state.persons)


def _may_not_ask(state: State, command: c.AskKnownCheck) -> Refusal | None:
    if command.by.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    if command.necessity is None or command.reason is None:
        return r.CHECK_WITHOUT_NECESSITY
    persons = _persons(state, command)
    if not {person.person_id for person in state.persons}.issuperset(persons):
        return r.UNKNOWN_PERSON
    if state.was_prepared:
        return r.CHECK_TOO_LATE
    return r.TOO_MANY_CHECKS if len(state.checks) + len(persons) > MOST_CHECKS else None


def _may_not_ask_house(
    state: State, house: str, command: c.AskKnownCheck, context: DecisionContext
) -> Refusal | None:
    """Refuse to ask another house in phase 1 (R13), of more than one person, or without a covenant (R41)."""
    if state.phase in PROVISIONAL or command.necessity is CheckNecessity.DUPLICATE:
        return r.ONLY_THE_OWN_HOUSE
    if command.person_id is None:
        return r.ONE_PERSON_PER_CHECK
    if not context.parties.is_house(house, context.judged_at):
        return r.NO_SUCH_HOUSE
    return without_covenant(house, state.leading_party, context.parties, context.judged_at)


def without_covenant(house: str, party: str, parties: Parties, at: datetime) -> Refusal | None:
    """Refuse an exchange about a municipality of both houses without the covenant of the three (R41).

    That covenant counts for this municipality alone.
    """
    record = parties.get(house)
    shared = record.house.shared_with if record and record.house else ()
    since = [one.covenant_since for one in shared if one.party == party]
    return r.SEPARATE_COVENANT_MISSING if any(one is None or one > at for one in since) else None


def _asked(state: State, command: c.AskKnownCheck, person: str, context: DecisionContext) -> e.KnownCheckDone:
    """Record the check of one person; whom nobody can find, nobody is asked of (R13)."""
    assert command.necessity is not None and command.reason is not None  # noqa: S101 - tested before
    check = Check(command.check_id, person, command.necessity, command.reason, context.now, command.house)
    rule = "R13" if state.phase in PROVISIONAL else "R38"
    digest = state.digest(person)
    if digest == UNFINDABLE:
        return _done(replace(check, answer=KnownAnswer.NO_ANSWER), command.by, rule)
    if command.house is not None:
        until = context.now + 2 * context.policy.known_check_term
        return _done(replace(check, answer_by=until), command.by, rule)
    if found := hits(digest, context.matches, context.now):
        told = replace(check, answer=KnownAnswer.YES, director=found[0][1].director)
        return _done(told, command.by, rule, found)
    surely = KnownAnswer.NO if context.matches.complete else KnownAnswer.NO_ANSWER
    return _done(replace(check, answer=surely), command.by, rule)


def _done(check: Check, by: Actor, rule: str, found: Sequence[tuple[str, State]] = ()) -> e.KnownCheckDone:
    """Record it with the cases that a yes tells of, each with who leads it (R129)."""
    told = tuple((case_id, one.leading_party) for case_id, one in found)
    return e.KnownCheckDone(check, by.person or "", by.on_behalf_of or "", rule, told)


# --- what another house answers ----------------------------------------------------------------------


def _record_answer(state: State, command: c.RecordKnownAnswer, context: DecisionContext) -> Decision:
    """Record what the other house answers, once and in time (R38, R39)."""
    check = state.known_check(command.check_id)
    if check is None or check.house != command.by.party:
        return UNKNOWN_CASE
    if not check.waits(context.now):
        return r.CHECK_IS_OVER
    director = command.director if command.answer is KnownAnswer.YES else None
    return (e.KnownCheckAnswered(check.check_id, command.answer, director, context.now),)


def answered(checks: tuple[Check, ...], event: e.KnownCheckAnswered) -> tuple[Check, ...]:
    """Return the checks with this answer to one of them."""
    return tuple(
        replace(one, answer=event.answer, director=event.director) if one.check_id == event.check_id else one
        for one in checks
    )


# --- more than that ------------------------------------------------------------------------------------


def _weigh(state: State, command: c.WeighExchange, context: DecisionContext) -> Decision:
    """Record whether more may be exchanged with another house; nothing follows from it here (R40)."""
    if command.by.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    if not context.parties.is_house(command.house, context.judged_at):
        return r.NO_SUCH_HOUSE
    if refusal := without_covenant(command.house, state.leading_party, context.parties, context.judged_at):
        return refusal
    if command.weighing is None:
        return r.WEIGHING_OF_EXCHANGE_MISSING
    if not command.other_involved_its_own or not set(command.involved) >= _participants(state, context):
        return r.PARTICIPANTS_NOT_INVOLVED
    if len(state.weighings) >= MOST_WEIGHINGS:
        return r.TOO_MANY_WEIGHINGS
    weighing = Weighing(
        command.weighing_id,
        command.house,
        tuple(sorted(set(command.involved))),
        command.exchange,
        command.weighing,
        command.by.person or "",
        context.now,
    )
    return (e.ExchangeWeighed(weighing),)


def _participants(state: State, context: DecisionContext) -> set[str]:
    """Return who takes part in the case, as intake knows it: who leads, who referred, who is at its table."""
    invited = state.round_table.participants if state.round_table else ()
    named = {state.leading_party, state.referrer, *invited}
    return {party for party in named if context.parties.is_member(party, context.judged_at)}
