"""Read and write CloudEvents 1.0 in the Kafka binary binding, under the NL GOV profile: `ce_*` headers.

On party topics the body is encrypted and the signed payload is the same CloudEvent in JSON format, so a
header that differs from the signed attributes is found out here.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import pydantic_core

from shared.contract.characters import CONTROL, SURROGATES
from shared.contract.fields import ID, INSTANT
from shared.contract.registry import MessageType

SPEC_VERSION = "1.0"
SEALED_BODY = "application/jose"
PLAIN_BODY = "application/json"
CONTENT_TYPE = "content-type"
# Attributes of the hop, not of the event: outside the signature, and no ground for refusal.
_IDS = ("id", "correlationid", "causationid")
_HOP = frozenset({"traceparent", "tracestate"})
_REQUIRED = frozenset({"specversion", "id", "source", "type", "time"})
_CORE = _REQUIRED | {"subject", "dataschema", "datacontenttype", "data"}
_KNOWN = _REQUIRED | _HOP | {"subject", "dataschema", "sequence", "correlationid", "causationid"}
_ATTRIBUTE_OF_HEADER = {CONTENT_TYPE: CONTENT_TYPE} | {f"ce_{name}": name for name in _KNOWN}
_NAME = re.compile(r"ce_[a-z0-9]+")
_CONTROL = re.compile(f"[{CONTROL}]")  # forbidden in attributes
_NOT_UTF_8 = re.compile(f"[{SURROGATES}]")  # as `header_names` reads it
_SEQUENCE = re.compile(r"[0-9]{1,20}")
MAX_SEQUENCE = 2**63 - 1  # what PostgreSQL counts up to
_TRACE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


Headers = Iterable[tuple[str, bytes | None]]


class Unreadable(Exception):
    """Report a record that is no message of ours.

    The argument is a reason code, never a part of the record. `invalid` points at the fields that do not fit.
    """

    def __init__(self, reason: str, invalid: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.invalid = invalid


class Envelope(NamedTuple):
    """Hold the attributes of a CloudEvent; `extensions` are the lower-case extensions."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str | None = None
    dataschema: str | None = None
    extensions: Mapping[str, str] = MappingProxyType({})


def schema_uri(entry: MessageType) -> str:
    """Return the absolute URI of the payload's JSON Schema."""
    return f"urn:nld:zvh:schema:{entry.name}:v{entry.version}"


def attributes(envelope: Envelope) -> dict[str, str]:
    """Return the envelope as CloudEvents attributes, all strings."""
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
    """Return the Kafka headers of the binary binding."""
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes(envelope).items()]
    headers.append((CONTENT_TYPE, content_type.encode()))
    return headers


def to_json(envelope: Envelope, data: bytes) -> bytes:
    """Serialise the CloudEvent in JSON format, which is what a sender signs; `data` is JSON already."""
    around = pydantic_core.to_json({**attributes(envelope), "datacontenttype": PLAIN_BODY})
    return around[:-1] + b',"data":' + data + b"}"


def read_headers(headers: Headers, content_type: str) -> dict[str, str]:
    """Read the `ce_*` headers by attribute name: each once, all that are required, of this content type.

    Raises `Unreadable`. Any other header belongs to the hop alone, and only has to be text.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if value is None:
            raise Unreadable("null-header")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise Unreadable("header-not-utf-8") from None
        attribute = _ATTRIBUTE_OF_HEADER.get(name) or _uncommon(name)
        if attribute is None:
            continue
        if attribute in found:
            raise Unreadable("header-repeated")
        found[attribute] = text
    kind = found.pop(CONTENT_TYPE, None)
    _check_complete(found)
    if kind != content_type:
        raise Unreadable("wrong-content-type")
    return found


def _uncommon(name: str) -> str | None:
    """Return the attribute in a header whose name is not a known one; None for a header of the hop."""
    if _NOT_UTF_8.search(name):
        raise Unreadable("header-not-utf-8")
    if not name.lower().startswith("ce_"):
        return None
    if not _NAME.fullmatch(name):
        raise Unreadable("attribute-name-not-allowed")
    return name[3:]


def _check_complete(found: Mapping[str, str]) -> None:
    if found.get("specversion") != SPEC_VERSION:
        raise Unreadable("not-a-cloudevent")
    if not found.keys() >= _REQUIRED:
        raise Unreadable("attribute-missing")


def from_attributes(found: Mapping[str, str]) -> Envelope:
    """Build the envelope, or raise `Unreadable` when this is no CloudEvent 1.0 of this profile."""
    _check_complete(found)
    text = "".join(found.values())
    if not text.isprintable() and _CONTROL.search(text):
        raise Unreadable("control-character")
    if not all(ID.fullmatch(found[name]) for name in _IDS if name in found):
        raise Unreadable("id-not-a-uuid")
    if not _is_sequence(found.get("sequence", "0")):
        raise Unreadable("sequence-not-a-number")
    extensions = {name: value for name, value in found.items() if name not in _CORE}
    if "traceparent" in extensions and trace_of(extensions["traceparent"]) is None:
        del extensions["traceparent"]
    return Envelope(
        id=found["id"],
        source=found["source"],
        type=found["type"],
        time=_instant(found["time"]),
        subject=found.get("subject"),
        dataschema=found.get("dataschema"),
        extensions=extensions,
    )


def _is_sequence(written: str) -> bool:
    return _SEQUENCE.fullmatch(written) is not None and int(written) <= MAX_SEQUENCE


def checked(envelope: Envelope) -> Envelope:
    """Return the envelope as its reader will read it; raise `Unreadable` when no reader would."""
    return from_attributes(attributes(envelope))


def _instant(written: str) -> datetime:
    if not INSTANT.fullmatch(written):
        raise Unreadable("time-not-rfc-3339")
    try:
        return datetime.fromisoformat(written)
    except ValueError:  # the 30th of February
        raise Unreadable("time-not-rfc-3339") from None


def sequence_of(written: str | None) -> int | None:
    """Return a sequence number as it is written; None where there is none, or it is no number."""
    return int(written) if written is not None and _is_sequence(written) else None


def header(headers: Headers, name: str) -> str | None:
    """Return the value of a header that may stand in a record that cannot be read.

    None where it is absent, stands there twice or is not ASCII.
    """
    found = [value for at, value in headers if at == name]
    if len(found) != 1 or found[0] is None or not found[0].isascii():
        return None
    return found[0].decode("ascii")


def trace_of(traceparent: str | None) -> str | None:
    """Return a well-formed W3C trace context, or None: another form could say something about somebody."""
    return traceparent if traceparent and _TRACE.fullmatch(traceparent) else None


def from_signed(signed: Mapping[str, Any], headers: Mapping[str, str] = MappingProxyType({})) -> Envelope:
    """Build the envelope of a CloudEvent in JSON format without its data; raise `Unreadable`.

    Attributes of the hop may have been put into the headers after the signature.
    """
    hop = {name: headers[name] for name in _HOP if name in headers}
    return from_attributes({name: value for name, value in signed.items() if type(value) is str} | hop)


def signed_differs(headers: Mapping[str, str], signed: Mapping[str, Any]) -> bool:
    """Tell whether any `ce_*` header differs from the signed CloudEvent, those of the hop excepted."""
    if headers.items() <= signed.items():
        return False
    return any(signed.get(name) != value for name, value in headers.items() if name not in _HOP)
