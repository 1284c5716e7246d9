"""What triage decides, in sentences; each refusal stands beside the case in which it does not hold."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from services.triage import commands as c
from services.triage import events as e
from services.triage.api import NewConclusion
from services.triage.process import decide
from services.triage.queries import may_not_be_asked
from services.triage.state import Phase, QueryStatus, State
from shared.contract.content import TextRef
from shared.contract.fields import Category, FirstGoal, ItemStatus, Step
from shared.contract.messages import triage as m
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.parties import PartyKind, PartyRecord, Scope
from shared.contract.refusal import ITEM_NUMBER_NOT_USABLE, Refusal
from shared.core.actor import CLOCK
from shared.core.context import DecisionContext
from shared.core.item_standing import Standing
from shared.core.terms import Overdue, Told
from tests.support.samples import triage as s
from tests.support.spec import NOW, Spec

OPEN = s.spec().given(s.OPENED)
ASKED = s.spec().given(s.OPENED, s.ASKED_POLICE)
DECLINED = s.spec().given(s.OPENED, s.ASKED_CARE, s.DECLINED)
TRIAGE = s.spec().given(*s.IN_TRIAGE)
PREPARING = s.spec().given(*s.IN_PREPARATION)
JUST_BEFORE = timedelta(microseconds=1)
CHECKED_VENLO = s.parties().records[s.VENLO].model_copy(update={"checked_for_special": True})


def named(refusal: Refusal) -> tuple[str, str]:
    return refusal.name, refusal.rule


def at(given: Spec[State], now: datetime, **changes: PartyRecord | None) -> Spec[State]:
    return replace(given, now=now, parties=s.parties(**changes))


def knowing(given: Spec[State], **changes: PartyRecord | None) -> Spec[State]:
    return replace(given, parties=s.parties(**changes))


def with_items_elsewhere(given: Spec[State], command: Any, *items: str) -> Any:
    return decide(
        given.state or State(), command, DecisionContext(NOW, s.parties(), elsewhere=frozenset(items))
    )


# --- opening (R25) -------------------------------------------------------------------------------


@pytest.mark.clause(
    "R25.a", allowed="Na de uitkomst in behandeling, of informatie van anderen nodig, begint de triage."
)
@pytest.mark.parametrize("outcome", [ScreeningOutcome.TAKEN_UP, ScreeningOutcome.INFORMATION_NEEDED])
def test_triage_starts_from_the_two_outcomes_that_lead_there_r25(outcome: ScreeningOutcome) -> None:
    taken_up = s.taken_up(outcome=outcome)
    (opened,) = s.spec().when(c.OpenCase(by=s.BY_SERVICE, taken_up=taken_up)).events
    assert s.spec().given(opened).state.phase is Phase.TRIAGE


@pytest.mark.clause(
    "R25.a",
    refused="Van een casus die bij de screening niet in behandeling is genomen, begint geen triage en "
    "vertrekt geen uitvraag.",
)
def test_triage_does_not_start_from_a_screening_that_took_nothing_up_r25() -> None:
    command = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(outcome=ScreeningOutcome.NOT_TAKEN_UP))
    assert named(s.spec().when(command).refusal) == ("NotTakenUpAtScreening", "R25")
    assert s.spec().when(s.issue()).refusal.name == "NotTheDirectorOfThisCase", "nobody is asked of it"


def test_triage_of_a_case_begins_once_r25() -> None:
    command = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up())
    assert named(OPEN.when(command).refusal) == ("AlreadyInTriage", "R25")


@hypothesis.given(items=st.lists(st.uuids().map(str), max_size=5))
def test_whatever_items_a_case_was_taken_up_with_triage_of_it_begins_r25(items: list[str]) -> None:
    """Their numbers were tested where they came in; a case taken up is never left behind."""
    command = c.OpenCase(
        by=s.BY_SERVICE, taken_up=s.taken_up(items=tuple(s.contributed(item, s.VENLO) for item in items))
    )
    assert command.new_items() == ()
    outcome = with_items_elsewhere(s.spec(), command, *items)
    assert [type(event) for event in outcome] == [e.CaseOpened]


# --- asking one party (R26 to R30) -----------------------------------------------------------------


@pytest.mark.clause("R26.b", allowed="Een uitvraag wordt gedaan namens de leidende partij.")
@pytest.mark.clause(
    "R27.a",
    allowed="Een uitvraag vermeldt namens wie, voor welke taak, met welk doel en waarom de gegevens "
    "nodig zijn.",
)
def test_a_query_says_on_whose_behalf_for_what_and_why_r27() -> None:
    (issued,) = OPEN.when(s.issue()).events
    letter = issued.query
    assert (issued.recipient, letter.on_behalf_of, letter.acting_body) == (s.POLICE, s.VENLO, "college")
    assert (letter.task, letter.purpose, letter.necessity) == (
        s.TASK,
        s.text("purpose-b1"),
        s.text("why-b1"),
    )
    assert letter.reply_before == s.TERM


@pytest.mark.clause(
    "R27.a",
    refused="Ontbreekt de taak, het doel, de noodzaak of de vraag, dan wordt de uitvraag niet verstuurd.",
)
@pytest.mark.parametrize("missing", [{"task": ""}, {"purpose": ""}, {"necessity": " "}, {"question": ""}])
def test_a_query_without_one_of_these_is_not_sent_r27(missing: dict[str, Any]) -> None:
    assert named(OPEN.when(s.issue(**missing)).refusal) == ("QueryIncomplete", "R27")


@pytest.mark.clause("R28.b", allowed="De reden waarom juist deze partij is gekozen, wordt vastgelegd.")
@pytest.mark.clause("R28.b", refused="Zonder reden voor de keuze van de partij wordt de uitvraag geweigerd.")
def test_the_choice_for_a_party_needs_its_reason_r28() -> None:
    assert named(OPEN.when(s.issue(reason=" ")).refusal) == ("ChoiceWithoutReason", "R28")
    (issued,) = OPEN.when(s.issue()).events
    assert issued.choice.reason == s.text("reason-b1")


@pytest.mark.clause(
    "R28.c", allowed="De inschatting van de aanmeldende partij over de bevraagde partij wordt vastgelegd."
)
@pytest.mark.clause(
    "R28.c", refused="Zonder de inschatting van de aanmeldende partij wordt de uitvraag geweigerd."
)
def test_the_choice_for_a_party_rests_on_the_referrers_estimate_too_r28() -> None:
    assert named(OPEN.when(s.issue(referrer_estimate="")).refusal) == ("ReferrersEstimateMissing", "R28")
    (issued,) = OPEN.when(s.issue()).events
    assert issued.choice.referrer_estimate == s.text("estimate-b1")


EVERYBODY_ELSE = (s.POLICE, s.CARE, s.HOUSING, s.PROBATION, s.PROSECUTOR)


@pytest.mark.clause("R28.a", refused="Een uitvraag aan alle partijen tegelijk wordt geweigerd.")
@pytest.mark.parametrize("everybody", ["all", ("all",), EVERYBODY_ELSE, (*EVERYBODY_ELSE, s.VENLO)], ids=str)
def test_a_query_to_everybody_is_refused_r28(everybody: Any) -> None:
    assert named(OPEN.when(s.issue(recipient=everybody)).refusal) == ("QueryToEverybody", "R28")


@pytest.mark.clause("R26.a", refused="Een uitvraag aan twee partijen tegelijk wordt geweigerd.")
def test_a_query_to_several_parties_is_refused_r26() -> None:
    several = s.issue(recipient=(s.POLICE, s.CARE))
    assert named(OPEN.when(several).refusal) == ("OnePartyPerQuery", "R26")


@pytest.mark.clause(
    "R28.a", allowed="Zolang niet alle partijen worden bevraagd, kan een volgende partij worden bevraagd."
)
@pytest.mark.clause(
    "R28.a", refused="De laatste partij die nog niet is bevraagd, kan niet ook nog worden bevraagd."
)
def test_all_parties_one_by_one_are_everybody_too_r28_r29() -> None:
    fourth = TRIAGE.when(s.issue(s.TO_PROBATION, s.PROBATION)).events
    fifth = s.issue(s.NEW, s.PROSECUTOR)
    assert named(TRIAGE.given(*fourth).when(fifth).refusal) == ("QueryToEverybody", "R28")
    assert TRIAGE.when(fifth).events


def test_a_party_that_was_asked_may_be_asked_again_r28() -> None:
    assert TRIAGE.when(s.issue(s.NEW, s.POLICE)).events


@pytest.mark.clause("R26.b", refused="Een uitvraag aan de leidende partij zelf wordt geweigerd.")
def test_the_leading_party_does_not_ask_itself_r26() -> None:
    assert named(OPEN.when(s.issue(recipient=s.VENLO)).refusal) == ("QueryToTheLeadingParty", "R26")


def test_the_same_query_is_not_sent_twice_r26() -> None:
    assert named(ASKED.when(s.issue()).refusal) == ("QueryIssuedBefore", "R26")


def test_only_a_party_is_asked_and_its_accession_may_be_on_its_way_r43() -> None:
    refusal = knowing(OPEN, police=None).when(s.issue()).refusal
    assert named(refusal) == ("RecipientNotAParty", "R43")
    assert refusal.may_be_lag
    left = s.record(s.POLICE, member_until=NOW)
    assert knowing(OPEN, police=left).when(s.issue()).refusal.name == "RecipientNotAParty"
    leaves = s.record(s.POLICE, member_until=NOW + JUST_BEFORE)
    assert knowing(OPEN, police=leaves).when(s.issue()).events


@pytest.mark.clause(
    "R30.a", allowed="Een uitvraag noemt de betrokkenen van wie de bevraagde partij moet weten."
)
@pytest.mark.clause("R30.a", refused="Een andere betrokkene van de casus staat niet in de uitvraag.")
def test_a_query_names_only_the_persons_that_the_recipient_must_know_of_r30() -> None:
    (issued,) = OPEN.when(s.issue(persons=(s.MOTHER,))).events
    assert [p.person_id for p in issued.query.persons] == [s.MOTHER]
    (nobody,) = OPEN.when(s.issue(persons=())).events
    assert nobody.query.persons == ()
    assert named(OPEN.when(s.issue(persons=(s.MAN, s.NEW))).refusal) == ("UnknownPerson", "R30")


@pytest.mark.clause(
    "R30.c", allowed="In de uitvraag staan de naam van de betrokkene, de vraag en het doel ervan."
)
def test_a_query_may_hold_names_content_and_context_r30() -> None:
    (issued,) = OPEN.when(s.issue()).events
    assert [person.name for person in issued.query.persons] == [s.text("name-1", "intake")]
    assert (issued.query.question, issued.query.purpose) == (s.text("question-b1"), s.text("purpose-b1"))


WITH_ADDRESS = s.spec().given(
    e.CaseOpened(s.taken_up(persons=(s.person(s.MAN, address=s.text("address-1", "intake")),)), NOW)
)


@pytest.mark.clause("R30.b", allowed="Met een vastgelegde reden gaat het adres mee in de uitvraag.")
@pytest.mark.clause("R30.b", refused="Een uitvraag met adres en zonder reden daarvoor wordt geweigerd.")
def test_an_address_goes_along_only_where_it_is_needed_and_said_why_r30() -> None:
    why = s.text("why-address")
    (without,) = WITH_ADDRESS.when(s.issue(address_reason=why)).events
    assert ([p.address for p in without.query.persons], without.choice.address_reason) == ([None], None)
    (with_it,) = WITH_ADDRESS.when(s.issue(include_address=True, address_reason=why)).events
    assert [p.address for p in with_it.query.persons] == [s.text("address-1", "intake")]
    assert with_it.choice.address_reason == why
    for nothing in (None, " "):
        refusal = WITH_ADDRESS.when(s.issue(include_address=True, address_reason=nothing)).refusal
        assert named(refusal) == ("AddressWithoutReason", "R30")


def drawing_on(item: Any, **changes: Any) -> c.IssueQuery:
    return s.issue(drawn_from=(item.item_id,), items=(*s.items_of_the_case(), item), **changes)


@pytest.mark.clause(
    "R30.d", allowed="De vraag mag steunen op een gegeven waarvan de aanmeldende partij zei dat het mee mag."
)
@pytest.mark.clause(
    "R30.d",
    refused="Een vraag die steunt op een gegeven dat niet mee mag, of dat aan de bevraagde partij is "
    "onthouden, wordt geweigerd.",
)
@pytest.mark.clause(
    "R35.b", allowed="Een uitvraag mag steunen op een vrijgegeven gegeven van de aanmeldende partij zelf."
)
def test_a_query_draws_on_what_the_referrer_said_may_go_along_r30() -> None:
    shareable = s.contributed(s.NEW, s.VENLO, shareable_in_query=True)
    (issued,) = OPEN.when(drawing_on(shareable)).events
    assert issued.choice.drawn_from == (s.NEW,)
    assert [(one.label, one.given_by, one.basis) for one in issued.discloses] == [
        (f"query/{s.TO_POLICE}", s.VENLO, None),
        (f"item/{s.NEW}", s.VENLO, shareable.basis),
    ], "R129"
    for kept in (
        s.contributed(s.NEW, s.VENLO),
        s.contributed(s.NEW, s.VENLO, shareable_in_query=True, hidden_from_director=True),
        s.contributed(s.NEW, s.VENLO, shareable_in_query=True, withheld_from=(s.POLICE,)),
    ):
        assert named(OPEN.when(drawing_on(kept)).refusal) == ("SecrecyNotReleased", "R30")
    others = s.contributed(s.NEW, s.VENLO, shareable_in_query=True, withheld_from=(s.CARE,))
    assert OPEN.when(drawing_on(others)).events
    unknown = s.issue(drawn_from=(s.NEW,), items=s.items_of_the_case())
    assert named(OPEN.when(unknown).refusal) == ("SecrecyNotReleased", "R30"), "as for one that is kept"


AFTER_ALL = [
    pytest.param(Standing(s.NEW, s.VENLO, 1, ItemStatus.WITHDRAWN), True, id="taken back"),
    pytest.param(Standing(s.NEW, s.VENLO, 1, ItemStatus.LIVE, (s.POLICE,)), True, id="withheld from it"),
    pytest.param(Standing(s.NEW, s.VENLO, 1, ItemStatus.LIVE, (s.CARE,)), False, id="withheld from another"),
    pytest.param(Standing(s.ITEM, s.VENLO, 1, ItemStatus.WITHDRAWN), False, id="another item"),
]


@pytest.mark.clause(
    "R30.f",
    allowed="Is een gegeven alleen aan een andere partij onthouden, dan mag de uitvraag erop steunen.",
)
@pytest.mark.clause(
    "R30.f",
    refused="Een nieuwe uitvraag steunt niet op wat de aanmeldende partij inmiddels terugnam of aan de "
    "bevraagde partij onthield.",
)
@pytest.mark.parametrize(("standing", "kept"), AFTER_ALL)
def test_a_query_draws_on_nothing_that_the_referrer_has_kept_from_that_party_since_r30_a12(
    standing: Standing, kept: bool
) -> None:
    given = OPEN.given(e.StandingFollowed(standing))
    outcome = given.when(drawing_on(s.contributed(s.NEW, s.VENLO, shareable_in_query=True))).outcome
    assert (named(outcome) if isinstance(outcome, Refusal) else None) == (
        ("SecrecyNotReleased", "R30") if kept else None
    )


@pytest.mark.clause(
    "R30.f",
    refused="Een uitvraag die nog niet weg is, vertrekt niet meer als de aanmeldende partij het gegeven "
    "erachter terugneemt.",
)
@pytest.mark.parametrize(("standing", "kept"), AFTER_ALL)
def test_a_query_does_not_leave_once_the_referrer_keeps_what_it_draws_on_r30_a12(
    standing: Standing, kept: bool
) -> None:
    """Judged when the letter leaves; its texts are not looked into."""
    given = OPEN.given(*OPEN.when(drawing_on(s.contributed(s.NEW, s.VENLO, shareable_in_query=True))).events)
    query = s.ASKED_POLICE.query
    assert may_not_be_asked(query, s.POLICE, given.state, s.parties()) is None
    refusal = may_not_be_asked(query, s.POLICE, given.given(e.StandingFollowed(standing)).state, s.parties())
    assert (refusal.name if refusal else None) == ("SecrecyNotReleased" if kept else None)


@pytest.mark.clause(
    "R35.b", refused="Een uitvraag die steunt op een antwoord van een andere partij, wordt geweigerd."
)
def test_a_query_never_draws_on_what_another_party_answered_r34_r35() -> None:
    theirs = s.contributed(s.NEW, s.CARE, shareable_in_query=True)
    assert named(OPEN.when(drawing_on(theirs)).refusal) == ("QueryDrawsOnAnothersItem", "R34")


@pytest.mark.clause(
    "R49.c",
    refused="Ook een uitvraag die aan een bijzonder gegeven is ontleend, gaat niet naar een niet "
    "getoetste partij.",
)
def test_a_query_that_draws_on_special_data_contains_them_r21_r49() -> None:
    special = s.contributed(s.NEW, s.VENLO, shareable_in_query=True, category=Category.CRIMINAL)
    assert OPEN.when(drawing_on(special)).refusal.name == "SpecialCategoryNotChecked"
    checked = knowing(OPEN, venlo=CHECKED_VENLO)
    assert checked.when(drawing_on(special, recipient=s.HOUSING)).refusal.name == "QueriedPartyNotTested"
    (issued,) = checked.when(drawing_on(special)).events
    assert issued.choice.contains_special


def test_a_term_for_an_answer_lies_in_the_future_r31() -> None:
    assert named(OPEN.when(s.issue(reply_before=NOW)).refusal) == ("TermInThePast", "R31")
    (issued,) = OPEN.when(s.issue(reply_before=NOW + JUST_BEFORE)).events
    assert issued.lapses_at == NOW + JUST_BEFORE + timedelta(days=3)


@pytest.mark.clause(
    "R49.c",
    allowed="Een uitvraag met bijzondere gegevens gaat naar een partij van wie de toets als doorstaan is "
    "vastgelegd.",
)
@pytest.mark.clause("R49.c", refused="Zonder die toets wordt een uitvraag met bijzondere gegevens geweigerd.")
def test_special_data_go_into_a_query_only_after_a_test_of_the_recipient_r49() -> None:
    special: dict[str, Any] = {"recipient": s.HOUSING, "contains_special": True}
    given = knowing(OPEN, venlo=CHECKED_VENLO)
    assert named(given.when(s.issue(**special)).refusal) == ("QueriedPartyNotTested", "R49")
    (tested,) = given.when(s.issue(**special, passed_processing_test=True)).events
    assert (tested.choice.contains_special, tested.choice.passed_processing_test) == (True, True)
    assert OPEN.when(s.issue(recipient=s.HOUSING)).events
    assert given.when(s.issue(recipient=s.POLICE, contains_special=True)).events


def test_special_data_go_into_a_query_only_of_a_party_that_was_checked_r21() -> None:
    special = s.issue(recipient=s.POLICE, contains_special=True, passed_processing_test=True)
    assert named(OPEN.when(special).refusal) == ("SpecialCategoryNotChecked", "R21")
    assert OPEN.when(s.issue(recipient=s.POLICE)).events


def test_a_party_that_passed_the_check_at_governance_needs_no_second_test_r21() -> None:
    checked = s.record(s.HOUSING, PartyKind.OTHER, checked_for_special=True)
    given = knowing(OPEN, housing=checked, venlo=CHECKED_VENLO)
    assert given.when(s.issue(recipient=s.HOUSING, contains_special=True)).events


@pytest.mark.clause(
    "R30.c", refused="Een burgerservicenummer gaat niet vanzelf met de naam mee in de uitvraag."
)
@pytest.mark.clause(
    "R22.b",
    allowed="Een uitvraag tussen twee partijen die het burgerservicenummer mogen gebruiken, mag dat "
    "nummer bevatten.",
)
@pytest.mark.clause(
    "R22.d",
    allowed="Het nummer gaat alleen met een uitvraag mee als dat nodig is om zeker te weten dat het om "
    "dezelfde persoon gaat.",
)
def test_the_service_number_stays_here_unless_it_is_asked_for_r22() -> None:
    (without,) = OPEN.when(s.issue()).events
    assert [p.bsn for p in without.query.persons] == [None]
    (with_it,) = OPEN.when(s.issue(include_bsn=True)).events
    assert [p.bsn for p in with_it.query.persons] == [TextRef("piece-bsn-1", "intake")]


@pytest.mark.clause(
    "R22.b",
    refused="Mag de vragende of de bevraagde partij het nummer niet gebruiken, dan wordt een uitvraag "
    "met dat nummer geweigerd.",
)
def test_the_service_number_goes_only_between_parties_that_may_use_it_r22() -> None:
    to_housing = s.issue(recipient=s.HOUSING, include_bsn=True)
    assert named(OPEN.when(to_housing).refusal) == ("BsnNotAllowed", "R22")
    may_not = s.parties().records[s.VENLO].model_copy(update={"may_use_bsn": False})
    assert knowing(OPEN, venlo=may_not).when(s.issue(include_bsn=True)).refusal.name == "BsnNotAllowed"


@pytest.mark.clause(
    "R49.c",
    refused="Heeft de partij de toets bij het versturen niet doorstaan, dan wordt de uitvraag niet "
    "verstuurd.",
)
def test_a_query_is_sent_only_while_both_parties_may_process_what_it_holds_r21_r22_r49() -> None:
    """Judged once more when the letter leaves, which can be long after it was decided."""
    numbered = s.issued(s.TO_POLICE, s.POLICE, persons=(s.person(s.MAN, bsn=s.text("bsn-1", "intake")),))
    may_not = {
        name: s.parties().records[party].model_copy(update={"may_use_bsn": False})
        for name, party in (("venlo", s.VENLO), ("police", s.POLICE))
    }

    def forbidden(issued: e.QueryIssued, **changes: PartyRecord | None) -> str | None:
        state = s.spec().given(s.OPENED, issued).state
        refusal = may_not_be_asked(issued.query, s.POLICE, state, s.parties(**changes))
        return refusal.name if refusal else None

    assert forbidden(s.ASKED_POLICE, **may_not) is None
    assert forbidden(numbered) is None
    for name, record in may_not.items():
        assert forbidden(numbered, **{name: record}) == "BsnNotAllowed"
    other = s.record(s.POLICE, PartyKind.OTHER)
    for passed, told in ((False, "QueriedPartyNotTested"), (True, None)):
        special = s.asked_special(passed)
        assert forbidden(special) == "SpecialCategoryNotChecked"
        assert forbidden(special, venlo=CHECKED_VENLO) is None
        assert forbidden(special, venlo=CHECKED_VENLO, police=other) == told


# --- on whose behalf (R7, R72, R122) ---------------------------------------------------------------

ACTS = [s.issue(s.TO_PROBATION, s.PROBATION), s.conclude()]


@pytest.mark.clause(
    "R26.c", allowed="De procesregisseur van de casus doet een uitvraag namens de leidende partij."
)
@pytest.mark.clause(
    "R26.c", refused="Namens een andere partij dan de leidende doet ook de procesregisseur geen uitvraag."
)
@pytest.mark.clause(
    "R44.a", allowed="De procesregisseur van de casus stelt vast wat een deelnemer vooraf mag inzien."
)
@pytest.mark.parametrize("act", [*ACTS, s.prepare()], ids=lambda act: type(act).__name__)
def test_the_director_acts_for_whoever_leads_and_within_its_authorisation_r72_r122(act: Any) -> None:
    given = PREPARING if isinstance(act, c.PrepareRto) else TRIAGE
    assert given.when(act).events
    other = replace(act, by=s.by_director(s.POLICE))
    assert named(given.when(other).refusal) == ("NotOnBehalfOfTheLeadingParty", "R72")
    another_body = s.authorisation(acting_body="burgemeester")
    record = s.parties().records[s.VENLO].model_copy(update={"authorisations": (another_body,)})
    assert named(knowing(given, venlo=record).when(act).refusal) == ("NoAuthorisation", "R122")


@pytest.mark.clause("R122.c", allowed="Met een machtiging voor uitvragen kan worden uitgevraagd.")
@pytest.mark.clause(
    "R122.c", refused="Met een machtiging voor uitvragen alleen kan geen RTO worden voorbereid."
)
def test_asking_and_preparing_need_each_their_own_authorisation_r122() -> None:
    for scope, passes, fails in ((Scope.QUERY, ACTS, [s.prepare()]), (Scope.RTO, [s.prepare()], ACTS)):
        only = s.authorisation(scopes=(scope,))
        record = s.parties().records[s.VENLO].model_copy(update={"authorisations": (only,)})
        for act in passes:
            given = PREPARING if isinstance(act, c.PrepareRto) else TRIAGE
            assert knowing(given, venlo=record).when(act).events
        for act in fails:
            given = PREPARING if isinstance(act, c.PrepareRto) else TRIAGE
            assert knowing(given, venlo=record).when(act).refusal.name == "NoAuthorisation"


@pytest.mark.clause("R26.c", refused="Een andere procesregisseur kan in deze casus geen uitvraag doen.")
def test_another_director_is_told_nothing_of_the_case_r33() -> None:
    other = replace(s.issue(), by=s.by_director(person_="somebody-else"))
    refusal = OPEN.when(other).refusal
    assert (refusal.name, refusal.rule, refusal.status) == ("NotTheDirectorOfThisCase", "R33", 404)


# --- answering (R31, R32, R57) ---------------------------------------------------------------------


@pytest.mark.clause("R31.a", allowed="De bevraagde partij beantwoordt de uitvraag zelf.")
@pytest.mark.clause(
    "R32.b",
    allowed="De bevraagde partij onthoudt een gegeven van haar antwoord aan een partij die zij noemt.",
)
@pytest.mark.clause(
    "R34.c", allowed="Een partij die is bevraagd, krijgt wel antwoord over de casus en kan reageren."
)
@pytest.mark.clause("R35.a", allowed="Een nieuw gegeven wordt bij deze casus opgenomen.")
@pytest.mark.clause("R57.a", allowed="Een gegeven met een grondslag wordt bij een antwoord aangenomen.")
@pytest.mark.clause(
    "R57.b", allowed="Een gegeven van een orgaan dat van de partij bekend is, wordt aangenomen."
)
def test_the_queried_party_answers_with_its_items_under_its_own_terms_r31_r32() -> None:
    items = (
        s.item(shareable_at_rto=True),
        s.item(s.NEW, withheld_from=(s.HOUSING,), use_conditions=s.text("terms")),
    )
    (answered,) = ASKED.when(s.answer(items=items)).events
    assert (answered.party, answered.number, answered.answer.items) == (s.POLICE, 1, items)
    state = ASKED.given(answered).state
    assert state.queries[0].status is QueryStatus.ANSWERED
    assert state.items_given == ASKED.state.items_given + 2


def test_an_answer_may_hold_no_item_at_all_r31() -> None:
    (answered,) = ASKED.when(s.answer(items=(), involved=False)).events
    assert ASKED.given(answered).state.queries[0].status is QueryStatus.ANSWERED


def test_further_answers_may_follow_as_long_as_triage_runs_r31() -> None:
    (second,) = TRIAGE.when(s.answer(items=(s.item(s.NEW),))).events
    assert second.number == 2
    long_after = at(TRIAGE, s.LAPSES + timedelta(days=100))
    assert long_after.when(s.answer(items=(s.item(s.NEW),))).events


@pytest.mark.clause("R31.a", refused="Een andere partij kan de uitvraag niet beantwoorden of weigeren.")
@pytest.mark.parametrize("party", [s.CARE, s.HOUSING, s.PROBATION, s.VENLO])
def test_only_the_queried_party_answers_or_declines_r26_r34(party: str) -> None:
    for reply in (s.answer(s.TO_POLICE, party), s.decline(s.TO_POLICE, party)):
        refusal = TRIAGE.when(reply).refusal
        assert (refusal.name, refusal.rule, refusal.status) == ("NotTheQueriedParty", "R26", 404)


@pytest.mark.clause(
    "R31.a",
    refused="De procesregisseur kan de uitvraag niet in plaats van de bevraagde partij beantwoorden of "
    "weigeren.",
)
def test_the_director_neither_answers_nor_declines_for_a_party_r31() -> None:
    for reply in (s.answer(), s.decline(s.TO_POLICE, s.POLICE)):
        assert ASKED.when(reply).events
        for on_behalf_of in (s.VENLO, s.POLICE):
            by_director = replace(reply, by=s.by_director(on_behalf_of))
            assert named(ASKED.when(by_director).refusal) == ("NotTheQueriedParty", "R26")


@pytest.mark.clause(
    "R37.b", allowed="Een antwoord zegt of de partij betrokken is en of zij wil inbrengen wat zij heeft."
)
@pytest.mark.clause(
    "R37.b", refused="Een antwoord waarin niet staat of de partij betrokken is, wordt niet aangenomen."
)
def test_an_answer_says_whether_the_party_is_involved_and_will_bring_in_what_it_holds_r37() -> None:
    for willing in ("willing", "under-conditions", "not-willing"):
        said = m.QueryAnswered.model_validate(
            {"query_id": s.TO_POLICE, "involved": False, "willingness": willing}
        )
        assert (said.involved, said.willingness) == (False, willing)
    for wrong in ({}, {"involved": True, "willingness": "perhaps"}):
        with pytest.raises(ValidationError):
            m.QueryAnswered.model_validate({"query_id": s.TO_POLICE, **wrong})


@pytest.mark.clause(
    "R32.a", allowed="Zegt de partij dat een gegeven in het RTO mag worden gedeeld, dan staat dat erbij."
)
@pytest.mark.clause(
    "R32.a",
    refused="Zegt een partij niet dat een gegeven in het RTO mag worden gedeeld, dan geldt het "
    "niet als gedeeld.",
)
def test_what_is_not_marked_as_shareable_does_not_count_as_shared_r32() -> None:
    assert not s.item().shareable_at_rto
    assert s.item(shareable_at_rto=True).shareable_at_rto


def test_a_reply_to_a_query_that_was_never_sent_is_refused_alike_r26_r34() -> None:
    assert TRIAGE.when(s.answer(s.NEW)).refusal.name == "NotTheQueriedParty"
    assert s.spec().when(s.answer()).refusal.name == "NotTheQueriedParty"


@pytest.mark.clause("R57.a", refused="Een antwoord met een gegeven zonder grondslag wordt geweigerd.")
def test_an_item_names_its_legal_basis_r57() -> None:
    refused = s.answer(items=(s.item(), s.item(s.NEW, basis="")))
    assert named(ASKED.when(refused).refusal) == ("BasisMissing", "R57")


@pytest.mark.clause(
    "R57.b", refused="Een gegeven van een orgaan dat van de partij niet bekend is, wordt geweigerd."
)
def test_an_item_names_the_body_that_gives_it_r57() -> None:
    refused = s.answer(items=(s.item(acting_body="college"),))
    assert named(ASKED.when(refused).refusal) == ("ActingBodyUnknown", "R57")


@pytest.mark.clause(
    "R8.b",
    refused="Een antwoord met een gegeven waarbij niet staat waarom het noodzakelijk is, wordt geweigerd.",
)
def test_an_item_says_why_it_is_necessary_r8() -> None:
    refused = s.answer(items=(s.item(necessity=" "),))
    assert named(ASKED.when(refused).refusal) == ("NecessityMissing", "R8")


@pytest.mark.clause(
    "R8.b", allowed="Een antwoord waarin bij elk gegeven staat waarom het noodzakelijk is, wordt aangenomen."
)
def test_an_item_concerns_persons_of_this_case_a18() -> None:
    assert ASKED.when(s.answer(items=(s.item(persons=(s.MAN, s.MOTHER)),))).events
    refused = s.answer(items=(s.item(persons=(s.NEW,)),))
    assert named(ASKED.when(refused).refusal) == ("UnknownPerson", "R30")


@pytest.mark.parametrize("category", [Category.SPECIAL, Category.CRIMINAL])
def test_special_data_come_only_from_who_may_process_them_r21(category: Category) -> None:
    given = s.spec().given(s.OPENED, s.ASKED_HOUSING)
    command = s.answer(s.TO_HOUSING, s.HOUSING, items=(s.item(category=category),))
    assert named(given.when(command).refusal) == ("SpecialCategoryNotChecked", "R21")
    checked = s.record(s.HOUSING, PartyKind.OTHER, checked_for_special=True)
    assert knowing(given, housing=checked).when(command).events


@pytest.mark.clause("R35.a", refused="Een gegeven dat al bij een andere casus hoort, wordt hier geweigerd.")
def test_an_item_is_bound_to_the_case_it_was_given_for_r35() -> None:
    command = s.answer()
    assert command.new_items() == (s.ITEM,)
    assert named(with_items_elsewhere(ASKED, command, s.ITEM)) == ("ItemNumberNotUsable", "R35")


def test_an_item_number_of_this_case_is_not_used_again_r35() -> None:
    again = s.answer(items=(s.item(s.NEW), s.item(s.ITEM)))
    known = DecisionContext(NOW, s.parties(), here=frozenset({s.ITEM}))
    assert decide(TRIAGE.state, again, known) == ITEM_NUMBER_NOT_USABLE
    twice = s.answer(items=(s.item(s.NEW), s.item(s.NEW)))
    assert TRIAGE.when(twice).refusal.name == "ItemTwice"


@pytest.mark.clause(
    "R32.b", refused="Een voorbehoud in een antwoord tegen een naam die geen partij is, wordt geweigerd."
)
@pytest.mark.clause(
    "R62.c", allowed="Een voorbehoud tegen een partij die nu meedoet of die is uitgetreden, wordt aangenomen."
)
@pytest.mark.clause("R62.c", refused="Een voorbehoud tegen een verkeerd gespelde naam wordt geweigerd.")
def test_a_reservation_names_a_party_present_or_past_r62() -> None:
    """A name that is no party's protects from nobody; its accession may be on its way."""
    left = s.record(s.CARE, member_until=NOW)
    for named_party, given in ((s.HOUSING, ASKED), (s.CARE, knowing(ASKED, care=left))):
        assert given.when(s.answer(items=(s.item(withheld_from=(named_party,)),))).events
    misspelt = s.answer(items=(s.item(), s.item(s.NEW, withheld_from=(s.HOUSING, "woonwens"))))
    refusal = ASKED.when(misspelt).refusal
    assert named(refusal) == ("ReservationAgainstUnknownParty", "R62")
    assert refusal.may_be_lag


