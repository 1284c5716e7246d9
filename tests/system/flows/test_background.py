"""Background tasks of a running service: time goes on, and a task that ends takes the service with it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from tests.story import clock

# A moment that PostgreSQL knows and Python does not.
NO_LAST_TICK = "DELETE FROM ticks"
A_TICK_OUT_OF_TIME = "INSERT INTO ticks (one, at) VALUES (true, '20000-01-01T00:00:00Z')"


def database(house: House, service: str) -> Database:
    return Database(**house.env["admin"]["databases"][service])


def until(holds: Callable[[], bool], within: float = 30.0) -> bool:
    """Whether it comes to hold."""
    deadline = time.monotonic() + within
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def test_a_half_written_clock_file_stops_no_time(house: House) -> None:
    file = Path(house.env["clock"]["file"])
    before = clock.covenant_now(file)

    def has_ticked_past(moment: datetime) -> Callable[[], bool]:
        last = f"SELECT count(*) FROM ticks WHERE at > '{moment.isoformat()}'"  # noqa: S608 - a moment
        return lambda: run_sql(database(house, "intake"), last).strip() == "1"

    clock.move_to(file, before + timedelta(minutes=5))
    assert until(has_ticked_past(before + timedelta(minutes=5)))
    whole = file.read_text()
    file.write_text(whole[:10])
    seen = datetime.now(UTC) + timedelta(seconds=json.loads(whole)["offset_seconds"])
    assert until(has_ticked_past(seen + timedelta(seconds=1)))
    clock.move_to(file, before + timedelta(minutes=10))
    assert until(has_ticked_past(before + timedelta(minutes=10)))


def test_a_background_task_that_fails_is_logged_by_kind_and_ends_the_service(house: House) -> None:
    house.stop_one("triage")
    run_sql(database(house, "triage"), NO_LAST_TICK, A_TICK_OUT_OF_TIME)
    try:
        ended = run_triage_until_it_ends(house)
    finally:
        run_sql(database(house, "triage"), NO_LAST_TICK)
        house.start_one("triage")
    assert ended.returncode == 1
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    (said,) = [line for line in lines if line["event"] == "scheduler-ended"]
    assert set(said) == {"event", "level", "timestamp", "service", "kind", "where"}


def run_triage_until_it_ends(house: House) -> subprocess.CompletedProcess[str]:
    settings = json.loads(house.layout.settings_file("triage").read_text())
    return subprocess.run(
        [sys.executable, "-m", "services.triage", "run"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=90,
    )
