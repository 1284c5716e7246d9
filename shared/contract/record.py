"""Represent a Kafka record, as it is received and as it is stored when it must wait."""

import base64
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from shared.contract.messages.house import Position


class Record(NamedTuple):
    """Hold one record; `received_at` is when the broker appended it (machine time).

    `key` is None also where the record was stored before keys were.
    """

    topic: str
    partition: int
    offset: int
    received_at: datetime
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    key: bytes | None = None

    @property
    def position(self) -> Position:
        return Position(topic=self.topic, partition=self.partition, offset=self.offset)


def from_kafka(record: Any) -> Record:
    """Make a record from aiokafka's consumer record."""
    received = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    headers = tuple(record.headers or ())
    return Record(record.topic, record.partition, record.offset, received, headers, record.value, record.key)


def to_bytes(record: Record) -> bytes:
    """Serialise a record for the table of held messages; it is still encrypted."""
    return json.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "received_at": record.received_at.isoformat(),
            "headers": [[name, _encode(value)] for name, value in record.headers],
            "value": _encode(record.value),
            "key": _encode(record.key),
        }
    ).encode()


def from_bytes(kept: bytes) -> Record:
    """Restore a record from its stored form."""
    found = json.loads(kept)
    return Record(
        topic=found["topic"],
        partition=found["partition"],
        offset=found["offset"],
        received_at=datetime.fromisoformat(found["received_at"]),
        headers=tuple((name, _decode(value)) for name, value in found["headers"]),
        value=_decode(found["value"]),
        key=_decode(found.get("key")),
    )


def _encode(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode("ascii")


def _decode(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
