"""A query goes out under consent where that is needed, and stops when it is withdrawn (R20, R30)."""

from datetime import timedelta
from typing import Any

import pytest

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.effects import effects
from services.triage.queries import may_not_be_asked
from services.triage.state import QueryStatus, State
from services.triage.viewing import may_view
from shared.contract.messages import triage as m
from shared.contract.messages.rto import RestsOn
from shared.core.actor import Role
from shared.core.effects import StopUnsent, ToParty
from shared.core.service_numbers import PersonNumber
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import triage as s
from tests.support.spec import NOW, looking

OPEN = s.spec().given(s.OPENED)
IN_FORCE = e.ConsentFollowed(s.consent())
WITHDRAWN = e.ConsentFollowed(s.consent(withdrawn=True))
SECRET = s.contributed(s.NEW, s.VENLO, shareable_in_query=True, needs_consent=True)
NEEDED = s.issue(needs_consent=True)
DRAWING = s.issue(drawn_from=(s.NEW,), items=(*s.items_of_the_case(), SECRET))
FOLLOW = c.FollowConsent(by=s.BY_SERVICE, consent=s.consent(withdrawn=True))


def worker(party: str) -> Viewer:
    return Viewer(Role.PARTY_WORKER, f"worker-{party}", party)


DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, None, s.VENLO)


def reads(viewer: Viewer, thing: Any, state: State) -> bool:
    return isinstance(may_view(viewer, thing, state, looking(s.parties())), Allowed)


# --- asking ----------------------------------------------------------------------------------------


@pytest.mark.clause("R20.d", allowed="Waar geen toestemming nodig is, gaat de uitvraag zonder uit.")
def test_where_no_consent_is_needed_a_query_goes_out_without_r20() -> None:
    (issued,) = OPEN.when(s.issue()).events
    assert issued.choice.rests_on is None
    gone = OPEN.given(issued, WITHDRAWN)
    assert may_not_be_asked(issued.query, s.POLICE, gone.state, s.parties()) is None


@pytest.mark.clause("R20.d", allowed="Met de toestemming die nodig is, gaat de uitvraag uit.")
@pytest.mark.clause("R20.d", refused="Zonder de toestemming die nodig is, wordt de uitvraag geweigerd.")
@pytest.mark.parametrize("query", [NEEDED, DRAWING], ids=["as the director says", "as an item says"])
def test_a_query_that_needs_consent_goes_out_with_it_alone_r20(query: c.IssueQuery) -> None:
    refusal = OPEN.when(query).refusal
    assert refusal is r.CONSENT_NOT_IN_FORCE
    assert (refusal.name, refusal.rule, refusal.may_be_lag) == ("ConsentNotInForce", "R20", True)
    (issued,) = OPEN.given(IN_FORCE).when(query).events
    assert issued.choice.rests_on == RestsOn(persons=(s.MAN,))
    assert OPEN.given(IN_FORCE, WITHDRAWN).when(query).refusal is r.CONSENT_NOT_IN_FORCE


@pytest.mark.parametrize(
    "other",
    [s.consent(s.POLICE), s.consent(person_id=s.MOTHER)],
    ids=["for another's secrecy", "of another person"],
)
def test_another_consent_does_not_do_r20(other: Any) -> None:
    assert OPEN.given(e.ConsentFollowed(other)).when(NEEDED).refusal is r.CONSENT_NOT_IN_FORCE


def test_a_query_about_nobody_by_name_needs_the_consent_of_everybody_r20() -> None:
    about_all = s.issue(needs_consent=True, persons=())
    assert OPEN.given(IN_FORCE).when(about_all).refusal is r.CONSENT_NOT_IN_FORCE
    mothers = e.ConsentFollowed(s.consent(person_id=s.MOTHER))
    assert OPEN.given(IN_FORCE, mothers).when(about_all).events


@pytest.mark.clause(
    "R20.e", refused="Toestemming maakt een gegeven niet deelbaar dat de aanmelder niet deelt."
)
def test_consent_does_not_share_what_the_referrer_does_not_r20() -> None:
    kept = s.contributed(s.NEW, s.VENLO, needs_consent=True)
    query = s.issue(drawn_from=(s.NEW,), items=(*s.items_of_the_case(), kept))
    assert OPEN.given(IN_FORCE).when(query).refusal is r.SECRECY_NOT_RELEASED


# --- withdrawn -------------------------------------------------------------------------------------

