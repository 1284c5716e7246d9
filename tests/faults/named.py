"""The named faults, one after the other, in the middle of whatever goes on: a load of cases, or the story."""

import asyncio
from collections.abc import Awaitable, Callable

from deploy.local.house import KAFKA, POSTGRES
from shared.message import SERVICES
from shared.relay import LEASE
from tests.faults.broker import TO_WRITE_DEAD_LETTERS, Broker
from tests.faults.rig import Rig

Fault = Callable[[Rig], Awaitable[None]]
A_WHILE = 3.0  # seconds
SESSION_IS_OVER = 8.0  # seconds; its partitions have moved, or wait for it


def killed_at(point: str) -> Fault:
    async def fault(rig: Rig) -> None:
        await rig.reached_by_any(point)
        await asyncio.sleep(A_WHILE / 10)
        await rig.whole()

    return fault


async def the_reply_of_the_broker_is_lost(rig: Rig) -> None:
    await rig.reached_by_any("produce-reply", lose=True)


def frozen_at(point: str, seconds: float) -> Fault:
    async def fault(rig: Rig) -> None:
        frozen = await rig.reached_by_any(point, kill=False)
        await asyncio.sleep(seconds)
        for service in frozen:
            await asyncio.to_thread(rig.house.thaw, service)

    return fault


async def no_dead_letter_can_be_written(rig: Rig) -> None:
    """By intake; what cannot be read goes on coming."""
    broker = Broker(rig.house.env)
    await asyncio.to_thread(broker.take_right, TO_WRITE_DEAD_LETTERS)
    await asyncio.sleep(2 * A_WHILE)
    await asyncio.to_thread(broker.give_right, TO_WRITE_DEAD_LETTERS)


async def a_second_one_dies_in_mid_batch(rig: Rig) -> None:
    """Of each service there are two; one is killed, and the other has its partitions."""
    async with rig.beside(*SERVICES):
        await killed_at("read")(rig)


def killed(name: str) -> Fault:
    async def fault(rig: Rig) -> None:
        await rig.kill(name)
        await asyncio.sleep(A_WHILE)
        await rig.start(name)

    return fault


def frozen(name: str, seconds: float) -> Fault:
    async def fault(rig: Rig) -> None:
        await asyncio.to_thread(rig.house.freeze, name)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(rig.house.thaw, name)

    return fault


FAULTS: dict[str, Fault] = {
    "F1 killed between commit and publish": killed_at("committed"),
    "F2 killed between publish and deleting the row": killed_at("published"),
    "F3 killed before commit": killed_at("written"),
    "F3 killed before acknowledging": killed_at("acknowledging"),
    "F4 the reply of the broker is lost": the_reply_of_the_broker_is_lost,
    "F5 broker killed": killed(KAFKA),
    "F6 frozen in mid-batch": frozen_at("read", SESSION_IS_OVER),
    "F6 one of two killed in mid-batch": a_second_one_dies_in_mid_batch,
    "F8 database killed": killed(POSTGRES),
    "F8 database frozen": frozen(POSTGRES, 10),
    "F11 dead letters cannot be written": no_dead_letter_can_be_written,
    "F16 key authority killed": killed("retention"),
    "F19 relay frozen in mid-batch": frozen_at("prepared", LEASE + A_WHILE),
    "F5 broker frozen": frozen(KAFKA, 30),
}


async def each_once(rig: Rig, happened: list[str]) -> None:
    """In this order; `happened` tells how far it came."""
    for name, fault in FAULTS.items():
        await fault(rig)
        happened.append(name)
        await asyncio.sleep(A_WHILE)
