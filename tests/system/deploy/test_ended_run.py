"""A run of the tests that is ended from outside stops and removes the servers it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from docs.generate.tree import ROOT
from tests.support.containers import CHOICE

WITHIN = 60  # seconds

# Waits with a database in its hands until it is ended.
WAITING = """
import asyncio
from pathlib import Path

async def test_it_waits(fresh_database, request):
    await fresh_database({service})
    Path({ready!r}).touch()
    await asyncio.sleep({within})
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_no_server_and_no_directory(
    tmp_path: Path, number: signal.Signals
) -> None:
    ready, basetemp = tmp_path / "ready", tmp_path / "run"
    waiting = tmp_path / "test_waiting.py"
    waiting.write_text(
        "from services.intake.main import SERVICE\n"
        + WAITING.format(service="SERVICE", ready=str(ready), within=WITHIN)
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    run = subprocess.Popen(  # noqa: S603 - our own interpreter
        [*command, f"--basetemp={basetemp}", str(waiting)],
        cwd=ROOT,
        env={**os.environ, CHOICE: "embedded", "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + WITHIN
        while not ready.exists():
            assert run.poll() is None, "the run ended by itself"
            assert time.monotonic() < until
            time.sleep(0.1)
        started = psutil.Process(run.pid).children(recursive=True)
        postgres = next(one for one in started if "postgres" in one.name())
        directory = Path(postgres.cmdline()[postgres.cmdline().index("-D") + 1])
        assert directory.exists()
        run.send_signal(number)
        run.wait(WITHIN)
    finally:
        run.kill()
    _, alive = psutil.wait_procs(started, timeout=5)
    assert alive == []
    assert not directory.exists()
