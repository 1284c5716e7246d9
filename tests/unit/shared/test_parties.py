"""Memberships, authorisations and keys hold from their first moment up to, and not at, their last."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from deploy.provisioning.topics import NotAPartyId, check_party_id
from shared.contract.fields import MAX_PARTY_ID, PartyId
from shared.contract.parties import (
    Authorisation,
    KeyUse,
    Parties,
    PartyKind,
    PartyRecord,
    PublicKey,
    Scope,
    is_registrable,
    is_reserved,
)
from shared.contract.topics import Topics
from shared.http.app import OnBehalfOf

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOMENTS = st.integers(-3, 3).map(lambda seconds: NOW + seconds * SECOND)
OPTIONAL = st.none() | MOMENTS
AUTHORISATIONS = st.builds(
    Authorisation,
    authorisation_id=st.uuids().map(str),
    acting_body=st.sampled_from(["college", "burgemeester"]),
    scopes=st.sets(st.sampled_from(Scope), min_size=1).map(tuple),
    valid_from=MOMENTS,
    valid_until=OPTIONAL,
    accepted_at=OPTIONAL,
    revoked_at=OPTIONAL,
)

IDS = st.from_regex(r"[a-z0-9-]{0,70}", fullmatch=True) | st.sampled_from(["intake", "to", "service-x"])


def fits_the_contract(party_id: str) -> bool:
    try:
        TypeAdapter(PartyId).validate_python(party_id)
    except ValidationError:
        return False
    return True


def may_be_provisioned(party_id: str) -> bool:
    try:
        return check_party_id(party_id) == party_id
    except NotAPartyId:
        return False


@given(IDS)
def test_the_broker_takes_the_party_ids_that_fit_the_contract_and_are_not_reserved(party_id: str) -> None:
    agreed = fits_the_contract(party_id) and not is_reserved(party_id)
    assert may_be_provisioned(party_id) is is_registrable(party_id) is agreed


@pytest.mark.parametrize(("length", "fits"), [(MAX_PARTY_ID, True), (MAX_PARTY_ID + 1, False)])
def test_a_party_id_is_as_long_in_messages_over_http_and_on_the_broker(length: int, fits: bool) -> None:
    party_id = "a" * length
    header: TypeAdapter[str | None] = TypeAdapter(OnBehalfOf)
    schema = header.json_schema()
    assert schema["anyOf"][0]["maxLength"] == TypeAdapter(PartyId).json_schema()["maxLength"] == MAX_PARTY_ID
    assert fits_the_contract(party_id) is may_be_provisioned(party_id) is fits


@given(IDS.filter(fits_the_contract))
def test_the_pattern_of_the_outboxes_meets_each_party_and_gives_its_id_back(party_id: str) -> None:
    topics = Topics()
    topic = topics.from_party("intake", party_id)
    assert re.fullmatch(topics.from_pattern("intake"), topic)
    assert topics.party_of("intake", topic) == party_id


def party(**fields: object) -> PartyRecord:
    return PartyRecord.model_validate({"party": "p", "name": "P", "kind": PartyKind.OTHER, **fields})


@given(MOMENTS, OPTIONAL, OPTIONAL)
def test_a_party_is_one_from_its_first_moment_until_its_last(
    at: datetime, begins: datetime | None, ends: datetime | None
) -> None:
    """R1, R109, R115."""
    record = party(member_from=begins, member_until=ends)
    expected = begins is not None and begins <= at and (ends is None or at < ends)
    assert record.is_member(at) is expected
    known = Parties({"p": record})
    assert known.is_member("p", at) is expected
    assert known.members(at) == ({"p"} if expected else set())


def test_nobody_is_a_party_that_was_never_heard_of() -> None:
    assert not Parties({}).is_member("p", NOW)
    assert Parties({}).get("p") is None
    assert not Parties({}).authorised("p", Scope.QUERY, NOW)


@given(AUTHORISATIONS, MOMENTS, st.sampled_from(Scope), st.sampled_from([None, "college", "burgemeester"]))
def test_an_authorisation_covers_an_act_within_all_its_limits(
    given_: Authorisation, at: datetime, scope: Scope, body: str | None
) -> None:
    """R2, R122, R123: scope, acceptance, period, revocation and acting body, each by itself."""
    limits: list[Callable[[], bool]] = [
        lambda: scope in given_.scopes,
        lambda: given_.accepted_at is not None and given_.accepted_at <= at,
        lambda: given_.valid_from <= at,
        lambda: given_.valid_until is None or at < given_.valid_until,
        lambda: given_.revoked_at is None or at < given_.revoked_at,
        lambda: body is None or body == given_.acting_body,
    ]
    expected = all(limit() for limit in limits)
    assert given_.covers(scope, at, body) is expected
    assert Parties({"p": party(authorisations=(given_,))}).authorised("p", scope, at, body) is expected


@pytest.mark.parametrize(
    ("kind", "checked", "may"),
    [
        (PartyKind.NATIONAL_CHAIN_PARTNER, False, True),
        (PartyKind.MUNICIPALITY, False, False),
        (PartyKind.OTHER, False, False),
        (PartyKind.OTHER, True, True),
    ],
)
def test_who_may_see_special_categories(kind: PartyKind, checked: bool, may: bool) -> None:
    """R21: a national chain partner, or a party that was checked for it."""
    assert party(kind=kind, checked_for_special=checked).may_see_special is may


def key(kid: str, use: KeyUse, begins: datetime, ends: datetime | None = None) -> PublicKey:
    return PublicKey(kid=kid, use=use, jwk={}, valid_from=begins, valid_until=ends)


def test_letters_are_sealed_to_the_key_announced_last_and_to_none_that_has_ended() -> None:
    first = key("first", KeyUse.SEALING, NOW - 2 * SECOND)
    ended = key("ended", KeyUse.SEALING, NOW - SECOND, NOW)
    later = key("later", KeyUse.SEALING, NOW + SECOND)
    signing = key("signing", KeyUse.SIGNING, NOW)
    record = party(keys=(first, ended, later, signing))
    assert record.sealing_key(NOW) == first
    assert record.sealing_key(NOW - SECOND) == ended
    assert record.sealing_key(NOW + SECOND) == later
    assert party(keys=(signing,)).sealing_key(NOW) is None


@given(MOMENTS, MOMENTS, OPTIONAL)
def test_a_signature_counts_as_long_as_its_key_does(
    at: datetime, begins: datetime, ends: datetime | None
) -> None:
    record = party(keys=(key("k", KeyUse.SIGNING, begins, ends), key("s", KeyUse.SEALING, begins)))
    in_force = begins <= at and (ends is None or at < ends)
    assert (record.signing_key("k", at) is not None, record.may_sign(at)) == (in_force, in_force)


def test_a_record_with_other_keys_goes_by_them_whatever_was_asked_of_it_before() -> None:
    old, new = (
        PublicKey(kid=kid, use=KeyUse.SEALING, jwk={"kty": "EC"}, valid_from=NOW) for kid in ("old", "new")
    )
    record = party(keys=(old,))
    assert record.sealing_key(NOW) == old
    assert record.model_copy(update={"keys": (new,)}).sealing_key(NOW) == new
