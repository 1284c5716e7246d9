"""Decide triage: whom to ask what, what became of it, and how the round table is prepared."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never

from services.triage import (
    clarifications,
    consents,
    estimates,
    extensions,
    preparation,
    queries,
    secrecy,
    standings,
    waiting,
)
from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.queries import Decision
from services.triage.state import Conclusion, Phase, Query, QueryStatus, State
from shared.contract.content import TextRef, contents
from shared.contract.fields import Step
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.parties import Scope
from shared.contract.refusal import (
    ENDED_HERE,
    NO_AUTHORISATION,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core import consent, leaderless, terms
from shared.core.context import DecisionContext
from shared.core.mandate import authority
from shared.core.rounds import out_of_round
from shared.core.service_numbers import without_numbers
from shared.core.team import followed

# --- the table: what each phase allows, and what moves it on -------------------------------------

Command: TypeAlias = (
    c.OpenCase
    | c.IssueQuery
    | c.AnswerQuery
    | c.DeclineQuery
    | c.AskClarification
    | c.ClarifyQuery
    | c.AskExtension
    | c.DecideExtension
    | c.ClearSecrecy
    | c.GiveEstimate
    | c.RemindQuery
    | c.LapseQuery
    | c.ConcludeTriage
    | c.PrepareRto
    | c.MoveDirection
    | c.FollowAssignment
    | c.FollowStanding
    | c.FollowConsent
    | c.FollowDeescalation
    | c.FollowCleaning
    | c.FollowArchiving
    | c.FollowTerms
    | c.FollowReactivation
    | c.FollowClosing
    | c.PurgeCase
    | c.PassTerm
    | c.LookForLeader
)
DirectorCommand: TypeAlias = (
    c.IssueQuery | c.ClarifyQuery | c.DecideExtension | c.ConcludeTriage | c.PrepareRto
)
ReplyingCommand: TypeAlias = c.AnswerQuery | c.DeclineQuery | c.AskClarification | c.AskExtension

TRIAGE = frozenset({Phase.TRIAGE})
BEFORE_RTO = frozenset({Phase.TRIAGE, Phase.PREPARING})
UNFINISHED = BEFORE_RTO | {Phase.PREPARED}
ENDED = frozenset({Phase.DEESCALATED, Phase.ARCHIVED, Phase.CLOSING})
# Where a referral is withdrawn while the table de-escalates, retention may have heard of that first (A21).
MAY_BE_ARCHIVED = frozenset({Phase.DEESCALATED, Phase.CLOSING})
MAY_COME_BACK = ENDED | {Phase.PREPARED}  # there a de-escalation was not heard of yet
UNTIL_IT_ENDS = (c.MoveDirection, c.FollowDeescalation)  # followed, and then no more

# What a case waits for, by phase: each has its terms in the policy.
TERMS: Mapping[Phase, Step] = {Phase.TRIAGE: Step.TRIAGE, Phase.PREPARING: Step.PREPARATION}

# For each command: the phases in which it may be decided, and the refusal in any other known one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.OpenCase: (frozenset({Phase.NOTHING}), r.ALREADY_OPEN),
    c.IssueQuery: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.AnswerQuery: (BEFORE_RTO, r.TRIAGE_NOT_RUNNING),
    c.DeclineQuery: (BEFORE_RTO, r.TRIAGE_NOT_RUNNING),
    c.AskClarification: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.ClarifyQuery: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.AskExtension: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.DecideExtension: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.ClearSecrecy: (BEFORE_RTO, r.TRIAGE_NOT_RUNNING),
    c.GiveEstimate: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.RemindQuery: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.LapseQuery: (TRIAGE, r.TRIAGE_NOT_RUNNING),
    c.ConcludeTriage: (TRIAGE, r.ALREADY_CONCLUDED),
    c.PrepareRto: (frozenset({Phase.PREPARING}), r.NOT_IN_PREPARATION),
    c.MoveDirection: (frozenset({Phase.PREPARED}), r.NOT_PREPARED),
    c.FollowAssignment: (frozenset(Phase) - {Phase.NOTHING, Phase.PURGED}, UNKNOWN_CASE),
    c.FollowStanding: (frozenset(Phase) - {Phase.PURGED}, UNKNOWN_CASE),  # also before the case itself
    c.FollowConsent: (frozenset(Phase) - {Phase.PURGED}, UNKNOWN_CASE),
    c.FollowDeescalation: (frozenset({Phase.PREPARED}), r.NOT_PREPARED),
    c.FollowCleaning: (MAY_BE_ARCHIVED, r.NOT_DEESCALATED),
    c.FollowArchiving: (MAY_BE_ARCHIVED, r.NOT_DEESCALATED),
    c.FollowClosing: (UNFINISHED | {Phase.NOTHING}, r.NOT_TO_BE_CLOSED),
    c.FollowTerms: (frozenset(Phase) - {Phase.PURGED}, UNKNOWN_CASE),
    c.FollowReactivation: (MAY_COME_BACK, r.NOT_DEESCALATED),
    c.PurgeCase: (frozenset(Phase), UNKNOWN_CASE),
    c.PassTerm: (frozenset(TERMS), r.TRIAGE_NOT_RUNNING),
    c.LookForLeader: (frozenset(TERMS), r.TRIAGE_NOT_RUNNING),
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.CaseOpened): Phase.TRIAGE,
    (Phase.TRIAGE, e.TriageConcluded): Phase.PREPARING,
    (Phase.TRIAGE, e.TriageClosed): Phase.CLOSING,
    (Phase.TRIAGE, e.TriageLapsed): Phase.CLOSING,
    (Phase.PREPARING, e.TriageLapsed): Phase.CLOSING,
    (Phase.PREPARING, e.RtoPrepared): Phase.PREPARED,
    (Phase.TRIAGE, e.CaseClosing): Phase.CLOSING,
    (Phase.PREPARING, e.CaseClosing): Phase.CLOSING,
    (Phase.PREPARED, e.CaseClosing): Phase.CLOSING,
    (Phase.PREPARED, e.CaseDeescalated): Phase.DEESCALATED,
    (Phase.DEESCALATED, e.FileArchived): Phase.ARCHIVED,
    (Phase.CLOSING, e.FileArchived): Phase.ARCHIVED,
    **{(phase, e.CaseReactivated): Phase.PREPARED for phase in sorted(MAY_COME_BACK)},
    **{(phase, e.CasePurged): Phase.PURGED for phase in Phase},
}

# --- decisions -----------------------------------------------------------------------------------


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide any command in any phase: events, or a named refusal."""
    if refusal := _may_not_know(state, command):
        return refusal
    if (apart := out_of_round(state, command)) is not None:
        return apart
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return _not_now(state, command, refusal)
    match command:
        case c.OpenCase():
            return _open(state, command, context)
        case c.IssueQuery():
            return _for_leading_party(state, command, Scope.QUERY, context) or queries.issue(
                state, command, context
            )
        case c.AnswerQuery():
            return queries.answer(state, command, context)
        case c.DeclineQuery():
            return queries.decline(state, command, context)
        case c.AskClarification():
            return clarifications.ask(state, command, context)
        case c.ClarifyQuery():
            return _for_leading_party(state, command, Scope.QUERY, context) or clarifications.clarify(
                state, command, context
            )
        case c.AskExtension():
            return extensions.ask(state, command, context)
        case c.DecideExtension():
            return _for_leading_party(state, command, Scope.QUERY, context) or extensions.settle(
                state, command, context
            )
        case c.ClearSecrecy():
            return secrecy.clear(state, command, context)
        case c.GiveEstimate():
            return estimates.give(state, command, context)
        case c.RemindQuery(query_id=query_id):
            return queries.remind(state, query_id, context.now)
        case c.LapseQuery(query_id=query_id):
            return queries.lapse(state, query_id, context.now)
        case c.ConcludeTriage():
            return _for_leading_party(state, command, Scope.QUERY, context) or preparation.conclude(
                state, command, context
            )
        case c.PrepareRto():
            return _for_leading_party(state, command, Scope.RTO, context) or preparation.prepare(
                state, command, context
            )
        case c.MoveDirection(leading_party=party, since=since, acting_body=body, task=task, basis=basis):
            return (e.DirectionMoved(party, since, body, task, basis),)
        case c.FollowAssignment(team=team):
            return (e.TeamChanged(team, context.now),)
        case c.FollowStanding(standing=standing):
            return (standings.follow(state, standing),)
        case c.FollowConsent(consent=told):
            return consents.follow(state, told, context)
        case c.FollowDeescalation():
            return (e.CaseDeescalated(),)
        case c.FollowCleaning(kept_items=kept):
            return (e.FileCleaned(kept, _texts_of_outcome(state)),)
        case c.FollowArchiving(kept_items=kept):
            return (e.FileArchived((*_numbers(state), *_texts_of_outcome(state)), kept),)
        case c.FollowClosing():
            return _close(state)
        case c.FollowReactivation():
            return _reactivate(state, command)
        case c.FollowTerms(terms=ends, holds=holds):
            return () if state.phase is Phase.NOTHING else (e.TermsSet(ends, holds),)
        case c.PurgeCase(case_id=case_id, house_keys=house_keys):
            return (e.CasePurged(case_id, house_keys),)
        case c.PassTerm(at=at):
            return _pass_term(state, at, context)
        case c.LookForLeader(at=at):
            leader = state.leading_party
            found = leaderless.look(TERMS[state.phase], state.overdue, leader, at, context)
            return _lapsed(state, at) if found is None else found
        case _:
            assert_never(command)


