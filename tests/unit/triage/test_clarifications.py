"""What a queried party asks about its query, and what it is told (R26, R27, R30, R31)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.triage import commands as c
from services.triage import events as e
from services.triage.clarifications import may_not_be_told
from services.triage.effects import effects
from services.triage.record import Choice
from services.triage.state import Phase, State
from services.triage.viewing import may_view
from services.triage.views import things_of
from shared.contract.fields import Category, ItemStatus, Step
from shared.contract.messages import triage as m
from shared.contract.parties import PartyKind
from shared.contract.refusal import public_refusal
from shared.core.actor import CLOCK, Role
from shared.core.effects import ToParty
from shared.core.item_standing import Standing
from shared.core.terms import Overdue, Told
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import triage as s
from tests.support.spec import NOW, Spec, looking
from tests.unit.triage.test_process import JUST_BEFORE, at, knowing, lapsed_by_the_clock, named
from tests.unit.triage.test_viewing import director, worker

ASKED = s.spec().given(s.OPENED, s.ASKED_HOUSING, s.ASKED_CARE)
UNCLEAR = ASKED.given(s.UNCLEAR)
TOLD = UNCLEAR.given(s.CLARIFIED)
WITHDRAWN = e.StandingFollowed(Standing(s.REFERRED, s.VENLO, 1, ItemStatus.WITHDRAWN))


def by_housing(**changes: Any) -> c.AskClarification:
    return s.ask_clarification(s.TO_HOUSING, s.HOUSING, **changes)


def drawing_on(**changes: Any) -> c.ClarifyQuery:
    item = s.contributed(s.REFERRED, s.VENLO, **{"shareable_in_query": True, **changes})
    return s.clarify(drawn_from=(s.REFERRED,), items=(item,))


def told(given: Spec[State], command: Any) -> list[ToParty]:
    """The letters that follow from what is decided."""
    found, state = [], given.state
    for event in given.when(command).events:
        state = given.process.evolve(state, event)
        found += [one for one in effects(s.CASE, event, state) if isinstance(one, ToParty)]
    return found


def letter(number: int = 1) -> m.QueryClarified:
    return m.QueryClarified(
        query_id=s.TO_HOUSING,
        number=number,
        on_behalf_of=s.VENLO,
        acting_body="college",
        clarification=s.text("clarified"),
    )


# --- asking --------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R31.g", allowed="De bevraagde partij vraagt wat er wordt bedoeld, zolang haar reactie telt."
)
@pytest.mark.clause(
    "R31.g", refused="Als een reactie niet meer telt, kan er geen verduidelijking meer worden gevraagd."
)
def test_what_is_meant_is_asked_as_long_as_a_reply_counts_r31() -> None:
    (asked,) = at(ASKED, s.LAPSES - JUST_BEFORE).when(by_housing()).events
    assert (asked.query_id, asked.number, asked.question) == (s.TO_HOUSING, 1, s.text("unclear-b3"))
    assert named(at(ASKED, s.LAPSES).when(by_housing()).refusal) == ("ReplyTooLate", "R31")


def test_who_has_answered_may_still_ask_and_who_said_nothing_in_words_may_not_r31() -> None:
    answered = ASKED.given(e.QueryAnswered(s.HOUSING, 1, s.said(s.TO_HOUSING, items=()), NOW))
    assert at(answered, s.LAPSES + timedelta(days=9)).when(by_housing()).events
    assert named(ASKED.when(by_housing(question=" ")).refusal) == ("UnclearWithoutQuestion", "R31")


def test_one_question_waits_at_a_time_r31() -> None:
    assert named(UNCLEAR.when(by_housing()).refusal) == ("ClarificationAskedBefore", "R31")
    (second,) = TOLD.when(by_housing()).events
    assert second.number == 2


def test_a_stranger_does_not_learn_that_there_is_a_query_r34() -> None:
    for party in (s.POLICE, s.CARE, s.VENLO):
        refusal = ASKED.when(s.ask_clarification(s.TO_HOUSING, party)).refusal
        assert public_refusal(refusal).name == "UnknownCase"


@pytest.mark.clause(
    "R31.f", allowed="Wat een bevraagde partij vraagt, staat bij wat op de procesregisseur wacht."
)
def test_what_is_asked_waits_for_the_director_until_he_says_it_r31() -> None:
    assert UNCLEAR.state.overdue == Overdue(Step.TRIAGE, NOW, Told.DIRECTOR, by_term=False, to_decide=1)
    assert TOLD.state.overdue is None
    asked_more = UNCLEAR.given(s.IN_NEED_OF_TIME)
    assert asked_more.state.overdue is not None
    assert asked_more.state.overdue.to_decide == 2
    assert asked_more.given(s.CLARIFIED).state.overdue == replace(asked_more.state.overdue, to_decide=1)


def test_who_declined_waits_for_no_word_of_the_director_r31() -> None:
    declined = ASKED.given(*ASKED.when(s.decline(s.TO_HOUSING, s.HOUSING)).events)
    asked = declined.given(*declined.when(by_housing()).events)
    assert asked.state.overdue is None


def test_a_query_of_somebody_else_leaves_what_is_asked_on_the_list_r31() -> None:
    asked = UNCLEAR.given(s.issued(s.TO_POLICE, s.POLICE)).state
    assert asked.overdue is not None
    silent = lapsed_by_the_clock(UNCLEAR, s.TO_CARE)
    assert silent.state.overdue == replace(asked.overdue, unanswered=1)
    assert silent.given(s.issued(s.TO_POLICE, s.POLICE)).state.overdue == asked.overdue
    declined = UNCLEAR.given(e.QueryDeclined(s.HOUSING, 1, s.declined(s.TO_HOUSING), NOW))
    assert declined.state.overdue is None, "who declined waits for no word"


def test_what_is_asked_stays_listed_when_who_leads_comes_back_r115() -> None:
    back = UNCLEAR.given(s.LEFT, e.LeaderBack()).state
    assert back.overdue == UNCLEAR.state.overdue
    assert ASKED.given(s.LEFT, e.LeaderBack()).state.overdue is None
    left = UNCLEAR.given(s.LEFT).state.overdue
    assert left is not None
    assert left.to_decide == 1


# --- telling -------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R31.g",
    allowed="De procesregisseur verduidelijkt namens de leidende partij, en alleen aan wie het vroeg.",
)
def test_what_is_meant_is_told_to_who_asked_alone_in_the_name_of_who_leads_r26_r27() -> None:
    (sent,) = told(UNCLEAR, s.clarify())
    assert sent.recipient == s.HOUSING
    assert sent.message == m.QueryClarified(
        query_id=s.TO_HOUSING,
        number=1,
        on_behalf_of=s.VENLO,
        acting_body="college",
        clarification=s.text("clarified-b3"),
    )
    assert [(one.label, one.given_by) for one in sent.discloses] == [(f"clarified/{s.TO_HOUSING}/1", s.VENLO)]


@pytest.mark.clause("R31.g", refused="Niemand anders dan de procesregisseur van de casus verduidelijkt.")
def test_nobody_else_says_what_is_meant_r26() -> None:
    other = UNCLEAR.when(s.clarify(by=s.by_director(person_="somebody-else"))).refusal
    assert public_refusal(other).name == "UnknownCase"
    for_another = UNCLEAR.when(s.clarify(by=s.by_director(s.CARE))).refusal
    assert for_another.name == "NotOnBehalfOfTheLeadingParty"


def test_only_what_was_asked_is_told_and_in_words_r31() -> None:
    assert named(ASKED.when(s.clarify()).refusal) == ("NothingToClarify", "R31")
    assert named(TOLD.when(s.clarify()).refusal) == ("NothingToClarify", "R31")
    assert named(UNCLEAR.when(s.clarify(clarification=" ")).refusal) == ("ClarificationMissing", "R31")
    assert named(UNCLEAR.when(s.clarify(s.NEW)).refusal) == ("UnknownQuery", "R26")


def test_nothing_is_told_once_the_query_or_its_recipient_is_gone_r31_r115() -> None:
    assert at(UNCLEAR, s.LAPSES - JUST_BEFORE).when(s.clarify()).events
    assert named(at(UNCLEAR, s.LAPSES).when(s.clarify()).refusal) == ("ReplyTooLate", "R31")
    assert named(knowing(UNCLEAR, housing=None).when(s.clarify()).refusal) == ("RecipientNotAParty", "R43")


def test_the_end_of_triage_ends_what_was_asked_r35() -> None:
    ended = UNCLEAR.given(s.IN_NEED_OF_TIME, *UNCLEAR.when(s.conclude()).events)
    assert ended.state.overdue is None
    assert ended.state.to_decide == ()
    for act in (s.clarify(), s.decide_extension(), by_housing()):
        assert named(ended.when(act).refusal) == ("TriageNotRunning", "R35")


@pytest.mark.clause(
    "R30.d", refused="Een verduidelijking steunt niet op een gegeven dat niet met een uitvraag mee mag."
)
@pytest.mark.clause(
    "R30.d", allowed="Een verduidelijking mag steunen op een gegeven dat met een uitvraag mee mag."
)
def test_a_clarification_draws_on_what_a_query_may_draw_on_and_on_nothing_else_r30() -> None:
    (clarified,) = UNCLEAR.when(drawing_on()).events
    assert {one.label for one in clarified.discloses} >= {f"item/{s.REFERRED}"}
    kept = [
        drawing_on(shareable_in_query=False),
        drawing_on(hidden_from_director=True),
        drawing_on(withheld_from=(s.HOUSING,)),
        s.clarify(drawn_from=(s.REFERRED,), items=()),
    ]
    assert {named(UNCLEAR.when(one).refusal) for one in kept} == {("SecrecyNotReleased", "R30")}
    anothers = s.clarify(drawn_from=(s.ITEM,), items=(s.contributed(s.ITEM, s.POLICE),))
    assert named(UNCLEAR.when(anothers).refusal) == ("QueryDrawsOnAnothersItem", "R34")
    assert named(UNCLEAR.given(WITHDRAWN).when(drawing_on()).refusal) == ("SecrecyNotReleased", "R30")


def test_special_data_are_told_to_who_is_tested_by_who_is_checked_r21_r49() -> None:
    special = s.clarify(contains_special=True)
    checked = s.parties().records[s.VENLO].model_copy(update={"checked_for_special": True})
    assert named(UNCLEAR.when(special).refusal) == ("SpecialCategoryNotChecked", "R21")
    checking = knowing(UNCLEAR, venlo=checked)
    assert named(checking.when(special).refusal) == ("QueriedPartyNotTested", "R49")
    assert checking.when(replace(special, passed_processing_test=True)).events
    drawn = replace(drawing_on(category=Category.SPECIAL), contains_special=False)
    assert named(checking.when(drawn).refusal) == ("QueriedPartyNotTested", "R49")


# --- when it leaves, and is read ------------------------------------------------------------------


@pytest.mark.clause(
    "R30.f",
    refused="Een verduidelijking die steunt op een gegeven dat daarna is ingetrokken, vertrekt niet.",
)
@pytest.mark.clause("R30.f", allowed="Een verduidelijking waarvoor niets is ingetrokken, vertrekt.")
def test_what_the_referrer_keeps_by_now_is_not_told_and_no_longer_read_r30_a12() -> None:
    drawn = UNCLEAR.given(*UNCLEAR.when(drawing_on()).events)
    assert may_not_be_told(letter(), s.HOUSING, drawn.state, s.parties()) is None
    assert "clarified" in shown(worker(s.HOUSING), drawn.state)
    kept = drawn.given(WITHDRAWN).state
    refusal = may_not_be_told(letter(), s.HOUSING, kept, s.parties())
    assert refusal is not None
    assert refusal.name == "SecrecyNotReleased"
    assert shown(worker(s.HOUSING), kept) == {"query", "clarification"}
    assert "clarified" in shown(director(), kept), "it is the leading party's own word"


def test_a_clarification_of_a_query_that_is_kept_by_now_goes_with_it_r30() -> None:
    choice = Choice(s.TO_HOUSING, s.text("reason-b3"), False, False, drawn_from=(s.REFERRED,))
    asked = s.spec().given(s.OPENED, replace(s.ASKED_HOUSING, choice=choice), s.UNCLEAR)
    assert asked.when(s.clarify()).events
    kept = asked.given(s.CLARIFIED, WITHDRAWN)
    assert may_not_be_told(letter(), s.HOUSING, kept.state, s.parties()) is not None
    assert shown(worker(s.HOUSING), kept.state) == {"clarification"}
    assert named(asked.given(WITHDRAWN).when(s.clarify()).refusal) == ("SecrecyNotReleased", "R30")


def test_special_data_in_a_clarification_are_for_who_is_competent_now_r49() -> None:
    told_special = replace(s.CLARIFIED, clarified=replace(s.CLARIFIED.clarified, contains_special=True))
    case = UNCLEAR.given(told_special).state
    competent = s.parties(
        housing=s.record(s.HOUSING), venlo=s.record(s.VENLO, PartyKind.NATIONAL_CHAIN_PARTNER)
    )
    assert may_not_be_told(letter(), s.HOUSING, case, competent) is None
    assert may_not_be_told(letter(), s.HOUSING, case, s.parties()) is not None
    assert "clarified" not in shown(worker(s.HOUSING), case)
    assert isinstance(may_view(worker(s.HOUSING), told_special.clarified, case, looking(competent)), Allowed)


def test_a_letter_of_which_the_case_knows_nothing_does_not_leave_r30() -> None:
    refusal = may_not_be_told(letter(2), s.HOUSING, TOLD.state, s.parties())
    assert refusal is not None
    assert refusal.name == "UnknownQuery"


def shown(viewer: Viewer, state: State) -> set[str]:
    """The kinds of what this viewer reads of the query to housing."""
    record = s.record_of(s.ASKED_HOUSING)
    return {
        label.split("/")[0]
        for label, one in things_of(record)(state)
        if "/" in label
        and label.split("/")[1] == s.TO_HOUSING
        and isinstance(may_view(viewer, one, state, looking(s.parties())), Allowed)
    }


@pytest.mark.clause(
    "R34.a",
    refused="Wat een andere bevraagde partij vraagt, en wat zij te horen krijgt, leest een partij niet.",
)
@pytest.mark.parametrize("stranger", [s.CARE, s.POLICE])
def test_nobody_else_reads_what_is_asked_and_told_r33_r34(stranger: str) -> None:
    case = TOLD.given(s.IN_NEED_OF_TIME).state
    of_the_query = {"query", "clarification", "clarified", "extension"}
    assert shown(worker(s.HOUSING), case) == of_the_query
    assert shown(director(), case) == shown(worker(s.VENLO), case) == of_the_query | {"choice"}
    assert shown(worker(stranger), case) == set()
    assert shown(director(person="somebody-else"), case) == set()
    assert shown(Viewer(Role.MANAGER, "manager"), case) == set()


def test_what_a_queried_party_said_the_referrer_reads_no_more_once_the_table_is_prepared_r61() -> None:
    case = replace(TOLD.given(s.IN_NEED_OF_TIME).state, phase=Phase.PREPARED)
    assert shown(worker(s.VENLO), case) == {"query", "clarified", "choice"}
    assert shown(worker(s.HOUSING), case) == {"query", "clarification", "clarified", "extension"}


def test_what_was_asked_and_told_goes_with_the_cleaning_r95() -> None:
    prepared = s.spec().given(*s.IN_TRIAGE, s.CLARIFIED, s.CONCLUDED, e.RtoPrepared(s.prepared()))
    deescalated = prepared.given(e.CaseDeescalated())
    cleaned = deescalated.when(c.FollowCleaning(by=s.BY_SERVICE, kept_items=(s.ITEM,))).events
    gone = {"piece-unclear-b3", "piece-clarified-b3", "piece-busy-b3", "piece-own-estimate"}
    assert gone <= set(cleaned[0].dropped)
    state = deescalated.given(*cleaned).state
    assert {(query.clarifications, query.extensions) for query in state.queries} == {((), ())}
    assert (state.secrets, state.estimates) == ((), ())


def test_the_clock_still_reminds_and_ends_a_query_on_which_something_was_asked_r31() -> None:
    remind, lapse = (kind(by=CLOCK, query_id=s.TO_HOUSING) for kind in (c.RemindQuery, c.LapseQuery))
    assert at(UNCLEAR, s.TERM).when(remind).events
    lapsed = UNCLEAR.given(*at(UNCLEAR, s.LAPSES).when(lapse).events)
    assert lapsed.state.to_decide == (), "nobody expects a word any more"
