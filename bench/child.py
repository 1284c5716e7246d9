"""Provide what the measured programs share: settings, keys, and a note of when they began."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from joserfc.jwk import ECKey

from deploy.provisioning.databases import owner_of
from shared.clock import machine_now
from shared.contract.content import SealedText
from shared.contract.parties import KeyUse, PartyRecord
from shared.crypto.case_cipher import CaseKey
from shared.crypto.codec import Codec
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import decrypt_and_verify, load_key, sign_and_encrypt
from shared.runtime.settings import Settings


@dataclass(slots=True)
class Began:
    """Note once when the first record was in hand; the measuring process waits for the file."""

    file: Path
    _noted: bool = False

    def now(self) -> None:
        if not self._noted:
            self._noted = True
            draft = self.file.with_suffix(".new")
            draft.write_text(json.dumps({"at": time.time(), "cpu": time.process_time()}))
            draft.replace(self.file)


def as_owner(settings: Settings) -> Settings:
    """Return the settings of the login that may create tables; a service's own may not."""
    return settings.model_copy(update={"database_user": owner_of(settings.database_user)})


class Plain:
    """Encode without cryptography; only the bench does."""

    def decode(self, body: bytes, sender: PartyRecord, at: datetime) -> bytes:
        return body

    def encode(self, payload: bytes, recipient: PartyRecord, at: datetime) -> bytes | None:
        return payload


class PlainKey(CaseKey):
    """Store texts in the database without cryptography."""

    __slots__ = ()

    def encrypt(self, text: str, *, piece: str, by: str) -> SealedText:
        return SealedText(piece, by, text.encode())

    def decrypt(self, piece: SealedText) -> str:
        return piece.box.decode()


@dataclass(slots=True)
class Noting:
    """Decrypt as another codec does, and note when the first body was decrypted."""

    codec: Codec
    began: Began
    _open: Callable[[bytes, PartyRecord, datetime], bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._open = self.codec.decode

    def decode(self, body: bytes, sender: PartyRecord, at: datetime) -> bytes:
        self.began.now()
        return self._open(body, sender, at)

    def encode(self, payload: bytes, recipient: PartyRecord, at: datetime) -> bytes | None:
        return self.codec.encode(payload, recipient, at)


Opener = Callable[[str, bytes], bytes]
Maker = Callable[[str, bytes], bytes]


def direct_cryptography(settings: Settings, parties: Path, *, plain: bool) -> tuple[Opener, Maker]:
    """Return a codec that uses the library calls of `shared.crypto.jose` alone."""
    if plain:
        return lambda _, body: body, lambda _, payload: payload
    house = HouseKeys(settings.key_directory / "house", settings.root_key, machine_now)
    signing, opening = house.signing, house.private_key
    records = read_records(parties)
    signers = {record.party: _loaded(record, KeyUse.SIGNING) for record in records}
    sealers = {record.party: next(iter(_loaded(record, KeyUse.SEALING).values())) for record in records}

    def open_(party: str, body: bytes) -> bytes:
        return decrypt_and_verify(body, sealed_to=opening, signed_by=signers[party].get)[0]

    def make(party: str, payload: bytes) -> bytes:
        return sign_and_encrypt(payload, signing=signing, sealing=sealers[party])

    return open_, make


def _loaded(record: PartyRecord, use: KeyUse) -> dict[str, ECKey]:
    return {key.kid: load_key({**key.jwk, "kid": key.kid}) for key in record.keys if key.use is use}


def read_records(file: Path) -> list[PartyRecord]:
    """Read the parties, as the measuring process wrote them down."""
    return [PartyRecord.model_validate(record) for record in json.loads(file.read_text())]