def _not_now(state: State, command: Command, refusal: Refusal) -> Refusal:
    """Return the refusal of a command in a phase that does not allow it."""
    if state.phase in (Phase.NOTHING, Phase.PURGED):
        return UNKNOWN_CASE
    return ENDED_HERE if state.phase in ENDED and isinstance(command, UNTIL_IT_ENDS) else refusal


def _may_not_know(state: State, command: Command) -> Refusal | None:
    """Refuse strangers first: a refusal never tells them that a case exists (R26, R33, R34)."""
    match command:
        case c.AnswerQuery() | c.DeclineQuery() | c.AskClarification() | c.AskExtension():
            query = state.query(command.query_id)
            asked = query is not None and query.recipient == command.by.party
            return None if asked else r.NOT_THE_QUERIED_PARTY
        case c.ClearSecrecy():
            party = command.by.party
            known = party == state.referrer or state.was_asked(party)
            return None if known else r.NOT_THE_QUERIED_PARTY
        case c.GiveEstimate():
            leads = command.by.party == state.referrer == state.leading_party
            return None if leads else r.NOT_THE_REFERRER
        case c.IssueQuery() | c.ClarifyQuery() | c.DecideExtension() | c.ConcludeTriage() | c.PrepareRto():
            return None if command.by.person == state.director else r.NOT_THE_DIRECTOR
        case _:
            return None


