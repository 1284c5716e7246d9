"""Headers and signed form say the same, and what is no CloudEvent is found out."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.cloudevent import (
    MAX_SEQUENCE,
    PLAIN_BODY,
    SEALED_BODY,
    Envelope,
    Unreadable,
    attributes,
    checked,
    from_attributes,
    from_signed,
    read_headers,
    schema_uri,
    signed_differs,
    to_headers,
    to_json,
    trace_of,
)
from shared.contract.messages.intake import ReferralWithdrawn
from shared.contract.registry import by_type, of_model

CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"])
TEXT = st.text(CHARACTERS, min_size=1, max_size=30)
EXTENSIONS = {
    **dict.fromkeys(("correlationid", "causationid"), st.uuids().map(str)),
    "sequence": st.integers(0, MAX_SEQUENCE).map("{:020d}".format),
    **dict.fromkeys(("expirytime", "tracestate", "zaak1"), TEXT),
}
ENVELOPES = st.builds(
    Envelope,
    id=st.uuids().map(str),
    source=TEXT,
    type=TEXT,
    time=st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    subject=st.none() | TEXT,
    dataschema=st.none() | TEXT,
    extensions=st.fixed_dictionaries({}, optional=EXTENSIONS),
)
UUID = "0192aaaa-0000-7000-8000-00000000000a"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GOOD = attributes(Envelope(UUID, "urn:x", "t", datetime(2026, 3, 2, tzinfo=UTC)))
HEADERS = [(f"ce_{name}", value.encode()) for name, value in GOOD.items()]
KIND = ("content-type", SEALED_BODY.encode())


@given(ENVELOPES)
def test_what_is_put_into_headers_is_read_from_them(envelope: Envelope) -> None:
    assert from_attributes(read_headers(to_headers(envelope, SEALED_BODY), SEALED_BODY)) == envelope


@given(ENVELOPES)
def test_the_signed_form_says_what_the_headers_say(envelope: Envelope) -> None:
    signed = json.loads(to_json(envelope, b'{"a":1}'))
    assert not signed_differs(read_headers(to_headers(envelope, SEALED_BODY), SEALED_BODY), signed)
    assert from_signed(signed) == envelope
    assert signed["data"] == {"a": 1}


@given(ENVELOPES, st.sampled_from(["id", "source", "type", "time", "subject", "sequence"]), TEXT)
def test_a_header_that_says_something_else_than_the_signature_is_found(
    envelope: Envelope, name: str, value: str
) -> None:
    signed = json.loads(to_json(envelope, b"null"))
    headers = read_headers(to_headers(envelope, SEALED_BODY), SEALED_BODY)
    changed = {**headers, name: value}
    assert signed_differs(changed, signed) is (signed.get(name) != value)


def test_only_the_trace_of_the_hop_may_differ_from_the_signature() -> None:
    assert not signed_differs({"traceparent": "other"}, GOOD)
    assert signed_differs({"sequence": "1"}, GOOD)


@pytest.mark.parametrize("missing", ["id", "source", "type", "time"])
def test_an_envelope_without_a_required_attribute_is_unreadable(missing: str) -> None:
    left = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(Unreadable, match="attribute-missing"):
        from_attributes(left)
    with pytest.raises(Unreadable, match="attribute-missing"):
        read_headers([*(h for h in HEADERS if h[0] != f"ce_{missing}"), KIND], SEALED_BODY)


@pytest.mark.parametrize("version", [None, "0.3", ""])
def test_what_is_not_of_this_version_is_no_cloudevent(version: str | None) -> None:
    others = {name: value for name, value in GOOD.items() if name != "specversion"}
    with pytest.raises(Unreadable, match="not-a-cloudevent"):
        from_attributes(others if version is None else others | {"specversion": version})


@pytest.mark.parametrize(
    "value", ["", "1", "Persoon Jansen 1990", UUID.upper(), UUID + "0", f"{UUID}\u0660", UUID[:-1] + "g"]
)
def test_an_id_is_a_uuid_so_that_nothing_about_a_person_can_stand_in_it(value: str) -> None:
    with pytest.raises(Unreadable, match="id-not-a-uuid"):
        from_attributes(GOOD | {"id": value})


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-03-02T09:00:00",
        "2026-03-02 09:00:00Z",
        "2026-W48-2T09:00:00Z",
        "20260302T090000Z",
        "2026-02-30T09:00:00Z",
        "2026-03-02T24:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "\u0662026-03-02T09:00:00Z",
    ],
)
def test_a_time_that_is_not_in_rfc_3339_is_unreadable(time: str) -> None:
    with pytest.raises(Unreadable, match="time-not-rfc-3339"):
        from_attributes(GOOD | {"time": time})


@pytest.mark.parametrize("time", ["2026-03-02T09:00:00.123456789+01:00", "2026-03-02T08:00:00.1Z"])
def test_any_time_in_rfc_3339_is_read(time: str) -> None:
    assert from_attributes(GOOD | {"time": time}).time.tzinfo is not None


def test_an_attribute_of_another_kind_than_text_is_none_of_the_signed_ones() -> None:
    values: list[Any] = [None, 5, ["x"], {}]
    for value in values:
        with pytest.raises(Unreadable, match="attribute-missing"):
            from_signed(GOOD | {"time": value})


@pytest.mark.parametrize("name", ["correlationid", "causationid"])
@pytest.mark.parametrize("value", ["", "1", "a-key-of-a-client", "Persoon A", UUID.upper()])
def test_what_a_message_follows_from_is_a_uuid_too(name: str, value: str) -> None:
    assert from_attributes(GOOD | {name: UUID}).extensions == {name: UUID}
    with pytest.raises(Unreadable, match="id-not-a-uuid"):
        from_attributes(GOOD | {name: value})


@pytest.mark.parametrize(
    "value", ["", "-1", "1.0", "one", "\u0661", str(MAX_SEQUENCE + 1), "0" * 21, "9" * 5_000]
)
def test_a_sequence_is_a_number_that_the_database_counts_to(value: str) -> None:
    assert from_attributes(GOOD | {"sequence": f"{MAX_SEQUENCE:020d}"}).extensions
    with pytest.raises(Unreadable, match="sequence-not-a-number"):
        from_attributes(GOOD | {"sequence": value})


@given(ENVELOPES)
def test_what_a_reader_takes_may_be_sent(envelope: Envelope) -> None:
    assert checked(envelope) == envelope


@pytest.mark.parametrize(
    "change",
    [
        {"id": "7"},
        {"source": "urn:x\ty"},
        {"subject": "a\x85b"},
        {"type": "t\0"},
        {"extensions": {"causationid": "a\tkey-of-a-client"}},
        {"extensions": {"causationid": "a-key-of-a-client"}},
        {"time": datetime(1999, 1, 1, tzinfo=UTC)},
    ],
)
def test_what_no_reader_would_take_is_not_sent(change: dict[str, Any]) -> None:
    """An attribute that is refused here would be a dead letter, or a record passed over, at every service."""
    envelope = from_attributes(GOOD)._replace(**change)
    with pytest.raises(Unreadable):
        checked(envelope)


# --- headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*(name for name, _ in HEADERS), "ce_zaak1", "content-type"])
@pytest.mark.parametrize("first", [True, False])
def test_a_repeated_header_is_unreadable_whichever_comes_first(name: str, first: bool) -> None:
    """Which of the two is meant could be read one way here and another way elsewhere."""
    headers = [*HEADERS, KIND, *([] if name in (*(n for n, _ in HEADERS), KIND[0]) else [(name, b"1")])]
    twice = [(name, b"other"), *headers] if first else [*headers, (name, b"other")]
    with pytest.raises(Unreadable, match="header-repeated"):
        read_headers(twice, SEALED_BODY)


@pytest.mark.parametrize("name", ["CE_ID", "Ce_id", "cE_id", "ce_ID", "ce_trace-parent", "ce_", "ce_\u00e9"])
def test_an_attribute_name_is_of_lower_case_letters_and_digits(name: str) -> None:
    with pytest.raises(Unreadable, match="attribute-name-not-allowed"):
        read_headers([*HEADERS, KIND, (name, UUID.encode())], SEALED_BODY)


@pytest.mark.parametrize(
    "kind",
    [
        [],
        [("content-type", b"text/plain")],
        [("content-type", PLAIN_BODY.encode())],
        [("Content-Type", KIND[1])],
    ],
)
def test_around_another_kind_of_body_the_headers_are_unreadable(kind: list[tuple[str, bytes]]) -> None:
    with pytest.raises(Unreadable, match="wrong-content-type"):
        read_headers([*HEADERS, *kind], SEALED_BODY)
    assert read_headers([*HEADERS, ("content-type", PLAIN_BODY.encode())], PLAIN_BODY) == GOOD


def test_headers_of_the_hop_are_nobodys_business() -> None:
    hop = [("traceparent", b"a"), ("traceparent", b"b"), ("x-anything", b"")]
    assert read_headers([*hop, *HEADERS, KIND], SEALED_BODY) == GOOD


@pytest.mark.parametrize(
    "trace",
    [
        "Persoon-Jansen",
        "",
        TRACE.upper(),
        TRACE + "-x",
        "00-" + "0" * 32 + TRACE[35:],
        TRACE[:36] + "0" * 16 + "-01",
    ],
)
def test_a_trace_of_another_form_than_w3cs_is_dropped(trace: str) -> None:
    assert trace_of(trace) is None
    assert "traceparent" not in from_attributes(GOOD | {"traceparent": trace}).extensions
    assert trace_of(TRACE) == TRACE
    assert from_attributes(GOOD | {"traceparent": TRACE}).extensions["traceparent"] == TRACE


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "dataschema", "traceparent", "sequence"])
@pytest.mark.parametrize("control", ["\x00", "\n", "\x1f", "\x7f"])
def test_an_attribute_with_a_control_character_is_unreadable(name: str, control: str) -> None:
    """CloudEvents forbids them, and PostgreSQL takes no NUL: such a record would stop everybody's."""
    with pytest.raises(Unreadable, match="control-character"):
        from_attributes(GOOD | {name: f"a{control}b"})


