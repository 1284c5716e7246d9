"""Headers and signed form say the same, and what is no CloudEvent is found out."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.envelope import (
    SEALED_BODY,
    Envelope,
    Unreadable,
    attributes,
    from_attributes,
    from_signed,
    read_headers,
    schema_uri,
    signed_differs,
    to_headers,
    to_json,
)
from shared.message import by_type, of_model
from shared.messages.intake import ReferralWithdrawn

CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"])
TEXT = st.text(CHARACTERS, min_size=1, max_size=30)
NAMES = st.sampled_from(["correlationid", "causationid", "expirytime", "sequence", "traceparent"])
ENVELOPES = st.builds(
    Envelope,
    id=st.text(CHARACTERS, min_size=1, max_size=64),
    source=TEXT,
    type=TEXT,
    time=st.datetimes(timezones=st.just(UTC)),
    subject=st.none() | TEXT,
    dataschema=st.none() | TEXT,
    extensions=st.dictionaries(NAMES, TEXT, max_size=3),
)
GOOD = attributes(Envelope("1", "urn:x", "t", datetime(2026, 3, 2, tzinfo=UTC)))


@given(ENVELOPES)
def test_what_is_put_into_headers_is_read_from_them(envelope: Envelope) -> None:
    assert from_attributes(read_headers(to_headers(envelope, SEALED_BODY))) == envelope


@given(ENVELOPES)
def test_the_signed_form_says_what_the_headers_say(envelope: Envelope) -> None:
    signed = json.loads(to_json(envelope, b'{"a":1}'))
    assert not signed_differs(read_headers(to_headers(envelope, SEALED_BODY)), signed)
    assert from_signed(signed) == envelope
    assert signed["data"] == {"a": 1}


@given(ENVELOPES, st.sampled_from(["id", "source", "type", "time", "subject", "sequence"]), TEXT)
def test_a_header_that_says_something_else_than_the_signature_is_found(
    envelope: Envelope, name: str, value: str
) -> None:
    signed = json.loads(to_json(envelope, b"null"))
    headers = read_headers(to_headers(envelope, SEALED_BODY))
    changed = {**headers, name: value}
    assert signed_differs(changed, signed) is (signed.get(name) != value)


def test_only_the_trace_of_the_hop_may_differ_from_the_signature() -> None:
    assert not signed_differs({"traceparent": "other"}, GOOD)
    assert signed_differs({"sequence": "1"}, GOOD)


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type", "time"])
def test_an_envelope_without_a_required_attribute_is_unreadable(missing: str) -> None:
    with pytest.raises(Unreadable, match="not-a-cloudevent"):
        from_attributes({k: v for k, v in GOOD.items() if k != missing})


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"id": "x" * 65},
        {"time": "yesterday"},
        {"time": "2026-03-02T09:00:00"},
        {"time": None},
    ],
)
def test_an_envelope_with_a_wrong_attribute_is_unreadable(change: dict[str, object]) -> None:
    with pytest.raises(Unreadable, match="not-a-cloudevent"):
        from_attributes(GOOD | change)


def test_the_longest_id_is_readable() -> None:
    assert from_attributes(GOOD | {"id": "x" * 64}).id == "x" * 64


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "dataschema", "traceparent", "sequence"])
@pytest.mark.parametrize("control", ["\x00", "\n", "\x1f", "\x7f"])
def test_an_attribute_with_a_control_character_is_unreadable(name: str, control: str) -> None:
    """CloudEvents forbids them, and PostgreSQL takes no NUL: such a record would stop everybody's."""
    with pytest.raises(Unreadable, match="not-a-cloudevent"):
        from_attributes(GOOD | {name: f"a{control}b"})


@given(st.dictionaries(st.sampled_from([*GOOD, "subject", "other"]), TEXT))
def test_any_attributes_give_an_envelope_or_unreadable(found: dict[str, str]) -> None:
    try:
        assert from_attributes(found)
    except Unreadable as reason:
        assert str(reason) == "not-a-cloudevent"


@pytest.mark.parametrize(("value", "reason"), [(None, "null-header"), (b"\xff\xfe", "header-not-utf-8")])
def test_a_null_or_broken_header_is_unreadable(value: bytes | None, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_headers([("ce_id", b"1"), ("other", value)])


def test_the_schema_explains_the_type() -> None:
    entry = of_model(ReferralWithdrawn)
    assert by_type("nl.veiligheidscasussen.referral-withdrawn.v1") is entry
    assert schema_uri(entry) == "urn:nld:zvh:schema:referral-withdrawn:v1"
