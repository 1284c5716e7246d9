"""What aiokafka's consumer gives of a batch in which a header's name is not UTF-8."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from shared.kafka.aiokafka_patch import accept_any_header_name
from tests.support.batches import BREAKABLE, break_name

Headers = list[tuple[str, bytes | None]]
GOOD: Headers = [("ce_id", b"1"), ("naïve", None)]
BROKEN: Headers = [("ce_id", b"2"), (BREAKABLE, b"x")]
READ = (("ce_id", b"2"), ("\udcff\udcfeeakable", b"x"))
NONE, GZIP = 0, 1


def batch(*records: Headers, compression: int = NONE) -> bytearray:
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 100_000)
    for offset, headers in enumerate(records):
        builder.append(offset, 1_772_442_000_123, b"key", b"%d" % offset, headers)
    built: bytearray = builder.build()
    return built


def fetched(raw: bytearray, offset: int = 0) -> list[Any]:
    """The records of one fetch, as the consumer gets them."""
    partition = TopicPartition("zvh.intake.from.venlo", 0)
    records = fetcher.MemoryRecords(bytes(raw))
    return list(
        fetcher.PartitionRecords(partition, records, [], offset, None, None, True, "read_uncommitted")
    )


def of(records: list[Any]) -> list[tuple[int, bytes, tuple[tuple[str, bytes | None], ...]]]:
    return [(record.offset, record.value, record.headers) for record in records]


@pytest.fixture(autouse=True)
def reader() -> None:
    accept_any_header_name()


def test_aiokafka_itself_cannot_read_such_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, aiokafka reads them and `shared.kafka.aiokafka_patch` can go."""
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)
    with pytest.raises(UnicodeDecodeError):
        fetched(break_name(batch(BROKEN)))


def test_a_record_with_such_a_name_arrives_and_so_do_those_around_it() -> None:
    found = of(fetched(break_name(batch(GOOD, BROKEN, GOOD))))
    assert found == [(0, b"0", tuple(GOOD)), (1, b"1", READ), (2, b"2", tuple(GOOD))]


def test_what_was_read_before_is_not_read_again() -> None:
    assert [record.offset for record in fetched(break_name(batch(GOOD, GOOD, BROKEN, GOOD)), 2)] == [2, 3]


def test_the_batches_before_and_after_it_are_read_as_always() -> None:
    first, second, third = batch(GOOD), break_name(batch(BROKEN)), batch(GOOD)
    for offset, raw in enumerate((first, second, third)):
        raw[:8] = offset.to_bytes(8, "big")
    found = of(fetched(first + second + third))
    assert found == [(0, b"0", tuple(GOOD)), (1, b"0", READ), (2, b"0", tuple(GOOD))]
