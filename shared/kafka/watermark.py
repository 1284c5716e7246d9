"""Has everything been taken that had arrived when a deadline came? Asked before any deadline acts.

After an outage the deadlines of that time are all due at once, and so are the messages that came in time. The
same is asked of what the other services publish, before a message is refused that waited for it.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.clock import Clock
from shared.kafka.admin import KafkaAdmin, Partition


@dataclass(slots=True)
class Watermark:
    """What stands on some topics, and how far a group of this service has taken it."""

    admin: KafkaAdmin
    clock: Clock
    pattern: str
    group: str
    _taken_at: datetime | None = None
    _end_offsets: dict[Partition, int] | None = None

    async def position(self) -> datetime | None:
        """A moment (covenant time) before which everything that arrived has been decided and committed.

        None as long as something is still unread of what lay there at the last look; then the next call
        asks again about the same. Raises `KafkaUnreachable`.
        """
        if self._end_offsets is None or self._taken_at is None:
            self._taken_at = self.clock.now()
            self._end_offsets = await self.admin.end_offsets(await self.admin.partitions(self.pattern))
        if await self._unread(self._end_offsets):
            return None
        self._end_offsets = None
        return self._taken_at

    async def _unread(self, ends: dict[Partition, int]) -> bool:
        """What is deleted counts as read: where nothing lies any more, nobody ever commits again."""
        read = await self.admin.committed_offsets(self.group)
        behind = [place for place, end in ends.items() if read.get(place, 0) < end]
        oldest = await self.admin.start_offsets(behind)
        return any(oldest[place] < ends[place] for place in behind)
