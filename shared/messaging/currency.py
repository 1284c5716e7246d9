"""Know whether all is followed here that the other services said until a moment ago.

What one service decides forbids things at the others: an exclusion, a revocation, a withdrawal. So nothing is
shown, sent to a party or taken from one by a service that may have missed such an event for longer.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from shared.kafka.admin import KafkaUnreachable
from shared.telemetry.metrics import BEHIND
from shared.telemetry.turns import Turns

log = structlog.get_logger()
LOOP = "currency"
WITHIN = 5.0  # seconds: older than this, what is known here is not acted on
LOOKS_EVERY = 1.0  # seconds
LOOKS_WHILE_BEHIND = 0.1  # seconds

ReadUntil = Callable[[], Awaitable[datetime | None]]


@dataclass(slots=True)
class Currency:
    """Ask every second whether what stood on the other services' topics has been followed by now.

    `read_until` as `Watermark.position`: None as long as something of its first question is not followed.
    """

    read_until: ReadUntil
    turns: Turns = field(default_factory=Turns)
    within: float = WITHIN
    _asked: float | None = None
    _as_of: float = float("-inf")  # by the monotonic clock
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def is_current(self) -> bool:
        """Tell whether everything is followed that was published until `within` seconds ago."""
        return time.monotonic() - self._as_of <= self.within

    async def soon(self) -> bool:
        """Wait at most `within` seconds until it is current; return whether it is."""
        if self.is_current():
            return True
        async with self._moved:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait_for(self.is_current), self.within)
        return self.is_current()

    async def run(self) -> None:
        """Ask again and again; until cancelled."""
        began = time.monotonic()
        while True:
            self.turns.turned(LOOP)
            followed = await self._look()
            BEHIND.set(time.monotonic() - max(self._as_of, began))
            await asyncio.sleep(LOOKS_EVERY if followed else LOOKS_WHILE_BEHIND)

    async def _look(self) -> bool:
        """Ask once; what is followed then was published before the question was first put."""
        if self._asked is None:
            self._asked = time.monotonic()
        try:
            if await self.read_until() is None:
                return False
        except KafkaUnreachable as error:
            log.warning("currency-unknown", reason=str(error))
            return True
        self._as_of, self._asked = self._asked, None
        async with self._moved:
            self._moved.notify_all()
        return True
