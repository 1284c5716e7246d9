"""The whole story, on real servers: once in peace, and once while services are killed with -9."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local import house as local
from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from deploy.story import play as story
from deploy.story.telling import Telling
from deploy.story.world import world
from shared.clock import machine_now
from shared.house_keys import HouseKeys
from shared.message import SERVICES
from shared.settings import read_secret
from tests.running import quiet_console

RULES_REFUSED_UNDER = {
    f"R{number}" for number in (1, 2, 3, 8, 11, 19, 27, 28, 34, 42, 46, 59, 65, 72, 90, 109)
}
SEED = 20261124


def tables_that_mention(house: House, word: str) -> dict[str, int]:
    """In all databases: how many rows of which table hold this word anywhere."""
    found: dict[str, int] = {}
    for service in SERVICES:
        database = Database(**house.env["admin"]["databases"][service])
        names = run_sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
        for table in names:
            count = run_sql(database, f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{word}%'")  # noqa: S608
            if int(count.strip()):
                found[f"{service}.{table}"] = int(count.strip())
    return found


@dataclass(frozen=True)
class Played:
    """What was told, and what the databases held half-way and at the end."""

    house: House

    telling: Telling
    half_way: dict[str, int]
    at_the_end: dict[str, dict[str, int]]
    unsent: dict[str, int]
    held: dict[str, int]


async def played(house: House) -> Played:
    """The story on this house."""
    telling = Telling(quiet_console())
    async with world(house.env, telling) as here:
        await story.until_cleaned(here)
        half_way = await asyncio.to_thread(tables_that_mention, house, here.case)
        await story.until_forgotten(here)
    await drained(house)
    words = (here.case, here.man, here.mother, *here.items.values(), here.second_case)
    at_the_end = {word: await asyncio.to_thread(tables_that_mention, house, word) for word in words}
    return Played(house, telling, half_way, at_the_end, rows_of(house, "outbox"), rows_of(house, "held"))


async def drained(house: House, within: float = 60.0) -> None:
    """Until nothing is left to send or to try again; whatever is then left is for the test to find."""
    deadline = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < deadline:
        left = await asyncio.to_thread(lambda: [rows_of(house, "outbox"), rows_of(house, "held")])
        if not any(count for counts in left for count in counts.values()):
            return
        await asyncio.sleep(0.5)


def rows_of(house: House, table: str) -> dict[str, int]:
    """How many rows this table has in each service."""
    databases = {service: Database(**house.env["admin"]["databases"][service]) for service in SERVICES}
    statement = f"SELECT count(*) FROM {table}"  # noqa: S608 - names from this file
    return {service: int(run_sql(database, statement)) for service, database in databases.items()}


def told(telling: Telling) -> list[tuple[Any, ...]]:
    """What was seen and refused, without when."""
    return [(x["chapter"], x["kind"], x["sentence"], x.get("name"), x.get("rule")) for x in telling.lines]


@pytest.fixture(scope="module")
async def in_peace(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    house = local.start(tmp_path_factory.mktemp("peace"))
    try:
        yield await played(house)
    finally:
        house.reset()


async def test_the_case_is_in_four_services_half_way_and_in_none_at_the_end(in_peace: Played) -> None:
    assert {name.split(".")[0] for name in in_peace.half_way} >= {"intake", "triage", "rto", "retention"}
    assert {word: found for word, found in in_peace.at_the_end.items() if found} == {}


async def test_every_kind_of_refusal_of_the_story_was_seen(in_peace: Played) -> None:
    refused = [line for line in in_peace.telling.lines if line["kind"] == "refused"]
    seen = {line["rule"] for line in refused}
    assert seen >= RULES_REFUSED_UNDER, RULES_REFUSED_UNDER - seen
    assert all(line["article"] for line in refused)


async def test_nothing_was_parked_and_nothing_is_left_in_an_outbox(in_peace: Played) -> None:
    assert sum(in_peace.held.values()) == 0, in_peace.held
    assert sum(in_peace.unsent.values()) == 0, in_peace.unsent


async def test_the_destructions_are_complete_when_the_house_keys_of_then_are_gone_r105(
    in_peace: Played,
) -> None:
    """R105: nine days on, on the keys of the running services; and when the last backup has lapsed."""
    house = in_peace.house
    of_then = house_key_files(house)
    async with world(house.env, Telling(quiet_console())) as here:
        here.move_clock_to(here.now + timedelta(days=70))
        manager = here.people("manager-a")
        assert statuses(await manager.see("retention", "/proofs")) == {"erased-in-the-services"}
        await asyncio.to_thread(nine_days_pass_for_the_keys, house)
        assert not of_then & house_key_files(house)
        await manager.see_until("retention", "/proofs", lambda found: statuses(found) == {"complete"})


def statuses(found: Any) -> set[str]:
    return {proof["destruction"]["status"] for proof in found["proofs"]}


def house_key_files(house: House) -> set[Path]:
    """The private keys that parties sealed to, in all five services."""
    return {
        house.layout.keys(service) / "house" / f"{kid}.key"
        for service in SERVICES
        for kid in keys_at(house, service, machine_now()).held
    }


def keys_at(house: House, service: str, now: datetime) -> HouseKeys:
    """The service's own keys, turned as they are when the machine's clock says this."""
    root_key = base64.urlsafe_b64decode(read_secret(house.layout.secrets(service).root_key_file) + "==")
    return HouseKeys(house.layout.keys(service) / "house", root_key, lambda: now)


def nine_days_pass_for_the_keys(house: House) -> None:
    """Nobody waits nine days: the services are away meanwhile, and find their keys turned."""
    for service in SERVICES:
        house.stop_one(service)
        for days in (2, 11):
            keys_at(house, service, machine_now() + timedelta(days=days))
        house.start_one(service)


@asynccontextmanager
async def trouble(house: House) -> AsyncIterator[list[str]]:
    """Every few seconds one service dies without warning and is started again."""
    dice = random.Random(SEED)  # noqa: S311 - a seeded history, not a secret
    killed: list[str] = []

    async def kill() -> None:
        while True:
            await asyncio.sleep(dice.uniform(1, 3))
            name = dice.choice(SERVICES)
            await asyncio.to_thread(house.kill, name)
            killed.append(name)
            await asyncio.to_thread(house.start_one, name)

    task = asyncio.create_task(kill())
    try:
        yield killed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_services_killed_in_the_middle_give_the_same_story(
    in_peace: Played, tmp_path_factory: pytest.TempPathFactory
) -> None:
    house = local.start(tmp_path_factory.mktemp("trouble"))
    try:
        async with trouble(house) as killed:
            here = await played(house)
        history = f"seed {SEED}, killed {killed}"
        assert len(killed) >= 3, history
        assert told(here.telling) == told(in_peace.telling), history
        assert {word: found for word, found in here.at_the_end.items() if found} == {}, history
        assert sum(here.held.values()) == 0, history
    finally:
        house.reset()
