"""The receiving side of a service with a party that can sign: records to deliveries, without a broker."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.cloudevent import SEALED_BODY, Envelope, to_headers, to_json
from shared.contract.parties import KeyUse, PublicKey
from shared.contract.record import Record
from shared.contract.registry import Model, ServiceName, of_model
from shared.contract.topics import Topics
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import load_key, new_key, public_jwk, sign_and_encrypt
from shared.handling.outgoing import OutgoingMessages
from shared.ids import new_id
from shared.messaging.receiver import Receiver
from tests.support.samples import intake as s

SOURCE = "urn:nld:oin:00000099000000009000"


class OneKey:
    """A source of keys for one test: the same for every case."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        return dict.fromkeys(case_ids, (KeyStatus.READY, b"k" * 32))

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


class House:
    """Hold the receiving side of a service, intake if none is named, with a party that can sign."""

    def __init__(self, directory: Path, name: ServiceName = "intake") -> None:
        self.name = name
        self.keys = HouseKeys(directory, b"r" * 32, machine_now)
        self.signing = new_key()
        jwk = public_jwk(self.signing, "sig")
        announced = PublicKey(
            kid=jwk["kid"], use=KeyUse.SIGNING, jwk=jwk, valid_from=machine_now() - timedelta(days=1)
        )
        self.party = s.venlo(source=SOURCE, keys=(announced,))

    def receiver(self, service: Any = SERVICE) -> Receiver[Any]:
        codec, topics = SignedAndSealed(self.keys), Topics()
        keys = CaseKeyClient(OneKey(), "noord-limburg")
        return Receiver(service, topics, codec, keys, Clock(), OutgoingMessages(self.name, topics), b"d" * 32)

    def record(self, message: Model, **changes: Any) -> Record:
        """What the party puts on its topic; `changes` are of the envelope, signed and in the headers."""
        envelope = self.envelope(message)._replace(**changes)
        return self.put(envelope, to_json(envelope, message.model_dump_json().encode()))

    def envelope(self, message: Model) -> Envelope:
        return self.envelope_of(of_model(type(message)).type)

    def envelope_of(self, type_: str) -> Envelope:
        return Envelope(id=new_id(), source=SOURCE, type=type_, time=machine_now(), subject=s.CASE)

    def put(self, envelope: Envelope, payload: bytes) -> Record:
        """A record with this payload signed and sealed, under the headers of this envelope."""
        house = next(load_key(jwk) for jwk in self.keys.public() if jwk["use"] == "enc")
        body = sign_and_encrypt(payload, signing=self.signing, sealing=house)
        headers = tuple(to_headers(envelope, SEALED_BODY))
        return Record(Topics().from_party(self.name, s.VENLO), 0, 1, machine_now(), headers, body)
