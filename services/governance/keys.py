"""Decide which public keys of a party the house takes, and how a new one follows an old one."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from services.governance import refusals as r
from shared.contract.parties import KeyUse, PublicKey
from shared.contract.refusal import Refusal
from shared.crypto.jose import load_key

OVERLAP = timedelta(days=1)  # what was signed with the old key just before may still be on its way
REMEMBERED = timedelta(days=31)  # nothing received longer ago is judged any more (inbox horizon)

_COORDINATE = re.compile(r"^[A-Za-z0-9_-]{43}$")  # 32 bytes, base64url without padding
_PUBLIC_PARTS = ("kty", "crv", "x", "y")


def fault_of(kid: str, jwk: Mapping[str, str]) -> Refusal | None:
    """Refuse what is no key to announce; its number is its RFC 7638 thumbprint, so it names one key only."""
    if "d" in jwk:
        return r.PRIVATE_KEY_SENT
    public = public_part(jwk)
    if not all(_COORDINATE.fullmatch(public.get(axis, "")) for axis in ("x", "y")):
        return r.KEY_UNFIT
    try:
        key = load_key(dict(public))
    except ValueError:
        return r.KEY_UNFIT
    return None if key.thumbprint() == kid else r.KEY_NUMBER_WRONG


def public_part(jwk: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept of a key: nothing that the signature does not need."""
    return {part: jwk[part] for part in _PUBLIC_PARTS if part in jwk}


def announced(kid: str, jwk: Mapping[str, str], use: KeyUse, since: datetime) -> PublicKey:
    """Return the key as it is recorded; `since` is machine time."""
    return PublicKey(kid=kid, use=use, jwk=public_part(jwk), valid_from=since)


def followed_by(keys: tuple[PublicKey, ...], new: PublicKey) -> tuple[PublicKey, ...]:
    """Return the keys with the new one, which ends those of the same use after the overlap."""
    ending = new.valid_from + OVERLAP
    ended = (
        key.model_copy(update={"valid_until": ending})
        if key.use is new.use and key.valid_until is None
        else key
        for key in keys
    )
    horizon = new.valid_from - REMEMBERED
    kept = (key for key in ended if key.valid_until is None or key.valid_until > horizon)
    return (*kept, new)
