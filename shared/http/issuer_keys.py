"""Read the keys that the issuer of tokens publishes: those that tokens may be signed with, and no other."""

from base64 import urlsafe_b64decode
from typing import Annotated, Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from pydantic import BaseModel, Field

from shared.https_client import Unreachable

log = structlog.get_logger()
# What the library raises on what a stranger can write; it takes some members of a header on trust.
MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
KEY_TYPES = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA"}
ALGORITHMS = list(KEY_TYPES)
LEAST_RSA = 2048  # bits


class PublishedKeys(BaseModel):
    """Hold the issuer's published keys; each is read by itself."""

    keys: Annotated[list[Any], Field(max_length=100)]


def usable(published: PublishedKeys) -> KeySet:
    """Import the keys that tokens may be signed with; raises `Unreachable` if there is none."""
    keys: list[Key] = []
    for jwk in published.keys:
        try:
            keys += _key(jwk)
        except MALFORMED as error:
            log.warning("issuer-key-unreadable", kind=type(error).__name__)
    if not keys:
        raise Unreachable("no-keys")
    return KeySet(keys)


def _key(jwk: Any) -> list[Key]:
    """Return the key, if it checks signatures of `ALGORITHMS`; raise one of `MALFORMED`.

    A set may hold others, for encryption or of another type: they are passed over, also where one of them
    bears the id of a good one.
    """
    use, operations, algorithm = (jwk.get(member) for member in ("use", "key_ops", "alg"))
    if use not in (None, "sig") or (operations is not None and "verify" not in operations):
        return []
    if algorithm is not None and KEY_TYPES.get(algorithm) != jwk["kty"]:
        return []
    match jwk["kty"]:
        case "EC" if jwk["crv"] == "P-256":
            return [ECKey.import_key(jwk)]
        case "RSA" if _bits(jwk["n"]) >= LEAST_RSA:
            return [RSAKey.import_key(jwk)]
        case _:
            return []


def _bits(number: str) -> int:
    """Return the length of a base64url number, in bits."""
    return int.from_bytes(urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()


def of_type(keys: KeySet, algorithm: str) -> KeySet:
    """Return the keys of the type that an algorithm takes: never another's, as a secret or by its id."""
    return KeySet([key for key in keys.keys if key.key_type == KEY_TYPES[algorithm]])