# --- declining and silence (R31) -------------------------------------------------------------------


@pytest.mark.clause(
    "R31.b", allowed="De bevraagde partij weigert te antwoorden en de grond daarvoor wordt vastgelegd."
)
def test_a_party_declines_with_its_ground_r31() -> None:
    (declined,) = s.spec().given(s.OPENED, s.ASKED_CARE).when(s.decline()).events
    assert (declined.party, declined.decline.ground) == (s.CARE, m.DeclineGround.SECRECY)
    assert DECLINED.state.queries[0].status is QueryStatus.DECLINED


@pytest.mark.clause(
    "R31.b",
    allowed="Wet, geheimhouding, niet noodzakelijk en hier onbekend worden als grond om niet te "
    "antwoorden aangenomen.",
)
@pytest.mark.clause(
    "R31.b", refused="Een weigering om te antwoorden zonder een van de vier gronden wordt niet aangenomen."
)
def test_who_gives_nothing_names_one_of_four_grounds_r31() -> None:
    for ground in ("law", "secrecy", "not-necessary", "unknown-here"):
        said = m.QueryDeclined.model_validate({"query_id": s.TO_CARE, "ground": ground})
        decline = c.DeclineQuery(by=s.by_party(s.CARE), decline=said)
        (declined,) = s.spec().given(s.OPENED, s.ASKED_CARE).when(decline).events
        assert declined.decline.ground == ground
    for without in ({}, {"ground": None}, {"ground": "no-time"}):
        with pytest.raises(ValidationError):
            m.QueryDeclined.model_validate({"query_id": s.TO_CARE, **without})


