"""How the body of a record on a party topic is opened and made: signed and sealed, in one way only."""

from datetime import datetime
from typing import Protocol

from joserfc.jwk import ECKey

from shared.contract.parties import PartyRecord, PublicKey
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import decrypt_and_verify, load_key, sign_and_encrypt


class Codec(Protocol):
    """Opens what a party sent and makes what it gets."""

    def decode(self, body: bytes, sender: PartyRecord, at: datetime) -> bytes:
        """The signed payload; raises `CannotDecode`."""

    def encode(self, payload: bytes, recipient: PartyRecord, at: datetime) -> bytes | None:
        """The body for the recipient; None as long as it has announced no key."""


class SignedAndSealed:
    """The codec of every deployment: JWS in JWE (see `jose`)."""

    def __init__(self, keys: HouseKeys) -> None:
        self._keys = keys
        self._public: dict[str, ECKey] = {}

    def decode(self, body: bytes, sender: PartyRecord, at: datetime) -> bytes:
        def signed_by(kid: str) -> ECKey | None:
            announced = sender.signing_key(kid, at)
            return self._load(announced) if announced else None

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
            key = self._public[announced.kid] = load_key({**announced.jwk, "kid": announced.kid})
        return key
