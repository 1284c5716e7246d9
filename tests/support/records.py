"""Make records as aiokafka hands them on."""

from aiokafka import ConsumerRecord


def consumer_record(
    topic: str, offset: int = 0, *, partition: int = 0, value: bytes = b"", timestamp: int = 0
) -> ConsumerRecord[bytes, bytes]:
    """Make a record without key and headers; `timestamp` in milliseconds."""
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=timestamp,
        timestamp_type=1,
        key=None,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(value),
        headers=(),
    )