def test_what_was_answered_or_declined_is_not_declined_r31() -> None:
    assert named(DECLINED.when(s.decline()).refusal) == ("AlreadyReplied", "R31")
    assert TRIAGE.when(s.decline(s.TO_POLICE, s.POLICE)).refusal.name == "AlreadyReplied"


def test_who_declined_may_still_think_better_of_it_within_the_term_r31() -> None:
    later = at(DECLINED, s.LAPSES - JUST_BEFORE)
    assert later.when(s.answer(s.TO_CARE, s.CARE)).events
    assert at(DECLINED, s.LAPSES).when(s.answer(s.TO_CARE, s.CARE)).refusal.name == "ReplyTooLate"


@pytest.mark.clause("R31.c", allowed="Wie niet antwoordt, krijgt na de termijn één herinnering.")
@pytest.mark.clause(
    "R31.d",
    allowed="Blijft een antwoord ook na de herinnering uit, dan eindigt de uitvraag als geen antwoord.",
)
def test_silence_leads_to_one_reminder_and_then_to_no_answer_r31() -> None:
    remind, lapse = (kind(by=CLOCK, query_id=s.TO_POLICE) for kind in (c.RemindQuery, c.LapseQuery))
    assert at(ASKED, s.TERM - JUST_BEFORE).when(remind).events == ()
    (reminded,) = at(ASKED, s.TERM).when(remind).events
    silent = ASKED.given(reminded)
    assert silent.state.queries[0].status is QueryStatus.REMINDED
    assert at(silent, s.TERM).when(remind).events == ()
    assert at(silent, s.LAPSES - JUST_BEFORE).when(lapse).events == ()
    (lapsed,) = at(silent, s.LAPSES).when(lapse).events
    assert silent.given(lapsed).state.queries[0].status is QueryStatus.NO_ANSWER
    assert at(silent.given(lapsed), s.LAPSES).when(lapse).events == ()


