"""Delete records that were read, and raise an alarm for records that stay unread: Kafka is no archive.

Hygiene only. Nothing relies on it, and what goes wrong here is logged and tried again at the next round.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.clock import machine_now
from shared.contract.topics import Topics
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable, Partition
from shared.telemetry.logs import log_bug
from shared.telemetry.metrics import UNREAD_TOO_LONG

log = structlog.get_logger()
TOO_LONG = timedelta(hours=24)  # unread


@dataclass(frozen=True, slots=True)
class TopicCleanup:
    """Clean up the topics from which one service reads, and the parties' inboxes where that is its task."""

    admin: KafkaAdmin
    topics: Topics
    service: str
    keeps_inboxes: bool
    every: float
    too_long: timedelta = TOO_LONG

    async def run(self) -> None:
        """Clean up every `every` seconds until cancelled."""
        while True:
            await asyncio.sleep(self.every)
            try:
                await self.once()
            except KafkaUnreachable as error:
                log.warning("topic-cleanup-waits", reason=str(error))
            except Exception as error:  # hygiene: a fault in it must not end a service that decides
                log_bug(self.service, "topic-cleanup-failed", error)

    async def once(self) -> None:
        """Delete once what was read: outboxes by this service, inboxes by all groups of their party."""
        outboxes = await self.admin.partitions(self.topics.from_pattern(self.service))
        read = await self.admin.committed_offsets(self.topics.group(self.service, "from"))
        UNREAD_TOO_LONG.labels("outbox").set(await self._tidy(outboxes, read))
        if self.keeps_inboxes:
            inboxes = await self.admin.partitions(self.topics.to_pattern())
            read = await self._read_by_parties(inboxes)
            UNREAD_TOO_LONG.labels("inbox").set(await self._tidy(inboxes, read))

    async def _tidy(self, partitions: Sequence[Partition], read: Mapping[Partition, int]) -> int:
        """Delete what was read; return how many partitions hold a record that has waited too long."""
        oldest, ends = await self.admin.start_offsets(partitions), await self.admin.end_offsets(partitions)
        unread = {partition: max(read.get(partition, 0), oldest[partition]) for partition in partitions}
        await self.admin.delete_before(
            {partition: offset for partition, offset in unread.items() if oldest[partition] < offset}
        )
        return await self._warn(
            {partition: offset for partition, offset in unread.items() if offset < ends[partition]}
        )

    async def _warn(self, unread: Mapping[Partition, int]) -> int:
        """Log each partition whose first unread record has waited too long; return their number."""
        recent = await self.admin.offsets_since(unread, machine_now() - self.too_long)
        overdue = [
            partition
            for partition, offset in unread.items()
            if partition not in recent or offset < recent[partition]
        ]
        for partition in overdue:
            log.error("unread-too-long", topic=partition.topic, partition=partition.partition)
        return len(overdue)

    async def _read_by_parties(self, inboxes: Sequence[Partition]) -> dict[Partition, int]:
        """Return the lowest offset that all groups of a party have committed in its inbox, by partition."""
        inbox_of = {
            group: self.topics.to_party(self.topics.owner_of(group)) for group in await self.admin.groups()
        }
        topics = {partition.topic for partition in inboxes}
        groups = [group for group, inbox in inbox_of.items() if inbox in topics]
        read: dict[Partition, int] = {}
        for group, offsets in zip(groups, await self.admin.committed_offsets_by_group(groups), strict=True):
            for partition, offset in offsets.items():
                if partition.topic == inbox_of[group]:
                    read[partition] = min(offset, read.get(partition, offset))
        return read
