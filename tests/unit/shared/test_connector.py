"""What a connector does with what it cannot open: it says which, and does not acknowledge it."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from shared.connector import Connector, ConnectorSettings
from shared.crypto.jose import new_key
from tests.support.records import consumer_record

INBOX = "zvh.to.politie"


class Committed:
    """Remember what is committed, in the place of a consumer that is connected to a broker."""

    def __init__(self) -> None:
        self.offsets: dict[TopicPartition, int] = {}

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.offsets |= offsets


def record(offset: int, partition: int = 0) -> ConsumerRecord[bytes, bytes]:
    return consumer_record(INBOX, offset, partition=partition, value=b"nothing that opens")


async def test_a_letter_that_does_not_open_is_named_and_nothing_from_there_on_is_acknowledged() -> None:
    settings = ConnectorSettings("politie", "urn:x", "h:1", "u", "p", "", new_key(), new_key(), {})
    connector: Any = Connector(settings)
    connector._consumer = consumer = Committed()
    await connector._acknowledge(record(6))
    with structlog.testing.capture_logs() as logged:
        await connector._process(record(7))
    await connector._acknowledge(record(7))
    await connector._acknowledge(record(8))
    await connector._acknowledge(record(1, partition=1))
    assert consumer.offsets == {TopicPartition(INBOX, 0): 7, TopicPartition(INBOX, 1): 2}
    (said,) = logged
    assert (said["event"], said["log_level"], said["party"]) == ("message-unopened", "error", "politie")
    assert (said["topic"], said["partition"], said["offset"]) == (INBOX, 0, 7)
    assert said["reason"] == "not-a-cloudevent"
