"""What intake decides, as sentences; each refusal on both sides of its boundary."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake import commands as c
from services.intake import events as e
from services.intake import refusals as r
from services.intake.main import PROCESS
from services.intake.process import SCREENED
from services.intake.state import Phase, ScreeningBasis
from shared.contract.content import TextRef
from shared.contract.fields import Category, InformMoment, Step, Theme
from shared.contract.messages.intake import Criteria, ScreeningOutcome
from shared.contract.parties import PartyKind, Scope
from shared.contract.refusal import (
    ITEM_NUMBER_NOT_USABLE,
    NO_AUTHORISATION,
    NO_ON_BEHALF_OF,
    NOT_A_PARTY,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    NOT_YOURS,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core.actor import CLOCK, Actor, Command, Role
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.core.obligations import ObligationState
from shared.core.policy import Policy
from tests.support.samples import intake as s
from tests.support.spec import NOW

SECOND = timedelta(seconds=1)
TAKEN_UP, NOT_TAKEN_UP = ScreeningOutcome.TAKEN_UP, ScreeningOutcome.NOT_TAKEN_UP
INFORMED = e.PersonInformed(1, s.MAN, InformMoment.TAKEN_UP, NOW)
SETTLED = e.DutiesSettled(NOW)
MOVED = e.DirectionMoved(s.POLICE, NOW)


def submit(**changes: Any) -> c.SubmitReferral:
    return c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral(**changes))


def screen(outcome: ScreeningOutcome = TAKEN_UP, **changes: Any) -> c.ScreenReferral:
    given: dict[str, Any] = {"by": s.by_director(), "outcome": outcome, "weighing": s.text("own")}
    return c.ScreenReferral(**(given | changes))


def inform(by: Actor | None = None, person: str = s.MAN) -> c.RecordInforming:
    return c.RecordInforming(by=by or s.by_party(), person_id=person, moment=InformMoment.TAKEN_UP)


def postpone(**changes: Any) -> c.PostponeInforming:
    given: dict[str, Any] = {
        "by": s.by_party(),
        "person_id": s.MAN,
        "moment": InformMoment.TAKEN_UP,
        "reason": s.text("reason"),
        "until": NOW + timedelta(days=3),
    }
    return c.PostponeInforming(**(given | changes))


def permitted(command: Command, **changes: Any) -> Refusal | None:
    """Who may: the other question, answered by the table of `permissions` (R122)."""
    return permit(PROCESS.permissions[type(command)], command.by, DecisionContext(NOW, s.parties(**changes)))


# --- a referral -----------------------------------------------------------------------------------


def test_a_complete_referral_of_a_party_is_received_provisionally() -> None:
    """R1, R15: the record exists, and is provisional."""
    referral = s.referral()
    outcome = s.spec().when(submit())
    assert outcome.events == (e.ReferralReceived(s.CASE, s.VENLO, referral, NOW),)
    assert s.spec().given(*outcome.events).state.phase is Phase.RECEIVED


def test_a_referral_leaves_references_in_the_state_and_no_sealed_text() -> None:
    state = s.spec().given(s.RECEIVED).state
    assert (state.referrer, state.leading_party, state.acting_body) == (s.VENLO, s.VENLO, "college")
    assert state.weighing == TextRef("piece-weighing", "intake")
    assert [item.contributor for item in state.items] == [s.VENLO]
    assert isinstance(state.items[0].content, TextRef)
    assert isinstance(state.persons[0].name, TextRef)


@pytest.mark.clause(
    "R1.a", allowed="Een partij die het convenant heeft ondertekend, kan een casus aanmelden."
)
@pytest.mark.clause("R1.a", refused="Een organisatie die geen partij is, kan geen casus aanmelden.")
def test_a_referral_by_somebody_who_is_no_party_is_refused() -> None:
    stranger = c.SubmitReferral(by=s.by_party("stranger"), case_id=s.CASE, referral=s.referral())
    assert permitted(stranger) is NOT_A_PARTY
    assert permitted(submit()) is None


@pytest.mark.clause(
    "R1.b", allowed="Vanaf het moment waarop zij partij wordt, kan een organisatie aanmelden."
)
@pytest.mark.clause("R1.b", refused="Voordat zij partij wordt, kan een organisatie niet aanmelden.")
def test_a_referral_before_the_membership_begins_is_refused_and_at_that_moment_it_is_not() -> None:
    assert permitted(submit(), member_from=NOW + SECOND) is NOT_A_PARTY
    assert permitted(submit(), member_from=NOW) is None


@pytest.mark.clause(
    "R1.b",
    refused="Vanaf het moment waarop zij geen partij meer is, kan een organisatie niet meer aanmelden.",
)
def test_a_referral_at_the_moment_the_membership_ends_is_refused() -> None:
    """R115: the end itself no longer belongs to the membership."""
    assert permitted(submit(), member_until=NOW) is NOT_A_PARTY
    assert permitted(submit(), member_until=NOW + SECOND) is None


REFERRING: list[tuple[str, dict[str, Any], bool]] = [
    ("none on record", {"authorisations": ()}, False),
    ("in force from this moment", {"authorisations": (s.authorisation(valid_from=NOW),)}, True),
    ("in force a second later", {"authorisations": (s.authorisation(valid_from=NOW + SECOND),)}, False),
    ("not accepted", {"authorisations": (s.authorisation(accepted_at=None),)}, False),
    ("accepted at this moment", {"authorisations": (s.authorisation(accepted_at=NOW),)}, True),
    ("accepted a second later", {"authorisations": (s.authorisation(accepted_at=NOW + SECOND),)}, False),
    ("ended at this moment", {"authorisations": (s.authorisation(valid_until=NOW),)}, False),
    ("ends a second later", {"authorisations": (s.authorisation(valid_until=NOW + SECOND),)}, True),
    ("revoked at this moment", {"authorisations": (s.authorisation(revoked_at=NOW),)}, False),
    ("revoked a second later", {"authorisations": (s.authorisation(revoked_at=NOW + SECOND),)}, True),
    ("for other acts", {"authorisations": (s.authorisation(scopes=(Scope.QUERY,)),)}, False),
    ("of another body", {"authorisations": (s.authorisation(acting_body="burgemeester"),)}, False),
]


@pytest.mark.clause(
    "R2.a",
    allowed="Met een bevoegdheidsverlening aan de procesregisseurs die op dat moment geldt, kan een "
    "partij aanmelden.",
)
@pytest.mark.clause(
    "R2.a",
    refused="Zonder bevoegdheidsverlening, of met een die nog niet of niet meer geldt, wordt de "
    "aanmelding geweigerd.",
)
@pytest.mark.clause(
    "R2.b", allowed="Geeft het orgaan dat aanmeldt zelf de bevoegdheidsverlening, dan telt zij."
)
@pytest.mark.clause(
    "R2.b", refused="De bevoegdheidsverlening van een ander orgaan van dezelfde partij telt niet."
)
@pytest.mark.parametrize(("_name", "party", "accepted"), REFERRING, ids=[n for n, _, _ in REFERRING])
def test_a_referral_needs_an_authorisation_in_force(
    _name: str, party: dict[str, Any], accepted: bool
) -> None:
    """R2, R122: registered, accepted, for this act and this body, at this very moment."""
    outcome = s.spec(**party).when(submit()).outcome
    assert (outcome == r.NO_AUTHORISATION_ON_RECORD) is not accepted


def test_the_refusal_for_want_of_an_authorisation_may_be_lag() -> None:
    assert r.NO_AUTHORISATION_ON_RECORD.may_be_lag


def test_a_referral_with_an_item_of_another_case_is_refused() -> None:
    moment = DecisionContext(NOW, s.parties(), elsewhere=frozenset({s.ITEM}))
    assert PROCESS.decide(PROCESS.empty, submit(), moment) is ITEM_NUMBER_NOT_USABLE
    assert submit().new_items() == (s.ITEM,)


@pytest.mark.clause("R130.a", allowed="Een aanmelding met een thema dat op die dag geldt, wordt aangenomen.")
@pytest.mark.clause("R130.a", refused="Een aanmelding met een thema dat dan niet geldt, wordt geweigerd.")
def test_a_referral_names_a_theme_that_is_in_force_that_day_r130() -> None:
    for themes, taken in ((frozenset({s.referral().theme}), True), (frozenset(Theme), True), (OTHERS, False)):
        moment = DecisionContext(NOW, s.parties(), Policy(themes=themes))
        outcome = PROCESS.decide(PROCESS.empty, submit(), moment)
        assert (outcome is not r.THEME_NOT_IN_FORCE) is taken
        assert isinstance(outcome, tuple) is taken


def test_two_items_of_a_referral_do_not_share_a_number_r35() -> None:
    twice = s.spec().when(submit(items=(s.item(), s.item()))).refusal
    assert (twice.name, twice.rule) == ("ItemTwice", "R35")
    assert s.spec().when(submit(items=(s.item(), s.item(item_id=s.MOTHER)))).events


OTHERS = frozenset(Theme) - {s.referral().theme}
SPECIAL, CRIMINAL = s.item(category=Category.SPECIAL), s.item(category=Category.CRIMINAL)
WITH_BSN = (s.person(s.MAN, bsn=s.text("bsn")), s.person(s.MOTHER))
OF_A_COUNCIL: dict[str, Any] = {"authorisations": (s.authorisation(acting_body="raad"),)}
CHECKED: dict[str, Any] = {"checked_for_special": True}
# (refusal, the referral that meets it, its party, the referral that just does not, its party)
BOUNDARIES: list[tuple[Refusal, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (r.TASK_MISSING, {"task": ""}, {}, {"task": "Wmo"}, {}),
    (r.ACTING_BODY_UNKNOWN, {"acting_body": "raad"}, OF_A_COUNCIL, {"acting_body": "college"}, {}),
    (r.BASIS_MISSING, {"basis": ""}, {}, {"basis": "AVG art. 6"}, {}),
    (r.BASIS_MISSING, {"items": (s.item(), s.item(basis=""))}, {}, {"items": (s.item(basis="Wmo"),)}, {}),
    (r.NECESSITY_MISSING, {"items": (s.item(necessity=""),)}, {}, {"items": (s.item(),)}, {}),
    (r.NECESSITY_MISSING, {"items": (s.item(necessity="  "),)}, {}, {"items": ()}, {}),
    (
        r.ITEM_OF_UNKNOWN_BODY,
        {"items": (s.item(), s.item(item_id=s.MOTHER, acting_body="raad"))},
        {},
        {"items": (s.item(), s.item(item_id=s.MOTHER, acting_body="burgemeester"))},
        {},
    ),
    (r.WEIGHING_MISSING, {"weighing": ""}, {}, {"weighing": s.text("weighing")}, {}),
    (r.UNKNOWN_PERSON, {"items": (s.item(persons=(s.REFERRAL,)),)}, {}, {"items": (s.item(persons=()),)}, {}),
    (r.UNKNOWN_PERSON, {"informed_beforehand": (s.CASE,)}, {}, {"informed_beforehand": (s.MOTHER,)}, {}),
    (
        r.PERSON_TWICE,
        {"persons": (s.person(s.MAN), s.person(s.MAN))},
        {},
        {"persons": (s.person(s.MAN),)},
        {},
    ),
    (r.SPECIAL_NOT_CHECKED, {"items": (SPECIAL,)}, {}, {"items": (SPECIAL,)}, CHECKED),
    (r.SPECIAL_NOT_CHECKED, {"items": (CRIMINAL,)}, {}, {"items": (CRIMINAL,)}, CHECKED),
    (
        r.SPECIAL_NOT_CHECKED,
        {"items": (SPECIAL,)},
        {"kind": PartyKind.OTHER},
        {"items": (SPECIAL,)},
        {"kind": PartyKind.NATIONAL_CHAIN_PARTNER},
    ),
    (
        r.RESERVATION_UNKNOWN,
        {"items": (s.item(), s.item(item_id=s.MOTHER, withheld_from=(s.VENLO, "gemeente-venl")))},
        {},
        {"items": (s.item(withheld_from=(s.VENLO,)),)},
        {"member_until": NOW},
    ),
    (r.BSN_NOT_ALLOWED, {"persons": WITH_BSN}, {"may_use_bsn": False}, {"persons": WITH_BSN}, {}),
]


@pytest.mark.clause(
    "R57.c",
    allowed="Een aanmelding waarin elk gegeven een bekend orgaan van de partij noemt, wordt aangenomen.",
)
@pytest.mark.clause(
    "R57.c", refused="Een aanmelding met een gegeven van een onbekend orgaan wordt geweigerd."
)
@pytest.mark.clause("R3.a", allowed="Een aanmelding die de wettelijke taak noemt, wordt aangenomen.")
@pytest.mark.clause("R3.a", refused="Een aanmelding zonder wettelijke taak wordt geweigerd.")
@pytest.mark.clause(
    "R3.b", allowed="Een aanmelding door een orgaan dat voor die partij is vastgelegd, wordt aangenomen."
)
@pytest.mark.clause(
    "R3.b", refused="Een aanmelding door een orgaan dat niet voor die partij is vastgelegd, wordt geweigerd."
)
@pytest.mark.clause("R4.a", allowed="Een aanmelding met de grondslag van de aanmelder wordt aangenomen.")
@pytest.mark.clause("R4.a", refused="Een aanmelding zonder grondslag wordt geweigerd.")
@pytest.mark.clause(
    "R8.a",
    allowed="Een aanmelding waarin bij elk gegeven staat waarom het noodzakelijk is, wordt aangenomen.",
)
@pytest.mark.clause(
    "R8.a", refused="Ontbreekt bij één gegeven waarom het noodzakelijk is, dan wordt de aanmelding geweigerd."
)
@pytest.mark.clause(
    "R10.a", allowed="Een aanmelding met de inhoudelijke afweging van de aanmelder wordt aangenomen."
)
@pytest.mark.clause("R10.a", refused="Een aanmelding zonder die afweging wordt geweigerd.")
@pytest.mark.clause("R16.e", allowed="Een gegeven over iemand die in de casus staat, wordt aangenomen.")
@pytest.mark.clause("R16.e", refused="Een gegeven over iemand die niet in de casus staat, wordt geweigerd.")
@pytest.mark.clause(
    "R21.a", allowed="Een landelijke ketenpartner brengt zonder aparte toets bijzondere persoonsgegevens in."
)
@pytest.mark.clause(
    "R21.a", refused="Een partij die geen landelijke ketenpartner is en niet is getoetst, kan dat niet."
)
@pytest.mark.clause(
    "R21.b",
    allowed="Een partij waarvan is vastgelegd dat zij is getoetst, brengt bijzondere en strafrechtelijke "
    "gegevens in.",
)
@pytest.mark.clause("R21.b", refused="Zolang die toets niet is vastgelegd, worden deze gegevens geweigerd.")
@pytest.mark.clause(
    "R22.a", allowed="Een partij die het burgerservicenummer mag gebruiken, meldt iemand met dat nummer aan."
)
@pytest.mark.clause(
    "R22.a", refused="Van een andere partij wordt een aanmelding met een burgerservicenummer geweigerd."
)
@pytest.mark.parametrize(("refusal", "no", "no_party", "yes", "yes_party"), BOUNDARIES)
def test_an_incomplete_referral_is_refused_and_the_completed_one_is_not(
    refusal: Refusal,
    no: dict[str, Any],
    no_party: dict[str, Any],
    yes: dict[str, Any],
    yes_party: dict[str, Any],
) -> None:
    assert s.spec(**no_party).when(submit(**no)).refusal is refusal
    assert len(s.spec(**yes_party).when(submit(**yes)).events) == 1


@pytest.mark.clause(
    "R3.c",
    allowed="Ook een partij die geen gemeente is, meldt aan met haar wettelijke taak en het orgaan dat "
    "handelt.",
)
@pytest.mark.clause(
    "R3.c",
    refused="Ook van een partij die geen gemeente is, wordt een aanmelding zonder taak of met een "
    "onbekend orgaan geweigerd.",
)
@pytest.mark.parametrize("kind", PartyKind)
def test_task_and_body_are_asked_of_every_party_and_not_of_municipalities_alone_r3(kind: PartyKind) -> None:
    assert s.spec(kind=kind).when(submit(task="")).refusal is r.TASK_MISSING
    of_council = s.spec(kind=kind, **OF_A_COUNCIL).when(submit(acting_body="raad"))
    assert of_council.refusal is r.ACTING_BODY_UNKNOWN
    assert s.spec(kind=kind).when(submit()).events


def test_a_second_referral_under_the_same_number_is_refused() -> None:
    assert s.spec().given(s.RECEIVED).when(submit()).refusal is r.ALREADY_REFERRED


@pytest.mark.clause("R8.c", allowed="Een aanmelding met namen, geboortedata en context wordt aangenomen.")
@pytest.mark.clause(
    "R8.c", refused="Dat een aanmelding niet is geanonimiseerd, is geen reden om haar te weigeren."
)
def test_names_and_context_are_no_reason_to_refuse_a_referral_r8() -> None:
    named = s.referral().persons
    assert all(person.name and person.date_of_birth for person in named)
    outcome = s.spec().when(submit(persons=named, items=(s.item(necessity=s.text("why-needed")),)))
    assert outcome.events[0].referral.persons == named


@pytest.mark.clause("R4.a", allowed="De grondslag van de aanmelder wordt bij de casus vastgelegd.")
@pytest.mark.clause("R4.b", allowed="Elke casus houdt de grondslag van zijn eigen aanmelder.")
@pytest.mark.clause("R4.b", refused="De grondslag van de ene casus geldt niet voor de andere.")
def test_two_cases_each_keep_the_basis_of_their_own_referrer_r4() -> None:
    for basis in ("AVG art. 6 lid 1 sub e", "Wpg art. 20"):
        given = s.spec().given(*s.spec().when(submit(basis=basis)).events)
        assert given.state.basis == basis
        assert given.state.mandate is not None
        assert given.state.mandate.basis == basis


# --- strangers ------------------------------------------------------------------------------------

OF_A_PARTY = tuple(
    command
    for command in s.COMMANDS
    if command.by.role is Role.PARTY and not isinstance(command, c.SubmitReferral | c.TakeKnownCheck)
)


@pytest.mark.clause(
    "R5.b",
    refused="Wat een andere partij ook met een casus probeert, zij krijgt hetzelfde antwoord als bij een "
    "casus die niet bestaat.",
)
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", OF_A_PARTY, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("role", [Role.PARTY, Role.PARTY_WORKER])
def test_a_stranger_hears_in_every_phase_that_there_is_no_case(
    phase: Phase, command: Any, role: Role
) -> None:
    """R5, R34: whatever a party without a part in the case tries, nothing tells it that there is one."""
    stranger = replace(command, by=Actor(role, party="stranger"))
    assert s.spec().given(*s.HISTORIES[phase]).when(stranger).refusal.status == 404


def test_a_stranger_learns_nothing_of_a_case_whose_direction_moved() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP], MOVED)
    stranger = c.WithdrawReferral(by=s.by_party("stranger"), reason=s.text("reason"))
    assert given.when(stranger).refusal is r.NOT_THE_REFERRER


# --- consultation and screening -------------------------------------------------------------------


@pytest.mark.clause("R5.b", allowed="De aanmelder zelf krijgt op zijn casus een gewoon antwoord.")
@pytest.mark.clause("R11.b", allowed="De aanmelder bevestigt dat met hem is overlegd.")
def test_the_referrer_confirms_the_consultation() -> None:
    given = s.spec().given(s.RECEIVED)
    outcome = given.when(c.ConfirmConsultation(by=s.by_party(), remark=s.text("remark")))
    assert outcome.events == (e.ConsultationConfirmed(s.text("remark"), NOW),)


@pytest.mark.clause(
    "R10.b",
    allowed="De procesregisseur legt naast die van de aanmelder een eigen inhoudelijke afweging vast.",
)
@pytest.mark.clause(
    "R10.b", refused="Zonder zijn eigen afweging wordt het besluit over de screening geweigerd."
)
def test_the_director_records_its_own_weighing_beside_the_referrers_r10() -> None:
    given = s.spec().given(s.RECEIVED, s.CONSULTED)
    for outcome in ScreeningOutcome:
        without = screen(outcome, weighing=None, reason=s.text("reason"))
        assert given.when(without).refusal is r.OWN_WEIGHING_MISSING
        screened = given.when(screen(outcome, reason=s.text("reason"), advice=s.text("advice"))).events
        assert given.given(*screened).state.screening == ScreeningBasis(
            s.referral().criteria,
            s.text("weighing"),
            s.text("own"),
            outcome,
            s.text("reason"),
            s.text("advice"),
        )


@pytest.mark.clause("R11.b", refused="Een andere partij kan het overleg niet bevestigen.")
def test_another_party_cannot_confirm_the_consultation() -> None:
    given = s.spec().given(s.RECEIVED)
    assert given.when(c.ConfirmConsultation(by=s.by_party(s.POLICE))).refusal is r.NOT_THE_REFERRER


@pytest.mark.clause(
    "R11.b", refused="De procesregisseur kan het overleg niet in de plaats van de aanmelder bevestigen."
)
def test_the_director_does_not_confirm_the_consultation_in_the_referrers_place_r11() -> None:
    confirm = c.ConfirmConsultation(by=s.by_director())
    assert permitted(confirm) is NOT_YOURS
    assert permitted(replace(confirm, by=s.by_party())) is None
    assert s.spec().given(s.RECEIVED).when(confirm).refusal is r.NOT_THE_REFERRER


@pytest.mark.clause(
    "R11.a", allowed="Is het overleg met de aanmelder vastgelegd, dan kan de procesregisseur besluiten."
)
@pytest.mark.clause("R11.a", refused="Zolang dat overleg niet is vastgelegd, wordt zijn besluit geweigerd.")
def test_a_screening_without_consultation_on_record_is_not_final() -> None:
    """R11."""
    assert s.spec().given(s.RECEIVED).when(screen()).refusal is r.CONSULTATION_MISSING
    assert s.spec().given(s.RECEIVED, s.CONSULTED).when(screen()).events


@pytest.mark.clause("R16.a", refused="Eén plicht gaat nooit over twee betrokkenen samen.")
@pytest.mark.clause("R12.e", allowed="Over een aanmelding die nog niet is gescreend, kan worden besloten.")
@pytest.mark.clause("R16.a", allowed="Voor elke betrokkene ontstaat een eigen plicht om hem te informeren.")
@pytest.mark.clause(
    "R16.c", allowed="Gaat de casus naar fase 2, dan ontstaat voor iedereen de plicht om hem te informeren."
)
@pytest.mark.parametrize("outcome", [TAKEN_UP, ScreeningOutcome.INFORMATION_NEEDED])
def test_a_case_that_goes_on_to_triage_obliges_to_inform_each_person(outcome: ScreeningOutcome) -> None:
    """R12, R16: one duty per person, so that no notice gives away another's data."""
    events = s.spec().given(s.RECEIVED, s.CONSULTED).when(screen(outcome, advice=s.text("advice"))).events
    assert events == (
        e.CaseTakenUp(outcome, s.DIRECTOR, s.text("advice"), None, NOW, s.text("own")),
        e.DutyToInformArose(s.duty(1, s.MAN), NOW),
        e.DutyToInformArose(s.duty(2, s.MOTHER), NOW),
    )
    state = s.spec().given(s.RECEIVED, s.CONSULTED, *events).state
    assert (state.phase, state.outcome, state.director) == (Phase.TAKEN_UP, outcome, s.DIRECTOR)


