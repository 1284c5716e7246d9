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
from shared.telemetry.metrics import DELETED_UNREAD, UNREAD_MOST, UNREAD_TOO_LONG

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
        await self._tidy("outbox", outboxes, read)
        if self.keeps_inboxes:
            inboxes = await self.admin.partitions(self.topics.to_pattern())
            read = await self._read_by_parties(inboxes)
            await self._tidy("inbox", inboxes, read)

    async def _tidy(self, box: str, partitions: Sequence[Partition], read: Mapping[Partition, int]) -> None:
        """Delete what was read; report what waits too long, how much waits, and what was deleted unread."""
        oldest, ends = await self.admin.start_offsets(partitions), await self.admin.end_offsets(partitions)
        DELETED_UNREAD.labels(box).set(_deleted_unread(read, oldest))
        unread = {partition: max(read.get(partition, 0), oldest[partition]) for partition in partitions}
        await self.admin.delete_before(
            {partition: offset for partition, offset in unread.items() if oldest[partition] < offset}
        )
        waiting = {partition: offset for partition, offset in unread.items() if offset < ends[partition]}
        UNREAD_MOST.labels(box).set(
            max((ends[place] - offset for place, offset in waiting.items()), default=0)
        )
        UNREAD_TOO_LONG.labels(box).set(await self._warn(waiting))

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


def _deleted_unread(read: Mapping[Partition, int], oldest: Mapping[Partition, int]) -> int:
    """Log each partition whose reader has not come to what is the oldest record now; return their number.

    What is deleted here has been read: so the broker deleted it, by age or by size.
    """
    gone = [place for place, offset in read.items() if offset < oldest.get(place, 0)]
    for place in gone:
        log.error(
            "deleted-unread",
            topic=place.topic,
            partition=place.partition,
            records=oldest[place] - read[place],
        )
    return len(gone)
