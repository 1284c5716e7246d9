"""On the running house: the other four keep how far a log was chained, and a rewritten log is found (T7)."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.contract.registry import SERVICES
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import referred

OTHERS = [service for service in SERVICES if service != "intake"]
WITHIN = 90.0  # seconds: a checkpoint each minute


async def ran(house: House, service: str, *arguments: str) -> tuple[int, str]:
    """Run an operator's command; return how it ended and what it printed."""
    settings = json.loads(house.layout.settings_file(service).read_text())
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", f"services.{service}", *arguments],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def intake_says(house: House, *statements: str) -> str:
    """Run statements with all rights in intake's database."""
    administration = replace(Database(**house.env["admin"]["postgres"]), name="intake")
    return run_sql(administration, "SET session_replication_role = replica", *statements)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN):
        while not await holds():  # noqa: ASYNC110 - a database has no event to wait for
            await asyncio.sleep(0.5)


@pytest.fixture
async def kept(founded: World, house: House, tmp_path: Path) -> list[str]:
    """Refer and look at a case, and wait until the others keep a checkpoint of after that."""
    case = await referred(founded)
    await founded.people("process-director-a", cast.REFERRER).see("intake", f"/cases/{case}")
    unchained = (
        "SELECT count(*) FROM access_log AS a WHERE NOT EXISTS "
        "(SELECT FROM log_leaves AS k WHERE k.log = 'access_log' AND k.entry = a.entry)"
    )

    async def chained() -> bool:
        return await asyncio.to_thread(intake_says, house, unchained) == "0"

    await until(chained)
    length = int(await asyncio.to_thread(intake_says, house, "SELECT max(number) FROM log_leaves"))
    arguments = []
    for service in OTHERS:
        database = Database(**house.env["admin"]["databases"][service])
        asked = (
            "SELECT count(*) FROM log_checkpoints "  # noqa: S608 - a number
            f"WHERE service = 'intake' AND length >= {length}"
        )

        async def has_heard(database: Database = database, asked: str = asked) -> bool:
            return int(await asyncio.to_thread(run_sql, database, asked)) > 0

        await until(has_heard)
        code, printed = await ran(house, service, "checkpoints", "intake")
        assert code == 0
        file = tmp_path / service
        file.write_text(printed)
        arguments += ["--checkpoints", str(file)]
    return arguments


async def test_a_log_is_whole_and_one_that_an_administrator_rewrote_is_found_t7(
    house: House, kept: list[str]
) -> None:
    code, printed = await ran(house, "intake", "verify-log", *kept)
    assert (code, printed.strip().endswith("; 0 found")) == (0, True), printed
    last = int(intake_says(house, "SELECT max(entry) FROM access_log"))
    change = "UPDATE access_log SET person = person || '{}' WHERE entry = {}"
    intake_says(house, change.format("x", last))
    try:
        code, printed = await ran(house, "intake", "verify-log", *kept)
    finally:
        back = f"UPDATE access_log SET person = rtrim(person, 'x') WHERE entry = {last}"  # noqa: S608 - ours
        intake_says(house, back)
    assert code == 1
    assert f"access_log entry {last} " in printed
    assert ": changed" in printed
    assert (await ran(house, "intake", "verify-log", *kept))[0] == 0


async def test_what_was_cut_off_before_a_checkpoint_is_found_by_what_the_others_keep_t7(
    house: House, kept: list[str]
) -> None:
    hidden = (
        "CREATE TABLE hidden AS SELECT * FROM log_leaves ORDER BY number DESC LIMIT 3",
        "CREATE TABLE unsaid AS SELECT * FROM log_checkpoints WHERE service = 'intake'",
        "DELETE FROM log_leaves WHERE number IN (SELECT number FROM hidden)",
        "DELETE FROM log_checkpoints WHERE service = 'intake'",
    )
    back = (
        "DELETE FROM log_leaves WHERE number >= (SELECT min(number) FROM hidden)",
        "INSERT INTO log_leaves SELECT * FROM hidden",
        "DELETE FROM log_checkpoints WHERE service = 'intake'",
        "INSERT INTO log_checkpoints SELECT * FROM unsaid",
        "DROP TABLE hidden",
        "DROP TABLE unsaid",
    )
    await asyncio.to_thread(house.stop_one, "intake")
    intake_says(house, *hidden)
    try:
        code, printed = await ran(house, "intake", "verify-log", *kept)
    finally:
        intake_says(house, *back)
        await asyncio.to_thread(house.start_one, "intake")
    assert code == 1
    assert "chain: cut off, " in printed