@pytest.mark.clause(
    "R16.b", allowed="Wie al voor de aanmelding is geïnformeerd, hoeft niet opnieuw te worden geïnformeerd."
)
@pytest.mark.clause("R16.b", refused="Wie toen niet is geïnformeerd, moet nog wel worden geïnformeerd.")
def test_who_was_informed_beforehand_is_not_informed_again() -> None:
    received = e.ReferralReceived(s.CASE, s.VENLO, s.referral(informed_beforehand=(s.MAN,)), NOW)
    events = s.spec().given(received, s.CONSULTED).when(screen()).events
    assert [x.duty.addressee for x in events if isinstance(x, e.DutyToInformArose)] == [s.MOTHER]


@pytest.mark.clause(
    "R14.c",
    allowed="Wie al van de aanmelding wist, moet horen dat de casus niet is opgenomen en wordt verwijderd.",
)
@pytest.mark.clause("R14.c", refused="Wie er niet van wist, krijgt dat bericht niet.")
def test_a_case_that_is_not_taken_up_closes_and_tells_who_knew_of_it() -> None:
    """R14, A10: whoever had been told of the case hears that it is removed."""
    received = e.ReferralReceived(s.CASE, s.VENLO, s.referral(informed_beforehand=(s.MAN,)), NOW)
    given = s.spec().given(received, s.CONSULTED)
    events = given.when(screen(NOT_TAKEN_UP, reason=s.text("reason"))).events
    assert events == (
        e.ReferralNotTakenUp(s.DIRECTOR, None, s.text("reason"), NOW, s.text("own")),
        e.DutyToInformArose(s.duty(2, s.MAN, kind=InformMoment.CASE_REMOVED, cause=""), NOW),
    )
    assert given.given(*events).state.phase is Phase.CLOSING


