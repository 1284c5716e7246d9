"""A leap of covenant time, in either direction, holds what cannot be undone; on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.effects import INFORMING
from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.fields import InformMoment
from shared.runtime import scheduler
from shared.runtime.scheduler import Scheduler
from shared.storage import erasure, held_messages, inbox, ticks
from shared.storage.held_messages import HoldReason, MessageToHold
from shared.storage.inbox import InboxEntry
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.support.scheduling import scheduler_on
from tests.support.transactions import rows

REF = f"{s.MAN}/{InformMoment.TAKEN_UP}"
_DUE = sa.text(
    "INSERT INTO due (id, case_id, kind, ref, at, irreversible)"
    " VALUES (:case, :case, :kind, :ref, '2020-01-01T00:00:00Z', :irreversible)"
)
_LAST_TICK = sa.text("INSERT INTO ticks (one, at) VALUES (true, :at)")


async def given(engine: AsyncEngine, last_tick: timedelta | None) -> None:
    """Two deadlines that have come, and when this service looked last, before or after now."""
    async with engine.begin() as connection:
        for case, irreversible in (("can be undone", False), ("cannot be undone", True)):
            values = {"case": case, "kind": INFORMING, "ref": REF, "irreversible": irreversible}
            await connection.execute(_DUE, values)
        if last_tick is not None:
            await connection.execute(_LAST_TICK, {"at": machine_now() + last_tick})


@asynccontextmanager
async def at_work(engine: AsyncEngine, clock: Clock, directory: Path) -> AsyncIterator[Scheduler[Any]]:
    """Let a scheduler of intake work, on topics on which nothing stands."""
    async with scheduler_on(engine, clock, directory) as keeper:
        task = asyncio.create_task(keeper.run())
        try:
            yield keeper
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def waiting(engine: AsyncEngine) -> list[str]:
    """The deadlines that have not acted once the one that can be undone has: both are seen in one look."""
    for _ in range(1000):
        left = [row.case_id for row in await rows(engine, "due")]
        if "can be undone" not in left:
            return left
        await asyncio.sleep(0.01)
    raise AssertionError("no deadline acts")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "PERIOD", 0.01)


HOURS = [(None, False), (-25, False), (25, False), (-27, True), (27, True)]


@pytest.mark.parametrize(("hours", "held"), HOURS)
async def test_after_a_leap_of_more_than_a_day_what_cannot_be_undone_waits(
    fresh_database: FreshDatabase, tmp_path: Path, hours: int | None, held: bool
) -> None:
    engine = await fresh_database(SERVICE)
    await given(engine, None if hours is None else timedelta(hours=hours))
    before = await rows(engine, "ticks")
    async with at_work(engine, Clock(), tmp_path) as keeper:
        assert await waiting(engine) == (["cannot be undone"] if held else [])
        assert keeper.holding is held
    assert (await rows(engine, "ticks") == before) is held, "else the next start would know of no leap"


async def test_a_clock_file_may_leap(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """It is there to play a year, and never in production."""
    engine, file = await fresh_database(SERVICE), tmp_path / "clock.json"
    file.write_text(f'{{"offset_seconds": {timedelta(days=365).total_seconds()}}}')
    await given(engine, timedelta())
    async with at_work(engine, Clock(file), tmp_path / "house") as keeper:
        assert await waiting(engine) == []
        assert not keeper.holding


async def test_what_waits_keeps_nobody_behind_it_from_being_tried(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many are tried at a look as there is room for, each time those behind the last ones."""
    monkeypatch.setattr(scheduler, "MOST", 2)
    engine = await fresh_database(SERVICE)
    async with engine.begin() as connection:
        await held_messages.add(
            connection,
            [
                MessageToHold("politie", str(n), s.CASE, HoldReason.WAITING, machine_now(), b"kept")
                for n in range(5)
            ],
        )
    async with scheduler_on(engine, Clock(), tmp_path) as keeper:
        looks = [[one.id for one in await keeper._waiting()] for _ in range(4)]
    assert looks == [[1, 2], [3, 4], [5], [1, 2]]