def lapsed_by_the_clock(given: Spec[State], query_id: str, now: datetime = s.LAPSES) -> Spec[State]:
    lapse = c.LapseQuery(by=CLOCK, query_id=query_id)
    return given.given(*at(given, now).when(lapse).events)


@pytest.mark.clause(
    "R31.f",
    allowed="Eindigt een uitvraag zonder antwoord, dan staat dat bij wat op de procesregisseur wacht.",
)
def test_what_nobody_answered_waits_for_the_director_from_then_on_r31() -> None:
    both = s.spec().given(s.OPENED, s.ASKED_POLICE, s.ASKED_CARE)
    first = lapsed_by_the_clock(both, s.TO_POLICE)
    assert first.state.overdue == Overdue(Step.TRIAGE, s.LAPSES, Told.DIRECTOR, unanswered=1, by_term=False)
    second = lapsed_by_the_clock(first, s.TO_CARE, s.LAPSES + timedelta(days=1))
    assert second.state.overdue == replace(first.state.overdue, unanswered=2), "since the first of them"


@pytest.mark.clause(
    "R31.f",
    refused="Eindigt een uitvraag omdat de triage is afgerond, dan wacht er niets op de procesregisseur.",
)
def test_it_waits_until_the_director_asks_anew_or_concludes_and_no_longer_r31() -> None:
    silent = lapsed_by_the_clock(s.spec().given(s.OPENED, s.ASKED_POLICE, s.ASKED_CARE), s.TO_POLICE)
    answered = silent.given(*silent.when(s.answer(s.TO_CARE, s.CARE)).events)
    assert answered.state.overdue is not None, "an answer of somebody else says nothing on it"
    for act in (s.issue(s.TO_HOUSING, s.HOUSING), s.conclude()):
        assert silent.given(*silent.when(act).events).state.overdue is None
    ended = ASKED.given(*ASKED.when(s.conclude()).events)
    assert ended.state.overdue is None, "what lapses because triage ends waits for nobody"


