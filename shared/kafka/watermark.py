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

    office: KafkaAdmin
    clock: Clock
    pattern: str
    group: str
    _looked_at: datetime | None = None
    _ends: dict[Partition, int] | None = None

    async def position(self) -> datetime | None:
        """A moment (covenant time) before which everything that arrived has been decided and committed.

        None as long as something is still unread of what lay there at the last look; then the next call
        asks again about the same. Raises `KafkaUnreachable`.
        """
        if self._ends is None or self._looked_at is None:
            self._looked_at = self.clock.now()
            self._ends = await self.office.ends(await self.office.places(self.pattern))
        if await self._unread(self._ends):
            return None
        self._ends = None
        return self._looked_at

    async def _unread(self, ends: dict[Partition, int]) -> bool:
        """What is deleted counts as read: where nothing lies any more, nobody ever commits again."""
        read = await self.office.read_by(self.group)
        behind = [place for place, end in ends.items() if read.get(place, 0) < end]
        oldest = await self.office.beginnings(behind)
        return any(oldest[place] < ends[place] for place in behind)