def _open(state: State, command: c.OpenCase, context: DecisionContext) -> Decision:
    if command.taken_up.outcome is ScreeningOutcome.NOT_TAKEN_UP:
        return r.SCREENED_OUT
    return (e.CaseOpened(standings.as_told(state, command.taken_up), context.now),)


def _for_leading_party(
    state: State, command: DirectorCommand, scope: Scope, context: DecisionContext
) -> Refusal | None:
    """Refuse what is not on behalf of who leads (R72), or not authorised by its acting body (R122)."""
    if command.by.on_behalf_of != state.leading_party:
        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    covered = authority(state, scope, context.parties, context.judged_at)
    return None if covered else NO_AUTHORISATION


def _close(state: State) -> Decision:
    """Close the case early; a referral that never came as far as triage leaves nothing here to close."""
    if state.phase is Phase.NOTHING:
        return ()
    return (*queries.lapse_all(state), e.CaseClosing())


def _pass_term(state: State, at: datetime, context: DecisionContext) -> Decision:
    """Remind of what is not done; a triage that nobody concludes ends as any other early end (R102)."""
    passed = terms.pass_term(TERMS[state.phase], state.overdue, state.busy_until, at, context.policy)
    return (passed,) if passed else _lapsed(state, at)


def _lapsed(state: State, at: datetime) -> Decision:
    return (*queries.lapse_all(state), e.TriageLapsed(at))


def _reactivate(state: State, command: c.FollowReactivation) -> Decision:
    """Bring the case back to where its round table is prepared; what an earlier version archived goes now."""
    if command.round <= state.round:
        return ()
    gone = () if command.kept_items is None else (*_numbers(state), *_texts_of_outcome(state))
    return (e.CaseReactivated(command.round, command.kept_items, gone),)


def _numbers(state: State) -> tuple[str, ...]:
    """Return the sealed citizen service numbers (R22, A23)."""
    numbers = (person.bsn for person in state.persons)
    return tuple(number.piece for number in numbers if isinstance(number, TextRef))