MET = Criteria(multi_problem=True, several_chains=True, impact_on_system=True, serious_local_safety=False)
NOT_MET = MET.model_copy(update={"impact_on_system": False})
SAFETY = NOT_MET.model_copy(update={"serious_local_safety": True})
CRITERIA = [
    (MET, TAKEN_UP, False),
    (MET, NOT_TAKEN_UP, True),
    (NOT_MET, TAKEN_UP, True),
    (NOT_MET, ScreeningOutcome.INFORMATION_NEEDED, True),
    (NOT_MET, NOT_TAKEN_UP, False),
    (SAFETY, TAKEN_UP, False),
    (SAFETY, NOT_TAKEN_UP, True),
]


@pytest.mark.clause(
    "R9.a",
    refused="Met de drie criteria samen is voor opnemen geen aparte reden nodig, en voor niet opnemen wel.",
)
@pytest.mark.clause(
    "R9.b",
    allowed="Is ondanks een ontbrekend criterium sprake van een ernstig lokaal veiligheidsprobleem, dan "
    "voldoet de casus wel.",
)
@pytest.mark.clause("R9.c", allowed="Een ernstig lokaal veiligheidsprobleem is op zichzelf genoeg.")
@pytest.mark.clause(
    "R9.c", refused="Zonder dat probleem en zonder de andere drie is opnemen zonder reden niet mogelijk."
)
@pytest.mark.clause(
    "R10.c",
    allowed="Met een vastgelegde reden mag de uitkomst van de formele criteria afwijken, in beide "
    "richtingen.",
)
@pytest.mark.clause(
    "R10.c", refused="Zonder reden wordt een uitkomst die van de formele criteria afwijkt, geweigerd."
)
@pytest.mark.parametrize(("criteria", "outcome", "needs_reason"), CRITERIA)
def test_an_outcome_that_departs_from_the_criteria_needs_a_reason(
    criteria: Criteria, outcome: ScreeningOutcome, needs_reason: bool
) -> None:
    """R9 (three together or the fourth, A2) and R10, in both directions."""
    received = e.ReferralReceived(s.CASE, s.VENLO, s.referral(criteria=criteria), NOW)
    given = s.spec().given(received, s.CONSULTED)
    assert (given.when(screen(outcome)).outcome is r.REASON_MISSING) is needs_reason
    assert given.when(screen(outcome, reason=s.text("reason"))).events


