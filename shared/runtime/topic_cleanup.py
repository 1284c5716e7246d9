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

    async def _tidy(self, places: Sequence[Partition], read: Mapping[Partition, int]) -> int:
        """Delete what was read; return how many partitions hold a record that has waited too long."""
        oldest, ends = await self.admin.start_offsets(places), await self.admin.end_offsets(places)
        unread = {place: max(read.get(place, 0), oldest[place]) for place in places}
        await self.admin.delete_before(
            {place: offset for place, offset in unread.items() if oldest[place] < offset}
        )
        return await self._warn({place: offset for place, offset in unread.items() if offset < ends[place]})

    async def _warn(self, unread: Mapping[Partition, int]) -> int:
        """Log each partition whose first unread record has waited too long; return their number."""
        recent = await self.admin.offsets_since(unread, machine_now() - self.too_long)
        late = [place for place, offset in unread.items() if place not in recent or offset < recent[place]]
        for place in late:
            log.error("unread-too-long", topic=place.topic, partition=place.partition)
        return len(late)

    async def _read_by_parties(self, inboxes: Sequence[Partition]) -> dict[Partition, int]:
        """Return the lowest offset that all groups of a party have committed in its inbox, by partition."""
        inbox_of = {
            group: self.topics.to_party(self.topics.owner_of(group)) for group in await self.admin.groups()
        }
        topics = {place.topic for place in inboxes}
        groups = [group for group, inbox in inbox_of.items() if inbox in topics]
        read: dict[Partition, int] = {}
        for group, offsets in zip(groups, await self.admin.committed_offsets_by_group(groups), strict=True):
            for place, offset in offsets.items():
                if place.topic == inbox_of[group]:
                    read[place] = min(offset, read.get(place, offset))
        return read
