"""Watch the reading of one consumer group, and begin it anew when it is dead.

FastStream's loop polls, and says nothing when polling fails; its consumer is replaced, as one that has failed
never recovers.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.kafka import client_tasks
from shared.telemetry.turns import Turns

log = structlog.get_logger()
FAILS_FOR = 6.0  # seconds in which no poll succeeds; a single failure may be one topic of many
STUCK_AFTER = 60.0  # seconds without a turn: longer than a rebalance, and than one batch of records takes
STOPS_WITHIN, STARTS_WITHIN = 3.0, 20.0  # seconds
PAUSES = (1.0, 2.0, 5.0)  # seconds between two attempts to begin anew; the last one again and again


@dataclass(slots=True)
class ConsumerSupervisor:
    """Supervise the consumer of one group, which is called `loop` among the loops of this process."""

    subscriber: BatchSubscriber
    turns: Turns
    loop: str
    _failure: str | None = field(default=None)

    def watch(self) -> None:
        """Note from now on each poll of the consumer that runs: one without records is a turn too."""
        consumer: Any = self.subscriber.consumer
        poll = consumer.getmany

        async def getmany(*partitions: Any, **options: Any) -> Any:
            try:
                records = await poll(*partitions, **options)
            except KafkaError as error:
                self._failure = type(error).__name__
                raise
            self._failure = None
            self.turns.turned(self.loop)
            return records

        consumer.getmany = getmany
        self._failure = None
        self.turns.turned(self.loop)

    def why_dead(self) -> str | None:
        """Return why this group is not read any more, in a word for the log; None while it is."""
        since = self.turns.seconds_since().get(self.loop, 0.0)
        if self.subscriber.consumer is None:
            return "not-started"
        if all(task.done() for task in self.subscriber.tasks):
            return "polling-ended"
        if ended := client_tasks.ended_task_of_consumer(self.subscriber.consumer):
            return f"{ended}-ended"
        if self._failure is not None and since > FAILS_FOR:
            return self._failure
        return "stuck" if since > STUCK_AFTER else None

    async def restart(self) -> None:
        """Replace the consumer by a new one, which begins where the group has committed; raises `KafkaError`.

        A batch under way is rolled back, and read again.
        """
        old, self.subscriber.consumer = self.subscriber.consumer, None
        self.subscriber.running = False
        for task in self.subscriber.tasks:
            task.cancel()
        self.subscriber.tasks.clear()
        if old is not None:
            await client_tasks.close(old, STOPS_WITHIN)
        async with asyncio.timeout(STARTS_WITHIN):
            await self.subscriber.start()
        self.watch()

    async def keep_alive(self, look_every: float) -> None:
        """Look again and again whether the group is read, and begin anew when it is not; until cancelled."""
        attempts = 0
        while True:
            await asyncio.sleep(look_every)
            if (why := self.why_dead()) is None:
                attempts = 0
                continue
            log.warning("consumer-restarts", loop=self.loop, why=why)
            began = time.monotonic()
            try:
                await self.restart()
            except (KafkaError, OSError) as error:
                log.warning("consumer-waits", loop=self.loop, kind=type(error).__name__)
            if time.monotonic() - began < PAUSES[-1]:
                await asyncio.sleep(PAUSES[min(attempts, len(PAUSES) - 1)])
            attempts += 1
