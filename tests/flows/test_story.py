"""The whole story, on real servers: once in peace, and once while services are killed with -9."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deploy.local import house as local
from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from deploy.story import play as story
from deploy.story.telling import Telling
from deploy.story.world import World, world
from shared.message import SERVICES
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


async def played(house: House) -> tuple[Telling, World, dict[str, Any]]:
    """The story on this house, and what was mentioned of the case half-way."""
    telling = Telling(quiet_console())
    async with world(house.env, telling) as here:
        await story.until_cleaned(here)
        half_way = await asyncio.to_thread(tables_that_mention, house, here.case)
        await story.until_forgotten(here)
        return telling, here, half_way


def told(telling: Telling) -> list[tuple[Any, ...]]:
    """What was seen and refused, without when."""
    return [(x["chapter"], x["kind"], x["sentence"], x.get("name"), x.get("rule")) for x in telling.lines]


@pytest.fixture(scope="module")
async def in_peace(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Any, ...]]:
    house = local.start(tmp_path_factory.mktemp("peace"))
    try:
        telling, here, half_way = await played(house)
        yield house, telling, here, half_way
    finally:
        house.reset()


async def test_the_case_is_in_the_services_half_way_and_in_none_at_the_end(in_peace: Any) -> None:
    house, _, here, half_way = in_peace
    assert {name.split(".")[0] for name in half_way} >= {"intake", "triage", "rto", "retention"}
    for word in (here.case, here.man, here.mother, *here.items.values(), here.second_case):
        assert tables_that_mention(house, word) == {}, word


async def test_every_kind_of_refusal_of_the_story_was_seen(in_peace: Any) -> None:
    _, telling, *_ = in_peace
    seen = {line["rule"] for line in telling.lines if line["kind"] == "refused"}
    assert seen >= RULES_REFUSED_UNDER, RULES_REFUSED_UNDER - seen
    assert all(line["article"] for line in telling.lines if line["kind"] == "refused")


async def test_nothing_was_parked_and_nothing_is_left_in_an_outbox(in_peace: Any) -> None:
    house, *_ = in_peace
    for service in SERVICES:
        database = Database(**house.env["admin"]["databases"][service])
        assert run_sql(database, "SELECT count(*) FROM held").strip() == "0", service
        assert run_sql(database, "SELECT count(*) FROM outbox").strip() == "0", service


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
    in_peace: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    house = local.start(tmp_path_factory.mktemp("trouble"))
    try:
        async with trouble(house) as killed:
            telling, here, _ = await played(house)
        assert len(killed) >= 3, killed
        assert told(telling) == told(in_peace[1]), f"seed {SEED}, killed {killed}"
        for word in (here.case, here.man, here.mother):
            assert tables_that_mention(house, word) == {}, f"seed {SEED}, killed {killed}"
    finally:
        house.reset()
