"""Watch everything that must never end: what dies comes back, or ends the process with one line."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from shared.messaging.consumer_supervisor import ConsumerSupervisor
from shared.telemetry.turns import Turns

log = structlog.get_logger()
LOOKS_EVERY = 1.0  # seconds
LATE = 10.0  # seconds without a turn, after which a loop is not ready
STUCK = 180.0  # seconds without a turn, after which no loop comes back by itself: each wait is shorter


def late_loops(seconds_since: Mapping[str, float], after: float = LATE) -> list[str]:
    """Return the loops that have not turned for longer than `after` seconds, sorted."""
    return sorted(loop for loop, seconds in seconds_since.items() if seconds > after)


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Watch the loops of one process: consumers, which are begun anew, and `others`, which are tasks of ours.

    `ended_task` names a library's task that has ended for good, if any.
    """

    turns: Turns
    supervisors: Sequence[ConsumerSupervisor]
    others: Sequence[str]
    ended_task: Callable[[], str | None]

    def watch(self) -> None:
        """Begin to watch: the consumers have just been started, and the other loops are about to be."""
        for supervisor in self.supervisors:
            supervisor.watch()
        self.turns.expect(*self.others)

    async def run(self) -> None:
        """Restart consumers that are dead; return when the process must not go on, after one line."""
        watching = [
            asyncio.create_task(supervisor.keep_alive(LOOKS_EVERY)) for supervisor in self.supervisors
        ]
        try:
            await self._until_dead(watching)
        finally:
            for task in watching:
                task.cancel()

    def ready(self) -> dict[str, bool]:
        """Return for each loop whether it turns; one that has not begun does not."""
        since = self.turns.seconds_since()
        dead = {supervisor.loop for supervisor in self.supervisors if supervisor.why_dead() is not None}
        late = set(late_loops(since))
        loops = [*(supervisor.loop for supervisor in self.supervisors), *self.others]
        return {loop: loop in since and loop not in dead | late for loop in loops}

    async def _until_dead(self, watching: "Sequence[asyncio.Task[None]]") -> None:
        while not (dead := self._dead()):
            await asyncio.sleep(LOOKS_EVERY)
            for task in watching:
                if task.done():
                    task.result()  # raises the bug that ended it
        log.error("loop-dead", loop=dead)

    def _dead(self) -> str | None:
        stuck = set(late_loops(self.turns.seconds_since(), STUCK)) & set(self.others)
        return self.ended_task() or min(stuck, default=None)