def test_silence_of_one_party_hurries_no_term_of_triage_r31_r102() -> None:
    """The director is reminded of the term itself first, as ever, and the manager only after him."""
    silent = lapsed_by_the_clock(ASKED, s.TO_POLICE)
    later = s.LAPSES + timedelta(days=30)
    (passed,) = at(silent, later).when(c.PassTerm(by=CLOCK, at=later)).events
    told = silent.given(passed).state.overdue
    assert told == Overdue(Step.TRIAGE, later, Told.DIRECTOR, unanswered=1)
    asked = silent.given(passed, s.issued(s.TO_CARE, s.CARE))
    assert asked.state.overdue == told, "a term that has passed is not taken back by a query"
    again = lapsed_by_the_clock(asked, s.TO_CARE, later + timedelta(days=1))
    assert again.state.overdue == replace(told, unanswered=2)


@pytest.mark.clause("R31.c", refused="Wie al heeft geantwoord, krijgt geen herinnering.")
@pytest.mark.clause("R31.d", refused="Een uitvraag die is beantwoord, eindigt niet als geen antwoord.")
@pytest.mark.parametrize("query", [s.TO_POLICE, s.NEW], ids=["answered", "unknown"])
def test_a_deadline_that_no_longer_matters_does_nothing_r31(query: str) -> None:
    assert TRIAGE.when(c.RemindQuery(by=CLOCK, query_id=query)).events == ()
    assert TRIAGE.when(c.LapseQuery(by=CLOCK, query_id=query)).events == ()


