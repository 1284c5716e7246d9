"""Run parts of the tests beside each other, each by a pytest of its own with servers of its own."""

import asyncio
import os
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as Xml
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.support.containers import CHOICE

ROOT = Path(__file__).parents[2]
LIMIT = 2700  # seconds for one part of the tests; a part that hangs fails
STOPS_WITHIN = 60  # seconds
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"  # under it each part compiles all modules: 5 s of processor time
LONGEST_LINE = 16_777_216  # bytes; a failing comparison is shown whole


@dataclass(frozen=True)
class Outcome:
    """Hold the result of one run: how many passed, which failed with what, and each reason for skipping."""

    servers: str
    code: int
    seconds: float
    passed: int = 0
    failed: tuple[str, ...] = ()
    skipped: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        counts = f"{self.passed} passed, {len(self.failed)} failed, {self.skipped.total()} skipped"
        verdict = "" if self.code == 0 else f" (pytest ended with {self.code})"
        return f"{self.servers:11} {counts} in {self.seconds:.0f} s{verdict}"


def run_parts(
    servers: str,
    parts: Sequence[str],
    *,
    at_once: int = 2,
    without: Sequence[str] = (),
    marked: str = "",
    told: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Run each part without what is in those before it, and `without` what is to be left out.

    A part is one folder or file, or several with spaces between them; it may have `*` in it.

    `marked` is pytest's expression over markers; without one all tests run. `told` goes into the environment
    of each part.
    """
    print(f"\n== {', '.join(parts)}, {servers}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        reports = Path(directory)
        commands = [
            [*_command(parts, place, without, reports), *(("-m", marked) if marked else ())]
            for place in range(len(parts))
        ]
        codes = asyncio.run(
            _run_all(dict(zip(parts, commands, strict=True)), {CHOICE: servers, **told}, at_once)
        )
        return _read(reports, servers, codes, time.monotonic() - began)


def _command(parts: Sequence[str], place: int, without: Sequence[str], reports: Path) -> list[str]:
    left_out = [
        f"--ignore={path}"
        for other in (*parts[:place], *without)
        for path in _paths(other)
        if other != parts[place]
    ]
    report = f"--junitxml={reports / f'{place}.xml'}"
    return [sys.executable, "-m", "pytest", report, *_paths(parts[place]), *left_out]


def _paths(part: str) -> list[str]:
    """Return the folders and files that a part names."""
    return [str(path.relative_to(ROOT)) for name in part.split() for path in sorted(ROOT.glob(name))]


async def _run_all(commands: dict[str, list[str]], told: Mapping[str, str], at_once: int) -> list[int]:
    gate = asyncio.Semaphore(at_once)
    environment = {**os.environ, **told}
    environment.pop(NO_BYTECODE, None)

    async def one(part: str) -> int:
        async with gate:
            return await _run(commands[part], part, environment)

    return list(await asyncio.gather(*map(one, commands)))


async def _run(command: list[str], part: str, environment: dict[str, str]) -> int:
    """Return its exit code; interrupt a part that takes too long, or is to end, so that it stops its servers.

    It has a session of its own: a terminal's Ctrl-C does not interrupt it while it stops them.
    """
    run = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=environment,
        stdout=PIPE,
        stderr=STDOUT,
        limit=LONGEST_LINE,
        start_new_session=True,
    )
    shown = asyncio.create_task(_show(run, part))
    try:
        code = await asyncio.wait_for(run.wait(), LIMIT)
    except TimeoutError:
        print(f"{part} stopped after {LIMIT} s", flush=True)
        code = 1
    finally:
        if run.returncode is None:
            await _interrupt(run)
        await shown
    if code < 0:
        print(f"{part} was ended by {signal.Signals(-code).name}", flush=True)
    return code


async def _interrupt(run: Process) -> None:
    run.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(run.wait(), STOPS_WITHIN)
    except TimeoutError:
        run.kill()


async def _show(run: Process, part: str) -> None:
    if run.stdout is not None:
        async for line in run.stdout:
            print(f"{part}: {line.decode(errors='replace')}", end="", flush=True)


def _first_line(found: Xml.Element) -> str:
    """Return what a failure says first, which may be nothing."""
    return str(found.get("message")).partition("\n")[0][:300]


def _read(reports: Path, servers: str, codes: Sequence[int], seconds: float) -> Outcome:
    """Count all parts together; one that left no report has failed."""
    found = sorted(reports.glob("*.xml"))
    trees = [Xml.parse(report) for report in found]  # noqa: S314 - written by our own run
    cases = [case for tree in trees for case in tree.getroot().iter("testcase")]
    failed = tuple(
        f"{case.get('classname')}::{case.get('name')}: {_first_line(found)}"
        for case in cases
        for found in (*case.iter("failure"), *case.iter("error"))
    )
    skipped = Counter(str(found.get("message")) for case in cases for found in case.iter("skipped"))
    code = max(map(abs, codes)) or int(len(found) < len(codes))
    return Outcome(servers, code, seconds, len(cases) - len(failed) - skipped.total(), failed, skipped)