async def test_what_a_month_left_behind_goes_in_parts(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in a transaction of its own, until nothing is left that is too old."""
    monkeypatch.setattr(scheduler, "PRUNED_AT_ONCE", 2)
    engine, old = await fresh_database(SERVICE), machine_now() - timedelta(days=40)
    entries = [InboxEntry("politie", str(n), b"digest", old, s.CASE) for n in range(5)]
    async with engine.begin() as connection:
        await inbox.claim(connection, [*entries, InboxEntry("politie", "new", b"d", machine_now(), s.CASE)])
        await erasure.mark(connection, b"k" * 32, [str(n) for n in range(5)], old)
    async with at_work(engine, Clock(), tmp_path):
        for _ in range(1000):
            if not await rows(engine, "erased"):
                break
            await asyncio.sleep(0.01)
    assert [row.message_id for row in await rows(engine, "inbox")] == ["new"]
    assert await rows(engine, "erased") == []


@dataclass(slots=True)
class WrongClock(Clock):
    """A machine's clock that is ahead of time, or behind."""

    ahead: timedelta = timedelta()

    def covenant(self, machine: datetime) -> datetime:
        return machine + self.ahead


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - a database has no event to wait for
            await asyncio.sleep(0.01)


def acted(engine: AsyncEngine, case: str) -> Callable[[], Awaitable[bool]]:
    async def has() -> bool:
        return case not in {row.case_id for row in await rows(engine, "due")}

    return has


@pytest.mark.parametrize("ahead", [timedelta(days=396), timedelta(days=-396)], ids=["forwards", "backwards"])
async def test_when_the_clock_is_right_again_what_was_held_acts_by_itself_f13(
    fresh_database: FreshDatabase, tmp_path: Path, ahead: timedelta
) -> None:
    engine, clock = await fresh_database(SERVICE), WrongClock()
    async with at_work(engine, clock, tmp_path) as keeper:
        await until(ticked(engine, clock))
        clock.ahead = ahead
        await until(holding(keeper, True))
        await given(engine, None)
        await asyncio.sleep(0.2)
        assert not await acted(engine, "cannot be undone")()
        clock.ahead = timedelta()
        await until(acted(engine, "cannot be undone"))
        assert not keeper.holding


async def test_steps_that_are_small_each_are_one_leap_and_a_confirmation_ends_it_without_a_start_f13(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """A second start knows of it too."""
    engine, clock, step = await fresh_database(SERVICE), WrongClock(), timedelta(hours=25)
    async with at_work(engine, clock, tmp_path / "first") as keeper:
        await until(ticked(engine, clock))
        clock.ahead = step
        await until(ticked(engine, clock))
        assert not keeper.holding
        clock.ahead = 2 * step
        await until(holding(keeper, True))
        await until(ticked(engine, Clock()))
    await given(engine, None)
    async with at_work(engine, clock, tmp_path / "second") as keeper:
        assert await waiting(engine) == ["cannot be undone"]
        async with engine.begin() as connection:
            await ticks.confirm(connection)
        await until(acted(engine, "cannot be undone"))
        assert not keeper.holding


async def test_while_time_has_leapt_the_inbox_forgets_nothing_and_lag_is_no_refusal_f13(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """R129: without its row in the inbox a message that comes again has a second effect."""
    engine, over = await fresh_database(SERVICE), machine_now() - timedelta(days=40)
    await given(engine, timedelta(days=-396))
    entry, message = InboxEntry("politie", "old", b"digest", over, s.CASE), MessageToHold
    waits = message("politie", "waits", s.CASE, HoldReason.WAITING, over, b"not a record")
    async with engine.begin() as connection:
        await inbox.claim(connection, [entry])
        await held_messages.add(connection, [waits])
    async with at_work(engine, Clock(), tmp_path) as keeper:
        assert await waiting(engine) == ["cannot be undone"]
        await asyncio.sleep(0.2)
        assert [row.message_id for row in await rows(engine, "inbox")] == ["old"]
        assert [row.why for row in await rows(engine, "held")] == ["waiting"], (
            "it was not tried for the last time"
        )
        async with engine.begin() as connection:
            await ticks.confirm(connection)
        await until(holding(keeper, False))

        async def pruned_and_tried() -> bool:
            left = [row.message_id for row in await rows(engine, "inbox")]
            return left == [] and [row.why for row in await rows(engine, "held")] == ["parked"]

        await until(pruned_and_tried)


def ticked(engine: AsyncEngine, clock: Clock) -> Callable[[], Awaitable[bool]]:
    async def has() -> bool:
        return any(abs(row.at - clock.now()) < timedelta(minutes=1) for row in await rows(engine, "ticks"))

    return has


def holding(keeper: Scheduler[Any], wanted: bool) -> Callable[[], Awaitable[bool]]:
    async def does() -> bool:
        return keeper.holding is wanted

    return does
