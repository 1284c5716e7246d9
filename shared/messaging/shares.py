"""Take from each party its share of records and no more, so that one that floods a service waits for itself.

FastStream asks aiokafka for a batch, and aiokafka empties one partition before the next: a party with a
thousand records at hand would go before everybody else.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition
from faststream.kafka import KafkaBroker

from shared.rate import Rate
from shared.telemetry.metrics import LIMITED

AT_ONCE = 1000  # records of one party in one batch, however cheap they are
BURST = 2.0  # seconds of its share that a party may spend at once
SLICE, REST = 0.1, 0.1  # seconds of its share: the most in one batch, and the least that is worth while
FIRST_COST = 0.002  # seconds of processor time; of a record, before the first was measured
IDLE = 4.0  # seconds
MEMORY = 0.8  # of what records cost so far, when a batch is measured


class Shares:
    """Count the processor time that each party's records to one service take.

    `share`: of one processor, for one party. What a batch took is divided over its records, so the dear ones
    of a party cost it more: those that cannot be read, and those for which keys are made.
    """

    def __init__(self, own_prefix: str, share: float, now: Callable[[], float] = time.monotonic) -> None:
        self.own_prefix, self.share = own_prefix, share
        self._time = Rate(share, share * BURST, now=now)
        self._cost: dict[str, float] = {}

    def counts(self, topic: str) -> bool:
        """Say whether this topic is a party's; what the house says itself is never held up."""
        return topic.startswith(self.own_prefix)

    def room(self, topic: str) -> int:
        """Return how many records may be taken into a batch now; 0 until it is worth while again."""
        if not self.counts(topic):
            return AT_ONCE
        left = self._time.left(topic)
        if left < self.share * REST:
            return 0
        cost = self._cost.get(topic, FIRST_COST)
        return max(1, min(AT_ONCE, int(min(left, self.share * SLICE) / cost)))

    def took(self, topics: Iterable[str], seconds: float) -> None:
        """Charge the processor time of a batch to the topics of its records; one is named for each record."""
        records = Counter(topics)
        each = seconds / max(1, records.total())
        for topic, count in records.items():
            if self.counts(topic):
                self._time.spend(topic, each * count)
                self._cost[topic] = MEMORY * self._cost.get(topic, each) + (1 - MEMORY) * each


class FairConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Return batches in which each party has at most its share."""

    def __init__(self, shares: Shares, *topics: str, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._shares = shares

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Return what is there of each party, within its share; wait for the first at most `IDLE`.

        FastStream, which asks for `timeout_ms`, sleeps as long again when nothing came.
        """
        loop, at_a_time = asyncio.get_running_loop(), timeout_ms / 1000
        until = loop.time() + (max(IDLE, at_a_time) if timeout_ms else 0)
        while True:
            assigned = self.assignment()
            spent = {place for place in assigned if not self._shares.room(place.topic)}
            left = until - loop.time()
            found = await self._take(assigned - spent, min(left, REST if spent else at_a_time), max_records)
            if found or left <= 0:
                return found
            LIMITED.labels("records").inc(len(spent))

    async def _take(
        self, ready: frozenset[TopicPartition], wait: float, most: int | None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Wait for one record of those that are ready, and add what else is there, fairly."""
        wait_ms = max(0, int(wait * 1000))
        if not ready and self.assignment():
            await asyncio.sleep(wait_ms / 1000)
            return {}
        some = tuple(ready) if len(ready) < len(self.assignment()) else ()
        found = dict(await super().getmany(*some, timeout_ms=wait_ms, max_records=1))
        for place in self._at_hand(ready) if found else ():
            room = self._shares.room(place.topic) - len(found.get(place, ()))
            room = min(room, most - sum(map(len, found.values()))) if most else room
            if room > 0:
                found[place] = [*found.get(place, ()), *await self._more(place, room)]
        return found

    async def _more(self, place: TopicPartition, room: int) -> list[ConsumerRecord]:
        """Return what has been fetched of one partition; none if it cannot be read.

        An error that lasts is raised by a later poll; what was taken of others by now must be handed on.
        """
        try:
            return list((await super().getmany(place, max_records=room)).get(place, ()))
        except KafkaError:
            return []

    def _at_hand(self, ready: Iterable[TopicPartition]) -> list[TopicPartition]:
        """List the partitions of which records have been fetched; aiokafka has no public word for it."""
        return [place for place in self._fetcher._records if place in ready]


class FairBroker(KafkaBroker):
    """Make consumers of FastStream that are fair."""

    def __init__(self, *arguments: Any, shares: Shares, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._shares = shares

    async def _connect(self) -> Any:
        plain: Any = await super()._connect()
        fair = partial(FairConsumer, self._shares, **plain.keywords)
        self.config.broker_config.builder = fair
        return fair