@pytest.mark.clause("R31.e", allowed="Een antwoord dat is ontvangen voordat de uitvraag eindigde, telt.")
@pytest.mark.clause("R31.e", refused="Een antwoord dat later is ontvangen, wordt geweigerd.")
@pytest.mark.parametrize("lapsed", [True, False], ids=["after-the-lapse", "before-the-lapse"])
def test_a_reply_counts_by_when_it_was_received_not_by_what_was_handled_first_r31(lapsed: bool) -> None:
    given = ASKED.given(e.QueryLapsed(s.TO_POLICE)) if lapsed else ASKED
    for reply in (s.answer(), s.decline(s.TO_POLICE, s.POLICE)):
        assert at(given, s.LAPSES - JUST_BEFORE).when(reply).events
        assert named(at(given, s.LAPSES).when(reply).refusal) == ("ReplyTooLate", "R31")


@pytest.mark.clause(
    "R35.d", allowed="Een antwoord dat voor de afronding van de triage is ontvangen, telt nog mee."
)
@pytest.mark.clause(
    "R35.d", refused="Een antwoord dat na de afronding van de triage is ontvangen, wordt geweigerd."
)
def test_a_reply_received_before_the_conclusion_counts_though_it_is_handled_after_r31_r35() -> None:
    reply = s.answer(items=(s.item(s.NEW),))
    assert at(PREPARING, NOW - JUST_BEFORE).when(reply).events
    assert named(PREPARING.when(reply).refusal) == ("TriageNotRunning", "R35")


def test_after_the_preparation_nothing_comes_in_any_more_r35() -> None:
    prepared = at(s.spec().given(*s.PREPARED), NOW - JUST_BEFORE)
    assert named(prepared.when(s.answer(items=())).refusal) == ("TriageNotRunning", "R35")


# --- concluding (R50 to R53) -----------------------------------------------------------------------


@pytest.mark.clause("R50.b", allowed="Na de uitkomsten RTO nodig en twijfel kan een RTO worden voorbereid.")
@pytest.mark.parametrize("outcome", [m.TriageOutcome.RTO_NEEDED, m.TriageOutcome.DOUBT])
def test_two_outcomes_lead_to_a_preparation_r50(outcome: m.TriageOutcome) -> None:
    events = ASKED.when(s.conclude(outcome, reason=s.text("reason"))).events
    assert ASKED.given(*events).state.phase is Phase.PREPARING


@pytest.mark.clause(
    "R50.b",
    refused="Na niet in behandeling en andere overlegtafel wordt de casus gesloten en komt er geen "
    "voorbereiding.",
)
@pytest.mark.parametrize("outcome", [m.TriageOutcome.NOT_TAKEN_UP, m.TriageOutcome.OTHER_TABLE])
def test_two_outcomes_close_the_case_at_once_r50_r102(outcome: m.TriageOutcome) -> None:
    events = ASKED.when(s.conclude(outcome)).events
    state = ASKED.given(*events).state
    assert state.phase is Phase.CLOSING
    assert state.conclusion is not None
    assert state.conclusion.outcome is outcome


@pytest.mark.clause("R50.a", allowed="De triage kan met elk van de vier uitkomsten worden afgerond.")
@pytest.mark.clause("R50.a", refused="Een vijfde uitkomst bestaat niet en wordt geweigerd.")
def test_triage_ends_in_one_of_four_ways_r50() -> None:
    outcomes = ("not-taken-up", "rto-needed", "doubt", "other-table")
    for outcome in outcomes:
        assert ASKED.when(s.conclude(m.TriageOutcome(outcome), reason=s.text("reason"))).events
    assert {str(outcome) for outcome in m.TriageOutcome} == set(outcomes)
    with pytest.raises(ValidationError):
        NewConclusion.model_validate({"outcome": "postponed"})


@pytest.mark.clause("R51.a", refused="De uitkomst twijfel zonder eigen reden wordt geweigerd.")
def test_doubt_needs_a_reason_of_its_own_r51() -> None:
    doubt = s.conclude(m.TriageOutcome.DOUBT)
    assert named(ASKED.when(doubt).refusal) == ("DoubtWithoutReason", "R51")
    assert ASKED.when(s.conclude(m.TriageOutcome.RTO_NEEDED)).events


RTO = [m.TriageOutcome.RTO_NEEDED, m.TriageOutcome.DOUBT]


def ended(outcome: m.TriageOutcome, **changes: Any) -> c.ConcludeTriage:
    return s.conclude(outcome, reason=s.text("reason"), **changes)


@pytest.mark.clause(
    "R37.a",
    allowed="Staan de partijen, hun beide bijdragen en hun informatie vast, dan kan de triage "
    "eindigen in een RTO.",
)
@pytest.mark.clause(
    "R37.a",
    refused="Staan de partijen, een bijdrage of de informatie niet vast, dan eindigt de triage "
    "niet in een RTO.",
)
@pytest.mark.clause("R37.c", allowed="Het beeld van de casus noemt partijen bij het convenant.")
@pytest.mark.clause("R51.a", allowed="De uitkomst twijfel met een eigen reden wordt vastgelegd.")
@pytest.mark.parametrize("outcome", RTO)
@pytest.mark.parametrize(
    "missing",
    [{"parties": ()}, {"plan_contribution": ""}, {"execution_contribution": " "}, {"information": ""}],
    ids=lambda missing: next(iter(missing)),
)
def test_triage_ends_in_an_rto_only_with_the_four_points_of_its_record_r37(
    outcome: m.TriageOutcome, missing: dict[str, Any]
) -> None:
    for picture in (s.picture(**missing), None):
        refusal = ASKED.when(ended(outcome, picture=picture)).refusal
        assert named(refusal) == ("PictureIncomplete", "R37")
    *_, concluded = ASKED.when(ended(outcome)).events
    conclusion = ASKED.given(concluded).state.conclusion
    assert conclusion is not None
    assert conclusion.picture == s.picture()


@pytest.mark.clause(
    "R37.c", refused="Een organisatie die geen partij is, kan niet in het beeld van de casus staan."
)
def test_the_picture_names_parties_and_an_accession_may_be_on_its_way_r37() -> None:
    refusal = knowing(ASKED, care=None).when(s.conclude()).refusal
    assert named(refusal) == ("UnknownPartyInPicture", "R37")
    assert refusal.may_be_lag
    left = s.record(s.CARE, member_until=NOW)
    assert knowing(ASKED, care=left).when(s.conclude()).refusal.name == "UnknownPartyInPicture"


@pytest.mark.clause(
    "R31.d", allowed="Een triage waarin een bevraagde partij niet antwoordde, kan toch worden afgerond."
)
@pytest.mark.clause(
    "R37.d", allowed="Met een reden waarom niemand is bevraagd, kan de triage eindigen in een RTO."
)
@pytest.mark.clause(
    "R37.d", refused="Is niemand bevraagd en staat er geen reden bij, dan eindigt de triage niet in een RTO."
)
@pytest.mark.parametrize("outcome", RTO)
def test_an_rto_without_a_single_query_needs_a_reason_r37(outcome: m.TriageOutcome) -> None:
    assert named(OPEN.when(ended(outcome)).refusal) == ("NobodyAskedWithoutReason", "R37")
    (concluded,) = OPEN.when(ended(outcome, without_queries=s.text("nobody"))).events
    conclusion = OPEN.given(concluded).state.conclusion
    assert conclusion is not None
    assert conclusion.without_queries == s.text("nobody")
    silent = ASKED.given(e.QueryLapsed(s.TO_POLICE))
    assert silent.when(ended(outcome)).events, "no answer is a valid end of a query (R31)"


