"""What another house asks: it waits for a director, hit or not, and all answers leave at one term (R39)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.checks import IncomingCheck
from services.intake.effects import effects
from services.intake.handlers import case_of_check, take_check
from services.intake.identity import UNFINDABLE, Identity
from services.intake.known_effects import ANSWER_HOUSE
from services.intake.main import PROCESS
from services.intake.state import Phase, State
from services.intake.viewing import ListedCheck, may_list_check, may_view, may_view_check
from shared.contract.content import contents
from shared.contract.messages.known_check import (
    CheckNecessity,
    KnownAnswer,
    KnownCheckAnswered,
    KnownCheckAsked,
    KnownCheckConsultationAsked,
)
from shared.contract.parties import Parties, SharedMunicipality
from shared.contract.refusal import (
    NO_AUTHORISATION,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core.actor import CLOCK, Actor, Role
from shared.core.context import DecisionContext, Matches
from shared.core.effects import ForgetCase, LogLook, SetTimer, ToParty
from shared.core.viewing import Allowed, Denied, Viewer
from shared.handling.service import MessageContext
from tests.support.samples import intake as s
from tests.support.spec import NOW, looking

FOUND, THEIRS = s.CASE, "gemeente-nijmegen"
TERM = NOW + timedelta(days=7)


def active(phase: Phase = Phase.TAKEN_UP, **changes: Any) -> State:
    """The case that is found: Venlo leads it, and it has its director."""
    state = s.spec().given(*s.HISTORIES[phase]).state
    assert isinstance(state, State)
    return replace(state, **changes)


def decided(
    state: State,
    command: Any,
    found: State | None = None,
    *,
    complete: bool = True,
    parties: Parties | None = None,
    at: Any = NOW,
) -> Any:
    cases = {} if found is None else {FOUND: found}
    return PROCESS.decide(
        state, command, DecisionContext(at, parties or s.parties(), matches=Matches(cases, complete))
    )


def after(state: State, command: Any, found: State | None = None) -> State:
    for event in decided(state, command, found):
        state = PROCESS.evolve(state, event)
    return state


def take(**changes: Any) -> c.TakeKnownCheck:
    return c.TakeKnownCheck(by=s.by_party(s.OTHER_HOUSE), check=s.house_check(**changes))


def taken(found: State | None = None, **changes: Any) -> State:
    return after(State(), take(**changes), found)


def consult(**changes: Any) -> c.ConsultOnCheck:
    return c.ConsultOnCheck(**({"by": s.by_director()} | changes))


def says(agreed: bool, party: str = s.VENLO) -> c.RecordConsultation:
    return c.RecordConsultation(by=s.by_party(party), may_be_answered=agreed)


def decide(answer: KnownAnswer, by: Actor | None = None) -> c.DecideKnownCheck:
    return c.DecideKnownCheck(by=by or s.by_director(), answer=answer)


CLOCKS = c.AnswerKnownCheck(by=CLOCK)
AGREED = (consult(), says(True), decide(KnownAnswer.YES))


def answered(state: State, *commands: Any, found: State | None = None, at_the_end: Any = "same") -> Any:
    """The event with which the check ends, after these acts; what is found may have changed by then."""
    for command in commands:
        state = after(state, command, found)
    (event,) = decided(state, CLOCKS, found if at_the_end == "same" else at_the_end, at=TERM)
    assert isinstance(event, e.HouseCheckAnswered)
    return event


def told(*args: Any, **changes: Any) -> tuple[KnownAnswer, str | None]:
    event = answered(*args, **changes)
    return event.answer, event.director


YES, NO, NOTHING = (KnownAnswer.YES, s.DIRECTOR), (KnownAnswer.NO, None), (KnownAnswer.NO_ANSWER, None)


# --- taking it in ---------------------------------------------------------------------------------


@pytest.mark.clause("R39.d", allowed="Elke controle van een ander huis wacht op een procesregisseur.")
def test_every_check_is_taken_in_alike_whether_anybody_is_found() -> None:
    hit, miss = taken(active()), taken()
    assert hit.check is not None and miss.check is not None
    assert (hit.check.found, miss.check.found) == (FOUND, "")
    assert replace(hit.check, found="") == miss.check
    assert hit.check.answer_at == TERM
    (event,) = decided(State(), take(), active())
    assert list(effects(s.CHECK, event, hit)) == [SetTimer(ANSWER_HOUSE, "", TERM)]


@pytest.mark.clause("R39.a", refused="Een controle die niet zegt namens welke partij, wordt geweigerd.")
def test_a_check_names_its_party_and_its_necessity() -> None:
    assert decided(State(), take(on_behalf_of="")) is r.CHECK_NAMES_NO_PARTY
    assert decided(State(), take(necessity=None)) is r.CHECK_WITHOUT_NECESSITY
    assert not isinstance(decided(State(), take()), Refusal)
    assert decided(taken(), take()) is r.CHECK_KNOWN


@pytest.mark.clause(
    "R41.a", refused="Namens een gemeente in beide huizen wordt zonder convenant niets aangenomen."
)
def test_about_a_municipality_of_both_houses_nothing_is_taken_in_without_their_covenant() -> None:
    for since, refused in ((None, True), (NOW, False)):
        house = s.other_house(shared_with=(SharedMunicipality(party=THEIRS, covenant_since=since),))
        outcome = decided(State(), take(), parties=Parties({s.OTHER_HOUSE: house}))
        assert (outcome is r.SEPARATE_COVENANT_MISSING) is refused


def test_of_what_another_house_says_no_text_and_no_name_is_kept() -> None:
    asked = KnownCheckAsked(
        check_id=s.CHECK,
        case_id=s.THEIR_CASE,
        on_behalf_of=THEIRS,
        necessity=CheckNecessity.COORDINATION,
        name="Persoon A",
        date_of_birth="1990-04-17",
    )
    at = MessageContext(s.CASE, s.by_party(s.OTHER_HOUSE), NOW, s.QUERY, NOW, digests=("d1",))
    command = take_check(asked, at)
    state = after(State(), command)
    assert contents(state) == []
    assert "Persoon" not in repr(state)
    assert state.check is not None and state.check.digest == "d1"
    key = b"k" * 32
    number = case_of_check(asked, s.OTHER_HOUSE, key)
    assert number != case_of_check(asked, "zvh-elsewhere", key)
    assert number not in (s.CHECK, s.THEIR_CASE)


# --- consulting the leading party ------------------------------------------------------------------------


@pytest.mark.clause(
    "R39.b", allowed="De procesregisseur raadpleegt de leidende partij en mag dan antwoorden."
)
def test_after_the_leading_party_agreed_yes_is_answered_with_the_director() -> None:
    state = taken(active())
    (consulted,) = decided(state, consult(), active())
    asked = list(effects(s.CHECK, consulted, PROCESS.evolve(state, consulted)))
    assert asked == [
        ToParty(
            s.VENLO,
            KnownCheckConsultationAsked(
                case_id=FOUND,
                person_id=s.MAN,
                house=s.OTHER_HOUSE,
                on_behalf_of=THEIRS,
                necessity=CheckNecessity.COORDINATION,
                reply_before=TERM,
            ),
        )
    ]
    assert told(state, *AGREED, found=active()) == YES


@pytest.mark.clause("R39.b", refused="Zonder instemming van de leidende partij wordt geen ja geantwoord.")
def test_a_yes_needs_the_word_of_who_leads() -> None:
    found, state = active(), taken(active())
    assert decided(state, decide(KnownAnswer.YES), found) is r.LEADING_PARTY_NOT_CONSULTED
    consulted = after(state, consult(), found)
    assert decided(consulted, decide(KnownAnswer.YES), found) is r.LEADING_PARTY_NOT_CONSULTED
    refused = after(consulted, says(False))
    assert decided(refused, decide(KnownAnswer.YES), found) is r.LEADING_PARTY_NOT_CONSULTED
    assert not isinstance(decided(after(consulted, says(True)), decide(KnownAnswer.YES), found), Refusal)
    assert decided(taken(), decide(KnownAnswer.YES)) is r.LEADING_PARTY_NOT_CONSULTED, "there is nobody"


def test_the_leading_party_takes_back_what_it_agreed_to_until_the_answer_leaves() -> None:
    assert told(taken(active()), *AGREED, says(False), found=active()) == NOTHING


def test_whoever_leads_by_then_is_asked_anew() -> None:
    moved = active(leading_party=s.POLICE)
    assert told(taken(active()), *AGREED, found=active(), at_the_end=moved) == NOTHING
    state = after(after(taken(active()), consult(), active()), says(True))
    by_police = consult(by=s.by_director(s.POLICE))
    both = Parties({s.POLICE: s.venlo(party=s.POLICE), s.VENLO: s.venlo()})
    (anew,) = decided(state, by_police, moved, parties=both)
    assert PROCESS.evolve(state, anew).check == replace(
        state.check or s.house_check(), asked_of=s.POLICE, agreed=None
    )


def test_only_who_is_asked_hears_of_the_check() -> None:
    state = after(taken(active()), consult(), active())
    assert decided(state, says(True, s.POLICE)) is UNKNOWN_CASE
    assert decided(taken(active()), says(True)) is UNKNOWN_CASE, "before it was consulted"
    assert decided(state, consult(), active()) is r.CONSULTED_BEFORE
    assert decided(taken(), consult()) is r.NOBODY_TO_CONSULT


def test_only_the_director_of_the_case_that_was_found_acts_in_the_name_of_who_leads() -> None:
    state, found = taken(active()), active()
    for make in (consult, lambda **by: decide(KnownAnswer.NO_ANSWER, **by)):
        assert decided(state, make(by=s.by_director(person_="stranger")), found) is UNKNOWN_CASE
        assert decided(state, make(by=s.by_director(None)), found) is NOT_ON_BEHALF_OF_THE_LEADING_PARTY
        assert decided(state, make(), found, parties=s.parties(authorisations=())) is NO_AUTHORISATION
        assert not isinstance(decided(state, make(), found), Refusal)
    anybody = decide(KnownAnswer.NO, by=s.by_director(None, "stranger"))
    assert not isinstance(decided(taken(), anybody), Refusal), "of nobody any director says so"
    assert decided(state, decide(KnownAnswer.NO), found) is r.IS_IN_TREATMENT


# --- the answer ----------------------------------------------------------------------------------


@pytest.mark.clause("R39.c", allowed="Een controle mag zonder antwoord eindigen.")
@pytest.mark.clause("R39.c", refused="Aan een weigering is niet te zien dat er een casus is.")
@pytest.mark.clause("R39.d", refused="Het antwoord bij een casus vertrekt niet op een ander moment.")
def test_silence_refusal_and_an_incomplete_date_are_one_answer_at_one_moment() -> None:
    hit, nobody, unfindable = taken(active()), taken(), taken(digest=UNFINDABLE)
    refused = (consult(), says(False), decide(KnownAnswer.NO_ANSWER))
    letters = [
        answer_to(answered(hit, found=active())),
        answer_to(answered(hit, *refused, found=active())),
        answer_to(answered(hit, *AGREED, found=active(), at_the_end=active(Phase.CLOSING))),
        answer_to(answered(nobody)),
        answer_to(answered(nobody, decide(KnownAnswer.NO_ANSWER))),
        answer_to(answered(unfindable, decide(KnownAnswer.NO))),
    ]
    assert {one.model_dump_json() for one in letters} == {
        KnownCheckAnswered(check_id=s.CHECK, answer=KnownAnswer.NO_ANSWER).model_dump_json()
    }
    for state in (hit, nobody, unfindable):
        assert state.check is not None and state.check.answer_at == TERM


def answer_to(event: e.HouseCheckAnswered) -> KnownCheckAnswered:
    letter, _, forgotten = effects(s.QUERY, event, State())
    assert isinstance(letter, ToParty) and isinstance(letter.message, KnownCheckAnswered)
    assert (letter.recipient, letter.about, letter.after_erasure) == (s.OTHER_HOUSE, s.THEIR_CASE, True)
    assert forgotten == ForgetCase()
    return letter.message


@pytest.mark.clause("R39.d", allowed="Ook het antwoord nee vertrekt pas aan het einde van de termijn.")
def test_a_no_needs_a_director_and_that_nobody_can_have_been_overlooked() -> None:
    says_no = decide(KnownAnswer.NO)
    assert told(taken(), says_no) == NO
    assert told(taken()) == NOTHING
    assert told(taken(), says_no, at_the_end=active()) == NOTHING, "somebody was referred meanwhile"
    (event,) = decided(after(taken(), says_no), CLOCKS, complete=False, at=TERM)
    assert event.answer is KnownAnswer.NO_ANSWER


@pytest.mark.clause("R38.b", allowed="Een ander huis hoort ja over een actieve casus.")
@pytest.mark.clause("R38.b", refused="Over een casus die niet meer actief is, hoort een ander huis geen ja.")
@pytest.mark.parametrize("phase", [Phase.CLOSING, Phase.ARCHIVED, Phase.CONSULTED])
def test_what_is_no_longer_in_treatment_by_then_is_no_yes(phase: Phase) -> None:
    assert told(taken(active()), *AGREED, found=active()) == YES
    assert told(taken(active()), *AGREED, found=active(), at_the_end=active(phase)) == NOTHING
    assert told(taken(), decide(KnownAnswer.NO), at_the_end=active(phase)) == NO


def test_a_relative_or_another_person_is_not_found_for_another_house_either() -> None:
    relative = active(identities=(Identity(s.MOTHER, False, "d1"), Identity(s.MAN, True, "d9")))
    state = taken(relative)
    assert state.check is not None and state.check.found == ""


def test_a_revoked_authorisation_ends_the_yes() -> None:
    state = taken(active())
    for command in AGREED:
        state = after(state, command, active())
    (event,) = decided(state, CLOCKS, active(), parties=s.parties(authorisations=()), at=TERM)
    assert event.answer is KnownAnswer.NO_ANSWER


def test_what_another_house_asked_and_was_told_is_logged_of_the_case_that_was_found() -> None:
    viewer, why = Viewer(Role.PARTY, "", s.OTHER_HOUSE), CheckNecessity.COORDINATION.value

    def logged(event: e.HouseCheckAnswered) -> LogLook:
        return next(one for one in effects(s.QUERY, event, State()) if isinstance(one, LogLook))

    yes = answered(taken(active()), *AGREED, found=active())
    assert logged(yes) == LogLook(viewer, "known-check", Allowed("R39", s.VENLO), why, FOUND)
    silent = answered(taken(active()), found=active())
    assert logged(silent) == LogLook(viewer, "known-check", Denied("R39", "B3-F2"), why, FOUND)
    nobody = answered(taken())
    assert logged(nobody) == LogLook(viewer, "known-check", Denied("R39", "B3-F2"), why, "")


def test_the_record_is_gone_with_the_answer() -> None:
    state = taken(active())
    assert state.phase is Phase.CHECKING
    gone = PROCESS.evolve(state, answered(state, found=active()))
    assert (gone.phase, gone.check) == (Phase.PURGED, None)


# --- who sees it ---------------------------------------------------------------------------------


def listed(viewer: Viewer, state: State, *waiting: str) -> bool:
    check = state.check or IncomingCheck("", "", "", "", None, "", NOW, NOW)
    one = ListedCheck(s.QUERY, check)
    verdict = may_list_check(viewer, one, state, looking(s.parties()), waiting=frozenset(waiting))
    return isinstance(verdict, Allowed)


def test_a_check_is_listed_for_its_director_and_for_who_is_consulted() -> None:
    state = after(taken(active()), consult(), active())
    director = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR)
    assert listed(director, state, s.QUERY)
    assert not listed(director, state), "of a case that is another one's"
    worker = Viewer(Role.PARTY_WORKER, "somebody", s.VENLO)
    assert listed(worker, state)
    assert not listed(worker, taken(active())), "not before it is consulted"
    assert not listed(replace(worker, party=s.POLICE), state)
    for role in (Role.MANAGER, Role.SUPPORT_WORKER, Role.SECRETARY, Role.PRIVACY_OFFICER):
        assert not listed(Viewer(role, "somebody"), state, s.QUERY)
    assert not listed(director, active(), s.QUERY), "a case is no check"


def test_a_check_is_no_case_that_anybody_reads() -> None:
    state = taken(active())
    for role in Role:
        viewer = Viewer(role, s.DIRECTOR, s.VENLO, s.VENLO)
        for policy in (may_view, may_view_check):
            assert isinstance(policy(viewer, None, state, looking(s.parties())), Denied)
