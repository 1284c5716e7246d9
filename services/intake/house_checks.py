"""Decide what another house asks: each check waits for a director, hit or not, until its one term (R38, R39).

The answer is judged anew when it leaves. Silence, a refusal and what cannot be found are the same answer, so
that neither its form nor its moment tells anything.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import TypeAlias, assert_never

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.checks import IncomingCheck
from services.intake.identity import UNFINDABLE
from services.intake.known import digests_asked, hits, without_covenant
from services.intake.state import State
from shared.contract.messages.known_check import KnownAnswer
from shared.contract.refusal import (
    NO_AUTHORISATION,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core.actor import Actor
from shared.core.context import DecisionContext
from shared.core.mandate import ANY_SCOPE, Scopes, authority

Decision: TypeAlias = tuple[e.Event, ...] | Refusal
HouseCommand: TypeAlias = (
    c.TakeKnownCheck | c.ConsultOnCheck | c.RecordConsultation | c.DecideKnownCheck | c.AnswerKnownCheck
)
Hit: TypeAlias = tuple[str, State]


def decide(state: State, command: HouseCommand, context: DecisionContext) -> Decision:
    """Decide a step of a check of another house."""
    if isinstance(command, c.TakeKnownCheck):
        return _take(command, context)
    if (check := state.check) is None:
        return UNKNOWN_CASE
    match command:
        case c.ConsultOnCheck(by=by):
            return _consult(check, by, context)
        case c.RecordConsultation(by=by, may_be_answered=agreed):
            return _consulted(check, by, agreed=agreed)
        case c.DecideKnownCheck(by=by, answer=answer):
            return _decide_answer(check, by, answer, context)
        case c.AnswerKnownCheck():
            return _answer(check, context)
        case _:
            assert_never(command)


def matching(state: State, command: object) -> Collection[str]:
    """Return under which digests other cases must be known to decide this command."""
    match command:
        case c.AskKnownCheck():
            return digests_asked(state, command)
        case c.TakeKnownCheck(check=check):
            return {check.digest} - {UNFINDABLE}
        case c.ConsultOnCheck() | c.DecideKnownCheck() | c.AnswerKnownCheck() if state.check:
            return {state.check.digest} - {UNFINDABLE}
        case _:
            return ()


def _take(command: c.TakeKnownCheck, context: DecisionContext) -> Decision:
    """Take a check in, alike whether anybody is found (R39)."""
    check = command.check
    if not check.on_behalf_of:
        return r.CHECK_NAMES_NO_PARTY
    if check.necessity is None:
        return r.CHECK_WITHOUT_NECESSITY
    if refusal := without_covenant(check.house, check.on_behalf_of, context.parties, context.judged_at):
        return refusal
    found = hits(check.digest, context.matches, context.now)
    until = context.now + context.policy.known_check_term
    taken = replace(check, asked_at=context.now, answer_at=until, found=found[0][0] if found else "")
    return (e.HouseCheckTaken(taken),)


# --- who answers it -----------------------------------------------------------------------------------


def _hit(check: IncomingCheck, context: DecisionContext) -> Hit | None:
    """Return the case that is found now: the one that was, as long as it is active, or else another."""
    found = dict(hits(check.digest, context.matches, context.now))
    if check.found in found:
        return check.found, found[check.found]
    return next(iter(sorted(found.items())), None)


def _may_not_act(by: Actor, hit: Hit, context: DecisionContext) -> Refusal | None:
    """Refuse whoever is not the director of the case that was found, on behalf of who leads it (R7, R39)."""
    _, case = hit
    if case.director not in (None, by.person):
        return UNKNOWN_CASE
    if by.on_behalf_of != case.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    return None if _is_authorised(case, context) else NO_AUTHORISATION


def _is_authorised(case: State, context: DecisionContext) -> bool:
    """Tell whether the house may act in the name of who leads a case, in whichever phase that is (R122)."""
    return authority(case, _any_scope, context.parties, context.judged_at) is not None


def _any_scope(state: State) -> Scopes:
    return ANY_SCOPE


def _consult(check: IncomingCheck, by: Actor, context: DecisionContext) -> Decision:
    """Ask the leading party of the case that was found whether this may be answered (R39)."""
    hit = _hit(check, context)
    if hit is None:
        return r.NOBODY_TO_CONSULT
    if refusal := _may_not_act(by, hit, context):
        return refusal
    case_id, case = hit
    if (check.found, check.asked_of) == (case_id, case.leading_party):
        return r.CONSULTED_BEFORE
    person = next(one.person_id for one in case.identities if one.digest == check.digest and one.subject)
    return (e.LeaderConsulted(case_id, person, case.leading_party),)


def _consulted(check: IncomingCheck, by: Actor, *, agreed: bool) -> Decision:
    """Record what the leading party says; it may take that back as long as the check waits (R39)."""
    return (e.LeaderAgreed(agreed),) if by.party == check.asked_of else UNKNOWN_CASE


def _decide_answer(
    check: IncomingCheck, by: Actor, answer: KnownAnswer, context: DecisionContext
) -> Decision:
    """Decide what is to be answered: yes once the leading party agreed, no where nobody is found (R39)."""
    hit = _hit(check, context)
    if hit is not None and (refusal := _may_not_act(by, hit, context)):
        return refusal
    if answer is KnownAnswer.YES and (hit is None or not _has_agreed(check, hit)):
        return r.LEADING_PARTY_NOT_CONSULTED
    if answer is KnownAnswer.NO and hit is not None:
        return r.IS_IN_TREATMENT
    return (e.HouseCheckDecided(answer, by.person or "", context.now),)


def _has_agreed(check: IncomingCheck, hit: Hit) -> bool:
    """Tell whether whoever leads the case now has agreed to an answer."""
    case_id, case = hit
    return check.agreed is True and (check.found, check.asked_of) == (case_id, case.leading_party)


def evolve(
    check: IncomingCheck, event: e.LeaderConsulted | e.LeaderAgreed | e.HouseCheckDecided
) -> IncomingCheck:
    """Return the check after a step; whoever is consulted anew has not agreed yet."""
    match event:
        case e.LeaderConsulted(case_id=case_id, party=party):
            return replace(check, found=case_id, asked_of=party, agreed=None)
        case e.LeaderAgreed(agreed=agreed):
            return replace(check, agreed=agreed)
        case e.HouseCheckDecided(answer=answer):
            return replace(check, decision=answer)
        case _:
            assert_never(event)


# --- the answer ---------------------------------------------------------------------------------------


def _answer(check: IncomingCheck, context: DecisionContext) -> Decision:
    """Answer at the end of the term, by what holds then; the record goes with it (R39)."""
    hit = _hit(check, context)
    told = (hit[0], hit[1].leading_party) if hit else None
    agreed = hit is not None and _has_agreed(check, hit) and _is_authorised(hit[1], context)
    if hit is not None and agreed and check.decision is KnownAnswer.YES:
        return (e.HouseCheckAnswered(check, KnownAnswer.YES, hit[1].director, told),)
    surely_nobody = check.digest != UNFINDABLE and hit is None and context.matches.complete
    answer = KnownAnswer.NO if surely_nobody and check.decision is KnownAnswer.NO else KnownAnswer.NO_ANSWER
    return (e.HouseCheckAnswered(check, answer, None, told),)