@pytest.mark.parametrize("outcome", [m.TriageOutcome.NOT_TAKEN_UP, m.TriageOutcome.OTHER_TABLE])
def test_a_case_that_ends_here_needs_no_picture_of_which_nothing_stays_r52(outcome: m.TriageOutcome) -> None:
    (closed,) = OPEN.when(s.conclude(outcome, picture=None)).events
    assert isinstance(closed, e.TriageClosed)
    (closed,) = OPEN.when(s.conclude(outcome)).events
    conclusion = OPEN.given(closed).state.conclusion
    assert conclusion is not None
    assert conclusion.picture is None


def test_whoever_was_still_asked_hears_that_nothing_is_expected_any_more_r31() -> None:
    *lapsed, _ = TRIAGE.when(s.conclude()).events
    assert lapsed == [e.QueryLapsed(s.TO_CARE), e.QueryLapsed(s.TO_HOUSING)]


def test_triage_is_concluded_once_r50() -> None:
    assert named(PREPARING.when(s.conclude()).refusal) == ("AlreadyConcluded", "R50")


@pytest.mark.clause("R35.d", refused="Na de afronding van de triage kan niemand meer worden bevraagd.")
def test_nobody_is_asked_after_the_conclusion_r35() -> None:
    asked_late = s.issue(s.TO_PROBATION, s.PROBATION)
    assert named(PREPARING.when(asked_late).refusal) == ("TriageNotRunning", "R35")


# --- preparing (R42 to R49) ------------------------------------------------------------------------


def test_every_item_goes_to_the_round_table_with_its_terms_before_the_preparation_r65_r67() -> None:
    *items, prepared = PREPARING.when(s.prepare()).events
    assert [event.item for event in items] == list(s.items_of_the_case())
    assert [[x.participant for x in event.viewing] for event in items] == [[], [s.HOUSING], [s.CARE]]
    assert isinstance(prepared, e.RtoPrepared)
    assert PREPARING.given(*items, prepared).state.phase is Phase.PREPARED


@pytest.mark.clause(
    "R42.a", allowed="Doel, soort beslissingen en thema's liggen vast voordat er iemand wordt uitgenodigd."
)
@pytest.mark.clause("R42.b", allowed="Van elke deelnemer liggen rol en bijdrage vast.")
@pytest.mark.clause("R42.c", allowed="Per gegeven ligt vast welke deelnemer het ziet en waarom.")
@pytest.mark.clause(
    "R44.b",
    allowed="Is met de leidende partij overlegd over de inzage vooraf, dan wordt de voorbereiding "
    "aangenomen.",
)
@pytest.mark.clause("R46.a", allowed="Bij de voorbereiding ligt vast hoe de burger wordt betrokken.")
@pytest.mark.clause(
    "R47.a",
    allowed="De zorgvuldigheidsafspraken worden vastgelegd voordat iemand voor het RTO wordt uitgenodigd.",
)
@pytest.mark.clause(
    "R47.b", allowed="Een voorbereiding met afspraken over alle drie de onderwerpen wordt vastgelegd."
)
def test_the_preparation_fixes_all_that_comes_before_an_invitation_r42() -> None:
    *_, event = PREPARING.when(s.prepare()).events
    fixed = event.prepared
    assert (fixed.leading_party, fixed.director, fixed.goal) == (s.VENLO, s.DIRECTOR, s.text("goal"))
    assert fixed.viewing_plan == s.prepare().viewing_plan
    assert fixed.citizen is m.CitizenInvolvement.INFORMED_AFTERWARDS
    assert fixed.care_agreements == s.text("care-agreements")
    assert set(fixed.care_subjects) == set(m.CareSubject)
    assert [p.person_id for p in fixed.persons] == [s.MAN, s.MOTHER]
    assert [p.bsn for p in fixed.persons] == [None, None], "it served to match persons in triage (R22)"


@pytest.mark.clause(
    "R50.c", allowed="Na de uitkomst twijfel beslist het RTO eerst of een gezamenlijke aanpak nuttig is."
)
@pytest.mark.clause(
    "R50.c",
    refused="Na de uitkomst RTO nodig hoeft het RTO niet eerst over het nut van een aanpak te beslissen.",
)
def test_what_triage_left_open_is_the_first_goal_of_the_round_table_r50_iii() -> None:
    for outcome, goal in (
        (m.TriageOutcome.DOUBT, FirstGoal.JOINT_APPROACH),
        (m.TriageOutcome.RTO_NEEDED, None),
    ):
        concluded = replace(PREPARING.state, conclusion=replace(PREPARING.state.conclusion, outcome=outcome))
        *_, event = replace(PREPARING, state=concluded).when(s.prepare()).events
        assert (event.prepared.outcome, event.prepared.first_goal) == (outcome, goal)


def test_triage_knows_what_the_screening_left_open_r12c() -> None:
    opened = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(first_goal=FirstGoal.BELONGS_HERE))
    assert s.spec().given(*s.spec().when(opened).events).state.first_goal is FirstGoal.BELONGS_HERE
    assert ASKED.state.first_goal is None


INCOMPLETE: list[tuple[dict[str, Any], str, str]] = [
    ({"goal": " "}, "GoalMissing", "R42"),
    ({"decision_types": ()}, "ThemesMissing", "R42"),
    ({"themes": ("",)}, "ThemesMissing", "R42"),
    ({"participants": ()}, "ParticipantsMissing", "R42"),
    ({"participants": (s.invitee(s.CARE), s.invitee(s.CARE))}, "ParticipantTwice", "R42"),
    ({"participants": (s.invitee(s.CARE, contribution=" "),)}, "ContributionMissing", "R42"),
    ({"participants": (s.invitee(s.CARE, role=None),)}, "RoleMissing", "R60"),
    ({"viewing_plan": (s.viewing(s.NEW, s.CARE),)}, "UnknownItem", "R42"),
    ({"viewing_plan": (s.viewing(s.ITEM, s.PROBATION),)}, "NotAParticipant", "R42"),
    ({"viewing_plan": (s.viewing(s.ITEM, s.CARE, reason=" "),)}, "ViewingWithoutReason", "R42"),
    ({"viewing_plan": (s.viewing(s.ITEM, s.CARE), s.viewing(s.ITEM, s.CARE))}, "ViewingTwice", "R42"),
    ({"consulted_leading_party": False}, "LeadingPartyNotConsulted", "R44"),
    ({"citizen": None}, "CitizenUndecided", "R46"),
    ({"care_agreements": ""}, "CareAgreementsMissing", "R47"),
    *(
        ({"care_subjects": tuple(set(m.CareSubject) - {one})}, "CareSubjectMissing", "R47")
        for one in m.CareSubject
    ),
]


@pytest.mark.clause(
    "R42.a", refused="Zonder doel, soort beslissingen of thema's wordt de voorbereiding geweigerd."
)
@pytest.mark.clause("R42.b", refused="Een deelnemer zonder gevraagde bijdrage wordt geweigerd.")
@pytest.mark.clause("R42.c", refused="Inzage zonder reden wordt geweigerd.")
@pytest.mark.clause(
    "R44.b",
    refused="Zonder overleg met de leidende partij over de inzage vooraf wordt de voorbereiding geweigerd.",
)
@pytest.mark.clause(
    "R46.a", refused="Is niet gekozen hoe de burger wordt betrokken, dan wordt de voorbereiding geweigerd."
)
@pytest.mark.clause("R47.a", refused="Een voorbereiding zonder zorgvuldigheidsafspraken wordt geweigerd.")
@pytest.mark.clause(
    "R47.b",
    refused="Ontbreekt een van de drie onderwerpen in de afspraken, dan wordt de voorbereiding geweigerd.",
)
@pytest.mark.parametrize(
    ("missing", "name", "rule"), INCOMPLETE, ids=[f"{rule}-{name}" for _, name, rule in INCOMPLETE]
)
def test_a_preparation_that_leaves_something_open_is_refused(
    missing: dict[str, Any], name: str, rule: str
) -> None:
    assert named(PREPARING.when(s.prepare(**missing)).refusal) == (name, rule)


