"""A record that must wait is kept byte for byte."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.record import Record, from_bytes, from_kafka, to_bytes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = TEXT | st.binary(max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape"))
RECORDS = st.builds(
    Record,
    topic=TEXT,
    partition=st.integers(0, 100),
    offset=st.integers(0, 2**62),
    received_at=st.datetimes(timezones=st.just(UTC)),
    headers=st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=20)), max_size=5).map(tuple),
    value=st.none() | st.binary(max_size=200),
    key=st.none() | st.binary(max_size=20),
)


@given(RECORDS)
def test_a_kept_record_comes_back_as_it_was(record: Record) -> None:
    assert from_bytes(to_bytes(record)) == record


@dataclass(frozen=True)
class FromKafka:
    """What aiokafka hands over, as far as it is used."""

    topic: str = "zvh.intake.from.venlo"
    partition: int = 0
    offset: int = 7
    timestamp: int = 1_772_442_000_123
    headers: tuple[tuple[str, bytes | None], ...] = (("ce_id", b"1"), ("other", None))
    value: bytes | None = None
    key: bytes | None = b"a key"


def test_what_the_broker_appended_is_when_it_was_received() -> None:
    record = from_kafka(FromKafka())
    assert record.received_at == datetime(2026, 3, 2, 9, 0, 0, 123_000, tzinfo=UTC)
    assert record.headers == (("ce_id", b"1"), ("other", None))
    assert (record.position.topic, record.position.partition, record.position.offset) == (
        "zvh.intake.from.venlo",
        0,
        7,
    )
    assert record.key == b"a key"
    assert from_bytes(to_bytes(record)) == record


def test_a_record_that_was_kept_before_keys_were_is_still_read() -> None:
    kept = json.loads(to_bytes(from_kafka(FromKafka())))
    del kept["key"]
    assert from_bytes(json.dumps(kept).encode()).key is None
