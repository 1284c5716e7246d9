"""Break a running house on purpose: arm fault points by name, and wait until they were reached."""

import asyncio
import contextlib
import inspect
import json
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy.local.house import KAFKA, POSTGRES, SERVERS, House
from deploy.machine.process import DidNotStart
from shared.contract.registry import SERVICES
from tests.story.left import rows_of

WITHIN = 60.0  # seconds: after the fault has healed everything has drained by then
LAUNCHER = "tests.system.faults.launch"
VICTIMS = (*SERVICES, KAFKA, POSTGRES)


class DidNotHappen(AssertionError):
    """Raised with what a test waited for."""


@dataclass(frozen=True)
class Rig:
    """Control one house whose services run with fault points; `points` is where they are armed."""

    house: House
    points: Path

    def arm(
        self, service: str, point: str, *, of: str | None = None, kill: bool = True, lose: bool = False
    ) -> None:
        """Let the service die, freeze, or lose a reply at this point, once. `of`: a topic or a command."""
        number = None if lose else int(signal.SIGKILL if kill else signal.SIGSTOP)
        file = self._armed(service)
        file.with_suffix(".reached").unlink(missing_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps({"point": point, "of": of, "signal": number}))
        draft.rename(file)

    def set_machine_clock(self, ahead: timedelta) -> None:
        """Let the machine's clock be ahead in all services, or behind."""
        file = self.points / "machine-clock"
        draft = file.with_suffix(".new")
        draft.write_text(str(ahead.total_seconds()))
        draft.rename(file)

    async def reached(self, service: str, within: float = WITHIN) -> None:
        """Wait until what was armed has happened."""
        await until(
            f"{service} at its fault point", self._armed(service).with_suffix(".reached").exists, within
        )

    async def reached_by_any(self, point: str, *, kill: bool = True, lose: bool = False) -> list[str]:
        """Arm it for all; return the first service that comes to this point, and those that came with it."""
        for service in SERVICES:
            self.arm(service, point, kill=kill, lose=lose)
        await until(f"any service at {point}", self._came)
        for service in SERVICES:
            self._armed(service).unlink(missing_ok=True)
        return self._came()

    def _came(self) -> list[str]:
        return [service for service in SERVICES if self._armed(service).with_suffix(".reached").exists()]

    async def whole(self) -> None:
        """Start again whatever is dead, servers first."""
        for names in (SERVERS, SERVICES):
            await self.start(*(name for name in names if name not in self.house.running()))

    async def died(self, service: str, within: float = WITHIN) -> None:
        """Wait until it has killed itself at the armed point."""
        await self.reached(service, within)
        await until(f"{service} to be gone", lambda: service not in self.house.running(), 10)

    async def start(self, *names: str) -> None:
        """Start again what was killed, all at once; ready on return."""
        await asyncio.gather(*(asyncio.to_thread(self.house.start_one, name) for name in names))

    async def revive(self, service: str) -> None:
        """Start it with something armed: it may reach that before it is ready."""
        try:
            await self.start(service)
        except DidNotStart:
            if not self._armed(service).with_suffix(".reached").exists():
                raise

    async def kill(self, *names: str) -> None:
        await asyncio.gather(*(asyncio.to_thread(self.house.kill, name) for name in names))

    async def crash(self, service: str) -> None:
        """Let it die at its armed point, and start it again."""
        await self.died(service)
        await self.start(service)

    @contextlib.asynccontextmanager
    async def beside(self, *services: str) -> AsyncIterator[None]:
        """Start another process of each of these beside the first."""
        names = await asyncio.to_thread(self.house.start_beside, services)
        try:
            yield
        finally:
            await asyncio.gather(*(asyncio.to_thread(self.house.stop_one, name) for name in names))

    async def drained(self, within: float = WITHIN) -> None:
        """Wait until nothing is left to send or to try again."""
        await until("outboxes and held messages to be empty", lambda: not self.left(), within)

    def left(self) -> dict[str, int]:
        """Return how many rows wait, by table and service."""
        counted = {table: rows_of(self.house.env, table) for table in ("outbox", "held")}
        return {f"{t} of {s}": n for t, counts in counted.items() for s, n in counts.items() if n}

    def unsent(self, service: str) -> int:
        return rows_of(self.house.env, "outbox")[service]

    def _armed(self, service: str) -> Path:
        return self.points / f"{service}.json"


async def until(what: str, holds: Callable[[], Any], within: float = WITHIN) -> None:
    """Wait until it holds; what may block is called in a thread, what is awaitable awaited."""

    async def look() -> Any:
        found = await asyncio.to_thread(holds)
        return await found if inspect.isawaitable(found) else found

    deadline = asyncio.get_running_loop().time() + within
    while not await look():
        if asyncio.get_running_loop().time() > deadline:
            raise DidNotHappen(f"waited {within:.0f} s in vain for {what}")
        await asyncio.sleep(0.1)