@pytest.mark.clause(
    "R9.a", allowed="Zijn de drie criteria samen vervuld, dan voldoet de casus aan de formele criteria."
)
@pytest.mark.clause("R9.b", refused="Ontbreekt een van de drie, dan voldoet de casus niet.")
def test_each_of_the_first_three_criteria_is_needed() -> None:
    for one in ("multi_problem", "several_chains", "impact_on_system"):
        assert not MET.model_copy(update={one: False}).met
    assert MET.met and SAFETY.met and not NOT_MET.met


@pytest.mark.clause(
    "R9.d", allowed="Een aanmelding die van elk criterium zegt of het is vervuld, is volledig."
)
@pytest.mark.clause("R9.d", refused="Een aanmelding die één criterium openlaat, wordt geweigerd.")
def test_a_referral_says_of_each_criterion_whether_it_is_met_r9() -> None:
    said = MET.model_dump()
    assert Criteria(**said) == MET
    for one in said:
        with pytest.raises(ValidationError):
            Criteria(**{name: met for name, met in said.items() if name != one})


@pytest.mark.clause(
    "R12.a",
    allowed="De screening kent drie uitkomsten: niet opgenomen, opgenomen, en informatie van anderen nodig.",
)
@pytest.mark.clause("R12.a", refused="Een andere uitkomst bestaat niet.")
@pytest.mark.clause("R12.b", allowed="Bij elke uitkomst kan de procesregisseur advies geven.")
@pytest.mark.clause("R12.b", refused="Een besluit wordt niet geweigerd omdat er geen advies bij staat.")
def test_there_are_three_outcomes_and_each_comes_with_advice_or_without_r12() -> None:
    assert [one.value for one in ScreeningOutcome] == ["not-taken-up", "taken-up", "information-needed"]
    with pytest.raises(ValueError, match="later"):
        ScreeningOutcome("later")
    given = s.spec().given(s.RECEIVED, s.CONSULTED)
    for outcome in ScreeningOutcome:
        for advice in (None, s.text("advice")):
            decided = given.when(screen(outcome, reason=s.text("reason"), advice=advice)).events[0]
            assert decided.advice == advice


