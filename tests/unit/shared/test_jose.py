"""Signed, then sealed: who holds the right keys gets the payload, everybody else a reason code."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey

from shared.contract.limits import MAX_PAYLOAD, MAX_SEALED
from shared.crypto.jose import (
    CannotDecode,
    decrypt_and_verify,
    load_key,
    new_key,
    public_jwk,
    sign_and_encrypt,
)

OURS, THEIRS, FOREIGN = new_key(), new_key(), new_key()
FEW = settings(max_examples=60, deadline=None)


def opened(body: bytes, ours: ECKey = OURS, theirs: ECKey = THEIRS) -> bytes:
    payload, kid = decrypt_and_verify(
        body,
        sealed_to=lambda kid: ours if kid == ours.kid else None,
        signed_by=lambda kid: theirs if kid == theirs.kid else None,
    )
    assert kid == ours.kid
    return payload


def reason(body: bytes, **keys: ECKey) -> str:
    with pytest.raises(CannotDecode) as caught:
        opened(body, **keys)
    return str(caught.value)


def sealed(payload: bytes = b"{}") -> bytes:
    return sign_and_encrypt(payload, signing=THEIRS, sealing=OURS)


@pytest.mark.clause(
    "R127.c", allowed="Een bericht dat de partij heeft ondertekend, gaat voor de ontvanger open."
)
@FEW
@given(st.binary(max_size=MAX_PAYLOAD))
def test_what_is_signed_and_sealed_opens(payload: bytes) -> None:
    assert opened(sealed(payload)) == payload


def test_the_largest_payload_opens() -> None:
    payload = b"x" * MAX_PAYLOAD
    body = sealed(payload)
    assert len(body) <= MAX_SEALED
    assert opened(body) == payload


def test_too_large_a_body_is_not_even_tried() -> None:
    assert reason(b"x" * (MAX_SEALED + 1)) == "too-large"
    assert reason(b"x" * MAX_SEALED) != "too-large"


def test_sealing_the_same_again_gives_other_bytes() -> None:
    assert sealed() != sealed()


@pytest.mark.clause("R127.c", refused="Een bericht voor een ander gaat niet open.")
def test_what_was_sealed_to_another_does_not_open() -> None:
    assert reason(sealed(), ours=FOREIGN) == "not-sealed-to-a-key-of-this-service"


def test_what_was_not_sealed_at_all_does_not_open() -> None:
    """As the contract says: in clear JSON no key is named, and in what is only signed none to seal to."""
    signed = jws.serialize_compact({"alg": "ES256", "kid": THEIRS.kid}, b"{}", THEIRS, algorithms=["ES256"])
    for body in (b"{}", b'{"kid": "a.b.c.d"}', signed.encode(), b"", b"...."):
        assert reason(body) == ("not-sealed-to-a-key-of-this-service" if body == b"...." else "does-not-open")


@pytest.mark.parametrize("header", [{}, {"cty": "JWT"}, {"cty": "jose"}])
def test_what_is_signed_inside_says_so_outside(header: dict[str, Any]) -> None:
    inside = jws.serialize_compact({"alg": "ES256", "kid": THEIRS.kid}, b"{}", THEIRS, algorithms=["ES256"])
    assert opened(encrypted(inside.encode(), cty="JOSE")) == b"{}"
    assert reason(encrypted(inside.encode(), **header)) == "cty-not-jose"


@pytest.mark.clause("R127.c", refused="Een bericht dat een ander heeft ondertekend, wordt niet aangenomen.")
def test_what_another_party_signed_does_not_open() -> None:
    assert reason(sealed(), theirs=FOREIGN) == "signature-not-of-the-sender"


def test_a_signature_under_the_senders_kid_by_another_key_does_not_open() -> None:
    liar = ECKey.import_key({**FOREIGN.as_dict(private=True), "kid": THEIRS.thumbprint()})
    body = sign_and_encrypt(b"{}", signing=liar, sealing=OURS)
    assert reason(body) == "signature-not-of-the-sender"


def encrypted(inner: bytes, **header: Any) -> bytes:
    """A well-made JWE around anything."""
    protected: dict[str, Any] = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": OURS.kid} | header
    return jwe.encrypt_compact(protected, inner, OURS).encode()


@pytest.mark.parametrize("inner", [b"", b"{}", b"a.b.c", b"\xff\xfe", b"." * 50])
def test_a_body_without_a_signature_does_not_open(inner: bytes) -> None:
    assert reason(encrypted(inner)) == "signature-not-of-the-sender"


def test_an_unsigned_or_symmetrically_signed_token_does_not_open() -> None:
    unsigned = b".".join([segment({"alg": "none", "kid": THEIRS.kid}), b"e30", b""])
    assert reason(encrypted(unsigned)) == "signature-not-of-the-sender"
    secret = OctKey.import_key(json.dumps(THEIRS.as_dict(private=False)).encode())
    header: dict[str, Any] = {"alg": "HS256", "kid": THEIRS.kid}
    confused = jws.serialize_compact(header, b"{}", secret, algorithms=["HS256"])
    assert reason(encrypted(confused.encode())) == "signature-not-of-the-sender"


def segment(header: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")


HEADERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("crit", [[], None, [1], ["b64"], ["exp"], {}])
def test_extensions_that_must_be_understood_do_not_open_and_nor_does_an_empty_list_of_them(crit: Any) -> None:
    """RFC 7515, 4.1.11, outside in the JWE and inside in the JWS."""
    outside = sealed().split(b".")
    header = json.loads(base64.urlsafe_b64decode(outside[0] + b"=="))
    assert reason(b".".join([segment(header | {"crit": crit}), *outside[1:]])) == "extension-not-understood"
    inside = segment({"alg": "ES256", "kid": THEIRS.kid, "crit": crit}) + b".e30.AAAA"
    assert reason(encrypted(inside)) == "extension-not-understood"


@pytest.mark.parametrize("change", [{"enc": ["A256GCM"]}, {"alg": 5}])
def test_a_header_of_the_wrong_kind_cannot_be_opened(change: dict[str, Any]) -> None:
    """Outside and inside: one such record must not stop everybody else's."""
    outside = sealed().split(b".")
    header = json.loads(base64.urlsafe_b64decode(outside[0] + b"=="))
    assert reason(b".".join([segment(header | change), *outside[1:]]))
    inside = segment({"alg": "ES256", "kid": THEIRS.kid} | change) + b".e30.AAAA"
    assert reason(encrypted(inside)) == "signature-not-of-the-sender"


