"""Whether a queried party gets more time, and what becomes of its query meanwhile (R31)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.triage import commands as c
from services.triage import events as e
from services.triage.effects import QUERY_REMINDER, QUERY_TERM, effects
from services.triage.record import QueryReopened
from services.triage.state import QueryStatus, State
from shared.contract.messages import triage as m
from shared.contract.refusal import public_refusal
from shared.core.actor import CLOCK
from shared.core.context import DecisionContext
from shared.core.effects import SetTimer, StoreRow, ToParty
from shared.core.policy import Policy
from tests.support.samples import triage as s
from tests.support.spec import NOW, Spec
from tests.unit.triage.test_process import JUST_BEFORE, at, knowing, lapsed_by_the_clock, named

ASKED = s.spec().given(s.OPENED, s.ASKED_HOUSING, s.ASKED_CARE)
IN_NEED = ASKED.given(s.IN_NEED_OF_TIME)
LONGEST = s.TERM + Policy().query_extension
A_DAY = timedelta(days=1)


def by_housing(**changes: Any) -> c.AskExtension:
    return s.ask_extension(s.TO_HOUSING, s.HOUSING, **changes)


def answer(given: Spec[State], now: datetime) -> Any:
    return at(given, now).when(s.answer(s.TO_HOUSING, s.HOUSING, items=())).outcome


def extended(given: Spec[State], now: datetime = NOW) -> Spec[State]:
    return given.given(*at(given, now).when(s.decide_extension()).events)


def following(given: Spec[State], command: Any) -> list[Any]:
    (event,) = given.when(command).events
    return list(effects(s.CASE, event, given.process.evolve(given.state, event)))


# --- asking --------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R31.h", allowed="Tot de uitvraag eindigt, ook na de termijn, kan uitstel worden gevraagd."
)
@pytest.mark.clause(
    "R31.h", refused="Als de uitvraag is geëindigd, kan er geen uitstel meer worden gevraagd."
)
def test_time_is_asked_for_until_the_query_ends_and_no_longer_r31() -> None:
    reminded = ASKED.given(e.QueryReminded(s.TO_HOUSING))
    (asked,) = at(reminded, s.LAPSES - JUST_BEFORE).when(by_housing()).events
    assert (asked.until, asked.reason, asked.number) == (s.LATER, s.text("busy-b3"), 1)
    assert named(at(ASKED, s.LAPSES).when(by_housing()).refusal) == ("ReplyTooLate", "R31")
    lapsed = lapsed_by_the_clock(ASKED, s.TO_HOUSING)
    assert at(lapsed, s.LAPSES - JUST_BEFORE).when(by_housing()).events, "by when it was received"


def test_an_ask_says_why_and_a_later_date_and_waits_alone_r31() -> None:
    assert named(ASKED.when(by_housing(reason=" ")).refusal) == ("ExtensionWithoutReason", "R31")
    assert named(ASKED.when(by_housing(reply_before=s.TERM)).refusal) == ("ExtensionNotLater", "R31")
    assert ASKED.when(by_housing(reply_before=s.TERM + JUST_BEFORE)).events
    past = at(ASKED, s.TERM + A_DAY)
    assert named(past.when(by_housing(reply_before=s.TERM + A_DAY)).refusal) == ("ExtensionNotLater", "R31")
    assert named(IN_NEED.when(by_housing()).refusal) == ("ExtensionAskedBefore", "R31")
    (again,) = IN_NEED.given(s.NOT_EXTENDED).when(by_housing()).events
    assert again.number == 2, "after a refusal with another reason"


@pytest.mark.clause("R31.j", allowed="Uitstel kan tot de langste termijn die het beleid toelaat.")
@pytest.mark.clause(
    "R31.j", refused="Verder dan het beleid toelaat, gerekend vanaf de eerste termijn, kan niet."
)
def test_time_is_bounded_by_the_policy_from_the_first_term_however_often_it_is_asked_r31() -> None:
    assert ASKED.when(by_housing(reply_before=LONGEST)).events
    too_long = by_housing(reply_before=LONGEST + JUST_BEFORE)
    assert named(ASKED.when(too_long).refusal) == ("ExtensionTooLong", "R31")
    later = extended(IN_NEED)
    assert named(later.when(too_long).refusal) == ("ExtensionTooLong", "R31")
    assert later.when(by_housing(reply_before=LONGEST)).events
    shorter = DecisionContext(NOW, s.parties(), Policy(query_extension=timedelta(days=6)))
    for given, act in ((ASKED, by_housing()), (IN_NEED, s.decide_extension())):
        refusal = given.process.decide(given.state, act, shorter)
        assert not isinstance(refusal, tuple)
        assert refusal.name == "ExtensionTooLong", "by the policy of the day, the decision too"
    assert IN_NEED.process.decide(IN_NEED.state, s.decide_extension(granted=False), shorter)


def test_who_has_replied_needs_no_time_r31() -> None:
    answered = e.QueryAnswered(s.HOUSING, 1, s.said(s.TO_HOUSING, items=()), NOW)
    declined = e.QueryDeclined(s.HOUSING, 1, s.declined(s.TO_HOUSING), NOW)
    for reply in (answered, declined):
        assert named(ASKED.given(reply).when(by_housing()).refusal) == ("QueryHasItsReply", "R31")
        settled = IN_NEED.given(reply)
        assert settled.state.overdue is None, "a reply settles what was asked"
        assert named(settled.when(s.decide_extension()).refusal) == ("QueryHasItsReply", "R31")


def test_a_stranger_does_not_learn_that_there_is_a_query_r34() -> None:
    refusal = ASKED.when(s.ask_extension(s.TO_HOUSING, s.CARE)).refusal
    assert public_refusal(refusal).name == "UnknownCase"


# --- deciding -------------------------------------------------------------------------------------


@pytest.mark.clause("R31.h", allowed="Geeft de procesregisseur uitstel, dan telt de latere reactie.")
@pytest.mark.clause("R31.j", refused="Om uitstel vragen verandert geen termijn.")
def test_time_that_is_given_counts_and_time_that_is_asked_for_does_not_r31() -> None:
    assert answer(IN_NEED, s.LAPSES).name == "ReplyTooLate"
    given = extended(IN_NEED)
    ends = s.LATER + Policy().query_reminder
    assert isinstance(answer(given, ends - JUST_BEFORE), tuple)
    assert answer(given, ends).name == "ReplyTooLate"


@pytest.mark.clause("R31.h", refused="Weigert de procesregisseur uitstel, dan blijft de termijn staan.")
def test_a_refusal_says_why_and_leaves_the_term_r31() -> None:
    silent = s.decide_extension(granted=False, reason=" ")
    assert named(IN_NEED.when(silent).refusal) == ("ExtensionRefusedWithoutReason", "R31")
    (letter,) = following(IN_NEED, s.decide_extension(granted=False))
    refused = m.QueryExtensionRefused(query_id=s.TO_HOUSING, reply_before=s.TERM, reason=s.text("decided-b3"))
    assert (letter.recipient, letter.message) == (s.HOUSING, refused)
    given = IN_NEED.given(s.NOT_EXTENDED)
    assert answer(given, s.LAPSES).name == "ReplyTooLate"
    assert given.state.overdue is None
    assert named(given.when(s.decide_extension()).refusal) == ("NoExtensionAsked", "R31")


def test_time_moves_both_deadlines_and_the_query_is_on_its_list_again_r31() -> None:
    ends = s.LATER + Policy().query_reminder
    steps = following(IN_NEED, s.decide_extension())
    (letter,) = [one for one in steps if isinstance(one, ToParty)]
    assert letter.message == m.QueryExtended(query_id=s.TO_HOUSING, reply_before=s.LATER)
    assert (letter.recipient, letter.item) == (s.HOUSING, s.TO_HOUSING)
    assert SetTimer(QUERY_TERM, s.TO_HOUSING, s.LATER) in steps
    assert SetTimer(QUERY_REMINDER, s.TO_HOUSING, ends) in steps
    assert StoreRow(QueryReopened(s.TO_HOUSING)) in steps


@pytest.mark.clause("R31.c", allowed="Na uitstel komt de herinnering opnieuw, na de nieuwe termijn.")
@pytest.mark.clause("R31.c", refused="Een herinnering voor de oude termijn komt er na uitstel niet meer.")
def test_a_deadline_of_before_does_nothing_and_the_reminder_comes_anew_r31() -> None:
    remind, lapse = (kind(by=CLOCK, query_id=s.TO_HOUSING) for kind in (c.RemindQuery, c.LapseQuery))
    given = extended(IN_NEED.given(e.QueryReminded(s.TO_HOUSING)), s.TERM + A_DAY)
    assert at(given, s.TERM).when(remind).events == ()
    assert at(given, s.LAPSES).when(lapse).events == ()
    (reminded,) = at(given, s.LATER).when(remind).events
    again = given.given(reminded)
    assert at(again, s.LATER + Policy().query_reminder).when(lapse).events
    assert given.state.busy_until == s.LATER + Policy().query_reminder


@pytest.mark.clause(
    "R31.h",
    allowed="Wie op tijd om uitstel vroeg, kan het ook krijgen als de uitvraag intussen is vervallen.",
)
def test_who_asked_in_time_may_still_get_it_after_the_lapse_r31() -> None:
    lapsed = lapsed_by_the_clock(IN_NEED, s.TO_HOUSING)
    assert lapsed.state.overdue is not None
    assert (lapsed.state.overdue.unanswered, lapsed.state.overdue.to_decide) == (1, 1)
    assert lapsed.state.query(s.TO_HOUSING).status is QueryStatus.NO_ANSWER
    again = extended(lapsed, s.LAPSES + A_DAY)
    query = again.state.query(s.TO_HOUSING)
    assert query is not None
    assert query.status is QueryStatus.OPEN
    assert (again.state.overdue, again.state.unanswered) == (None, 0)
    assert isinstance(answer(again, s.LATER), tuple)


def test_silence_of_another_stays_listed_when_time_is_given_r31() -> None:
    silent = lapsed_by_the_clock(IN_NEED, s.TO_CARE)
    later = extended(silent, s.LAPSES)
    assert later.state.overdue == replace(silent.state.overdue, to_decide=0)


def test_what_became_impossible_is_not_granted_and_can_be_refused_r31_r115() -> None:
    too_late = at(IN_NEED, s.LATER)
    assert named(too_late.when(s.decide_extension()).refusal) == ("TermInThePast", "R31")
    assert at(IN_NEED, s.LATER - JUST_BEFORE).when(s.decide_extension()).events
    gone = knowing(IN_NEED, housing=None)
    assert named(gone.when(s.decide_extension()).refusal) == ("RecipientNotAParty", "R43")
    for given in (too_late, gone):
        assert given.when(s.decide_extension(granted=False)).events


def test_only_its_director_decides_on_behalf_of_who_leads_and_of_what_was_asked_r7_r31() -> None:
    other = IN_NEED.when(s.decide_extension(by=s.by_director(person_="somebody-else"))).refusal
    assert public_refusal(other).name == "UnknownCase"
    for_another = IN_NEED.when(s.decide_extension(by=s.by_director(s.CARE))).refusal
    assert for_another.name == "NotOnBehalfOfTheLeadingParty"
    assert named(ASKED.when(s.decide_extension()).refusal) == ("NoExtensionAsked", "R31")
    assert named(ASKED.when(s.decide_extension(s.NEW)).refusal) == ("UnknownQuery", "R26")


def test_who_was_too_late_can_be_asked_anew_r31() -> None:
    lapsed = lapsed_by_the_clock(ASKED, s.TO_HOUSING)
    assert answer(lapsed, s.LAPSES).name == "ReplyTooLate"
    anew = at(lapsed, s.LAPSES).when(s.issue(s.NEW, s.HOUSING, reply_before=s.LAPSES + A_DAY)).events
    assert isinstance(anew[0], e.QueryIssued)


def test_a_query_of_before_counts_from_when_it_lapses_r31() -> None:
    before = replace(ASKED.state.query(s.TO_HOUSING), first_term=None, reply_before=None)
    given = replace(ASKED, state=replace(ASKED.state, queries=(before,)))
    longest = s.LAPSES + Policy().query_extension
    assert given.when(by_housing(reply_before=longest)).events
    assert named(given.when(by_housing(reply_before=s.LAPSES)).refusal) == ("ExtensionNotLater", "R31")
    assert at(given, s.TERM).when(c.RemindQuery(by=CLOCK, query_id=s.TO_HOUSING)).events
