"""Ask the broker for offsets and committed offsets, and delete records that were read.

Uses confluent-kafka, as provisioning does: aiokafka cannot ask for the end of many topics in one request.
Committed offsets are asked with aiokafka: librdkafka takes the whole process down (a null pointer, its issue
5040) when a broker that has just started answers that it does not coordinate the group yet.
"""

import asyncio
import re
from collections.abc import Awaitable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from shared.kafka.connection import Connection

TIMEOUT = 10.0  # seconds
METADATA_TIMEOUT = 2.0  # seconds


class KafkaUnreachable(Exception):
    """Report that the broker did not answer, or may not answer this login: what depends on it waits."""


class Partition(NamedTuple):
    """Name one partition of a topic."""

    topic: str
    partition: int


@dataclass(slots=True)
class KafkaAdmin:
    """Ask and instruct the broker; every method raises `KafkaUnreachable`.

    Connects at the first request, and anew after a failure: librdkafka's client keeps what it knew of a
    broker that has crashed since, and is refused for that for good.
    """

    login: Connection
    _client: AdminClient | None = None

    async def partitions(self, pattern: str) -> list[Partition]:
        """List all partitions of the topics that match and that this login may describe."""
        listed = await self._await_answer(asyncio.to_thread(self._admin.list_topics, timeout=TIMEOUT))
        matching = re.compile(pattern)
        return [
            Partition(name, number)
            for name, topic in sorted(listed.topics.items())
            if matching.fullmatch(name)
            for number in sorted(topic.partitions)
        ]

    async def end_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Fetch the offset of the next record to be written, by partition."""
        return await self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    async def start_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Fetch the offset of the oldest record that still exists, by partition."""
        return await self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    async def offsets_since(self, partitions: Iterable[Partition], instant: datetime) -> dict[Partition, int]:
        """Fetch the offset of the first record at or after an instant, by partition.

        Absent where there is none.
        """
        spec = OffsetSpec.for_timestamp(int(instant.timestamp() * 1000))
        return {
            partition: offset
            for partition, offset in (await self._offsets(partitions, spec)).items()
            if offset >= 0
        }

    async def committed_offsets(self, group: str) -> dict[Partition, int]:
        """Fetch the committed offsets of a group, for the partitions where it has committed any."""
        return (await self.committed_offsets_by_group([group]))[0]

    async def committed_offsets_by_group(self, groups: Iterable[str]) -> list[dict[Partition, int]]:
        """Fetch the committed offsets of several groups, in their order."""
        answers: list[dict[Partition, int]] = await self._await_answer(self._fetch_committed(list(groups)))
        return answers

    async def _fetch_committed(self, groups: list[str]) -> list[dict[Partition, int]]:
        client = AIOKafkaAdminClient(**self.login.for_aiokafka())
        try:
            await client.start()
            return [await _committed(client, group) for group in groups]
        finally:
            await client.close()

    async def groups(self) -> list[str]:
        """List all consumer groups that this login may describe, sorted."""
        listed = await self._await_answer(asyncio.wrap_future(self._admin.list_consumer_groups()))
        return sorted(group.group_id for group in listed.valid)

    async def delete_before(self, offsets: Mapping[Partition, int]) -> None:
        """Delete the records before these offsets; the broker frees the bytes when it rolls the segment."""
        if offsets:
            asked = [
                TopicPartition(partition.topic, partition.partition, end)
                for partition, end in offsets.items()
            ]
            await self._await_all(self._admin.delete_records(asked).values())

    async def _offsets(self, partitions: Iterable[Partition], spec: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(partition.topic, partition.partition): spec for partition in partitions}
        if not asked:
            return {}
        futures = self._admin.list_offsets(asked)
        found = await self._await_all(futures.values())
        return {
            Partition(one.topic, one.partition): result.offset
            for one, result in zip(futures, found, strict=True)
        }

    @property
    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = AdminClient(self.login.for_librdkafka())
        return self._client

    async def _await_all(self, futures: Iterable[Future[Any]]) -> list[Any]:
        question = asyncio.gather(*(asyncio.wrap_future(future) for future in futures))
        answers: list[Any] = await self._await_answer(question)
        return answers

    async def _await_answer(self, question: Awaitable[Any]) -> Any:
        try:
            return await asyncio.wait_for(question, TIMEOUT)
        except (KafkaException, KafkaError, TimeoutError) as error:
            self._client = None
            raise KafkaUnreachable(type(error).__name__) from None


async def fetch_partitions(producer: AIOKafkaProducer, topic: str) -> tuple[int, ...] | None:
    """Fetch the partitions of a topic anew: the client caches what an absent broker said earlier.

    Returns () if the broker says that there is no such topic, None if it does not answer.
    """
    client = producer.client
    client.add_topic(topic)
    for _ in range(2):  # an answer that was under way may be about other topics
        try:
            known = await asyncio.wait_for(client.force_metadata_update(), METADATA_TIMEOUT)
        except TimeoutError:
            return None
        if known and (found := client.cluster.partitions_for_topic(topic)):
            return tuple(sorted(found))
    return () if known else None


async def _committed(client: AIOKafkaAdminClient, group: str) -> dict[Partition, int]:
    """Fetch a group's committed offsets as soon as a broker coordinates it.

    One that has just started needs a while.
    """
    while True:
        try:
            return await _committed_now(client, group)
        except KafkaError as error:
            if not error.retriable:
                raise
            await asyncio.sleep(0.1)


async def _committed_now(client: AIOKafkaAdminClient, group: str) -> dict[Partition, int]:
    """Fetch a group's committed offsets once, or raise the broker's error.

    Aiokafka's own method takes it for "none".
    """
    coordinator = await client.find_coordinator(group)
    answer = await client._send_request(OffsetFetchRequest(group, None), coordinator)
    errors = {answer.error_code, *(error for _, some in answer.topics for *_, error in some)} - {0}
    for error in errors:
        raise for_code(error)
    return {
        Partition(topic, number): offset
        for topic, some in answer.topics
        for number, offset, *_ in some
        if offset >= 0
    }
