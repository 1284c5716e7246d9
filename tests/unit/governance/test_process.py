"""What governance decides, in sentences; each refusal stands beside the case in which it does not hold."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.governance import commands as c
from services.governance import events as e
from services.governance.keys import OVERLAP, REMEMBERED
from services.governance.main import PROCESS
from services.governance.state import Phase
from shared.contract.limits import MAX_BODY, MOST_AUTHORISATIONS, MOST_KEYS
from shared.contract.messages.governance import AuthorisationGranted, EndReason
from shared.contract.parties import KeyUse, Parties, PartyRecord, Scope
from shared.contract.refusal import Refusal
from shared.core.actor import Actor, Role
from shared.core.context import DecisionContext
from shared.crypto.jose import new_key, public_jwk
from shared.ids import new_id
from tests.support.samples import governance as s
from tests.support.spec import NOW

MEMBER = s.spec().given(s.RECORDED)
GRANTED = MEMBER.given(s.GRANTED)
TOMORROW = NOW + timedelta(days=1)


def record_after(*events: Any) -> PartyRecord:
    record = s.spec().given(*events).state.record
    assert isinstance(record, PartyRecord)
    return record


def refusal_named(outcome: Refusal) -> tuple[str, str]:
    return outcome.name, outcome.rule


# --- becoming a party ------------------------------------------------------------------------------


@pytest.mark.clause(
    "R109.b", allowed="Wie zelf heeft getekend en wiens formulier de voorzitter heeft getekend, wordt partij."
)
@pytest.mark.clause("R110.a", allowed="Een volledig ingevuld toetredingsformulier wordt aangenomen.")
@pytest.mark.clause(
    "R110.b",
    allowed="Een toetredingsformulier waarop de organisatie de drie verklaringen geeft, wordt aangenomen.",
)
def test_a_signatory_becomes_a_party_from_the_recorded_moment_r109() -> None:
    (recorded,) = s.spec().when(s.record_signatory()).events
    record = recorded.record
    assert record.is_member(NOW)
    assert not record.is_member(NOW - timedelta(days=31))
    assert (record.party, record.name, record.acting_bodies) == (
        s.VENLO,
        "Gemeente Venlo",
        ("college", "burgemeester"),
    )


def test_the_key_on_paper_holds_from_the_day_of_the_last_signature_r109() -> None:
    (recorded,) = s.spec().when(s.record_signatory()).events
    (key,) = recorded.record.keys
    assert key.kid == s.SIGNING.thumbprint()
    assert key.use is KeyUse.SIGNING
    assert key.valid_from.isoformat() == "2026-01-11T23:00:00+00:00"


def test_a_key_on_paper_never_begins_later_than_the_machine_received_it() -> None:
    command = s.record_signatory()
    earlier = NOW - timedelta(days=400)
    moved = replace(command, received_at=earlier)
    (recorded,) = s.spec().when(moved).events
    assert recorded.record.keys[0].valid_from == earlier


def test_a_small_party_without_a_connector_needs_no_key() -> None:
    (recorded,) = s.spec().when(s.record_signatory(signing_key=None)).events
    assert recorded.record.keys == ()


@pytest.mark.clause(
    "R109.b", refused="Ontbreekt een van de twee handtekeningen, dan wordt de organisatie geen partij."
)
@pytest.mark.parametrize("missing", ["organisation_signed_on", "chair_signed_on"])
def test_without_both_signatures_nobody_becomes_a_party_r109(missing: str) -> None:
    refusal = s.spec().when(s.record_signatory(form=s.sealed_form(**{missing: None}))).refusal
    assert refusal_named(refusal) == ("SignatureMissing", "R109")


def test_a_signature_of_tomorrow_is_no_signature_yet_r109() -> None:
    today, tomorrow = NOW.date(), TOMORROW.date()
    late = s.record_signatory(form=s.sealed_form(chair_signed_on=tomorrow), member_from=TOMORROW)
    assert s.spec().when(late).refusal.name == "SignatureMissing"
    in_time = s.record_signatory(form=s.sealed_form(chair_signed_on=today), member_from=TOMORROW)
    assert s.spec().when(in_time).events


@pytest.mark.clause(
    "R110.c", allowed="Een formulier met de naam van wie namens de stuurgroep tekende, wordt aangenomen."
)
@pytest.mark.clause("R110.c", refused="Een formulier zonder die naam wordt geweigerd.")
@pytest.mark.clause(
    "R110.a", refused="Een toetredingsformulier waarop een gegeven ontbreekt, wordt geweigerd."
)
@pytest.mark.clause(
    "R110.b",
    refused="Een toetredingsformulier waarop een van de drie verklaringen ontbreekt, wordt geweigerd.",
)
@pytest.mark.parametrize(
    "missing",
    [
        {"name": ""},
        {"seat": " "},
        {"office": ""},
        {"officer_function": ""},
        {"officer_name": None},
        {"officer_name": " "},
        {"chair_name": None},
        {"chair_name": " "},
        {"place": ""},
        {"endorses_goals": False},
        {"undertakes_to_comply": False},
        {"entitled_to_exchange": False},
    ],
    ids=lambda missing: next(iter(missing)),
)
def test_a_form_that_misses_anything_of_bijlage_1_is_refused_r110(missing: dict[str, Any]) -> None:
    refusal = s.spec().when(s.record_signatory(form=s.sealed_form(**missing))).refusal
    assert refusal_named(refusal) == ("FormIncomplete", "R110")
    assert s.spec().when(s.record_signatory(form=s.sealed_form())).events


@pytest.mark.clause(
    "R109.b", allowed="Op de dag van de laatste handtekening kan de organisatie partij worden."
)
@pytest.mark.clause(
    "R109.b", refused="Voor de dag van de laatste handtekening wordt de organisatie geen partij."
)
def test_nobody_is_a_party_before_the_day_of_the_last_signature_r109() -> None:
    signed = s.sealed_form(chair_signed_on=date(2026, 2, 10))
    on_the_day = NOW.replace(month=2, day=9, hour=23)  # 10 February in Amsterdam
    the_day_before = NOW.replace(month=2, day=9, hour=22, minute=59)
    assert s.spec().when(s.record_signatory(form=signed, member_from=on_the_day)).events
    refusal = s.spec().when(s.record_signatory(form=signed, member_from=the_day_before)).refusal
    assert refusal_named(refusal) == ("PartyBeforeSignature", "R109")


@pytest.mark.clause(
    "R24.b",
    refused="Het Zorg- en Veiligheidshuis zelf kan geen partij zijn, en dus niet verstrekken of ontvangen.",
)
@pytest.mark.parametrize(
    "name", ["intake", "governance", "operator", "to", "admin", "service-intake", "8-gemeenten"]
)
def test_a_name_of_the_house_itself_is_no_party_r124(name: str) -> None:
    refusal = s.spec().when(s.record_signatory(party=name)).refusal
    assert refusal_named(refusal) == ("NameReserved", "R124")


@pytest.mark.clause(
    "R24.b",
    allowed="Een organisatie die het convenant ondertekent, kan als partij verstrekken en ontvangen, ook "
    "als haar naam op een onderdeel van het huis lijkt.",
)
@pytest.mark.parametrize("name", ["intake-limburg", "operators", "tolkencentrum", "services"])
def test_a_name_that_only_resembles_one_of_the_house_is_taken_r124(name: str) -> None:
    assert s.spec().when(s.record_signatory(party=name)).events


@pytest.mark.parametrize("bodies", [(), ("",), ("college", "")])
def test_a_party_names_its_acting_bodies_r122(bodies: tuple[str, ...]) -> None:
    refusal = s.spec().when(s.record_signatory(acting_bodies=bodies)).refusal
    assert refusal_named(refusal) == ("ActingBodyMissing", "R122")


def test_who_signed_before_is_not_recorded_again_r109() -> None:
    assert MEMBER.when(s.record_signatory()).refusal.name == "AlreadySigned"
    assert MEMBER.given(s.ENDED).when(s.record_signatory()).refusal.name == "AlreadySigned"


def test_a_private_key_on_paper_is_refused_r127() -> None:
    leaked = s.key_on_paper(jwk={**s.SIGNING_JWK, "d": "c2VjcmV0"})
    assert s.spec().when(s.record_signatory(signing_key=leaked)).refusal.name == "PrivateKeySent"


# --- keys ------------------------------------------------------------------------------------------


def test_an_announced_key_holds_from_its_receipt_and_keeps_its_public_part_only_r127() -> None:
    (announced,) = MEMBER.when(s.announce()).events
    assert announced.key.valid_from == NOW
    assert sorted(announced.key.jwk) == ["crv", "kty", "x", "y"]
    record = record_after(s.RECORDED, announced)
    assert record.sealing_key(NOW) == announced.key


def test_a_key_with_its_private_half_is_refused_r127() -> None:
    refusal = MEMBER.when(s.announce(jwk={**s.SEALING_JWK, "d": "c2VjcmV0"})).refusal
    assert refusal_named(refusal) == ("PrivateKeySent", "R127")


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"x": s.SEALING_JWK["x"] + "="},
        {"x": "A" * 43},
        {"y": s.SEALING_JWK["x"]},
        {"x": "é" * 43},
        {"y": ""},
    ],
    ids=str,
)
def test_what_is_no_point_of_p256_is_no_key_r127(change: dict[str, str]) -> None:
    assert MEMBER.when(s.announce(jwk={**s.SEALING_JWK, **change})).refusal.name == "KeyUnfit"


def test_the_number_of_a_key_is_its_thumbprint_r127() -> None:
    assert MEMBER.when(s.announce(kid="my-key-1")).refusal.name == "KeyNumberWrong"


def test_a_number_never_stands_for_another_key_or_use_r127() -> None:
    again = s.announce(kid=s.SIGNING_JWK["kid"], jwk=s.SIGNING_JWK, use=KeyUse.SEALING)
    assert MEMBER.when(again).refusal.name == "KeyKnown"


def test_a_new_key_ends_its_forerunner_of_the_same_use_after_a_day_and_no_other() -> None:
    fresh = public_jwk(new_key(), "sig")
    (announced,) = MEMBER.when(s.announce(kid=fresh["kid"], jwk=fresh, use=KeyUse.SIGNING)).events
    (sealing,) = MEMBER.when(s.announce()).events
    record = record_after(s.RECORDED, sealing, announced)
    last, over = NOW + OVERLAP - timedelta(seconds=1), NOW + OVERLAP
    assert record.signing_key(s.SIGNING_JWK["kid"], last) and record.signing_key(fresh["kid"], last)
    assert record.signing_key(s.SIGNING_JWK["kid"], over) is None
    assert record.signing_key(fresh["kid"], over)
    assert record.sealing_key(NOW + timedelta(days=300)) == sealing.key


def test_keys_are_bounded_so_that_a_record_fits_in_one_event() -> None:
    full = tuple(s.signing_key(kid=f"k{n}", valid_until=TOMORROW) for n in range(MOST_KEYS))
    assert s.spec().given(s.recorded(keys=full)).when(s.announce()).refusal.name == "TooManyKeys"
    one_less = s.spec().given(s.recorded(keys=full[1:])).when(s.announce())
    assert one_less.events
    old = tuple(s.signing_key(kid=f"k{n}", valid_until=NOW - timedelta(days=31)) for n in range(MOST_KEYS))
    assert s.spec().given(s.recorded(keys=old)).when(s.announce()).events


def test_a_full_record_fits_in_one_event() -> None:
    kid = s.SIGNING_JWK["kid"]
    keys = tuple(
        s.signing_key(kid=kid, valid_until=TOMORROW.replace(microsecond=123456)) for _ in range(MOST_KEYS)
    )
    given = s.authorisation(
        acting_body="b" * 60,
        scopes=tuple(Scope),
        valid_until=TOMORROW.replace(microsecond=123456),
        accepted_at=TOMORROW.replace(microsecond=123456),
        revoked_at=TOMORROW.replace(microsecond=123456),
    )
    full = s.record(keys=keys, authorisations=(given,) * MOST_AUTHORISATIONS, name="n" * 120)
    assert len(full.model_dump_json()) <= MAX_BODY


# --- authorisations --------------------------------------------------------------------------------


@pytest.mark.clause("R122.c", allowed="Voor een handeling die de machtiging noemt, werkt zij.")
@pytest.mark.clause("R122.c", refused="Een machtiging die fase 4 niet noemt, geldt daar niet.")
@pytest.mark.clause("R122.d", allowed="Een machtiging van het college geldt voor het college.")
@pytest.mark.clause("R122.d", refused="Een machtiging van het college geldt niet voor de burgemeester.")
@pytest.mark.clause("R123.a", allowed="Na de aanvaarding door een procesregisseur werkt de machtiging.")
@pytest.mark.clause("R123.a", refused="Een machtiging die nog niet is aanvaard, werkt niet.")
def test_a_granted_authorisation_has_no_effect_until_it_is_accepted_r122() -> None:
    (granted,) = MEMBER.when(s.grant()).events
    parties = Parties({s.VENLO: record_after(s.RECORDED, granted)})
    assert not parties.authorised(s.VENLO, Scope.SCREENING, TOMORROW)
    (accepted,) = MEMBER.given(granted).when(s.accept()).events
    parties = Parties({s.VENLO: record_after(s.RECORDED, granted, accepted)})
    assert parties.authorised(s.VENLO, Scope.SCREENING, NOW, "college")
    assert not parties.authorised(s.VENLO, Scope.SCREENING, NOW, "burgemeester")
    assert not parties.authorised(s.VENLO, Scope.PHASE_4, NOW)


def test_the_acceptance_says_which_director_gave_it_r123() -> None:
    (accepted,) = GRANTED.when(s.accept()).events
    assert accepted == e.AuthorisationAccepted(s.GRANT, s.DIRECTOR, NOW)


@pytest.mark.clause("R122.a", allowed="Een partij legt een machtiging vast van een eigen orgaan.")
@pytest.mark.clause(
    "R122.a", refused="Een machtiging van een orgaan dat van de partij niet bekend is, wordt geweigerd."
)
def test_a_body_that_is_not_the_partys_authorises_nobody_r122() -> None:
    refusal = MEMBER.when(s.grant(acting_body="gemeenteraad")).refusal
    assert refusal_named(refusal) == ("ActingBodyUnknown", "R122")
    assert MEMBER.when(s.grant(acting_body="burgemeester")).events


@pytest.mark.clause("R122.a", refused="Een machtiging met een lege of voorbije periode wordt geweigerd.")
@pytest.mark.parametrize(
    "period",
    [
        {"valid_from": TOMORROW, "valid_until": TOMORROW},
        {"valid_from": NOW - timedelta(days=9), "valid_until": NOW},
        {"valid_until": NOW},
    ],
    ids=["empty", "past", "over-at-once"],
)
def test_an_authorisation_without_a_period_is_refused_r122(period: dict[str, Any]) -> None:
    assert MEMBER.when(s.grant(**period)).refusal.name == "PeriodEmpty"


def test_an_authorisation_may_end_a_second_later_or_begin_in_the_past_r122() -> None:
    assert MEMBER.when(s.grant(valid_until=NOW + timedelta(seconds=1))).events
    (granted,) = MEMBER.when(s.grant(valid_from=NOW - timedelta(days=9))).events
    (accepted,) = MEMBER.given(granted).when(s.accept()).events
    record = record_after(s.RECORDED, granted, accepted)
    assert not record.authorisations[0].covers(Scope.QUERY, NOW - timedelta(seconds=1), None)


def test_a_number_is_given_to_one_authorisation_only_r122() -> None:
    assert GRANTED.when(s.grant()).refusal.name == "AuthorisationKnown"
    assert GRANTED.when(s.grant(authorisation_id=s.OTHER_GRANT)).events


def test_authorisations_are_bounded_so_that_a_record_fits_in_one_event() -> None:
    def given(count: int) -> Any:
        many = tuple(s.authorisation(authorisation_id=new_id()) for n in range(count))
        return s.spec().given(s.recorded(authorisations=many))

    assert given(MOST_AUTHORISATIONS).when(s.grant()).refusal.name == "TooManyAuthorisations"
    assert given(MOST_AUTHORISATIONS - 1).when(s.grant()).events


@pytest.mark.parametrize("end", ["revoked_at", "valid_until"])
def test_what_has_ended_does_not_count_and_leaves_the_record_a_month_later(end: str) -> None:
    """A party may authorise for as long as it is one: only what a message may still be judged by is kept."""

    def after(ended: datetime) -> Any:
        many = (
            s.authorisation(authorisation_id=f"{s.GRANT[:-3]}{n + 100}", **{end: ended})
            for n in range(MOST_AUTHORISATIONS)
        )
        return s.spec().given(s.recorded(authorisations=tuple(many)))

    within = after(NOW - REMEMBERED + timedelta(seconds=1))
    assert within.when(s.grant()).refusal.name == "TooManyAuthorisations"
    over = after(NOW - REMEMBERED)
    (granted,) = over.when(s.grant()).events
    assert [a.authorisation_id for a in over.given(granted).state.record.authorisations] == [s.GRANT]


@pytest.mark.clause(
    "R123.b", allowed="Met een verwerkersovereenkomst ernaast kan een machtiging worden aanvaard."
)
@pytest.mark.clause(
    "R123.b", refused="Zonder verwerkersovereenkomst kan een machtiging niet worden aanvaard."
)
def test_controllership_cannot_be_mandated_so_a_processor_agreement_goes_with_it_r123() -> None:
    refusal = GRANTED.when(s.accept(processor_agreement=False)).refusal
    assert refusal_named(refusal) == ("ProcessorAgreementMissing", "R123")
    assert GRANTED.when(s.accept(processor_agreement=True)).events


@pytest.mark.clause("R123.c", allowed="Een machtiging noemt handelingen die het huis namens de partij doet.")
@pytest.mark.clause(
    "R123.c",
    refused="Een machtiging die iets anders noemt, zoals de verantwoordelijkheid zelf, wordt niet "
    "aangenomen.",
)
@pytest.mark.parametrize("scope", ["controllership", "controller", ""])
def test_no_authorisation_hands_over_controllership_r123(scope: str) -> None:
    """There are acts to name, and nothing else."""
    grant = s.grant().grant.model_dump(mode="json")
    with pytest.raises(ValidationError):
        AuthorisationGranted.model_validate({**grant, "scopes": [scope]})
    for act in ("screening", "query", "rto", "monitoring", "other-table", "phase-4"):
        assert AuthorisationGranted.model_validate({**grant, "scopes": [act]}).scopes == (Scope(act),)


def test_there_is_no_authorisation_to_accept_or_revoke_under_an_unknown_number_r122() -> None:
    assert GRANTED.when(s.accept(authorisation_id=s.OTHER_GRANT)).refusal.name == "UnknownAuthorisation"
    assert GRANTED.when(s.revoke(s.OTHER_GRANT)).refusal.name == "UnknownAuthorisation"


def test_an_authorisation_is_accepted_once_r123() -> None:
    assert GRANTED.given(s.ACCEPTED).when(s.accept()).refusal.name == "AlreadyAccepted"


def test_what_was_revoked_is_neither_accepted_nor_revoked_again_r122() -> None:
    revoked = GRANTED.given(e.AuthorisationRevoked(s.GRANT, NOW))
    assert revoked.when(s.accept()).refusal.name == "AuthorisationRevoked"
    assert revoked.when(s.revoke()).refusal.name == "AuthorisationRevoked"


def test_an_authorisation_whose_period_is_over_is_not_accepted_r122() -> None:
    def ending(at: Any) -> Any:
        return MEMBER.given(e.AuthorisationGranted(s.authorisation(valid_until=at), NOW))

    assert ending(NOW).when(s.accept()).refusal.name == "AuthorisationLapsed"
    assert ending(NOW + timedelta(seconds=1)).when(s.accept()).events


@pytest.mark.clause("R122.b", refused="Vanaf de intrekking dekt de machtiging niets meer.")
def test_a_revocation_ends_the_authorisation_at_that_moment_r122() -> None:
    (revoked,) = GRANTED.given(s.ACCEPTED).when(s.revoke()).events
    record = record_after(s.RECORDED, s.GRANTED, s.ACCEPTED, revoked)
    assert not record.authorisations[0].covers(Scope.QUERY, NOW, None)


# --- who is no party, not yet, or no longer --------------------------------------------------------


@pytest.mark.parametrize("command", [s.announce(), s.grant(), s.revoke()], ids=lambda x: type(x).__name__)
def test_who_never_signed_has_no_rights_and_that_may_be_lag_r1(command: Any) -> None:
    refusal = s.spec().when(command).refusal
    assert refusal_named(refusal) == ("NotAParty", "R1")
    assert refusal.may_be_lag


@pytest.mark.parametrize("command", [s.accept(), s.end()], ids=lambda x: type(x).__name__)
def test_the_house_cannot_act_on_who_never_signed_r109(command: Any) -> None:
    assert refusal_named(s.spec().when(command).refusal) == ("UnknownParty", "R109")


@pytest.mark.clause("R109.c", allowed="Vanaf de afgesproken dag mag de partij handelen in het systeem.")
@pytest.mark.clause(
    "R109.c", refused="Voordat de toetreding ingaat, wordt geweigerd wat de organisatie stuurt."
)
@pytest.mark.parametrize(
    "command", [s.announce(), s.grant(), s.accept(), s.revoke()], ids=lambda x: type(x).__name__
)
def test_until_the_agreed_moment_there_is_no_right_in_the_system_r109(command: Any) -> None:
    later = s.spec().given(s.recorded(member_from=NOW + timedelta(seconds=1)), s.GRANTED)
    assert refusal_named(later.when(command).refusal) == ("NotYetInForce", "R109")
    now = s.spec().given(s.recorded(member_from=NOW), s.GRANTED)
    outcome = now.when(command).outcome
    assert not isinstance(outcome, Refusal) or outcome.name != "NotYetInForce"


@pytest.mark.parametrize("command", [s.announce(), s.grant(), s.revoke()], ids=lambda x: type(x).__name__)
def test_a_message_that_overtook_its_membership_is_judged_when_it_is_tried_again_r109(command: Any) -> None:
    begins = NOW + timedelta(seconds=30)
    state = s.spec().given(s.recorded(member_from=begins), s.GRANTED).state
    for tried_again_at, in_force in ((begins - timedelta(seconds=1), False), (begins, True)):
        context = DecisionContext(NOW, Parties({}), tried_again_at=tried_again_at)
        outcome = PROCESS.decide(state, command, context)
        refused = isinstance(outcome, Refusal) and outcome.name == "NotYetInForce"
        assert refused is not in_force


@pytest.mark.clause("R115.a", refused="Na het einde van haar lidmaatschap kan een partij niets meer doen.")
@pytest.mark.parametrize(
    "command",
    [s.announce(), s.grant(authorisation_id=s.OTHER_GRANT), s.accept(), s.revoke(), s.end()],
    ids=lambda x: type(x).__name__,
)
def test_when_a_membership_ends_all_rights_end_r115(command: Any) -> None:
    refusal = GRANTED.given(s.ENDED).when(command).refusal
    assert refusal_named(refusal) == ("MembershipEnded", "R115")


@pytest.mark.clause(
    "R115.g", allowed="Bevestigt een tweede persoon het voorstel op tijd, dan eindigt het lidmaatschap."
)
@pytest.mark.clause(
    "R115.g",
    refused="Wie het einde van een lidmaatschap voorstelde, kan het niet bevestigen, en te laat "
    "kan niemand dat.",
)
def test_a_membership_ends_when_a_second_person_confirms_it_in_time_r115() -> None:
    """The same person, another reason, nobody or too late: it goes on."""
    proposed = GRANTED.given(s.PROPOSED)
    (ended,) = proposed.when(s.end()).events
    assert isinstance(ended, e.MembershipEnded)
    assert refusal_named(proposed.when(s.end(by=s.BY_SECRETARY)).refusal) == ("SecondPersonNeeded", "R115")
    for spec, reason in ((GRANTED, EndReason.EXCLUSION), (proposed, EndReason.WITHDRAWAL)):
        assert refusal_named(spec.when(s.end(reason)).refusal) == ("EndingNotProposed", "R115")
    for ago, in_time in ((timedelta(days=14), True), (timedelta(days=14, microseconds=1), False)):
        spec = GRANTED.given(e.EndingProposed(EndReason.EXCLUSION, "person-secretary", NOW - ago))
        refused = isinstance(spec.when(s.end()).outcome, Refusal)
        assert refused is not in_time


@pytest.mark.clause("R115.a", allowed="Tot het einde van haar lidmaatschap heeft de partij al haar rechten.")
@pytest.mark.clause(
    "R115.a",
    refused="Vanaf het einde van haar lidmaatschap is een partij geen lid meer en handelt niemand "
    "namens haar.",
)
@pytest.mark.clause("R114.c", allowed="Tot het moment van de uitsluiting is de partij nog lid.")
@pytest.mark.clause(
    "R114.c",
    refused="Vanaf het moment van de uitsluiting is zij geen lid meer en handelt niemand meer namens haar.",
)
@pytest.mark.parametrize("reason", list(EndReason))
def test_an_ended_party_is_no_member_and_nobody_acts_for_it_from_that_moment_r115(
    reason: EndReason,
) -> None:
    proposed = e.EndingProposed(reason, "person-secretary", NOW)
    (ended,) = GRANTED.given(s.ACCEPTED, proposed).when(s.end(reason)).events
    record = record_after(s.RECORDED, s.GRANTED, s.ACCEPTED, ended)
    assert record.is_member(NOW - timedelta(seconds=1))
    assert not record.is_member(NOW)
    assert not Parties({s.VENLO: record}).authorised(s.VENLO, Scope.QUERY, NOW)


def test_an_end_leaves_an_earlier_revocation_as_it_was_r115() -> None:
    earlier = NOW - timedelta(days=2)
    record = record_after(s.RECORDED, s.GRANTED, e.AuthorisationRevoked(s.GRANT, earlier), s.ENDED)
    assert record.authorisations[0].revoked_at == earlier


@pytest.mark.clause("R122.a", refused="Een andere partij legt geen machtiging vast namens deze partij.")
def test_a_party_acts_for_itself_only_r122() -> None:
    stranger = c.GrantAuthorisation(
        by=Actor(Role.PARTY_WORKER, party=s.POLICE, person="p"), party=s.VENLO, grant=s.grant().grant
    )
    refusal = MEMBER.when(stranger).refusal
    assert (refusal.name, refusal.status) == ("NotYourParty", 404)


# --- erasure ---------------------------------------------------------------------------------------


def test_governance_confirms_that_it_holds_nothing_of_a_case_r105() -> None:
    purge = c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE, house_keys=("kid",))
    purged = s.spec().when(purge)
    assert purged.events == (e.CasePurged(s.CASE, ("kid",)),)
    assert s.spec().given(*purged.events).state.phase is Phase.PURGED
    assert s.spec().given(*purged.events).when(purge).events == (e.CasePurged(s.CASE, ("kid",)),)


def test_a_membership_is_no_case_and_is_not_erased_with_one_r105() -> None:
    purge = c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE, house_keys=("kid",))
    assert MEMBER.when(purge).refusal.name == "NoCase"
    assert MEMBER.given(s.ENDED).when(purge).refusal.name == "NoCase"