@pytest.mark.clause("R7.b", allowed="De procesregisseur besluit over de screening namens de leidende partij.")
@pytest.mark.clause("R7.b", refused="Namens een andere partij wordt zijn besluit geweigerd.")
def test_the_director_screens_on_behalf_of_the_referrer_only() -> None:
    given = s.spec().given(s.RECEIVED, s.CONSULTED)
    other = screen(by=s.by_director(on_behalf_of=s.POLICE))
    assert given.when(other).refusal.name == "NotTheDirectorOfThisCase"
    assert given.when(screen()).events


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in (Phase.NOTHING, Phase.PURGED)])
def test_a_director_for_another_party_is_told_nothing_in_any_phase(phase: Phase) -> None:
    """In phase 1 nobody is assigned yet: who acts for the referrer may know, and nobody else."""
    given = s.spec().given(*s.HISTORIES[phase])
    other = s.by_director(person_="another", on_behalf_of=s.POLICE)
    for command in (screen(by=other), inform(other), replace(postpone(), by=other)):
        assert given.when(command).refusal.status == 404


def test_whoever_screened_hears_for_whom_to_act_and_another_director_nothing_r6() -> None:
    given = s.spec().given(s.RECEIVED, s.CONSULTED, s.TAKEN_UP)
    assert given.when(screen(by=s.by_director(on_behalf_of=s.POLICE))).refusal.name == "AlreadyScreened"
    another = screen(by=s.by_director(person_="person-other"))
    assert given.when(another).refusal.name == "NotTheDirectorOfThisCase"


