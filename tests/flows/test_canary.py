"""Unusual strings put in as name, number and every text are found in no file, neither before nor after."""

import asyncio
from pathlib import Path

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from deploy.story import play as story
from deploy.story.world import World
from tests.canary import search

CANARY = "Kanarievogel-Wq8Zx3Lm7Rv2Yp"


def places(house: House) -> list[Path]:
    """Every file of PostgreSQL, Kafka, the services' keys and all logs."""
    layout = house.layout
    postgres = (
        (layout.postgres / "data").resolve() if (layout.postgres / "data").is_symlink() else layout.postgres
    )
    return [layout.directory, postgres]


async def test_no_file_holds_what_was_said_from_referral_to_destruction(founded: World, house: House) -> None:
    founded.canary = CANARY
    await story.until_cleaned(founded)
    assert await asyncio.to_thread(_flushed_search, house) == {}
    await story.until_forgotten(founded)
    assert await asyncio.to_thread(_flushed_search, house) == {}


def _flushed_search(house: House) -> dict[str, list[str]]:
    """After a checkpoint, so that PostgreSQL's pages are on disk."""
    admin = house.env["admin"]["postgres"]
    run_sql(Database(**admin), "CHECKPOINT")
    return search(places(house), [CANARY])
