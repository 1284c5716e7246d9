"""Unusual strings put in as name, number and every text are found in no file, neither before nor after."""

import asyncio
from pathlib import Path

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from deploy.story import play as story
from deploy.story.world import World
from tests.canary import search

CANARY = "Kanarievogel-Wq8Zx3Lm7Rv2Yp"


async def test_no_file_holds_what_was_said_from_referral_to_destruction(
    founded: World, house: House, tmp_path: Path
) -> None:
    founded.canary = CANARY
    await story.until_cleaned(founded)
    assert await asyncio.to_thread(_flushed_search, house, tmp_path) == {}
    await story.until_forgotten(founded)
    assert await asyncio.to_thread(_flushed_search, house, tmp_path) == {}


def _flushed_search(house: House, elsewhere: Path) -> dict[str, list[str]]:
    """In every file of PostgreSQL, Kafka, the services' keys and all logs.

    After a checkpoint, so that PostgreSQL's pages are on disk.
    """
    admin = house.env["admin"]["postgres"]
    run_sql(Database(**admin), "CHECKPOINT")
    return search(house.places(elsewhere), [CANARY])