@pytest.mark.clause(
    "R7.a",
    allowed="Een besluit van de procesregisseur dat zegt namens welke partij het is, wordt aangenomen.",
)
@pytest.mark.clause("R7.a", refused="Een besluit dat niet zegt namens wie het is, wordt geweigerd.")
def test_a_screening_on_nobodys_behalf_is_refused() -> None:
    """R7."""
    assert permitted(screen(by=s.by_director(on_behalf_of=None))) is NO_ON_BEHALF_OF
    assert permitted(screen()) is None


def test_a_screening_needs_an_authorisation_of_that_party_at_that_moment() -> None:
    """R122: tested at every act."""
    assert permitted(screen(), authorisations=(s.authorisation(revoked_at=NOW),)) is NO_AUTHORISATION
    assert permitted(screen(), authorisations=(s.authorisation(revoked_at=NOW + SECOND),)) is None


@pytest.mark.clause("R11.a", refused="Een ander dan de procesregisseur kan niet over de screening besluiten.")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROCESS_DIRECTOR])
def test_nobody_but_a_process_director_screens(role: Role) -> None:
    other = Actor(role, party=s.VENLO, person="somebody", service="triage", on_behalf_of=s.VENLO)
    assert permitted(screen(by=other)) is NOT_YOURS


@pytest.mark.clause("R12.e", refused="Een tweede besluit over de screening wordt geweigerd.")
def test_a_referral_is_screened_once() -> None:
    given = s.spec().given(s.RECEIVED, s.CONSULTED, s.TAKEN_UP)
    assert given.when(screen()).refusal is r.ALREADY_SCREENED


# --- withdrawal -----------------------------------------------------------------------------------


@pytest.mark.clause(
    "R12.f", allowed="Zolang de casusregie niet is overgegaan, kan de aanmelder zijn aanmelding intrekken."
)
@pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.CONSULTED, Phase.TAKEN_UP])
def test_the_referrer_withdraws_as_long_as_it_leads(phase: Phase) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    outcome = given.when(c.WithdrawReferral(by=s.by_party(), reason=s.text("reason")))
    withdrawn, *more = outcome.events
    assert withdrawn == e.ReferralWithdrawn(s.text("reason"), NOW)
    assert more == ([] if phase is Phase.TAKEN_UP else [SETTLED])
    assert given.given(*outcome.events).state.phase is Phase.CLOSING


def test_nothing_is_decided_on_a_referral_that_has_ended() -> None:
    withdraw = c.WithdrawReferral(by=s.by_party(), reason=s.text("reason"))
    given = s.spec().given(*s.HISTORIES[Phase.RECEIVED], e.ReferralWithdrawn(s.text("reason"), NOW))
    for command in (withdraw, c.ConfirmConsultation(by=s.by_party()), screen()):
        assert given.when(command).refusal is r.REFERRAL_ENDED


@pytest.mark.clause(
    "R12.g", allowed="Is de casusregie overgegaan, dan kan de nieuwe leidende partij de casus stoppen."
)
@pytest.mark.clause("R12.g", refused="De aanmelder kan dat dan niet meer.")
def test_after_direction_has_moved_the_leading_party_stops_the_case_and_the_referrer_cannot_a21() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP], MOVED)
    withdraw = c.WithdrawReferral(by=s.by_party(), reason=s.text("reason"))
    assert given.when(withdraw).refusal is NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    by_the_leader = given.when(replace(withdraw, by=s.by_party(s.POLICE)))
    assert by_the_leader.events == (e.ReferralWithdrawn(s.text("reason"), NOW),)
    assert given.given(*by_the_leader.events).state.phase is Phase.CLOSING


