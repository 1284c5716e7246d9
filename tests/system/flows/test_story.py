"""The whole story, on real servers: in peace, and while services are killed with -9."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local import house as local
from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.clock import machine_now
from shared.contract.registry import SERVICES
from shared.crypto.house_keys import HouseKeys
from shared.runtime.settings import read_secret
from tests.story.telling import SEEN, TOOK_EFFECT, Telling
from tests.story.world import world
from tests.support.canary import search
from tests.support.containers import chosen
from tests.support.running import quiet_console
from tests.system.whole_story import (
    CANARY,
    CHAPTERS,
    LEFT,
    LONG_PATIENCE,
    SHORT_PATIENCE,
    Played,
    expected,
    played,
    shown_and_refused,
)

SEED = 20261124


def said_in_files(house: House, elsewhere: Path) -> dict[str, list[str]]:
    """Search every file of PostgreSQL, Kafka, the services' keys and all logs.

    After a checkpoint, so that PostgreSQL's pages are on disk.
    """
    run_sql(Database(**house.env["admin"]["postgres"]), "CHECKPOINT")
    return search(house.places(elsewhere), [CANARY])


def told(telling: Telling) -> list[tuple[Any, ...]]:
    """Return what was seen and refused, without when."""
    return [(x["chapter"], x["kind"], x["sentence"], x.get("name"), x.get("rule")) for x in telling.lines]


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = local.start(tmp_path_factory.mktemp("peace"), patience=SHORT_PATIENCE, servers=chosen().servers)
    try:
        yield house
    finally:
        house.reset()


@pytest.fixture(scope="module")
async def in_peace(peaceful: House, tmp_path_factory: pytest.TempPathFactory) -> Played:
    elsewhere = tmp_path_factory.mktemp("files")
    return await played(peaceful, Telling(quiet_console()), lambda: said_in_files(peaceful, elsewhere))


async def test_the_chapters_come_in_their_order(in_peace: Played) -> None:
    chapters = list(dict.fromkeys(line["chapter"] for line in in_peace.telling.lines))
    assert [int(chapter.partition(".")[0]) for chapter in chapters] == list(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
async def test_each_chapter_shows_what_it_must_and_has_each_refusal_under_its_rule(
    in_peace: Played, chapter: int
) -> None:
    lines = [line for line in in_peace.telling.lines if line["chapter"].startswith(f"{chapter}.")]
    assert shown_and_refused(in_peace.telling, chapter) == expected(chapter)
    assert all(line["article"] for line in lines if line["kind"] == "refused")


async def test_the_count_of_what_was_sent_agrees_with_what_was_told(in_peace: Played) -> None:
    sent = in_peace.telling.messages()
    assert sent["referral-submitted"] == {
        "took effect": 4,
        "NotAParty": 1,
        "PartyHasNoAuthorisation": 1,
        "TaskMissing": 1,
        "ActingBodyUnknown": 1,
        "BasisMissing": 1,
        "NecessityMissing": 1,
        "WeighingMissing": 1,
    }
    assert sent["query-answered"] == {"took effect": 2, "ItemNumberNotUsable": 2, "UnknownCase": 2}
    refused = [line["name"] for line in in_peace.telling.lines if line["kind"] == "refused"]
    not_in_vain = (TOOK_EFFECT, SEEN)
    assert sorted(refused) == sorted(
        became for _, _, became in in_peace.telling.sent if became not in not_in_vain
    )


async def test_the_case_was_in_four_services_and_is_in_none(in_peace: Played) -> None:
    counted = [line["rows"] for line in in_peace.telling.lines if "rows" in line]
    assert {service for service, rows in counted[0].items() if rows} >= {
        "intake",
        "triage",
        "rto",
        "retention",
    }
    assert in_peace.left == LEFT


async def test_no_file_holds_what_was_said_neither_before_nor_after_destruction(in_peace: Played) -> None:
    """Plain, base64, hex or UTF-16; that the search finds what is there is tested beside it."""
    assert in_peace.said == [{}, {}]


async def test_nothing_was_parked_and_nothing_is_left_in_an_outbox(in_peace: Played) -> None:
    assert sum(in_peace.held.values()) == 0, in_peace.held
    assert sum(in_peace.unsent.values()) == 0, in_peace.unsent


async def test_the_destructions_are_complete_when_the_house_keys_of_then_are_gone_r105(
    in_peace: Played, peaceful: House
) -> None:
    """R105: nine days on, on the keys of the running services; and when the last backup has lapsed."""
    of_then = house_key_files(peaceful)
    async with world(peaceful.env, Telling(quiet_console())) as here:
        here.move_clock_to(here.now + timedelta(days=70))
        manager = here.people("manager-a")
        assert statuses(await manager.see("retention", "/proofs")) == {"erased-in-the-services"}
        await asyncio.to_thread(nine_days_pass_for_the_keys, peaceful)
        assert not of_then & house_key_files(peaceful)
        await manager.see_until("retention", "/proofs", lambda found: statuses(found) == {"complete"})


def statuses(found: Any) -> set[str]:
    return {proof["destruction"]["status"] for proof in found["proofs"]}


def house_key_files(house: House) -> set[Path]:
    """Return the private keys that parties sealed to, in all five services."""
    return {
        house.layout.keys(service) / "house" / f"{kid}.key"
        for service in SERVICES
        for kid in keys_at(house, service, machine_now()).available_kids
    }


def keys_at(house: House, service: str, now: datetime) -> HouseKeys:
    """Open the service's own keys, rotated as they are when the machine's clock says this."""
    root_key = base64.urlsafe_b64decode(read_secret(house.layout.secrets(service).root_key_file) + "==")
    return HouseKeys(house.layout.keys(service) / "house", root_key, lambda: now)


def nine_days_pass_for_the_keys(house: House) -> None:
    """Rotate keys as nine days would, while the services are stopped."""

    def pass_for(service: str) -> None:
        house.stop_one(service)
        for days in (2, 11):
            keys_at(house, service, machine_now() + timedelta(days=days)).rotate()
        house.start_one(service)

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        list(pool.map(pass_for, SERVICES))


@asynccontextmanager
async def trouble(house: House) -> AsyncIterator[list[str]]:
    """Kill one service every few seconds, and start it again."""
    dice = random.Random(SEED)  # noqa: S311 - a seeded history, not a secret
    killed: list[str] = []

    async def kill() -> None:
        while True:
            await asyncio.sleep(dice.uniform(8, 16))
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
    in_peace: Played, peaceful: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await asyncio.to_thread(peaceful.stop)  # nobody needs it any more, and idling takes half a core
    house = local.start(tmp_path_factory.mktemp("trouble"), patience=LONG_PATIENCE, servers=chosen().servers)
    try:
        async with trouble(house) as killed:
            here = await played(house, Telling(quiet_console()))
        history = f"seed {SEED}, killed {killed}"
        assert len(killed) >= 3, history
        assert told(here.telling) == told(in_peace.telling), history
        assert here.left == in_peace.left, history
        assert sum(here.held.values()) == 0, history
    finally:
        house.reset()
