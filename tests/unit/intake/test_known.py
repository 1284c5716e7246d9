"""A known-check of a case: who asks it when, who is found, what is told and logged (R13, R38, R40, R41)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.checks import Check, Weighing
from services.intake.effects import effects
from services.intake.identity import UNFINDABLE, Identity
from services.intake.known_api import CheckView
from services.intake.main import PROCESS
from services.intake.permissions import PERMISSIONS
from services.intake.state import Phase, State
from services.intake.viewing import may_view_check
from shared.contract.content import sealed_text_ids
from shared.contract.fields import InformMoment
from shared.contract.limits import MOST_CHECKS
from shared.contract.messages.known_check import (
    CheckNecessity,
    KnownAnswer,
    KnownCheckAnswered,
    KnownCheckAsked,
)
from shared.contract.messages.retention import Term, TermKind
from shared.contract.parties import HouseStanding, Parties, SharedMunicipality
from shared.contract.refusal import (
    NO_AUTHORISATION,
    NO_ON_BEHALF_OF,
    NOT_A_PARTY,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    NOT_YOURS,
    UNKNOWN_CASE,
    Refusal,
)
from shared.contract.registry import Direction, Model, all_messages, of_model
from shared.core.actor import Actor, Role
from shared.core.authorisation import permit, permit_here
from shared.core.context import DecisionContext, Matches
from shared.core.effects import LogLook, ToParty
from shared.core.leaving import may_leave
from shared.core.viewing import Allowed, Viewer
from tests.support.largest import SERVICES
from tests.support.samples import intake as s
from tests.support.spec import NOW, looking

FOUND = "0192aaaa-0000-7000-8000-0000000000f1"
COLLEAGUE = "another-director"
WHY = s.text("why")


def case(phase: Phase, *before: Any) -> State:
    state = s.spec().given(*s.HISTORIES[phase], *before).state
    assert isinstance(state, State)
    return state


def of_colleague(phase: Phase = Phase.TAKEN_UP, **changes: Any) -> State:
    """The same man in a case of another director, which the police lead."""
    given: dict[str, Any] = {"director": COLLEAGUE, "leading_party": s.POLICE}
    return replace(case(phase), **(given | changes))


def ask(**changes: Any) -> c.AskKnownCheck:
    given: dict[str, Any] = {
        "by": s.by_director(),
        "check_id": s.CHECK,
        "person_id": s.MAN,
        "necessity": CheckNecessity.BELONGS_HERE,
        "reason": WHY,
    }
    return c.AskKnownCheck(**(given | changes))


def decided(
    state: State,
    command: Any,
    *found: State,
    complete: bool = True,
    parties: Parties | None = None,
    at: Any = NOW,
) -> Any:
    cases = {f"{FOUND[:-1]}{n}": one for n, one in enumerate(found, 1)}
    context = DecisionContext(at, parties or s.parties(), matches=Matches(cases, complete))
    return PROCESS.decide(state, command, context)


def answer(state: State, *found: State, complete: bool = True, at: Any = NOW, **changes: Any) -> Check:
    (done,) = decided(state, ask(**changes), *found, complete=complete, at=at)
    assert isinstance(done, e.KnownCheckDone)
    return done.check


def told(state: State, *found: State, **changes: Any) -> tuple[KnownAnswer | None, str | None]:
    one = answer(state, *found, **changes)
    return one.answer, one.director


YES, NO = (KnownAnswer.YES, COLLEAGUE), (KnownAnswer.NO, None)
NOTHING = (KnownAnswer.NO_ANSWER, None)
PROVISIONAL, TAKEN_UP = case(Phase.CONSULTED), case(Phase.TAKEN_UP)


# --- who is found ---------------------------------------------------------------------------------


@pytest.mark.clause("R13.c", allowed="Een casus in behandeling wordt gevonden.")
def test_whoever_is_in_treatment_is_found_with_the_director_of_that_case() -> None:
    assert told(PROVISIONAL, of_colleague()) == YES


@pytest.mark.clause("R13.c", allowed="Een casus in de eerste zes maanden na afschaling wordt gevonden.")
def test_a_case_is_found_in_the_first_step_of_phase_4_until_its_date() -> None:
    archived_on = NOW + timedelta(days=30)
    terms = (Term(kind=TermKind.ARCHIVE, due=archived_on, decided_by=s.VENLO),)
    step_1 = of_colleague(Phase.DEESCALATED, terms=terms)
    assert told(PROVISIONAL, step_1, at=archived_on - timedelta(seconds=1)) == YES
    assert told(PROVISIONAL, step_1, at=archived_on) == NO, "though no timer has fired yet"


@pytest.mark.parametrize(
    "phase", [Phase.RECEIVED, Phase.CONSULTED, Phase.ARCHIVED, Phase.CLOSING, Phase.PURGED]
)
@pytest.mark.clause("R13.c", refused="Een voorlopige, aflopende of gearchiveerde casus wordt niet gevonden.")
def test_what_is_not_in_treatment_is_not_found(phase: Phase) -> None:
    assert told(PROVISIONAL, of_colleague(phase)) == NO


def test_a_case_that_came_back_is_found_again() -> None:
    back = replace(case(Phase.ARCHIVED, e.CaseReactivated(1)), director=COLLEAGUE)
    assert told(PROVISIONAL, back) == YES


@pytest.mark.clause("R13.f", allowed="Wie zelf onderwerp van een actieve casus is, is in behandeling.")
@pytest.mark.clause("R13.f", refused="Wie alleen als familielid in een casus staat, is niet in behandeling.")
def test_a_relative_in_a_case_is_not_in_treatment() -> None:
    as_subject = of_colleague(identities=(Identity(s.MOTHER, True, "d1"),))
    as_parent = of_colleague(identities=(Identity(s.MOTHER, False, "d1"), Identity(s.MAN, True, "d9")))
    assert told(PROVISIONAL, as_subject) == YES
    assert told(PROVISIONAL, as_parent) == NO


@pytest.mark.clause("R13.e", refused="Van wie de geboortedatum onvolledig is, komt geen antwoord.")
def test_of_whom_the_date_of_birth_is_incomplete_there_is_no_answer() -> None:
    unknown = replace(PROVISIONAL, identities=(Identity(s.MAN, True, UNFINDABLE),))
    elsewhere = of_colleague(identities=(Identity(s.MAN, True, UNFINDABLE),))
    assert told(unknown, elsewhere) == NOTHING
    assert PROCESS.matching(unknown, ask()) == set()


@pytest.mark.clause("R13.e", allowed="Bij een volledige geboortedatum is het antwoord ja of nee.")
def test_nobody_found_is_a_no_and_where_a_case_can_be_overlooked_no_answer() -> None:
    assert told(PROVISIONAL) == NO
    assert told(PROVISIONAL, complete=False) == NOTHING, "a case of the version before has no hash"
    assert told(PROVISIONAL, of_colleague(), complete=False) == YES
    assert PROCESS.matching(PROVISIONAL, ask()) == {"d1"}


def test_of_two_cases_the_first_answers_and_both_are_logged() -> None:
    (done,) = decided(PROVISIONAL, ask(), of_colleague(), of_colleague(director="third"))
    assert done.check.director == COLLEAGUE
    assert [case_id for case_id, _ in done.found] == [f"{FOUND[:-1]}1", f"{FOUND[:-1]}2"]


# --- who asks, and when ---------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["necessity", "reason"])
@pytest.mark.clause("R13.a", refused="Zonder noodzaak wordt niet nagegaan of iemand in behandeling is.")
@pytest.mark.clause("R38.a", refused="Ook in fase 2 wordt zonder noodzaak niets nagegaan.")
def test_a_check_without_its_necessity_is_refused(missing: str) -> None:
    for state in (PROVISIONAL, TAKEN_UP):
        assert decided(state, ask(**{missing: None})) is r.CHECK_WITHOUT_NECESSITY


@pytest.mark.clause("R13.a", allowed="Met de noodzaak erbij gaat de procesregisseur na of iemand bekend is.")
@pytest.mark.clause("R13.b", allowed="In fase 1 wordt in het eigen huis gekeken.")
def test_a_check_with_its_necessity_is_done_in_phase_1() -> None:
    one = answer(PROVISIONAL)
    assert (one.necessity, one.reason, one.house) == (CheckNecessity.BELONGS_HERE, WHY, None)


@pytest.mark.clause("R13.b", refused="In fase 1 wordt een ander huis niet gevraagd.")
def test_in_phase_1_another_house_is_not_asked() -> None:
    for phase in (Phase.RECEIVED, Phase.CONSULTED):
        assert decided(case(phase), ask(house=s.OTHER_HOUSE)) is r.ONLY_THE_OWN_HOUSE


@pytest.mark.clause("R38.a", allowed="In fase 2 gaat de procesregisseur in het eigen huis na wie bekend is.")
@pytest.mark.clause("R38.a", allowed="In fase 2 mag ook een ander huis worden gevraagd.")
def test_in_phase_2_the_own_house_or_another_one_is_asked() -> None:
    assert told(TAKEN_UP, of_colleague()) == YES
    elsewhere = answer(TAKEN_UP, house=s.OTHER_HOUSE)
    assert (elsewhere.answer, elsewhere.answer_by) == (None, NOW + timedelta(days=14))


@pytest.mark.parametrize("moment", [InformMoment.AFTER_TRIAGE, InformMoment.AFTER_RTO])
def test_once_the_table_is_prepared_nothing_is_asked(moment: InformMoment) -> None:
    prepared = case(Phase.TAKEN_UP, e.DutyToInformArose(s.duty(2, kind=moment), NOW))
    assert decided(prepared, ask()) is r.CHECK_TOO_LATE
    assert decided(replace(TAKEN_UP, round=1), ask()) is r.CHECK_TOO_LATE
    assert decided(case(Phase.DEESCALATED), ask()) is r.CHECK_TOO_LATE


@pytest.mark.clause("R13.g", allowed="De procesregisseur van de aanmelding vraagt namens de leidende partij.")
@pytest.mark.clause("R13.g", refused="Een andere procesregisseur vraagt niets over deze aanmelding.")
@pytest.mark.clause("R13.g", refused="Namens een andere partij wordt niets gevraagd.")
def test_only_the_director_of_the_case_asks_on_behalf_of_who_leads() -> None:
    assert not isinstance(decided(TAKEN_UP, ask()), Refusal)
    assert decided(TAKEN_UP, ask(by=s.by_director(person_="stranger"))) is r.NOT_THE_DIRECTOR
    assert decided(TAKEN_UP, ask(by=s.by_director(s.POLICE))) is NOT_ON_BEHALF_OF_THE_LEADING_PARTY


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROCESS_DIRECTOR])
def test_nobody_but_a_director_asks(role: Role) -> None:
    actor = Actor(role, party=s.VENLO, person="somebody", on_behalf_of=s.VENLO)
    context = DecisionContext(NOW, s.parties())
    for command in (c.AskKnownCheck, c.WeighExchange, c.ConsultOnCheck, c.DecideKnownCheck):
        assert permit(PERMISSIONS[command], actor, context) is NOT_YOURS


def test_the_authorisation_of_the_phase_covers_the_question() -> None:
    nobodys = s.by_director(None)
    assert permit(PERMISSIONS[c.AskKnownCheck], nobodys, DecisionContext(NOW, s.parties())) is NO_ON_BEHALF_OF
    for state, scope in ((PROVISIONAL, "screening"), (TAKEN_UP, "query")):
        others = tuple(x for x in s.authorisation().scopes if x != scope)
        without = s.parties(authorisations=(s.authorisation(scopes=others),))
        required = PERMISSIONS[c.AskKnownCheck]
        context = DecisionContext(NOW, without)
        assert permit_here(required, s.by_director(), state, context) is NO_AUTHORISATION
        assert permit_here(required, s.by_director(), state, DecisionContext(NOW, s.parties())) is None


def test_a_person_who_is_not_in_the_case_is_not_asked_about() -> None:
    assert decided(TAKEN_UP, ask(person_id=s.QUERY)) is r.UNKNOWN_PERSON


def test_more_checks_than_can_be_necessary_are_refused() -> None:
    one = answer(TAKEN_UP)
    full = replace(TAKEN_UP, checks=(one,) * MOST_CHECKS)
    assert decided(full, ask()) is r.TOO_MANY_CHECKS
    assert not isinstance(decided(replace(full, checks=full.checks[1:]), ask()), Refusal)


def test_duplicates_of_a_referral_are_found_for_all_its_persons_at_once() -> None:
    found = decided(PROVISIONAL, ask(person_id=None, necessity=CheckNecessity.DUPLICATE), of_colleague())
    assert [(one.check.person_id, one.check.answer) for one in found] == [
        (s.MAN, KnownAnswer.YES),
        (s.MOTHER, KnownAnswer.YES),
    ]
    assert {one.check.check_id for one in found} == {s.CHECK}, "one question, of each person"
    assert (
        decided(TAKEN_UP, ask(necessity=CheckNecessity.DUPLICATE, house=s.OTHER_HOUSE))
        is r.ONLY_THE_OWN_HOUSE
    )
    assert decided(TAKEN_UP, ask(person_id=None, house=s.OTHER_HOUSE)) is r.ONE_PERSON_PER_CHECK


# --- what is told, and what is logged ---------------------------------------------------------------------


@pytest.mark.clause("R13.d", allowed="Het antwoord is ja of nee en, bij ja, de procesregisseur.")
@pytest.mark.clause("R13.d", refused="Over de gevonden casus staat verder niets in het antwoord.")
@pytest.mark.clause("R38.c", allowed="In fase 2 is het antwoord ja of nee met de procesregisseur.")
@pytest.mark.clause("R38.c", refused="Ook in fase 2 staat verder niets in het antwoord.")
def test_the_answer_holds_yes_or_no_and_the_director_alone() -> None:
    asked = {"check_id", "person_id", "house", "necessity", "reason", "asked_at", "answer_by"}
    assert set(CheckView.model_fields) == asked | {"answer", "director"}
    assert set(KnownCheckAnswered.model_fields) == {"check_id", "answer", "director"}
    for state in (PROVISIONAL, TAKEN_UP):
        yes, no = answer(state, of_colleague()), answer(state)
        assert replace(yes, answer=None, director=None) == replace(no, answer=None)
        assert (yes.director, no.director) == (COLLEAGUE, None)


@pytest.mark.clause("R13.g", allowed="Elke controle staat met de noodzaak in het logboek van inzage.")
def test_each_check_and_each_hit_is_logged_with_its_necessity() -> None:
    (done,) = decided(PROVISIONAL, ask(), of_colleague())
    state = PROCESS.evolve(PROVISIONAL, done)
    viewer = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, None, s.VENLO)
    why = CheckNecessity.BELONGS_HERE.value
    assert list(effects(s.CASE, done, state)) == [
        LogLook(viewer, f"known-check/{s.MAN}", Allowed("R13", s.VENLO), why),
        LogLook(viewer, "known-check", Allowed("R13", s.POLICE), why, f"{FOUND[:-1]}1"),
    ]
    (nobody,) = decided(TAKEN_UP, ask())
    logged = [LogLook(viewer, f"known-check/{s.MAN}", Allowed("R38", s.VENLO), why)]
    assert list(effects(s.CASE, nobody, PROCESS.evolve(TAKEN_UP, nobody))) == logged


def viewed(viewer: Viewer, state: State) -> bool:
    (done,) = decided(state, ask(), of_colleague())
    after = PROCESS.evolve(state, done)
    return isinstance(may_view_check(viewer, done.check, after, looking(s.parties())), Allowed)


@pytest.mark.clause("R13.d", refused="Een partij en haar medewerkers lezen het antwoord niet.")
def test_a_check_is_read_by_the_director_of_the_case_and_by_nobody_else() -> None:
    director = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, on_behalf_of=s.VENLO)
    assert viewed(director, TAKEN_UP)
    assert not viewed(replace(director, person="stranger"), TAKEN_UP)
    assert not viewed(replace(director, on_behalf_of=s.POLICE), TAKEN_UP)
    supported = replace(TAKEN_UP, support_workers=(s.SUPPORT,))
    others = [role for role in Role if role is not Role.PROCESS_DIRECTOR]
    for role in others:
        assert not viewed(Viewer(role, s.SUPPORT, s.VENLO, s.VENLO), supported)


@pytest.mark.parametrize("event", [e.FileCleaned(()), e.FileArchived()])
def test_what_was_asked_goes_with_the_file(event: Any) -> None:
    state = PROCESS.evolve(TAKEN_UP, *decided(TAKEN_UP, ask()))
    assert WHY.piece in sealed_text_ids(state)
    weighed = PROCESS.evolve(state, *decided(state, weigh()))
    gone = PROCESS.evolve(case_deescalated(weighed), event)
    assert (gone.checks, gone.weighings) == ((), ())
    assert WHY.piece not in sealed_text_ids(gone)
    assert gone.identities == weighed.identities, "the names are on record still"


def case_deescalated(state: State) -> State:
    return PROCESS.evolve(state, e.CaseDeescalated(NOW))


# --- another house ----------------------------------------------------------------------------------------


@pytest.mark.clause("R39.a", allowed="Een ander huis wordt gevraagd namens de aanmeldende partij.")
def test_another_house_is_asked_in_the_name_of_who_leads_and_sealed_to_it() -> None:
    (done,) = decided(TAKEN_UP, ask(house=s.OTHER_HOUSE, necessity=CheckNecessity.COORDINATION))
    _, letter = effects(s.CASE, done, PROCESS.evolve(TAKEN_UP, done))
    assert isinstance(letter, ToParty)
    man = TAKEN_UP.persons[0]
    assert (letter.recipient, letter.message) == (
        s.OTHER_HOUSE,
        KnownCheckAsked(
            check_id=s.CHECK,
            case_id=s.CASE,
            on_behalf_of=s.VENLO,
            acting_body="college",
            task="Wmo 2015, art. 2.1.1",
            necessity=CheckNecessity.COORDINATION,
            name=man.name,
            date_of_birth=man.date_of_birth,
        ),
    )
    assert [one.given_by for one in letter.discloses] == [s.VENLO]


def test_whom_nobody_can_find_another_house_is_not_asked_about() -> None:
    unknown = replace(TAKEN_UP, identities=(Identity(s.MAN, True, UNFINDABLE),))
    (done,) = decided(unknown, ask(house=s.OTHER_HOUSE))
    assert done.check.answer is KnownAnswer.NO_ANSWER
    assert [type(one) for one in effects(s.CASE, done, PROCESS.evolve(unknown, done))] == [LogLook]


def test_only_a_house_that_is_connected_is_asked() -> None:
    assert decided(TAKEN_UP, ask(house=s.VENLO)) is r.NO_SUCH_HOUSE
    assert decided(TAKEN_UP, ask(house="zvh-elsewhere")) is r.NO_SUCH_HOUSE
    gone = Parties({s.VENLO: s.venlo(), s.OTHER_HOUSE: s.other_house(until=NOW)})
    assert decided(TAKEN_UP, ask(house=s.OTHER_HOUSE), parties=gone) is r.NO_SUCH_HOUSE


def asked_elsewhere() -> State:
    return PROCESS.evolve(TAKEN_UP, *decided(TAKEN_UP, ask(house=s.OTHER_HOUSE)))


def replies(answer: KnownAnswer = KnownAnswer.YES, **changes: Any) -> c.RecordKnownAnswer:
    given: dict[str, Any] = {"by": s.by_party(s.OTHER_HOUSE), "check_id": s.CHECK, "answer": answer}
    return c.RecordKnownAnswer(**(given | {"director": "their-director"} | changes))


@pytest.mark.clause("R38.b", allowed="Een ander huis antwoordt dat iemand daar in behandeling is.")
def test_one_answer_of_the_house_that_was_asked_is_recorded_in_time() -> None:
    state = asked_elsewhere()
    answered = PROCESS.evolve(state, *decided(state, replies()))
    (check,) = answered.checks
    assert (check.answer, check.director) == (KnownAnswer.YES, "their-director")
    assert decided(answered, replies(KnownAnswer.NO)) is r.CHECK_IS_OVER
    (no,) = decided(state, replies(KnownAnswer.NO))
    assert no.director is None, "whatever else it says"
    last = NOW + timedelta(days=14)
    assert not isinstance(decided(state, replies(), at=last - timedelta(seconds=1)), Refusal)
    assert decided(state, replies(), at=last) is r.CHECK_IS_OVER


def test_another_house_or_number_is_told_that_there_is_no_such_case() -> None:
    state = asked_elsewhere()
    assert decided(state, replies(by=s.by_party("zvh-elsewhere"))) is UNKNOWN_CASE
    assert decided(state, replies(check_id=s.QUERY)) is UNKNOWN_CASE
    assert decided(TAKEN_UP, replies()) is UNKNOWN_CASE


def test_another_house_is_no_party_and_a_party_no_house() -> None:
    context = DecisionContext(NOW, s.parties())
    for command in (c.RecordKnownAnswer, c.TakeKnownCheck):
        assert permit(PERMISSIONS[command], s.by_party(s.OTHER_HOUSE), context) is None
        assert permit(PERMISSIONS[command], s.by_party(), context) is NOT_A_PARTY
    for of_a_party in (c.SubmitReferral, c.WithdrawReferral, c.RecordInforming, c.RecordConsultation):
        assert permit(PERMISSIONS[of_a_party], s.by_party(s.OTHER_HOUSE), context) is NOT_A_PARTY


# --- more than that ------------------------------------------------------------------------------------


def weigh(**changes: Any) -> c.WeighExchange:
    given: dict[str, Any] = {
        "by": s.by_director(),
        "weighing_id": s.QUERY,
        "house": s.OTHER_HOUSE,
        "involved": (s.VENLO,),
        "other_involved_its_own": True,
        "exchange": False,
        "weighing": s.text("weighing-of-exchange"),
    }
    return c.WeighExchange(**(given | changes))


@pytest.mark.clause("R40.a", allowed="De afweging of er meer wordt uitgewisseld, wordt vastgelegd.")
@pytest.mark.clause("R40.b", allowed="Een afweging met de deelnemers van beide huizen wordt aangenomen.")
def test_a_weighing_with_the_participants_of_both_houses_is_recorded_and_nothing_follows() -> None:
    (weighed,) = decided(TAKEN_UP, weigh())
    after = PROCESS.evolve(TAKEN_UP, weighed)
    kept = Weighing(
        s.QUERY, s.OTHER_HOUSE, (s.VENLO,), False, s.text("weighing-of-exchange"), s.DIRECTOR, NOW
    )
    assert after.weighings == (kept,)
    assert list(effects(s.CASE, weighed, after)) == []


@pytest.mark.clause("R40.b", refused="Een afweging zonder de eigen deelnemers wordt geweigerd.")
def test_a_weighing_without_the_participants_of_a_house_is_refused() -> None:
    member = s.venlo(party=s.POLICE)
    both = Parties({s.VENLO: s.venlo(), s.POLICE: member, s.OTHER_HOUSE: s.other_house()})
    at_the_table = replace(TAKEN_UP, round_table=s.ROUND_TABLE)
    assert decided(at_the_table, weigh(), parties=both) is r.PARTICIPANTS_NOT_INVOLVED
    assert not isinstance(decided(at_the_table, weigh(involved=(s.VENLO, s.POLICE)), parties=both), Refusal)
    assert decided(TAKEN_UP, weigh(other_involved_its_own=False)) is r.PARTICIPANTS_NOT_INVOLVED


def test_a_weighing_says_what_was_weighed_and_with_which_house() -> None:
    assert decided(PROVISIONAL, weigh()) is r.WEIGHED_OUTSIDE_TREATMENT
    weighed = replace(
        TAKEN_UP, weighings=PROCESS.evolve(TAKEN_UP, *decided(TAKEN_UP, weigh())).weighings * 20
    )
    assert decided(weighed, weigh()) is r.TOO_MANY_WEIGHINGS
    assert decided(TAKEN_UP, weigh(weighing=None)) is r.WEIGHING_OF_EXCHANGE_MISSING
    assert decided(TAKEN_UP, weigh(house=s.VENLO)) is r.NO_SUCH_HOUSE
    assert decided(TAKEN_UP, weigh(by=s.by_director(s.POLICE))) is NOT_ON_BEHALF_OF_THE_LEADING_PARTY


@pytest.mark.clause("R40.a", refused="Naar een ander huis vertrekt niets dan zo een vraag of antwoord.")
def test_nothing_else_than_a_check_or_its_answer_leaves_for_another_house() -> None:
    leaving = set()
    for entry in all_messages():
        service = SERVICES["intake" if entry.service == "house" else entry.service]
        if entry.direction is Direction.EVENT or entry.direction is Direction.FROM_PARTY:
            continue
        conditions = replace(service.process.conditions(entry.model), scope=None)
        if may_leave(s.OTHER_HOUSE, conditions, None, s.parties(), NOW) is None:
            leaving.add(entry.name)
    assert leaving == {"known-check-asked", "known-check-answered", "message-accepted", "message-refused"}


@pytest.mark.parametrize("message", [KnownCheckAsked, KnownCheckAnswered])
def test_what_is_for_a_house_never_leaves_for_a_party(message: type[Model]) -> None:
    conditions = replace(PROCESS.conditions(message), scope=None)
    assert of_model(message).direction is Direction.BETWEEN_HOUSES
    assert may_leave(s.VENLO, conditions, None, s.parties(), NOW) is NOT_A_PARTY
    assert may_leave("nobody", conditions, None, s.parties(), NOW) is NOT_A_PARTY


# --- a municipality in two houses ---------------------------------------------------------------------------


def with_shared(*shared: SharedMunicipality) -> Parties:
    return Parties({s.VENLO: s.venlo(), s.OTHER_HOUSE: s.other_house(shared_with=shared)})


def covenant(party: str, since: Any) -> SharedMunicipality:
    return SharedMunicipality(party=party, covenant_since=since)


@pytest.mark.clause(
    "R41.a", allowed="Met het aparte convenant tussen de drie mag namens de gemeente worden gevraagd."
)
@pytest.mark.clause("R41.a", refused="Zonder dat aparte convenant wordt namens die gemeente niets gevraagd.")
def test_about_a_municipality_of_both_houses_their_separate_covenant_decides() -> None:
    asked = ask(house=s.OTHER_HOUSE)
    for since in (None, NOW + timedelta(seconds=1)):
        shared = with_shared(covenant(s.VENLO, since))
        assert decided(TAKEN_UP, asked, parties=shared) is r.SEPARATE_COVENANT_MISSING
        assert decided(TAKEN_UP, weigh(), parties=shared) is r.SEPARATE_COVENANT_MISSING
    in_force = with_shared(covenant(s.VENLO, NOW))
    assert not isinstance(decided(TAKEN_UP, asked, parties=in_force), Refusal)


@pytest.mark.clause("R41.b", allowed="Het aparte convenant geldt voor de gemeente die in beide huizen zit.")
@pytest.mark.clause("R41.b", refused="Het aparte convenant van de ene gemeente geldt niet voor een andere.")
def test_a_separate_covenant_counts_for_its_own_municipality_alone() -> None:
    asked = ask(house=s.OTHER_HOUSE)
    both = (covenant("gemeente-mook", NOW), covenant(s.VENLO, None))
    assert decided(TAKEN_UP, asked, parties=with_shared(*both)) is r.SEPARATE_COVENANT_MISSING
    swapped = (covenant("gemeente-mook", None), covenant(s.VENLO, NOW))
    assert not isinstance(decided(TAKEN_UP, asked, parties=with_shared(*swapped)), Refusal)


def test_a_state_of_the_version_before_has_asked_nothing() -> None:
    assert (State().identities, State().checks, State().weighings, State().check) == ((), (), (), None)
    assert HouseStanding(since=NOW).until is None
    assert s.venlo().house is None
