"""Read what governance has published of the parties, from the start: the broker is the only source."""

from collections.abc import Mapping
from datetime import datetime

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from pydantic import ValidationError

from shared.contract.parties import PartyRecord
from shared.contract.topics import Topics
from shared.kafka.connection import Connection

WITHIN = 20.0  # seconds for one record


class RegisterUnreadable(Exception):
    """Raised when the parties topic was not read to its end: half of it proves nothing."""


def recorded_parties(admin: Connection, prefix: str) -> dict[str, PartyRecord | None]:
    """Return the last record of each party, None for one that cannot be read; raises `RegisterUnreadable`."""
    place = TopicPartition(Topics(prefix).parties, 0, OFFSET_BEGINNING)
    consumer = Consumer(
        {**admin.for_librdkafka(), "group.id": f"{prefix}.provisioning", "enable.auto.commit": False}
    )
    try:
        consumer.assign([place])
        _, end = consumer.get_watermark_offsets(place, timeout=WITHIN)
        latest: dict[str, PartyRecord | None] = {}
        read = 0
        while read < end:
            found = consumer.poll(WITHIN)
            if found is None or found.error():
                raise RegisterUnreadable(place.topic)
            read = (found.offset() or 0) + 1
            party = (found.key() or b"").decode("utf-8", "replace")
            latest[party] = _record(found.value())
        return latest
    finally:
        consumer.close()


def _record(value: bytes | None) -> PartyRecord | None:
    try:
        return PartyRecord.model_validate_json(value or b"")
    except ValidationError:
        return None


def ended(records: Mapping[str, PartyRecord | None], at: datetime) -> list[str]:
    """Return the ids of the parties whose membership has ended (R115)."""
    return sorted(
        party
        for party, record in records.items()
        if record is not None and record.member_until is not None and record.member_until <= at
    )