@pytest.mark.clause("R12.f", refused="Een andere partij kan de aanmelding niet intrekken.")
def test_before_direction_has_moved_nobody_but_the_referrer_withdraws_a21() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    withdraw = c.WithdrawReferral(by=s.by_party(s.POLICE), reason=s.text("reason"))
    assert given.when(withdraw).refusal is r.NOT_THE_REFERRER


# --- the register of duties to inform -------------------------------------------------------------


@pytest.mark.clause("R17.a", allowed="De leidende partij meldt dat zij een betrokkene heeft geïnformeerd.")
def test_the_leading_party_reports_that_a_person_was_informed() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    assert given.when(inform()).events == (INFORMED,)
    duty = given.given(INFORMED).state.duty(s.MAN, InformMoment.TAKEN_UP)
    assert duty is not None and duty.state is ObligationState.FULFILLED


def test_a_duty_that_is_fulfilled_or_never_arose_cannot_be_reported() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    assert given.given(INFORMED).when(inform()).refusal is r.NO_SUCH_DUTY
    assert given.when(inform(person=s.MOTHER)).refusal is r.NO_SUCH_DUTY
    assert given.given(INFORMED).when(postpone()).refusal is r.NO_SUCH_DUTY


@pytest.mark.clause(
    "R17.a",
    refused="De aanmelder kan niet melden dat hij iemand informeerde over iets wat een andere leidende "
    "partij moet doen.",
)
@pytest.mark.clause(
    "R17.e",
    allowed="Wat uit fase 1 of 2 nog openstaat, kan de aanmelder ook na de overgang van de casusregie "
    "nog doen.",
)
@pytest.mark.clause(
    "R17.e", refused="Een plicht van na het RTO is niet van de aanmelder maar van de nieuwe leidende partij."
)
@pytest.mark.clause("R83.c", allowed="De partij die de casus na het RTO leidt, kan de plicht vervullen.")
@pytest.mark.clause(
    "R83.c", refused="De partij die de casus eerder leidde, kan de plicht na het RTO niet vervullen."
)
def test_what_is_open_of_phase_3_goes_with_case_direction_and_the_rest_stays_the_referrers() -> None:
    """R17, R72, R83: the new leading party informs; the referrer only of the phases before (R16, R56)."""
    of_rto = s.duty(2, kind=InformMoment.AFTER_RTO)
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP], e.DutyToInformArose(of_rto, NOW), MOVED)
    assert [one.debtor for one in given.state.owed] == [s.VENLO, s.POLICE]
    after_rto = replace(inform(s.by_party(s.POLICE)), moment=InformMoment.AFTER_RTO)
    assert given.when(after_rto).events
    assert given.when(replace(after_rto, by=s.by_party())).refusal is r.NOT_THE_REFERRER
    assert given.when(inform(s.by_party(s.POLICE))).events == (INFORMED,)
    assert given.when(inform(s.by_party(s.VENLO))).events == (INFORMED,)
    assert given.given(INFORMED).when(inform(s.by_party(s.VENLO))).refusal is r.NOT_THE_REFERRER


@pytest.mark.clause("R17.b", allowed="De procesregisseur van de casus informeert namens de leidende partij.")
@pytest.mark.clause(
    "R17.b",
    refused="Een andere procesregisseur kan dat niet, en namens een andere partij kan ook hij het niet.",
)
def test_the_director_of_the_case_informs_on_behalf_of_the_leading_party() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    assert given.when(inform(s.by_director())).events == (INFORMED,)
    assert given.when(inform(s.by_director(person_="another"))).refusal is r.NOT_THE_DIRECTOR
    for_police = inform(s.by_director(on_behalf_of=s.POLICE))
    assert given.when(for_police).refusal is NOT_ON_BEHALF_OF_THE_LEADING_PARTY


@pytest.mark.clause(
    "R19.a", allowed="Met een reden en een gepland moment kan het informeren worden uitgesteld."
)
def test_informing_waits_with_a_reason_until_a_planned_moment() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    events = given.when(postpone(until=NOW + SECOND)).events
    assert events == (
        e.InformingPostponed(1, s.MAN, InformMoment.TAKEN_UP, s.text("reason"), NOW + SECOND, NOW),
    )
    duty = given.given(*events).state.duty(s.MAN, InformMoment.TAKEN_UP)
    assert duty is not None
    assert (duty.state, duty.planned_on) == (ObligationState.POSTPONED, NOW + SECOND)
    assert duty.reason == TextRef("piece-reason", "intake")


@pytest.mark.clause("R19.a", refused="Zonder reden of zonder gepland moment wordt het uitstel geweigerd.")
@pytest.mark.clause("R19.c", refused="Een gepland moment dat niet in de toekomst ligt, wordt geweigerd.")
@pytest.mark.parametrize("missing", [{"reason": None}, {"until": None}, {"until": NOW}])
def test_a_postponement_without_reason_or_future_moment_is_refused(missing: dict[str, Any]) -> None:
    """R19: the reason and the planned moment, and that moment lies ahead."""
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    assert given.when(postpone(**missing)).refusal is r.POSTPONEMENT_INCOMPLETE


@pytest.mark.clause("R19.c", allowed="Een gepland moment binnen de langste uitsteltermijn wordt aangenomen.")
@pytest.mark.clause(
    "R19.c", refused="Een gepland moment dat verder weg ligt dan het huis toelaat, wordt geweigerd."
)
def test_a_postponement_of_more_than_a_year_is_no_plan_and_refused() -> None:
    """R19: the longest postponement is a parameter of the policy."""
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    longest = NOW + Policy().longest_postponement
    assert given.when(postpone(until=longest)).events
    assert given.when(postpone(until=longest + SECOND)).refusal is r.POSTPONEMENT_INCOMPLETE


