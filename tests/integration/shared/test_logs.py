"""Logs are JSON lines, and nothing that an exception or a library says gets into one."""

import json
import subprocess
import sys

import sqlalchemy as sa

from docs.generate.tree import ROOT
from services.triage.main import SERVICE as TRIAGE
from shared.clock import machine_now
from shared.ids import new_id
from shared.runtime import logged_ids
from shared.storage import erasure, item_ids
from shared.storage.database import run
from shared.storage.item_ids import Claim
from shared.telemetry.logs import logged
from tests.conftest import FreshDatabase

PLACEHOLDERS = sa.text(
    "INSERT INTO cases (case_id, phase, version, state) "
    "SELECT id, 'nothing', 0, '{}' FROM unnest(CAST(:ids AS text[])) AS id"
)

SECRET = "Persoon Jansen"
CASE = "0197f3c2-1111-7abc-8def-0123456789ab"
UPPER = CASE.upper()
PROGRAM = f"""
import logging, threading, warnings
from shared.telemetry import logs
from shared.telemetry.logs import log_bug
from shared.storage.item_ids import Claim

logs.configure("intake")
logs.digest_ids_with(b"k" * 32)
logging.getLogger("some.library").warning("row of %s", "{SECRET}")
logging.getLogger("some.library").info("row of %s", "{SECRET}")
logging.getLogger("uvicorn.access").info("GET /cases/%s", "{SECRET}")
warnings.warn("about {SECRET}")
try:
    raise ValueError("{SECRET}")
except ValueError as error:
    log_bug("intake", "message-quarantined", error, row=7, case="{CASE}", where_="case {CASE} or {UPPER}")

def fails():
    raise KeyError("{SECRET}")

thread = threading.Thread(target=fails)
thread.start()
thread.join()
fails()
"""


def test_each_line_is_json_and_no_exception_or_library_says_anything_in_it() -> None:
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert SECRET not in ran.stdout + ran.stderr
    assert CASE not in (ran.stdout + ran.stderr).lower()
    assert ran.stderr == ""
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["event"] for line in lines] == [
        "library",
        "library",
        "message-quarantined",
        "thread-ended",
        "crashed",
    ]
    assert {line["service"] for line in lines if line["event"] != "thread-ended"} == {"intake"}
    assert [line["kind"] for line in lines if "kind" in line] == ["ValueError", "KeyError", "KeyError"]
    assert all(line["level"] and line["timestamp"].endswith("Z") for line in lines)
    (bug,) = [line for line in lines if line["event"] == "message-quarantined"]
    stands_for_it = logged(b"k" * 32, CASE)
    assert (bug["row"], bug["case"]) == (7, stands_for_it)
    assert bug["where_"] == f"case {stands_for_it} or {stands_for_it}"


async def test_what_a_digest_stands_for_is_found_as_long_as_the_case_is_there(
    fresh_database: FreshDatabase,
) -> None:
    engine, key, cases = await fresh_database(TRIAGE), b"k" * 32, [new_id() for _ in range(3)]
    async with engine.begin() as connection:
        await item_ids.claim(connection, [Claim(new_id(), cases[0]), Claim(item := new_id(), cases[1])])
        await run(connection, PLACEHOLDERS, ids=cases)
        for known in (*cases, item):
            assert await logged_ids.find(connection, key, logged(key, known)) == known
        await erasure.erase(connection, b"m" * 32, cases, machine_now())
        assert await logged_ids.find(connection, key, logged(key, cases[1])) is None
        assert await logged_ids.find(connection, key, logged(key, item)) is None