def _texts_of_outcome(state: State) -> tuple[str, ...]:
    """Return the sealed texts of triage that the record does not hold; who the case is about stays."""
    fixed = state.preparation and state.preparation.model_copy(update={"persons": ()})
    asked = (one for query in state.queries for one in (*query.clarifications, *query.extensions))
    things = (state.conclusion, fixed, *asked, *state.estimates)
    texts = (text for thing in things if thing for text in contents(thing))
    return tuple(text.piece for text in texts if isinstance(text, TextRef))


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event."""
    state = terms.moved(state, TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.CaseOpened():
            return _opened(state, event)
        case e.QueryIssued():
            state = replace(state, queries=(*state.queries, _asked(event)), last_act=event.at)
            return waiting.seen(estimates.used(state, event))
        case e.QueryAnswered(number=number, answer=answer, at=at):
            status, given = QueryStatus.ANSWERED, len(answer.items)
            held = secrecy.held(state, event)
            return waiting.settled(_replied(held, answer.query_id, status, number, given, at))
        case e.QueryDeclined(number=number, decline=decline, at=at):
            return waiting.settled(_replied(state, decline.query_id, QueryStatus.DECLINED, number, 0, at))
        case e.ClarificationAsked():
            return clarifications.asked(state, event)
        case e.QueryClarified():
            return clarifications.given(state, event)
        case e.ExtensionAsked():
            return extensions.asked(state, event)
        case e.QueryExtended():
            return extensions.extended(state, event)
        case e.ExtensionRefused():
            return extensions.refused(state, event)
        case e.SecrecyCleared():
            return secrecy.cleared(state, event)
        case e.EstimateGiven():
            return estimates.given(state, event)
        case e.QueryReminded(query_id=query_id):
            return _silent(state, query_id, QueryStatus.REMINDED)
        case e.QueryLapsed(query_id=query_id, at=at):
            return waiting.silent(_silent(state, query_id, QueryStatus.NO_ANSWER), at)
        case e.TriageConcluded() | e.TriageClosed():
            return replace(state, conclusion=_conclusion(event))
        case e.RtoPrepared(prepared=prepared):
            return replace(state, preparation=prepared)
        case e.TeamChanged(team=team, at=at):
            return replace(followed(state, team), last_act=at)
        case e.TermPassed(overdue=overdue) | e.LeaderLeft(overdue=overdue):
            overdue = replace(overdue, unanswered=state.unanswered)
            return replace(state, overdue=waiting.counted(overdue, state))
        case e.StandingFollowed(standing=standing):
            return standings.taken_in(state, standing)
        case e.ConsentFollowed(consent=told):
            return replace(state, consents=consent.followed(state.consents, told))
        case e.LeaderBack():
            return waiting.led_again(state)
        case e.DirectionMoved(leading_party=party, acting_body=body):
            return replace(state, leading_party=party, acting_body=body or "", led=event.mandate)
        case e.FileCleaned(kept_items=kept):
            return _cleaned(state, kept)
        case e.FileArchived(kept_items=kept):
            return _archived(state, kept)
        case e.CaseReactivated(round=number, kept_items=left):
            state = replace(state, round=number, terms=(), holds=())
            return state if left is None else _archived(state, left)
        case e.TermsSet(terms=ends, holds=holds):
            return replace(state, terms=ends, holds=holds)
        case e.TriageLapsed() | e.ItemPrepared() | e.CaseDeescalated() | e.CaseClosing() | e.CasePurged():
            return state
        case _:
            assert_never(event)


def _opened(state: State, event: e.CaseOpened) -> State:
    case = event.taken_up
    return replace(
        state,
        referrer=case.referrer,
        leading_party=case.referrer,
        acting_body=case.acting_body,
        led=case.mandate,
        director=case.director,
        support_workers=case.support_workers,
        assignment=case.assignment,
        theme=case.theme,
        standings=tuple(one.without_texts() for one in state.standings),
        persons=case.persons,
        first_goal=case.first_goal,
        items_given=len(case.items),
    )


def _asked(event: e.QueryIssued) -> Query:
    return Query(
        event.query.query_id,
        event.recipient,
        QueryStatus.OPEN,
        event.lapses_at,
        contains_special=event.choice.contains_special,
        passed_test=event.choice.passed_processing_test,
        drawn_from=event.choice.drawn_from,
        first_term=event.query.reply_before,
        reply_before=event.query.reply_before,
        rests_on=event.choice.rests_on,
    )


def _replied(
    state: State, query_id: str, status: QueryStatus, number: int, given: int, at: datetime
) -> State:
    query = state.query(query_id)
    if query is None:
        return replace(state, last_act=at)
    queries = state.with_query(replace(query, status=status, replies=number))
    return replace(state, queries=queries, items_given=state.items_given + given, last_act=at)


def _silent(state: State, query_id: str, status: QueryStatus) -> State:
    query = state.query(query_id)
    if query is None:
        return state
    return replace(state, queries=state.with_query(replace(query, status=status)))


def _conclusion(event: e.TriageConcluded | e.TriageClosed) -> Conclusion:
    found = Conclusion(event.outcome, event.director, event.at, event.advice, event.reason)
    if isinstance(event, e.TriageClosed):
        return found
    return replace(found, picture=event.picture, without_queries=event.without_queries)


def _archived(state: State, kept: tuple[str, ...]) -> State:
    """Drop besides what cleaning drops the citizen service numbers (R22, A23)."""
    return replace(_cleaned(state, kept), persons=without_numbers(state.persons))


def _cleaned(state: State, kept: tuple[str, ...]) -> State:
    """Drop what was asked and fixed; the items that stay are counted, and who leads is kept."""
    return replace(
        state,
        items_given=len(kept),
        conclusion=None,
        preparation=None,
        queries=tuple(replace(query, clarifications=(), extensions=()) for query in state.queries),
        secrets=(),
        estimates=(),
    )