@given(st.dictionaries(st.sampled_from([*GOOD, "subject", "other"]), TEXT))
def test_any_attributes_give_an_envelope_or_unreadable(found: dict[str, str]) -> None:
    try:
        assert from_attributes(found)
    except Unreadable as reason:
        assert re.fullmatch("[a-z0-9-]+", str(reason))


@pytest.mark.parametrize("name", [b"\xff\xfe", b"ce_\xff", b"ce_id\xc3"])
def test_a_header_with_a_broken_name_is_unreadable(name: bytes) -> None:
    arrived = name.decode("utf-8", "surrogateescape")
    with pytest.raises(Unreadable, match="header-not-utf-8"):
        read_headers([*HEADERS, (arrived, b"x"), KIND], SEALED_BODY)


@pytest.mark.parametrize(("value", "reason"), [(None, "null-header"), (b"\xff\xfe", "header-not-utf-8")])
def test_a_null_or_broken_header_is_unreadable(value: bytes | None, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_headers([*HEADERS, ("other", value), KIND], SEALED_BODY)


def test_the_schema_explains_the_type() -> None:
    entry = of_model(ReferralWithdrawn)
    assert by_type("nl.veiligheidscasussen.referral-withdrawn.v1") is entry
    assert schema_uri(entry) == "urn:nld:zvh:schema:referral-withdrawn:v1"


def test_the_trace_context_of_the_hop_is_the_headers_where_they_have_one() -> None:
    of_sender, of_hop = (f"00-{'a' * 32}-{digit * 16}-01" for digit in "12")
    signed = GOOD | {"traceparent": of_sender}
    assert from_signed(signed).extensions["traceparent"] == of_sender
    assert from_signed(signed, {"traceparent": of_hop}).extensions["traceparent"] == of_hop
    assert "traceparent" not in from_signed(signed, {"traceparent": "Persoon Jansen"}).extensions
    assert from_signed(GOOD, {"id": "another"}).id == GOOD["id"]