@FEW
@given(
    st.dictionaries(
        st.sampled_from(["alg", "enc", "epk", "apu", "apv", "zip", "crit", "kid", "cty", "b64", "p2s"]),
        HEADERS,
    )
)
def test_a_body_with_any_header_opens_or_cannot_be_opened(changes: dict[str, Any]) -> None:
    """A header is read before anything is trusted: whatever stands in it gives a reason, never a fault."""
    body = sealed()
    header = json.loads(base64.urlsafe_b64decode(body.split(b".")[0] + b"=="))
    assert reason(b".".join([segment(header | {"kid": OURS.kid} | changes), *body.split(b".")[1:]]))


@FEW
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_cannot_be_opened(body: bytes) -> None:
    assert reason(body)


@FEW
@given(st.data())
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    body = bytearray(sealed(b'{"a": 1}'))
    place = data.draw(st.integers(0, len(body) - 1))
    bits = data.draw(st.integers(1, 255))
    body[place] ^= bits
    try:
        assert opened(bytes(body)) == b'{"a": 1}', "the last bits of base64url may be free"
    except CannotDecode:
        return


@pytest.mark.parametrize("deep", [b"[" * 10_000, b'{"a":' * 700])
def test_a_deeply_nested_header_cannot_be_opened(deep: bytes) -> None:
    assert reason(base64.urlsafe_b64encode(deep) + b".a.b.c.d")


def test_a_key_is_p_256_and_named_by_its_thumbprint() -> None:
    public = public_jwk(THEIRS, "sig")
    assert set(public) == {"kty", "crv", "x", "y", "kid", "use"}
    assert public["kid"] == THEIRS.thumbprint()
    assert load_key(dict(public)).as_dict(private=False)["x"] == public["x"]


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": 7},
    ],
)
def test_any_other_kind_of_key_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="key"):
        load_key(jwk)
