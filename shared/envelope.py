"""CloudEvents 1.0 in the Kafka binary binding, under the NL GOV profile: attributes in `ce_*` headers.

On party topics the body is sealed and the signed payload is the same CloudEvent in JSON format, so a
header that says something else than the signature is found out here.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import pydantic_core

from shared.message import MessageType

SPEC_VERSION = "1.0"
SEALED_BODY = "application/jose"
PLAIN_BODY = "application/json"
# Attributes of the hop, not of the event: outside the signature, and no ground for refusal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # forbidden in attributes; PostgreSQL takes no NUL either
_HOP = frozenset({"traceparent", "tracestate"})

Headers = Iterable[tuple[str, bytes | None]]


class Unreadable(Exception):
    """This record is no message of ours; the argument is a reason code, never a piece of the record."""


class Envelope(NamedTuple):
    """Who sent what about which case, and when; `extensions` are the lower-case CloudEvents extensions."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str | None = None
    dataschema: str | None = None
    extensions: Mapping[str, str] = MappingProxyType({})


def schema_uri(entry: MessageType) -> str:
    """The absolute URI of the payload's JSON Schema."""
    return f"urn:nld:zvh:schema:{entry.name}:v{entry.version}"


def attributes(envelope: Envelope) -> dict[str, str]:
    """The envelope as CloudEvents attributes, all strings."""
    optional = {"subject": envelope.subject, "dataschema": envelope.dataschema}
    return {
        "specversion": SPEC_VERSION,
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "time": envelope.time.isoformat().replace("+00:00", "Z"),
        **{name: value for name, value in optional.items() if value is not None},
        **envelope.extensions,
    }


def to_headers(envelope: Envelope, content_type: str) -> list[tuple[str, bytes]]:
    """Kafka headers of the binary binding."""
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes(envelope).items()]
    headers.append(("content-type", content_type.encode()))
    return headers


def to_json(envelope: Envelope, data: bytes) -> bytes:
    """The CloudEvent in JSON format, which is what a sender signs; `data` is JSON already."""
    around = pydantic_core.to_json({**attributes(envelope), "datacontenttype": PLAIN_BODY})
    return around[:-1] + b',"data":' + data + b"}"


def read_headers(headers: Headers) -> dict[str, str]:
    """The `ce_*` headers by attribute name; raises `Unreadable` on a null or non-UTF-8 one."""
    found: dict[str, str] = {}
    for name, value in headers:
        if value is None:
            raise Unreadable("null-header")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise Unreadable("header-not-utf-8") from None
        if name.startswith("ce_"):
            found[name[3:]] = text
    return found


def from_attributes(found: Mapping[str, Any]) -> Envelope:
    """Build the envelope, or raise `Unreadable` when this is no CloudEvent 1.0."""
    if found.get("specversion") != SPEC_VERSION:
        raise Unreadable("not-a-cloudevent")
    try:
        time = datetime.fromisoformat(found["time"])
        envelope = Envelope(
            id=found["id"],
            source=found["source"],
            type=found["type"],
            time=time,
            subject=found.get("subject"),
            dataschema=found.get("dataschema"),
            extensions={name: found[name] for name in found.keys() - _CORE},
        )
    except (KeyError, ValueError, AttributeError, TypeError):
        raise Unreadable("not-a-cloudevent") from None
    if time.tzinfo is None or not (0 < len(envelope.id) <= 64) or _CONTROL.search("".join(found.values())):
        raise Unreadable("not-a-cloudevent")
    return envelope


def from_signed(signed: Mapping[str, Any]) -> Envelope:
    """The envelope of a CloudEvent in JSON format; its data is for another reader."""
    return from_attributes({name: value for name, value in signed.items() if type(value) is str})


_CORE = frozenset(
    {"specversion", "id", "source", "type", "time", "subject", "dataschema", "datacontenttype", "data"}
)


def signed_differs(headers: Mapping[str, str], signed: Mapping[str, Any]) -> bool:
    """Whether any `ce_*` header says something else than the signed CloudEvent."""
    if headers.items() <= signed.items():
        return False
    return any(signed.get(name) != value for name, value in headers.items() if name not in _HOP)
