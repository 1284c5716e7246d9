"""After an upgrade retention tells what it knows of cases of the version before; on a real PostgreSQL."""

import asyncio
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.retention.main import SERVICE
from shared.clock import Clock
from shared.runtime import scheduler
from shared.storage.json_writer import to_json
from tests.conftest import FreshDatabase
from tests.support.largest import number
from tests.support.samples import retention as s
from tests.support.scheduling import scheduler_on
from tests.support.stored_before import CASES
from tests.support.transactions import rows

_STORE = sa.text(
    "INSERT INTO cases (case_id, phase, version, state, heard, held)"
    " VALUES (:case, :phase, 5, CAST(:state AS json), '{}', :held)"
)
BEFORE = {number(n): case for n, case in enumerate(("step_1", "cleaned", "archived", "closing", "asked"))}
HELD, NEW = number(8), number(9)


async def store(engine: AsyncEngine, case_id: str, state: str, *, held: bool = False) -> None:
    values = {"case": case_id, "phase": json.loads(state)["phase"], "state": state, "held": held}
    async with engine.begin() as connection:
        await connection.execute(_STORE, values)


async def caught_up(engine: AsyncEngine, directory: Path) -> None:
    """Let a process begin, and go on until it has walked through all cases."""
    async with scheduler_on(engine, Clock(), directory, service=SERVICE) as keeper:
        task = asyncio.create_task(keeper.run())
        for _ in range(1000):
            if keeper._not_caught_up is None:
                break
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert keeper._not_caught_up is None


async def test_each_stored_case_is_told_once_and_no_other_r91(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PERIOD", 0.01)
    monkeypatch.setattr(scheduler, "MOST", 2)  # several pages
    engine = await fresh_database(SERVICE)
    for case_id, case in BEFORE.items():
        await store(engine, case_id, json.dumps(CASES[case]["retention"]["state"]))
    await store(engine, HELD, json.dumps(CASES["step_1"]["retention"]["state"]), held=True)
    await store(engine, NEW, to_json(s.state(*s.STEP_1)))
    await caught_up(engine, tmp_path)
    told = [row for row in await rows(engine, "outbox") if row.type.endswith("terms-set.v1")]
    assert {BEFORE[row.case_id] for row in told} == {"step_1", "cleaned", "archived", "closing"}
    assert len(told) == 4
    asked = {BEFORE[row.case_id] for row in told if json.loads(row.body)["tell_again"]}
    assert asked == {"step_1", "cleaned", "archived"}, "the round table tells again what was handed over"
    before = {row.case_id: row.version for row in await rows(engine, "cases")}
    assert (before[HELD], before[NEW]) == (5, 5)
    await caught_up(engine, tmp_path)
    assert {row.case_id: row.version for row in await rows(engine, "cases")} == before
