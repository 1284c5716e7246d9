"""What was followed until a moment ago may be acted on, and nothing older, whatever stood still (R66)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pytest

from shared.clock import Clock, machine_now
from shared.kafka.admin import KafkaAdmin, Partition
from shared.kafka.watermark import Watermark
from shared.messaging.currency import TRIES, WITHIN, Currency, NotCurrent
from tests.support.leaving import everything_is_followed


@dataclass
class Machine:
    """A clock that a test moves: a process that stands still sees nothing of the time that passes."""

    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds


@dataclass
class Reader:
    """Reads what stands in the database; `still`: for how long the process stands still at each look."""

    machine: Machine
    currency: Currency
    still: list[float] = field(default_factory=list)
    looks: int = 0

    async def look(self) -> int:
        self.looks += 1
        found = self.looks
        if self.still:
            self.machine.seconds += self.still.pop(0)
            await self.currency._look()
        return found


async def followed(*still: float) -> Reader:
    machine = Machine()
    currency = Currency(everything_is_followed, now=machine.now)
    await currency._look()
    return Reader(machine, currency, list(still))


async def test_what_was_read_is_shown_as_long_as_what_it_rests_on_is_young_enough() -> None:
    reader = await followed(WITHIN)
    assert await reader.currency.read(reader.look) == 1


async def test_what_was_read_before_a_process_stood_still_is_read_anew_and_not_shown() -> None:
    """It follows what came meanwhile as soon as it wakes, but what it had in its hands is older than that."""
    reader = await followed(WITHIN + 1)
    assert await reader.currency.read(reader.look) == 2


async def test_whoever_stands_still_at_every_look_shows_nothing() -> None:
    reader = await followed(*[WITHIN + 1] * TRIES)
    with pytest.raises(NotCurrent):
        await reader.currency.read(reader.look)
    assert reader.looks == TRIES


async def test_while_it_may_have_missed_something_nothing_is_even_read() -> None:
    reader = await followed()
    reader.machine.seconds += WITHIN + 1
    reader.currency.within = 0.01
    with pytest.raises(NotCurrent):
        await reader.currency.read(reader.look)
    assert reader.looks == 0


async def test_what_is_followed_late_counts_from_when_it_was_asked_and_not_from_when_it_was_answered() -> (
    None
):
    machine, answers = Machine(), [None, None, machine_now()]

    async def read_until() -> datetime | None:
        machine.seconds += 2
        return answers.pop(0)

    currency = Currency(read_until, now=machine.now)
    for _ in range(3):
        await currency._look()
    assert (currency.as_of, currency.is_current()) == (0.0, False)


# --- the ends of the topics ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """A broker that lists these topics, with nothing on them."""

    topics: tuple[str, ...]

    async def partitions(self, pattern: str) -> list[Partition]:
        return [Partition(topic, 0) for topic in self.topics]

    async def end_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def start_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def committed_offsets(self, group: str) -> dict[Partition, int]:
        return {}


async def test_of_a_topic_that_the_broker_does_not_list_something_may_be_unread() -> None:
    needed = ("zvh.governance.events", "zvh.rto.events")

    async def position(*listed: str) -> Any:
        admin = cast(KafkaAdmin, Listed(listed))
        return await Watermark(admin, Clock(), ".*", "a-group", needed).position()

    assert await position(*needed) is not None
    assert await position(needed[0]) is None
    assert await position() is None