@pytest.mark.clause("R19.b", allowed="Op het geplande moment staat de plicht weer open.")
@pytest.mark.clause("R19.b", refused="Vóór dat moment staat zij niet open.")
def test_a_postponed_duty_is_due_again_at_its_moment_and_any_other_stays_as_it_is() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    until = NOW + timedelta(days=3)
    remind = c.RemindOfInforming(by=CLOCK, duty=1)
    of_the_version_before = c.RemindOfInforming(by=CLOCK, person_id=s.MAN, moment=InformMoment.TAKEN_UP)
    postponed = replace(given.given(*given.when(postpone()).events), now=until)
    again = e.DutyCameDue(
        1, s.MAN, InformMoment.TAKEN_UP, until + Policy().terms[Step.INFORMING].remind, until
    )
    assert postponed.when(remind).events == postponed.when(of_the_version_before).events == (again,)
    assert postponed.given(again).state.duty(s.MAN, InformMoment.TAKEN_UP) == s.duty(due=again.by)
    assert replace(postponed, now=until - SECOND).when(remind).events == ()
    assert replace(postponed.given(INFORMED), now=until).when(remind).events == ()
    assert given.when(remind).events == ()
    assert postponed.when(replace(remind, duty=2)).events == ()


@pytest.mark.parametrize("phase", sorted(SCREENED))
def test_another_services_outcome_raises_a_duty_for_each_person_once(phase: Phase) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    raised = c.RaiseDuties(by=s.BY_SERVICE, moment=InformMoment.AFTER_RTO)
    events = [event for event in given.when(raised).events if isinstance(event, e.DutyToInformArose)]
    assert [event.duty.addressee for event in events] == [s.MAN, s.MOTHER]
    again = given.given(*events).when(raised).events
    assert not [event for event in again if isinstance(event, e.DutyToInformArose)]


@pytest.mark.clause(
    "R16.c", refused="Voordat vaststaat dat de casus naar fase 2 gaat, is er nog niemand te informeren."
)
def test_nothing_is_to_be_informed_of_before_the_screening() -> None:
    given = s.spec().given(s.RECEIVED)
    assert given.when(inform()).refusal is r.NOT_BEFORE_SCREENING
    assert given.when(postpone()).refusal is r.NOT_BEFORE_SCREENING


# --- following the other services -----------------------------------------------------------------


def test_direction_moves_to_another_party_with_its_moment() -> None:
    given = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP])
    moved = c.MoveDirection(by=s.BY_SERVICE, leading_party=s.POLICE, since=NOW)
    assert given.when(moved).events == (MOVED,)
    assert given.given(MOVED).state.leading_party == s.POLICE
    assert given.given(MOVED).state.referrer == s.VENLO


def test_de_escalation_obliges_to_inform_each_person() -> None:
    """R86, R98."""
    events = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP]).when(c.FollowDeescalation(by=s.BY_SERVICE)).events
    assert events[0] == e.CaseDeescalated(NOW)
    assert [(x.duty.addressee, x.duty.kind) for x in events[1:]] == [
        (s.MAN, InformMoment.AT_DEESCALATION),
        (s.MOTHER, InformMoment.AT_DEESCALATION),
    ]


def test_cleaning_drops_the_pieces_of_what_is_not_kept() -> None:
    """R95."""
    given = s.spec().given(*s.HISTORIES[Phase.DEESCALATED])
    nothing_kept = given.when(c.FollowCleaning(by=s.BY_SERVICE, kept_items=())).events
    assert nothing_kept == (e.FileCleaned((), NOW),)
    assert given.given(*nothing_kept).state.items == ()
    kept = given.when(c.FollowCleaning(by=s.BY_SERVICE, kept_items=(s.ITEM,))).events
    assert kept == (e.FileCleaned((s.ITEM,), NOW),)
    assert [item.item_id for item in given.given(*kept).state.items] == [s.ITEM]


def test_archiving_and_closing_follow_the_other_services() -> None:
    archived = s.spec().given(*s.HISTORIES[Phase.DEESCALATED]).when(c.FollowArchiving(by=s.BY_SERVICE))
    assert archived.events == (e.FileArchived(()),)
    assert archived.given(*archived.events).state.items == (), "nothing confirmed, nothing stays (A8)"
    assert archived.given(*archived.events).state.weighing is None
    with_one = archived.when(c.FollowArchiving(by=s.BY_SERVICE, kept_items=(s.ITEM,)))
    assert [item.item_id for item in with_one.given(*with_one.events).state.items] == [s.ITEM]
    closed = s.spec().given(*s.HISTORIES[Phase.TAKEN_UP], INFORMED).when(c.FollowClosing(by=s.BY_SERVICE))
    assert closed.events == (
        e.CaseClosing(NOW),
        e.DutyToInformArose(s.duty(2, kind=InformMoment.CASE_REMOVED, cause=""), NOW),
    )


@pytest.mark.parametrize("phase", Phase)
def test_an_ordered_erasure_is_followed_in_every_phase(phase: Phase) -> None:
    """R105: also where nothing of the case was ever known, because retention waits for the answer."""
    given = s.spec().given(*s.HISTORIES[phase])
    *_, purged = given.when(c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE, house_keys=("kid",))).events
    assert purged == e.CasePurged(s.CASE, ("kid",))


def test_a_purged_case_is_as_unknown_as_one_that_never_was() -> None:
    for phase in (Phase.NOTHING, Phase.PURGED):
        confirm = c.ConfirmConsultation(by=s.by_party())
        assert s.spec().given(*s.HISTORIES[phase]).when(confirm).refusal is UNKNOWN_CASE


def test_a_consultation_is_confirmed_once() -> None:
    """R11."""
    given = s.spec().given(*s.HISTORIES[Phase.CONSULTED])
    assert given.when(c.ConfirmConsultation(by=s.by_party())).refusal is r.ALREADY_CONSULTED
    before = s.spec().given(*s.HISTORIES[Phase.RECEIVED])
    assert before.when(c.ConfirmConsultation(by=s.by_party())).events == (e.ConsultationConfirmed(None, NOW),)
