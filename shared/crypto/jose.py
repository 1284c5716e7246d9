"""Sign, then encrypt: a compact JWE (ECDH-ES on P-256, A256GCM) around a compact JWS (ES256).

This is the one place that encrypts for a recipient and that decrypts what a sender sent (RFC 7515, 7516,
7518). Compression is not allowed, so that nothing can swell when it is decrypted.
"""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.contract.limits import MAX_LETTER, MAX_SEALED, MAX_SEALED_LETTER, encoded_size

SEAL_ALGORITHM, SEAL_CIPHER, SIGN_ALGORITHM = "ECDH-ES", "A256GCM", "ES256"
SIGNED_INSIDE = "JOSE"  # the cty of a JWE around a JWS
_DOTS_OF_JWE = 4

# joserfc compares encoded lengths; what a reader takes at most it says itself (`decrypt_and_verify`).
_seal_registry = jwe.JWERegistry(algorithms=[SEAL_ALGORITHM, SEAL_CIPHER])
_seal_registry.max_ciphertext_length = MAX_SEALED_LETTER
_sign_registry = jws.JWSRegistry(algorithms=[SIGN_ALGORITHM])
_sign_registry.max_payload_length = encoded_size(MAX_LETTER)

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # as keys are announced
# A header with a value of the wrong kind makes joserfc fail on it instead of refusing it.
_UNREADABLE = (JoseError, ValueError, KeyError, TypeError, AttributeError)


class CannotDecode(Exception):
    """Report a body that does not decrypt, or a signature that is not the sender's.

    The argument is a reason code.
    """


class UnknownSigner(CannotDecode):
    """Report a signature under a key that this service does not know, or not yet: it may be announced."""


def load_key(jwk: dict[str, Any]) -> ECKey:
    """Load a P-256 key from its JWK; raise `ValueError` for any other kind."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("a P-256 key is needed")
    try:
        return ECKey.import_key(jwk)
    except JoseError as error:
        raise ValueError("not a valid P-256 key") from error


def new_key() -> ECKey:
    """Generate a private P-256 key; its kid is its RFC 7638 thumbprint."""
    key = ECKey.generate_key("P-256", private=True)
    key.ensure_kid()
    return key


def public_jwk(key: ECKey, use: str) -> dict[str, str]:
    """Return the public half as a JWK, as it is announced."""
    exported = {k: str(v) for k, v in key.as_dict(private=False).items() if k in ("kty", "crv", "x", "y")}
    return {**exported, "kid": key.thumbprint(), "use": use}


def sign_and_encrypt(payload: bytes, *, signing: ECKey, sealing: ECKey) -> bytes:
    """Return a compact JWE for the holder of `sealing` around the payload signed with `signing`."""
    signed = sign(payload, signing)
    protected = {"alg": SEAL_ALGORITHM, "enc": SEAL_CIPHER, "kid": sealing.kid, "cty": SIGNED_INSIDE}
    return jwe.encrypt_compact(protected, signed, sealing, registry=_seal_registry).encode()


def sign(payload: bytes, key: ECKey) -> str:
    """Return a compact JWS of a payload that nobody needs to be kept from."""
    protected = {"alg": SIGN_ALGORITHM, "kid": key.kid}
    return jws.serialize_compact(protected, payload, key, registry=_sign_registry)


def verify(token: bytes, signed_by: Callable[[str], ECKey | None]) -> bytes:
    """Return the payload of a compact JWS under a key that `signed_by` finds; raise `CannotDecode`."""
    forged = CannotDecode("signature-not-of-the-sender")
    signer, _ = _named_key(token, signed_by, forged, unknown=UnknownSigner(str(forged)))
    try:
        return jws.deserialize_compact(token, signer, registry=_sign_registry).payload
    except _UNREADABLE:
        raise forged from None


def decrypt_and_verify(
    body: bytes,
    *,
    sealed_to: Callable[[str], ECKey | None],
    signed_by: Callable[[str], ECKey | None],
    most: int = MAX_SEALED,
) -> tuple[bytes, str]:
    """Return the verified payload and the kid it was encrypted to; raise `CannotDecode`.

    `most`: bytes of the body, those of a party's message unless the reader is a party itself.
    `sealed_to` finds our private key by kid, `signed_by` the sender's public key. A signature under a key
    that it does not find is an `UnknownSigner`; a wrong one, or none, is not.
    """
    if len(body) > most:
        raise CannotDecode("too-large")
    if body.count(b".") != _DOTS_OF_JWE:
        raise CannotDecode("does-not-open")
    no_key = CannotDecode("not-sealed-to-a-key-of-this-service")
    key, kid = _named_key(body, sealed_to, no_key, unknown=no_key)
    try:
        opened = jwe.decrypt_compact(body, key, registry=_seal_registry)
    except _UNREADABLE:
        raise CannotDecode("does-not-open") from None
    signed = opened.plaintext
    if signed is None:
        raise CannotDecode("does-not-open")
    payload = verify(signed, signed_by)
    if opened.protected.get("cty") != SIGNED_INSIDE:
        raise CannotDecode("cty-not-jose")
    return payload, kid


def _named_key(
    token: bytes, find: Callable[[str], ECKey | None], otherwise: CannotDecode, *, unknown: CannotDecode
) -> tuple[ECKey, str]:
    """Return the key that the token's protected header names, read before anything is trusted.

    Raises `otherwise` when it names none, `unknown` when nobody knows the one it names.
    """
    segment = token.split(b".", 1)[0]
    if len(segment) > 1024:
        raise CannotDecode("does-not-open")
    try:
        header = json.loads(base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
        kid, has_extensions = header["kid"], "crit" in header
    except (ValueError, KeyError, TypeError, RecursionError):
        raise otherwise from None
    if has_extensions:  # RFC 7515, 4.1.11: we know none, and an empty list is not allowed
        raise CannotDecode("extension-not-understood")
    if not isinstance(kid, str) or not _KEY_ID.fullmatch(kid):
        raise otherwise
    if (key := find(kid)) is None:
        raise unknown
    return key, kid
