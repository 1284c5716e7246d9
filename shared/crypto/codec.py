"""Encode and decode the body of a record on a party topic: signed, then encrypted, in one way only."""

from datetime import datetime
from typing import Protocol

from joserfc.jwk import ECKey

from shared.contract.parties import PartyRecord, PublicKey
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import CannotDecode, decrypt_and_verify, load_key, sign_and_encrypt


class KeyUnusable(Exception):
    """Report that nothing can be encrypted to the key that a party announced."""


class Codec(Protocol):
    """Define the coding of bodies: decode what a party sent, encode what it receives."""

    def decode(self, body: bytes, sender: PartyRecord, at: datetime) -> bytes:
        """Return the verified payload; raise `CannotDecode`, or `UnknownSigner` where a key may still come.

        `at`: when the broker received the record (machine time), for the sender's keys in force then.
        """

    def encode(self, payload: bytes, recipient: PartyRecord, at: datetime) -> bytes | None:
        """Return the body for the recipient, or None while it has announced no key; raise `KeyUnusable`."""


class SignedAndSealed:
    """Encode and decode in every deployment: JWS in JWE (see `jose`)."""

    def __init__(self, keys: HouseKeys) -> None:
        self._keys = keys
        self._public: dict[str, ECKey] = {}

    def decode(self, body: bytes, sender: PartyRecord, at: datetime) -> bytes:
        def signed_by(kid: str) -> ECKey | None:
            if announced := sender.signing_key(kid, at):
                return self._load(announced)
            if any(key.kid == kid for key in sender.keys):  # not in force then, or for another use
                raise CannotDecode("signature-not-of-the-sender")
            return None

        payload, _ = decrypt_and_verify(body, sealed_to=self._keys.private_key, signed_by=signed_by)
        return payload

    def encode(self, payload: bytes, recipient: PartyRecord, at: datetime) -> bytes | None:
        announced = recipient.sealing_key(at)
        if announced is None:
            return None
        return sign_and_encrypt(payload, signing=self._keys.signing, sealing=self._load(announced))

    def _load(self, announced: PublicKey) -> ECKey:
        key = self._public.get(announced.kid)
        if key is None:
            key = self._public[announced.kid] = _loaded(announced)
        return key


def _loaded(announced: PublicKey) -> ECKey:
    try:
        return load_key({**announced.jwk, "kid": announced.kid})
    except ValueError:
        raise KeyUnusable(announced.kid) from None
