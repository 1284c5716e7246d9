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
from typing import TypeVar

import structlog

from shared.kafka.admin import KafkaUnreachable
from shared.telemetry.metrics import BEHIND, HELD_BACK
from shared.telemetry.turns import Turns

log = structlog.get_logger()
LOOP = "currency"
WITHIN = 5.0  # seconds: older than this, what is known here is not acted on
LOOKS_EVERY = 1.0  # seconds
LOOKS_WHILE_BEHIND = 0.1  # seconds
TRIES = 2  # what took too long is looked at once more

R = TypeVar("R")
ReadUntil = Callable[[], Awaitable[datetime | None]]


class NotCurrent(Exception):
    """Say that events of the other services may be unread that forbid what is asked."""


@dataclass(slots=True)
class Currency:
    """Ask every second whether what stood on the other services' topics has been followed by now.

    `read_until` as `Watermark.position`: None as long as something of its first question is not followed.
    `as_of`: until when all that was published is followed here, by the clock `now` (seconds, monotonic).
    """

    read_until: ReadUntil
    turns: Turns = field(default_factory=Turns)
    within: float = WITHIN
    now: Callable[[], float] = time.monotonic
    as_of: float = float("-inf")
    _asked: float | None = None
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def is_current(self, as_of: float | None = None) -> bool:
        """Tell whether everything is followed that was published until `within` seconds ago.

        With `as_of` of an earlier moment: whether what was read here at that moment may still be acted on.
        """
        return self.now() - (self.as_of if as_of is None else as_of) <= self.within

    async def read(self, look: Callable[[], Awaitable[R]]) -> R:
        """Return what `look` finds, if it is current at its end what was followed at its beginning.

        Whatever stopped this process meanwhile, nobody is shown what it had read before. Raises `NotCurrent`.
        """
        for _ in range(TRIES):
            if not await self.soon():
                break
            as_of = self.as_of
            found = await look()
            if self.is_current(as_of):
                return found
        HELD_BACK.labels("look").inc()
        raise NotCurrent

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
        began = self.now()
        while True:
            self.turns.turned(LOOP)
            followed = await self._look()
            BEHIND.set(self.now() - max(self.as_of, began))
            await asyncio.sleep(LOOKS_EVERY if followed else LOOKS_WHILE_BEHIND)

    async def _look(self) -> bool:
        """Ask once; what is followed then was published before the question was first put."""
        if self._asked is None:
            self._asked = self.now()
        try:
            if await self.read_until() is None:
                return False
        except KafkaUnreachable as error:
            log.warning("currency-unknown", reason=str(error))
            return True
        self.as_of, self._asked = self._asked, None
        async with self._moved:
            self._moved.notify_all()
        return True