@pytest.mark.clause("R43.a", allowed="Partijen bij het convenant kunnen voor een RTO worden uitgenodigd.")
@pytest.mark.clause("R60.a", allowed="Een deelnemer met een van de drie rollen kan worden uitgenodigd.")
@pytest.mark.clause(
    "R60.a", refused="Heeft één deelnemer geen rol, dan wordt het hele voorstel voor het RTO geweigerd."
)
def test_who_has_no_role_is_not_invited_r60() -> None:
    for role in m.ParticipantRole:
        with_role = tuple(s.invitee(party, role=role) for party in (s.CARE, s.HOUSING))
        assert PREPARING.when(s.prepare(participants=with_role)).events
    without = (s.invitee(s.CARE), s.invitee(s.HOUSING, role=None))
    assert named(PREPARING.when(s.prepare(participants=without)).refusal) == ("RoleMissing", "R60")


def test_a_preparation_may_plan_no_viewing_at_all_r44() -> None:
    assert PREPARING.when(s.prepare(viewing_plan=())).events


@pytest.mark.clause("R43.a", refused="Wie op dat moment geen partij is, kan niet worden uitgenodigd.")
def test_only_parties_are_invited_and_an_accession_may_be_on_its_way_r43() -> None:
    refusal = knowing(PREPARING, care=None).when(s.prepare()).refusal
    assert named(refusal) == ("ParticipantNotAParty", "R43")
    assert refusal.may_be_lag


def test_the_preparation_says_why_a_participant_needs_an_address_r61() -> None:
    why = s.text("why-address")
    reasons = {s.CARE: why, s.HOUSING: " ", s.POLICE: None}
    table = tuple(s.invitee(party, address_reason=reason) for party, reason in reasons.items())
    *_, event = PREPARING.when(s.prepare(participants=table, viewing_plan=())).events
    said = {p.party: p.address_reason for p in event.prepared.participants}
    assert said == {s.CARE: why, s.HOUSING: None, s.POLICE: None}


@pytest.mark.clause(
    "R49.a",
    allowed="Is vastgelegd of de deelnemer de toets heeft doorstaan, dan wordt de voorbereiding aangenomen.",
)
@pytest.mark.clause(
    "R49.a",
    refused="Bijzondere gegevens bestemmen voor een deelnemer zonder vastgelegde toets wordt geweigerd.",
)
def test_special_data_are_planned_only_for_who_was_tested_r49() -> None:
    def planned(passed: bool | None) -> c.PrepareRto:
        table = (s.invitee(s.CARE), s.invitee(s.HOUSING, passed_processing_test=passed))
        return s.prepare(participants=table, viewing_plan=(s.viewing(s.SPECIAL, s.HOUSING),))

    assert named(PREPARING.when(planned(None)).refusal) == ("ParticipantNotTested", "R49")
    for passed in (True, False):
        *_, event = PREPARING.when(planned(passed)).events
        tests = {p.party: p.passed_processing_test for p in event.prepared.participants}
        assert tests == {s.CARE: False, s.HOUSING: passed}


def test_the_preparation_records_tests_alone_as_a_check_at_governance_can_be_taken_back_r21_r49() -> None:
    *_, event = PREPARING.when(s.prepare()).events
    tests = {p.party: p.passed_processing_test for p in event.prepared.participants}
    assert tests == dict.fromkeys((s.VENLO, s.POLICE, s.CARE, s.HOUSING), False)


def test_an_answer_that_came_meanwhile_makes_the_director_look_again_r44() -> None:
    fewer = s.prepare(items=s.items_of_the_case()[:-1])
    assert PREPARING.when(fewer).refusal.name == "ChangedMeanwhile"
    more = s.prepare(items=(*s.items_of_the_case(), s.contributed(s.NEW, s.CARE)))
    assert PREPARING.when(more).refusal.name == "ChangedMeanwhile"


@pytest.mark.clause(
    "R58.a",
    refused="Zolang de triage niet heeft besloten dat een RTO nodig is, kan geen RTO worden voorbereid.",
)
def test_a_round_table_is_prepared_once_and_after_triage_r58() -> None:
    assert named(TRIAGE.when(s.prepare()).refusal) == ("NotInPreparation", "R58")
    prepared = s.spec().given(*s.PREPARED)
    assert prepared.when(s.prepare()).refusal.name == "NotInPreparation"


# --- what other services decide --------------------------------------------------------------------


def test_direction_moves_after_the_preparation_and_with_it_the_leading_party_r72() -> None:
    move = c.MoveDirection(by=s.BY_SERVICE, leading_party=s.CARE, since=NOW)
    assert named(PREPARING.when(move).refusal) == ("NotPrepared", "R58")
    prepared = s.spec().given(*s.PREPARED)
    state = prepared.given(*prepared.when(move).events).state
    assert (state.leading_party, state.referrer, state.acting_body) == (s.CARE, s.VENLO, "")


def test_only_a_prepared_case_is_deescalated_r86() -> None:
    follow = c.FollowDeescalation(by=s.BY_SERVICE)
    assert PREPARING.when(follow).refusal.name == "NotPrepared"
    assert s.spec().given(*s.PREPARED).when(follow).events == (e.CaseDeescalated(),)


@pytest.mark.parametrize(
    "follow",
    [c.FollowCleaning(by=s.BY_SERVICE, kept_items=()), c.FollowArchiving(by=s.BY_SERVICE)],
    ids=lambda command: type(command).__name__,
)
def test_only_a_deescalated_case_is_cleaned_and_archived_r87(follow: Any) -> None:
    assert named(s.spec().given(*s.PREPARED).when(follow).refusal) == ("NotDeescalated", "R87")
    assert s.spec().given(*s.HISTORIES[Phase.DEESCALATED]).when(follow).events


@pytest.mark.parametrize(
    "follow",
    [
        c.FollowCleaning(by=s.BY_SERVICE, kept_items=(s.ITEM,)),
        c.FollowArchiving(by=s.BY_SERVICE, kept_items=(s.ITEM,)),
    ],
    ids=lambda command: type(command).__name__,
)
def test_the_kept_items_stay_and_who_the_case_is_about_r95_a8(follow: Any) -> None:
    """R95: also where nobody cleaned before the file was archived."""
    given = s.spec().given(*s.HISTORIES[Phase.DEESCALATED])
    (event,) = given.when(follow).events
    assert event.kept_items == (s.ITEM,)
    picture = {"piece-plan", "piece-execution", "piece-information"}
    assert {"piece-goal", "piece-care-agreements", "piece-advice"} | picture <= set(event.dropped)
    assert not [piece for piece in event.dropped if "name" in piece or "born" in piece]
    state = given.given(event).state
    assert state.items_given == 1
    assert (state.conclusion, state.preparation) == (None, None)
    assert [p.person_id for p in state.persons] == [s.MAN, s.MOTHER]


def test_a_case_that_closes_elsewhere_asks_nobody_any_more_r102() -> None:
    *lapsed, closing = TRIAGE.when(c.FollowClosing(by=s.BY_SERVICE)).events
    assert lapsed == [e.QueryLapsed(s.TO_CARE), e.QueryLapsed(s.TO_HOUSING)]
    assert TRIAGE.given(*lapsed, closing).state.phase is Phase.CLOSING


def test_a_referral_that_never_came_to_triage_leaves_nothing_here_r14() -> None:
    assert s.spec().when(c.FollowClosing(by=s.BY_SERVICE)).events == ()


def test_a_closed_case_is_not_closed_again_r102() -> None:
    closing = s.spec().given(*s.HISTORIES[Phase.CLOSING])
    assert named(closing.when(c.FollowClosing(by=s.BY_SERVICE)).refusal) == ("NotToBeClosed", "R102")


def test_a_service_that_never_knew_the_case_still_confirms_its_erasure_r105() -> None:
    assert s.spec().when(c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE, house_keys=("kid",))).events == (
        e.CasePurged(s.CASE, ("kid",)),
    )
