"""Records as the services of the house publish them, without a broker."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from shared.clock import machine_now
from shared.contract.cloudevent import PLAIN_BODY, Envelope, to_headers
from shared.contract.content import AnyContent, SealedText, TextRef, transform
from shared.contract.parties import PartyRecord
from shared.contract.record import Record
from shared.contract.registry import Model, of_model
from shared.contract.topics import Topics
from shared.ids import new_id

_offsets = count(1)


def _sealed(content: AnyContent) -> AnyContent:
    """A text as it lies in an event; nothing opens it here."""
    return SealedText(content.piece, content.by, b"sealed") if isinstance(content, TextRef) else content


def event(
    message: Model,
    case: str | None,
    *,
    sequence: int = 1,
    service: str = "intake",
    key: bytes | None = None,
    **changes: Any,
) -> Record:
    """An event about a case on a service's topic; `changes` are of the envelope."""
    extensions = {"sequence": f"{sequence:020d}"}
    type_ = of_model(type(message)).type
    envelope = Envelope(
        new_id(), f"urn:nld:oin:00000099:systeem:zvh-{service}", type_, machine_now(), case, None, extensions
    )._replace(**changes)
    headers = tuple(to_headers(envelope, PLAIN_BODY))
    body = transform(message, _sealed).model_dump_json().encode()
    key = key or (case or service).encode()
    return Record(Topics().events(service), 0, next(_offsets), machine_now(), headers, body, key)


def party_record(said: PartyRecord, sequence: int, **changes: Any) -> Record:
    """A record of the register of parties, as governance publishes it."""
    record = event(said, said.party, sequence=sequence, service="governance", **changes)
    return record._replace(topic=Topics().parties)


def with_header(record: Record, name: str, value: bytes | None) -> Record:
    """Return the same record with one header changed, added, or with None left out."""
    headers: Mapping[str, bytes | None] = {**dict(record.headers), name: value}
    return record._replace(headers=tuple((n, v) for n, v in headers.items() if v is not None))