ASKED = OPEN.given(IN_FORCE, *OPEN.given(IN_FORCE).when(NEEDED).events)
QUERY = s.ASKED_POLICE.query


@pytest.mark.clause(
    "R20.c", allowed="Een uitvraag onder toestemming vertrekt en is voor de ontvanger te lezen."
)
@pytest.mark.clause(
    "R20.c", refused="Na de intrekking vertrekt de uitvraag niet meer en leest de ontvanger haar niet meer."
)
def test_a_query_under_consent_is_neither_sent_nor_read_once_that_is_withdrawn_r20() -> None:
    """Who asked it reads it as before: what was done stays on record."""
    after = ASKED.given(WITHDRAWN)
    assert may_not_be_asked(QUERY, s.POLICE, ASKED.state, s.parties()) is None
    assert may_not_be_asked(QUERY, s.POLICE, after.state, s.parties()) is r.CONSENT_NOT_IN_FORCE
    number = PersonNumber(s.MAN, s.text("bsn-1", "intake"), s.TO_POLICE)
    for thing in (QUERY, number):
        assert reads(worker(s.POLICE), thing, ASKED.state)
        assert not reads(worker(s.POLICE), thing, after.state)
    for viewer in (worker(s.VENLO), DIRECTOR):
        assert reads(viewer, QUERY, after.state)


def test_a_query_that_waits_lapses_with_its_consent_and_the_director_sees_it_r31() -> None:
    followed, lapsed = ASKED.when(FOLLOW).events
    assert (followed, lapsed) == (WITHDRAWN, e.QueryLapsed(s.TO_POLICE, NOW))
    state = ASKED.given(followed, lapsed).state
    assert state.query(s.TO_POLICE).status is QueryStatus.NO_ANSWER
    assert state.overdue is not None
    assert state.overdue.unanswered == 1
    found = list(effects(s.CASE, lapsed, state))
    assert StopUnsent(item=s.TO_POLICE) in found
    assert ToParty(s.POLICE, m.QueryLapsed(query_id=s.TO_POLICE)) in found


def test_an_answered_query_and_one_without_consent_do_not_lapse_r31() -> None:
    answered = ASKED.given(*ASKED.when(s.answer()).events)
    assert answered.when(FOLLOW).events == (WITHDRAWN,)
    assert OPEN.given(IN_FORCE, s.ASKED_POLICE).when(FOLLOW).events == (WITHDRAWN,)
    assert s.spec().when(FOLLOW).events == (WITHDRAWN,), "also before the case itself is here"


# --- answers ---------------------------------------------------------------------------------------

OF_POLICE = e.ConsentFollowed(s.consent(s.POLICE))
NO_LONGER = e.ConsentFollowed(s.consent(s.POLICE, withdrawn=True))
ANSWER = s.answer(items=(s.item(s.NEW, needs_consent=True),))


def test_what_the_queried_party_may_give_with_consent_alone_it_gives_with_it_r31() -> None:
    waiting = s.spec().given(s.OPENED, s.ASKED_POLICE)
    assert waiting.when(ANSWER).refusal is r.CONSENT_NOT_IN_FORCE
    assert waiting.given(IN_FORCE).when(ANSWER).refusal is r.CONSENT_NOT_IN_FORCE, "for another's secrecy"
    assert waiting.given(OF_POLICE).when(ANSWER).events


@pytest.mark.clause(
    "R20.c", refused="Wat een partij met toestemming antwoordde, leest na de intrekking alleen zij nog."
)
def test_an_answer_under_consent_is_read_as_long_as_that_is_in_force_r20() -> None:
    given = s.contributed(s.NEW, s.POLICE, needs_consent=True)
    in_force, gone = OPEN.given(OF_POLICE).state, OPEN.given(OF_POLICE, NO_LONGER).state
    for viewer in (worker(s.VENLO), DIRECTOR):
        assert reads(viewer, given, in_force)
        assert not reads(viewer, given, gone)
    assert reads(worker(s.POLICE), given, gone)
    assert reads(DIRECTOR, s.contributed(s.NEW, s.VENLO, needs_consent=True), OPEN.state), (
        "its own team (R23)"
    )


def test_a_query_and_a_choice_of_the_version_before_rest_on_nothing() -> None:
    assert s.spec().given(s.OPENED, s.ASKED_POLICE).state.query(s.TO_POLICE).rests_on is None
    assert s.ASKED_POLICE.query.reply_before == NOW + timedelta(days=7)
