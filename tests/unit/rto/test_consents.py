"""Consent of data subjects: who records it, what rests on it, and what stops by its end (R20, R76)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.rto import commands as c
from services.rto import events as e
from services.rto import handlers as h
from services.rto import refusals as r
from services.rto.consents import acts_for
from services.rto.effects import effects
from services.rto.meetings import may_not_be_provided
from services.rto.permissions import PERMISSIONS, SENDING, scopes_now
from services.rto.state import Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.limits import MOST_CONSENTS
from shared.contract.messages import intake
from shared.contract.messages import rto as m
from shared.contract.messages.rto import Capacity, ConsentGiver, ConsentPurpose, Secrecy, Use
from shared.contract.parties import Parties, Scope
from shared.contract.refusal import (
    NO_AUTHORISATION,
    NO_ON_BEHALF_OF,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    UNKNOWN_CASE,
    Refusal,
    public_refusal,
)
from shared.core.authorisation import permit, permit_here
from shared.core.context import DecisionContext
from shared.core.effects import Announce, ToParty
from shared.core.leaving import Standing, may_leave
from tests.support.samples import rto as s
from tests.support.samples.triage import taken_up
from tests.support.spec import NOW

IN_TRIAGE = s.TAKEN_UP  # the police are asked; HOUSING asks for the consent it needs by agreement
AT_TABLE = (*s.TAKEN_UP[:1], *s.SEATED, s.PLANNED)
ALL_STAY = e.MonitoringAgreed(s.text("purpose"), tuple(item.item_id for item in s.ITEMS), NOW)
DECIDED = (*AT_TABLE, s.concluded(), ALL_STAY)
FOR_CARE: dict[str, Any] = {"purpose": ConsentPurpose.PLAN_ACTIVITY, "recipient": s.CARE}
FOR_TABLE: dict[str, Any] = {"use": Use.RTO, "recipient": None, "action_id": None}
EXACT = ReleaseKey(s.FREE, Use.PLAN_ACTIVITY, s.CARE, s.TREAT)


def refused(history: tuple[Any, ...], command: Any, **parties: Any) -> Refusal:
    return s.spec(**parties).given(*history).when(command).refusal


def accepted(history: tuple[Any, ...], command: Any, **parties: Any) -> tuple[Any, ...]:
    return s.spec(**parties).given(*history).when(command).events


def after(history: tuple[Any, ...], command: Any) -> State:
    return s.state(*history, *accepted(history, command))


def give(**changes: Any) -> c.GiveRelease:
    """The police release an item for what care does, with consent of the man."""
    return c.GiveRelease(
        by=s.by_party(s.POLICE), release=s.release(**{"secrecy": Secrecy.WITH_CONSENT} | changes)
    )


def provide() -> c.ProvideItem:
    return c.ProvideItem(by=s.by_director(), taking=s.taking())


def letters(history: tuple[Any, ...], command: Any) -> list[Any]:
    given = s.spec().given(*history)
    state, found = given.state, list[Any]()
    for event in given.when(command).events:
        state = given.process.evolve(state, event)
        found += effects(s.CASE, event, state)
    return found


# --- the register ----------------------------------------------------------------------------------


def test_the_register_opens_when_the_case_is_taken_up_and_keeps_ids_alone_r20() -> None:
    command = h.open_register(taken_up(), s.BY_INTAKE)
    assert isinstance(taken_up(), intake.CaseTakenUp)
    state = after((), command)
    assert (state.phase, state.leading_party, state.referrer) == (Phase.COLLECTING, s.VENLO, s.VENLO)
    assert state.person_ids == tuple(person.person_id for person in taken_up().persons)
    assert state.director == taken_up().director
    assert state.mandate == taken_up().mandate or state.mandate is not None
    assert accepted((*s.TAKEN_UP,), command) == (), "once"


def test_the_preparation_says_later_who_leads_and_who_works_on_the_case() -> None:
    moved = s.preparation(leading_party=s.CARE, director=s.OTHER_DIRECTOR)
    state = s.state(*IN_TRIAGE, e.PreparationOpened(moved))
    assert (state.leading_party, state.director) == (s.CARE, s.OTHER_DIRECTOR)
    late = s.state(e.PreparationOpened(moved), *IN_TRIAGE)
    assert (late.leading_party, late.director, late.phase) == (s.CARE, s.OTHER_DIRECTOR, Phase.PREPARED)


def test_before_the_register_is_here_a_consent_waits_r20() -> None:
    assert refused((), s.record_consent()) is UNKNOWN_CASE
    police = s.record_consent(s.by_party(s.POLICE))
    assert refused(s.RECORDED, police) is r.NOT_PREPARED
    assert r.NOT_PREPARED.may_be_lag


# --- who records it --------------------------------------------------------------------------------


@pytest.mark.clause(
    "R20.a", allowed="De aanmeldende partij legt de toestemming vast, voor zichzelf of voor een partner."
)
@pytest.mark.parametrize("contributor", [None, s.VENLO, s.POLICE])
def test_the_referring_party_records_consent_r20(contributor: str | None) -> None:
    (event,) = accepted(s.TAKEN_UP[:1], s.record_consent(contributor=contributor))
    assert event.recorded.asked_by == s.VENLO
    assert event.recorded.consent.contributor == (contributor or s.VENLO)
    assert s.state(*s.TAKEN_UP[:1], event).recorded_consent(s.CONSENT) == event.recorded


@pytest.mark.clause("R20.a", allowed="De procesregisseur legt haar vast namens de partij die leidt.")
def test_the_director_records_it_on_behalf_of_who_leads_r20() -> None:
    command = s.record_consent(s.by_director())
    (event,) = accepted(s.TAKEN_UP[:1], command)
    assert event.recorded.asked_by == s.VENLO
    assert refused(s.TAKEN_UP[:1], replace(command, by=s.by_director(person_=s.OTHER_DIRECTOR))).status == 404
    other = replace(command, by=s.by_director(on_behalf_of=s.POLICE))
    assert refused(s.TAKEN_UP[:1], other) is NOT_ON_BEHALF_OF_THE_LEADING_PARTY


@pytest.mark.clause(
    "R20.a", allowed="Volgens een vastgelegde werkafspraak legt de partner vast wat hij zelf nodig heeft."
)
@pytest.mark.clause(
    "R20.a", refused="Zonder werkafspraak, of voor een ander, legt een partner geen toestemming vast."
)
def test_a_partner_records_what_it_needs_by_a_recorded_agreement_alone_r20() -> None:
    own = s.record_consent(s.by_party(s.HOUSING), consent_id=s.NEW_CONSENT, contributor=None)
    assert accepted(IN_TRIAGE, own)
    for_police = s.record_consent(s.by_party(s.HOUSING), consent_id=s.NEW_CONSENT, contributor=s.POLICE)
    assert refused(IN_TRIAGE, for_police) is r.CONSENT_NOT_YOURS_TO_ASK
    known = (*s.TAKEN_UP[:1], *s.RECORDED)
    assert refused(known, own) is r.CONSENT_NOT_YOURS_TO_ASK


@pytest.mark.clause("R20.a", refused="Wie niets met de casus te maken heeft, hoort dat er geen casus is.")
def test_a_stranger_records_and_withdraws_nothing_and_learns_nothing_r20() -> None:
    for history in (IN_TRIAGE, AT_TABLE):
        for command in (s.record_consent(s.by_party(s.STRANGER)), s.withdraw_consent(s.by_party(s.STRANGER))):
            assert public_refusal(refused(history, command)) is UNKNOWN_CASE
    assert refused(IN_TRIAGE, s.record_consent(s.by_party(s.STRANGER))) is r.NOT_INVOLVED


def test_at_the_table_each_party_asks_for_its_own_but_not_for_a_query_r76() -> None:
    own = s.record_consent(s.by_party(s.CARE), contributor=None)
    assert accepted(AT_TABLE, own)
    for_query = s.record_consent(s.by_party(s.CARE), contributor=None, purpose=ConsentPurpose.QUERY)
    assert refused(AT_TABLE, for_query) is r.CONSENT_NOT_YOURS_TO_ASK
    assert refused(AT_TABLE, s.record_consent(s.by_party(s.CARE))) is r.CONSENT_NOT_YOURS_TO_ASK


def test_the_agreement_is_the_directors_to_record_once_and_with_a_party_r20() -> None:
    agree = c.AgreeConsentAsking(by=s.by_director(), party=s.POLICE)
    assert accepted(IN_TRIAGE, agree) == (e.ConsentAskingAgreed(s.POLICE, NOW),)
    assert refused(IN_TRIAGE, replace(agree, party=s.HOUSING)) is r.AGREED_BEFORE
    assert refused(IN_TRIAGE, replace(agree, party="nobody-at-all")) is r.CONSENT_FOR_NO_PARTY
    context = DecisionContext(NOW, s.parties())
    assert permit(PERMISSIONS[c.AgreeConsentAsking], s.by_party(s.VENLO), context) is not None


def test_recording_needs_the_authorisation_of_the_phase_and_withdrawing_none_r122() -> None:
    without = DecisionContext(NOW, s.parties(gemeente_venlo={"authorisations": ()}))
    by, state = s.by_director(), s.state(*IN_TRIAGE)
    assert permit(PERMISSIONS[c.RecordConsent], by, without) is NO_AUTHORISATION
    assert permit(PERMISSIONS[c.WithdrawConsent], by, without) is None
    assert permit_here(PERMISSIONS[c.WithdrawConsent], by, state, without) is None
    assert scopes_now(state) == {Scope.QUERY, Scope.RTO}


# --- what it says ----------------------------------------------------------------------------------


@pytest.mark.clause("R20.b", allowed="Met doel en met wie haar gaf wordt de toestemming vastgelegd.")
@pytest.mark.parametrize(
    ("given_by", "capacity"),
    [(ConsentGiver.PERSON, None), *((ConsentGiver.REPRESENTATIVE, one) for one in Capacity)],
)
def test_consent_is_of_the_person_or_of_a_representative_in_a_capacity_r20(
    given_by: ConsentGiver, capacity: Capacity | None
) -> None:
    (event,) = accepted(s.TAKEN_UP[:1], s.record_consent(given_by=given_by, capacity=capacity))
    assert (event.recorded.given_by, event.recorded.capacity) == (given_by, capacity)


REPRESENTED = {"given_by": ConsentGiver.REPRESENTATIVE}


@pytest.mark.clause("R20.b", refused="Zonder doel, of zonder wie haar gaf, wordt zij geweigerd.")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"purpose": None}, r.CONSENT_WITHOUT_PURPOSE),
        ({"given_by": None}, r.CONSENT_OF_NOBODY),
        (REPRESENTED, r.CAPACITY_UNCLEAR),
        ({"capacity": Capacity.PARENT}, r.CAPACITY_UNCLEAR),
        ({"purpose": ConsentPurpose.PLAN_ACTIVITY}, r.CONSENT_NOT_EXACT),
        ({"recipient": s.CARE}, r.CONSENT_NOT_EXACT),
        ({"person_id": s.number("99")}, r.UNKNOWN_PERSON),
        ({"contributor": "nobody-at-all"}, r.CONSENT_FOR_NO_PARTY),
        (FOR_CARE | {"recipient": "nobody-at-all"}, r.CONSENT_FOR_NO_PARTY),
        ({"given_at": NOW + timedelta(seconds=1)}, r.CONSENT_NOT_GIVEN_YET),
    ],
)
def test_a_consent_that_lacks_what_it_must_say_is_refused_r20(changes: Any, refusal: Refusal) -> None:
    assert refused(s.TAKEN_UP[:1], s.record_consent(**changes)) is refusal
    assert accepted(s.TAKEN_UP[:1], s.record_consent(given_at=NOW))


def test_a_number_stands_for_one_consent_and_a_case_takes_only_so_many() -> None:
    assert refused(IN_TRIAGE, s.record_consent()) is r.CONSENT_KNOWN
    assert accepted(IN_TRIAGE, s.record_consent(consent_id=s.NEW_CONSENT))
    many = tuple(s.consented(f"0192bbbb-0000-7000-8000-{n:012}") for n in range(MOST_CONSENTS))
    assert refused((*s.TAKEN_UP[:1], *many), s.record_consent()) is r.TOO_MANY_CONSENTS
    assert accepted((*s.TAKEN_UP[:1], *many[1:]), s.record_consent())


@pytest.mark.parametrize("phase", [Phase.DEESCALATED, Phase.ARCHIVED, Phase.CLOSING])
def test_no_consent_is_recorded_once_the_case_has_ended_r20(phase: Phase) -> None:
    assert refused(s.HISTORIES[phase], s.record_consent(consent_id=s.NEW_CONSENT)) is r.NO_CONSENT_NOW


# --- withdrawing -----------------------------------------------------------------------------------


@pytest.mark.clause(
    "R20.f", allowed="Intrekken kan in elke fase, ook als de casus gesloten of gearchiveerd is."
)
@pytest.mark.parametrize("phase", [x for x in Phase if x not in (Phase.NOTHING, Phase.PURGED)])
def test_consent_is_withdrawn_in_every_phase_r20(phase: Phase) -> None:
    (event,) = accepted(s.HISTORIES[phase], s.withdraw_consent())
    recorded = s.state(*s.HISTORIES[phase], event).recorded_consent(s.CONSENT)
    assert recorded is not None
    assert recorded.consent.withdrawn
    assert recorded.withdrawn_at == NOW
    assert recorded.recorded_at == NOW, "what was done before stays on record"


def test_what_was_withdrawn_is_not_withdrawn_again() -> None:
    gone = (*IN_TRIAGE, s.consented(withdrawn=True))
    assert refused(gone, s.withdraw_consent()) is r.CONSENT_WITHDRAWN_BEFORE


@pytest.mark.clause(
    "R20.f", allowed="Ook de partij wier geheimhouding zij doorbreekt geeft door dat zij is ingetrokken."
)
@pytest.mark.clause("R20.f", refused="Een andere deelnemer trekt haar niet in.")
def test_who_recorded_it_who_needs_it_and_who_leads_pass_on_that_it_is_withdrawn_r20() -> None:
    for party in (s.VENLO, s.POLICE):
        assert accepted(AT_TABLE + s.TAKEN_UP[1:], s.withdraw_consent(s.by_party(party)))
    moved = (*AT_TABLE, *s.TAKEN_UP[1:], s.MOVED)
    assert accepted(moved, s.withdraw_consent(s.by_party(s.CARE)))
    for party in (s.CARE, s.HOUSING):
        refusal = refused(AT_TABLE + s.TAKEN_UP[1:], s.withdraw_consent(s.by_party(party)))
        assert refusal is r.NOT_YOUR_CONSENT
    assert refused(IN_TRIAGE, s.withdraw_consent(consent_id=s.NEW_CONSENT)) is r.NOT_YOUR_CONSENT
    by_director = s.withdraw_consent(s.by_director(), s.NEW_CONSENT)
    assert refused(IN_TRIAGE, by_director) is r.NOT_YOUR_CONSENT


@pytest.mark.clause(
    "R20.f", allowed="Is de leidende partij vertrokken, dan geeft de procesregisseur het door."
)
@pytest.mark.clause(
    "R20.f", refused="Zolang de leidende partij er is, doet de procesregisseur dat alleen in haar naam."
)
def test_once_who_leads_has_left_the_director_passes_it_on_in_nobodys_name_r20() -> None:
    nobody = s.withdraw_consent(s.by_director(on_behalf_of=None))
    assert refused(IN_TRIAGE, nobody) is NO_ON_BEHALF_OF
    left = {"gemeente_venlo": {"member_until": NOW - timedelta(days=1)}}
    (event,) = accepted(IN_TRIAGE, nobody, **left)
    assert event.told_by == "" == acts_for(nobody.by)
    assert accepted(IN_TRIAGE, s.withdraw_consent(s.by_director()))


# --- what rests on it ------------------------------------------------------------------------------


CONSENTED = (*DECIDED, s.consented(s.CONSENT, **FOR_CARE))
NAMED = give(consents=(s.CONSENT,))


@pytest.mark.clause(
    "R76.d", allowed="Een akkoord noemt de toestemmingen waarop het rust, en die gelden alle."
)
@pytest.mark.clause("R20.c", allowed="Zolang de toestemming geldt, gaat het gegeven mee.")
def test_a_release_rests_on_the_consents_that_it_names_r76() -> None:
    state = after(CONSENTED, NAMED)
    assert state.stands(EXACT)
    assert s.spec().given(*CONSENTED, *accepted(CONSENTED, NAMED)).when(provide()).events


BOTH = s.item(s.NEW, persons=(s.MAN, s.MOTHER))
OF_NOBODY = s.item(s.NEW, persons=())
WRONG: list[Any] = [
    pytest.param((), {}, id="none recorded"),
    pytest.param((s.consented(s.CONSENT),), {}, id="for the table"),
    pytest.param((s.consented(**FOR_CARE | {"recipient": s.HOUSING}),), {}, id="for others' activities"),
    pytest.param((s.consented(contributor=s.HOUSING, **FOR_CARE),), {}, id="for another's secrecy"),
    pytest.param((s.consented(person_id=s.MOTHER, **FOR_CARE),), {}, id="of another person"),
    pytest.param((s.consented(withdrawn=True, **FOR_CARE),), {}, id="withdrawn"),
    pytest.param((s.consented(s.MOTHERS, **FOR_CARE),), {}, id="another than is named"),
    pytest.param(
        (e.ItemsContributed(s.RTO, (BOTH,), NOW), s.consented(**FOR_CARE)), {"item_id": s.NEW}, id="of one"
    ),
    pytest.param(
        (e.ItemsContributed(s.RTO, (OF_NOBODY,), NOW), s.consented(**FOR_CARE)),
        {"item_id": s.NEW},
        id="of everybody",
    ),
]


@pytest.mark.clause(
    "R76.d",
    refused="Ontbreekt er een, of is zij voor iets anders gegeven, dan wordt dat akkoord geweigerd.",
)
@pytest.mark.parametrize(("consents", "changes"), WRONG)
def test_a_release_names_a_consent_in_force_of_each_person_for_exactly_this_r76(
    consents: Any, changes: Any
) -> None:
    assert refused((*DECIDED, *consents), give(consents=(s.CONSENT,), **changes)) is r.CONSENT_NOT_IN_FORCE


def test_of_an_item_of_two_both_consent_r76() -> None:
    two = s.consented(**FOR_CARE), s.consented(s.MOTHERS, person_id=s.MOTHER, **FOR_CARE)
    history = (*DECIDED, e.ItemsContributed(s.RTO, (BOTH,), NOW), *two)
    assert accepted(history, give(item_id=s.NEW, consents=(s.CONSENT, s.MOTHERS)))


def test_consents_are_named_only_where_secrecy_is_broken_with_consent_r76() -> None:
    for secrecy in (Secrecy.NOT_BOUND, Secrecy.WITHOUT_CONSENT):
        assert refused(CONSENTED, give(secrecy=secrecy, consents=(s.CONSENT,))) is r.CONSENT_NOT_WEIGHED


@pytest.mark.clause(
    "R76.e", allowed="Zonder dat het een toestemming noemt, geldt het woord van de inbrenger."
)
@pytest.mark.clause(
    "R76.e", refused="Is bekend dat een betrokkene die heeft ingetrokken, dan geldt dat woord niet meer."
)
def test_its_own_word_that_they_consent_holds_until_one_is_known_to_have_withdrawn_r76() -> None:
    """As a contributor of the first version says it: the covenant leaves the weighing to it."""
    assert accepted(DECIDED, give())
    gone = s.consented(withdrawn=True, **FOR_CARE)
    assert refused((*DECIDED, gone), give()) is r.CONSENT_NOT_IN_FORCE
    assert accepted((*DECIDED, gone, s.consented(s.MOTHERS, **FOR_CARE)), give()), "consented anew"
    history = (*CONSENTED, *accepted(CONSENTED, give()))
    assert not after(history, s.withdraw_consent()).stands(EXACT)
    unbound = (*CONSENTED, *accepted(CONSENTED, give(secrecy=Secrecy.WITHOUT_CONSENT)))
    assert after(unbound, s.withdraw_consent()).stands(EXACT), "it did not rest on consent"


RESTING = (*CONSENTED, *accepted(CONSENTED, NAMED))
TAKEN = (*RESTING, s.PROVIDED)


@pytest.mark.clause(
    "R20.c", refused="Na de intrekking gaat niets meer mee, en wat nog niet weg is vertrekt niet."
)
@pytest.mark.clause("R76.e", refused="Een akkoord dat op toestemming rust, stopt als die wordt ingetrokken.")
def test_what_rests_on_a_consent_stops_when_it_is_withdrawn_r20() -> None:
    state = after(TAKEN, s.withdraw_consent())
    assert state.release(EXACT) is ReleaseStatus.GIVEN, "the contributor said nothing else"
    assert not state.stands(EXACT)
    gone = (*TAKEN, *accepted(TAKEN, s.withdraw_consent()))
    assert refused(gone, provide()) is r.CONSENT_NOT_IN_FORCE
    letter = m.ItemsProvided(action_id=s.TREAT, items=(s.ITEMS[0],))
    assert may_not_be_provided(letter, s.CARE, state, s.parties()) is r.CONSENT_NOT_IN_FORCE
    assert may_not_be_provided(letter, s.CARE, s.state(*TAKEN), s.parties()) is None
    assert accepted(gone, give(secrecy=Secrecy.WITHOUT_CONSENT)), "it may weigh anew"


@pytest.mark.clause(
    "R20.c", allowed="Wie het eerder meenam blijft op de lijst staan, en hoort van de intrekking."
)
def test_what_was_taken_before_stays_on_the_list_and_its_taker_is_told_r20_a12() -> None:
    told = [x for x in letters(TAKEN, s.withdraw_consent()) if isinstance(x, ToParty)]
    assert ToParty(s.CARE, m.TakersTold(item_id=s.FREE)) in told
    assert after(TAKEN, s.withdraw_consent()).takers == s.state(*TAKEN).takers != ()
    assert [x.recipient for x in letters(RESTING, s.withdraw_consent()) if isinstance(x, ToParty)] == [
        s.POLICE
    ]


def test_who_took_it_for_another_action_that_stands_is_not_told() -> None:
    other = e.ItemProvided(s.taking(recipient=s.HOUSING, action_id=s.ARRANGE), s.POLICE, NOW)
    told = [x.recipient for x in letters((*RESTING, other), s.withdraw_consent()) if isinstance(x, ToParty)]
    assert told == [s.POLICE]


def test_the_party_whose_secrecy_it_lifted_hears_of_the_end_from_another_if_it_knows_the_case_r34() -> None:
    ended = ToParty(s.POLICE, m.SubjectConsentEnded(consent_id=s.CONSENT))
    assert ended in letters((*AT_TABLE, *s.TAKEN_UP[1:]), s.withdraw_consent())
    assert ended not in letters((*AT_TABLE, *s.TAKEN_UP[1:]), s.withdraw_consent(s.by_party(s.POLICE)))
    assert ended not in letters(IN_TRIAGE, s.withdraw_consent()), "nobody has told the police of the case yet"
    conditions = SENDING[m.SubjectConsentEnded]
    assert conditions.standing is Standing.ANY
    assert may_leave(s.POLICE, conditions, s.state(*IN_TRIAGE), Parties({}), NOW) is None


def test_the_other_services_are_told_of_a_consent_and_not_who_gave_it_r20() -> None:
    (announced,) = letters(s.TAKEN_UP[:1], s.record_consent())
    assert isinstance(announced, Announce)
    assert announced.message == m.ConsentStanding(
        consent_id=s.CONSENT, person_id=s.MAN, contributor=s.POLICE, purpose=ConsentPurpose.RTO
    )
    withdrawn = letters(IN_TRIAGE, s.withdraw_consent())[0]
    assert withdrawn.message == announced.message.model_copy(update={"withdrawn": True})


# --- items that only consent lets their contributor give -------------------------------------------

SECRET = s.item(s.NEW, needs_consent=True)
FOR_TABLE_KEY = ReleaseKey(s.NEW, Use.RTO)
IN_FORCE = s.consented(s.CONSENT)


@pytest.mark.clause(
    "R20.e", allowed="Met akkoord van de inbrenger en toestemming van de betrokkene is het gegeven vrij."
)
@pytest.mark.clause("R20.e", refused="Met het akkoord alleen is het gegeven niet vrij.")
@pytest.mark.clause("R20.e", refused="Met de toestemming alleen is het gegeven niet vrij.")
def test_neither_consent_nor_release_takes_the_place_of_the_other_r20() -> None:
    def stands(item: Any, *consents: Any) -> bool:
        return s.state(*s.TAKEN_UP[:1], e.ItemRecorded(item), *consents).stands(FOR_TABLE_KEY)

    assert stands(SECRET, IN_FORCE)
    assert not stands(SECRET), "released, and nobody consents"
    assert not stands(s.item(s.NEW, needs_consent=True, shareable_at_rto=False), IN_FORCE), "not released"
    assert not stands(SECRET, s.consented(purpose=ConsentPurpose.QUERY)), "for another purpose"
    assert stands(s.item(s.NEW)), "where none is needed none is asked"


def test_what_needs_consent_is_brought_to_the_table_with_it_alone_r20() -> None:
    secret = s.own_item(s.NEW, needs_consent=True)
    bring = c.ContributeItems(by=s.by_party(s.POLICE), rto_id=s.RTO, items=(secret,))
    assert refused(AT_TABLE, bring) is r.CONSENT_NOT_IN_FORCE
    assert accepted((*AT_TABLE, IN_FORCE), bring)


def test_a_contributor_that_weighs_anew_may_release_it_without_consent_r76() -> None:
    history = (*AT_TABLE, e.ItemsContributed(s.RTO, (SECRET,), NOW))
    assert not s.state(*history).stands(FOR_TABLE_KEY)
    command = give(item_id=s.NEW, secrecy=Secrecy.WITHOUT_CONSENT, **FOR_TABLE)
    assert after(history, command).stands(FOR_TABLE_KEY)
    assert refused(history, give(item_id=s.NEW, **FOR_TABLE)) is r.CONSENT_NOT_IN_FORCE, (
        "its word alone is none"
    )


def test_retention_is_told_on_whose_consent_the_table_saw_an_item_r76() -> None:
    history = (*AT_TABLE, e.ItemsContributed(s.RTO, (SECRET,), NOW), IN_FORCE)
    ends = (*history, s.concluded(m.RtoOutcome.DEESCALATE))
    found = effects(s.CASE, e.CaseDeescalated(s.RTO, NOW), s.state(*ends, e.CaseDeescalated(s.RTO, NOW)))
    told = [x.message for x in found if isinstance(x, Announce)]
    handed = {x.item.item_id: x.rests_on for x in told if isinstance(x, m.ItemHandedOver)}
    assert handed[s.NEW] == m.RestsOn(persons=(s.MAN,))
    assert handed[s.FREE] is None
    gone = (*ends, s.consented(withdrawn=True), e.CaseDeescalated(s.RTO, NOW))
    left = effects(s.CASE, e.CaseDeescalated(s.RTO, NOW), s.state(*gone))
    items = [
        x.message.item.item_id
        for x in left
        if isinstance(x, Announce) and isinstance(x.message, m.ItemHandedOver)
    ]
    assert s.NEW not in items


def test_consents_stay_until_the_case_is_erased_and_a_state_of_the_version_before_has_none() -> None:
    state = s.state(*s.HISTORIES[Phase.ARCHIVED])
    assert state.recorded_consent(s.CONSENT) is not None
    assert s.state(*s.HISTORIES[Phase.ARCHIVED], e.CasePurged(s.CASE)).phase is Phase.PURGED
    assert State().consents == () == State().agreements


def test_a_release_of_the_first_version_is_read_as_it_was() -> None:
    old = m.ReleaseGiven(**s.use(), secrecy=Secrecy.WITH_CONSENT)
    assert old.consents == ()
    with pytest.raises(ValidationError):
        m.ReleaseGiven(**s.use(), consents=("not an id",))
