"""Find the time before which every record that arrived has been processed, before any deadline acts.

After an outage the deadlines of that time are all due at once, and so are the messages that came in time. The
same is asked of the other services' events, before a message is refused that waited for one.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.clock import Clock
from shared.kafka.admin import KafkaAdmin, Partition


@dataclass(slots=True)
class Watermark:
    """Compare the end offsets of some topics with the offsets a group of this service has committed.

    `named`: topics that must be there; while one is not listed, something of it may be unread.
    """

    admin: KafkaAdmin
    clock: Clock
    pattern: str
    group: str
    named: tuple[str, ...] = ()
    _taken_at: datetime | None = None
    _end_offsets: dict[Partition, int] | None = None

    async def position(self) -> datetime | None:
        """Return a covenant time before which every record that arrived has been decided and committed.

        Returns None as long as something is unread of what was there at the last call; the next call asks
        again about the same offsets. Raises `KafkaUnreachable`.
        """
        if self._end_offsets is None or self._taken_at is None:
            taken_at = self.clock.now()
            listed = await self.admin.partitions(self.pattern)
            if not {topic for topic, _ in listed}.issuperset(self.named):
                return None
            self._taken_at, self._end_offsets = taken_at, await self.admin.end_offsets(listed)
        if await self._unread(self._end_offsets):
            return None
        self._end_offsets = None
        return self._taken_at

    async def _unread(self, ends: dict[Partition, int]) -> bool:
        """Tell whether records below these offsets are unread.

        Deleted records count as read, as nobody commits them.
        """
        committed = await self.admin.committed_offsets(self.group)
        behind = [partition for partition, end in ends.items() if committed.get(partition, 0) < end]
        oldest = await self.admin.start_offsets(behind)
        return any(oldest[partition] < ends[partition] for partition in behind)
