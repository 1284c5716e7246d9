"""Which loops count as late or dead, and what readiness says of them."""

import pytest
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.messaging.consumer_supervisor import ConsumerSupervisor
from shared.runtime.watchdog import LATE, LOOKS_EVERY, Watchdog, late_loops
from shared.telemetry import turns as module
from shared.telemetry.turns import Turns


class Clock:
    """Hold the monotonic clock, moved by the test."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_a_loop_is_late_when_it_has_not_turned_for_longer_than_the_bound() -> None:
    assert late_loops({"relay": LATE, "scheduler": LATE + 0.1, "from-parties": 0.0}) == ["scheduler"]


def test_what_dies_is_noticed_within_ten_seconds() -> None:
    assert LATE + LOOKS_EVERY <= 11
    assert LATE <= 10


def test_a_loop_that_turns_is_ready_and_one_that_stands_still_or_has_not_begun_is_not(clock: Clock) -> None:
    turns = Turns()
    dog = Watchdog(turns, (), ("relay", "scheduler"), lambda: None)
    assert dog.ready() == {"relay": False, "scheduler": False}
    dog.watch()
    assert dog.ready() == {"relay": True, "scheduler": True}
    clock.now += LATE + 1
    turns.turned("relay")
    assert dog.ready() == {"relay": True, "scheduler": False}
    assert turns.seconds_since() == {"relay": 0.0, "scheduler": LATE + 1}


async def test_the_watchdog_ends_when_a_task_of_a_library_has_ended() -> None:
    turns = Turns()
    dog = Watchdog(turns, (), ("relay",), lambda: "sending")
    dog.watch()
    await dog.run()


async def test_the_watchdog_ends_when_a_loop_of_ours_is_stuck(clock: Clock) -> None:
    turns = Turns()
    dog = Watchdog(turns, (), ("relay",), lambda: None)
    dog.watch()
    clock.now += 1000
    await dog.run()


def test_a_consumer_that_was_never_started_is_not_ready() -> None:
    subscriber = KafkaBroker(logger=None).subscriber("topic", batch=True, group_id="group")
    assert isinstance(subscriber, BatchSubscriber)
    turns = Turns()
    supervisor = ConsumerSupervisor(subscriber, turns, "from-parties")
    turns.expect("from-parties")
    assert supervisor.why_dead() == "not-started"
    assert Watchdog(turns, (supervisor,), (), lambda: None).ready() == {"from-parties": False}
