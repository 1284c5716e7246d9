"""A flood costs who makes it: another party's answers come as before, and memory stays within its bound."""

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil
import pytest

from deploy.local.services import ONE_MACHINE, ROOT
from deploy.machine.process import Process
from deploy.machine.secrets import write_private_json
from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted
from shared.http.limits import Limits
from tests.story import cast
from tests.system.faults import flood
from tests.system.faults.broker import Broker
from tests.system.faults.load import Scene, referred
from tests.system.faults.rig import Rig, until

ROUNDS = 3  # without a flood, and then with it
SECONDS = 4.0  # of each measurement
SETTLED = 1.0  # seconds of a flood before it is measured
PAUSE = 0.1  # seconds between two acts of the other party
TIMES = 2.0  # a p95 below twice what it was
# Seconds below which it does not matter, of messages (an idle consumer pauses half a second) and of looks.
FLOORS = 0.5, 0.25
WORK = 0.6  # of a core: what a flood may add to the work of the service, whoever else uses the machine
MEMORY = 400 * 1024 * 1024  # bytes of one service, as docs/operating.md says
SERVICE = flood.SERVICE


@dataclass
class Latencies:
    """Hold how long the other party waited, in seconds."""

    messages: list[float] = field(default_factory=list)
    work: float = 0.0  # of a core, by the service meanwhile
    looks: list[float] = field(default_factory=list)

    def p95(self) -> tuple[float, float]:
        return (
            statistics.quantiles(self.messages, n=20)[-1],
            statistics.quantiles(self.looks, n=20)[-1],
        )


def restart_with(rig: Rig, values: dict[str, object]) -> None:
    """Start the service again with these shares; those of one machine where there are none."""
    layout = rig.house.layout
    file = layout.settings_file(SERVICE)
    environment = json.loads(file.read_text())
    for name in ONE_MACHINE:
        environment.pop(f"ZVH_{name}", None)
    environment |= {f"ZVH_{name}": str(value) for name, value in values.items()}
    rig.house.stop_one(SERVICE)
    write_private_json(file, environment)
    rig.house.start_one(SERVICE)


@pytest.fixture
async def shares(rig: Rig, scene: Scene) -> AsyncIterator[None]:
    """Let the service hold the shares that it holds in earnest, for one test; then it takes what waits."""
    await asyncio.to_thread(restart_with, rig, {})
    yield
    await asyncio.to_thread(restart_with, rig, dict(ONE_MACHINE))
    await Broker(scene.env).all_read(within=240)
    await scene.rig.drained(within=240)


def middle(rounds: Sequence[Latencies]) -> tuple[float, float]:
    """Return the p95 of messages and of looks in the middle one of the rounds: one may be disturbed."""
    messages, looks = zip(*(one.p95() for one in rounds), strict=True)
    return statistics.median(messages), statistics.median(looks)


async def measured(scene: Scene, case: str) -> Latencies:
    """Let another party send, and its director look, one after the other; return how long each took."""
    found, stops, service = Latencies(), time.monotonic() + SECONDS, process(scene.rig)
    service.cpu_percent()
    director, partner = scene.director(), scene.partner(cast.REFERRER)

    async def again(times: list[float], act: Callable[[], Awaitable[None]]) -> None:
        while time.monotonic() < stops:
            began = time.perf_counter()
            await act()
            times.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE)

    async def refer() -> None:
        person = cast.person("Persoon G", PersonRole.SUBJECT, "1985-05-05")
        assert isinstance(await partner.ask(cast.referral((person,), ())), MessageAccepted)

    async def look() -> None:
        assert (await director.get(SERVICE, f"/cases/{case}")).status_code == 200

    await asyncio.gather(again(found.messages, refer), again(found.looks, look))
    found.work = service.cpu_percent() / 100
    return found


@dataclass
class Flood:
    """Hold a process that floods the service when it is told to; `seen` is what it met, over all rounds."""

    process: asyncio.subprocess.Process
    seen: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[None]:
        """Let it flood while the block runs, and wait until it has ended."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"\n")
        await asyncio.sleep(SETTLED)
        yield
        self.seen.update(json.loads(await self.process.stdout.readline()))


@asynccontextmanager
async def flooding(scene: Scene, kind: str) -> AsyncIterator[Flood]:
    """Start the process; it has prepared when this yields."""
    env = str(scene.rig.house.layout.environment_file)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.system.faults.flood", kind, env, str(SETTLED + SECONDS)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield Flood(process)
        process.stdin.close()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def process(rig: Rig) -> psutil.Process:
    running = rig.house.running()[SERVICE]
    assert isinstance(running, Process)
    return psutil.Process(running.pid)


async def costs_nobody_else(scene: Scene, kind: str) -> Counter[str]:
    """Measure another party before and during a flood; return what the flood met."""
    case = (await referred(scene)).id
    peak, service = 0, process(scene.rig)
    quiet = [await measured(scene, case) for _ in range(ROUNDS)]
    flooded = []

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, service.memory_info().rss)
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    async with flooding(scene, kind) as found:
        for _ in range(ROUNDS):
            async with found.runs():
                flooded.append(await measured(scene, case))
    watching.cancel()
    before, during = middle(quiet), middle(flooded)
    print(f"\n{kind}: p95 before {before}, during {during}, {peak / 1e6:.0f} MB, {found.seen}")
    print(f"{kind}: work before {[one.work for one in quiet]}, during {[one.work for one in flooded]}")
    for was, now, floor in zip(before, during, FLOORS, strict=True):
        assert now <= max(TIMES * was, floor), (kind, before, during)
    assert statistics.mean(one.work for one in flooded) - statistics.mean(one.work for one in quiet) < WORK
    assert 0 < peak < MEMORY
    return found.seen


async def test_a_stranger_who_floods_costs_nobody_else(shares: None, scene: Scene) -> None:
    seen = await costs_nobody_else(scene, "stranger")
    assert seen["not connected"] > ROUNDS * (flood.IDLE + flood.SLOW) / 2
    assert 0 < seen["most open"] <= ROUNDS * Limits().connections_per_address
    assert seen["429"] > 0


async def test_a_person_who_floods_costs_nobody_else(shares: None, scene: Scene) -> None:
    seen = await costs_nobody_else(scene, "person")
    assert seen["429"] > 0


async def test_a_party_that_sends_garbage_costs_nobody_else_and_each_has_its_dead_letter(
    rig: Rig, shares: None, scene: Scene
) -> None:
    topic = f"zvh.{SERVICE}.from.{flood.PARTY}"

    def dead() -> int:
        letters = scene.ledger.dead(SERVICE)
        return len({letter.position.offset for letter in letters if letter.position.topic == topic})

    before = dead()
    sent = (await costs_nobody_else(scene, "garbage"))["sent"]
    assert sent > 5000
    assert dead() - before < sent, "they are taken by its share"
    await asyncio.to_thread(restart_with, rig, dict(ONE_MACHINE))
    await until("a dead letter for each", lambda: dead() - before >= sent, within=240)
    assert dead() - before == sent


async def test_a_party_that_sends_too_many_messages_costs_nobody_else(shares: None, scene: Scene) -> None:
    assert (await costs_nobody_else(scene, "valid"))["sent"] == flood.SEALED
