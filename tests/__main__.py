"""`python -m tests [--fast | --engine own | --figures too | --figures only | --long]`: run the tests.

What `make test` and a build server run, in containers where they can be had. With containers, what starts
servers is tested on embedded ones too. That no engine can be had, or that nothing can be built for it, is
no failure: it is said, and the embedded servers have to do. Two parts run beside each other, each with
servers of its own: the one mostly waits while the other works. Those that kill and freeze processes or send
thousands of messages are embedded: by `--figures` what each commit has to reach, with the tests or alone,
by `--long` all of them, one part after the other. `--fast` runs what needs no broker and no containers.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as Xml
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.containers import images
from deploy.containers.servers import contained
from deploy.machine.certificates import make_certificates
from deploy.machine.engine import NoEngine, connected, install, installed, own_engine
from deploy.machine.process import DidNotStart, last_lines
from tests.support.containers import CHOICE, WHY_NOT, made_by_testcontainers

ROOT = Path(__file__).parents[1]
AT_MOST = 2700  # seconds for one part of the tests; a part that hangs fails
STOPS_WITHIN = 60
START_SERVERS = "tests/system/deploy"
# The longest first; each without what is in those before it, so that every test is in one of them.
PARTS = (
    "tests/system/flows/test_story.py",
    "tests/system/flows",
    "tests/system/images",
    START_SERVERS,
    "tests",
)
FAST = ("tests/integration/retention", "tests/integration", "tests/unit", "tests/architecture")
FIGURES = "tests/system/figures"
LONG = (FIGURES, "tests/system/faults", "tests/system/scale")
AT_ONCE = 2
LONGEST_LINE = 16_777_216  # bytes; a failing comparison is shown whole
CONTAINERS, EMBEDDED = "containers", "embedded"


class NoContainers(Exception):
    """Why the tests cannot run in containers here."""


@dataclass(frozen=True)
class Outcome:
    """One run: how many passed, failed, were skipped, and each reason for skipping with its count."""

    servers: str
    code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped.total()} skipped"
        verdict = "" if self.code == 0 else f" (pytest ended with {self.code})"
        return f"{self.servers:11} {counts} in {self.seconds:.0f} s{verdict}"


def main() -> int:
    """0 when every test that was run passed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--engine", choices=("", "own"), default="", help="own: have one where none answers")
    parser.add_argument("--figures", choices=("", "too", "only"), default="", help="those of each commit")
    parser.add_argument("--long", action="store_true", help="figures, faults and scale instead of the tests")
    parser.add_argument("--fast", action="store_true", help="only what needs no broker and no containers")
    wish = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or an engine of our own would stay
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, also by children
    if wish.fast:
        return _told_of([_run(EMBEDDED, *FAST)], "nothing here needs them")
    if wish.long or wish.figures == "only":
        parts = LONG if wish.long else (FIGURES,)
        return _told_of([_run(EMBEDDED, *parts, at_once=1)], "they act on processes")
    too = (FIGURES,) if wish.figures else ()
    outcomes, missing = [], ""
    try:
        with _containers(may_start=wish.engine == "own"):
            outcomes.append(_run(CONTAINERS, *PARTS))
        outcomes.append(_run(EMBEDDED, *too, START_SERVERS))
    except NoContainers as why:
        missing = str(why)
        outcomes.append(_run(EMBEDDED, *too, *PARTS))
    return _told_of(outcomes, missing)


def _told_of(outcomes: Sequence[Outcome], missing: str) -> int:
    """Print what was run, and what was not and why; the exit code."""
    print("\nKafka and PostgreSQL by:")
    if missing:
        print(f"  {CONTAINERS:11} NOT RUN: {missing}")
    for outcome in outcomes:
        print(f"  {outcome}")
        for reason, count in outcome.skipped.items():
            print(f"    skipped {count}: {reason}")
    return max(outcome.code for outcome in outcomes)


@contextmanager
def _containers(*, may_start: bool) -> Iterator[None]:
    """An engine with all images, on which both servers have been seen to run; raises `NoContainers`."""
    if os.environ.get(CHOICE) == EMBEDDED:
        raise NoContainers(f"{CHOICE} says so")
    try:
        with _engine(may_start=may_start):
            _make_ready()
            yield
    except (*WHY_NOT, OSError) as why:
        raise NoContainers(str(why)) from why


@contextmanager
def _engine(*, may_start: bool) -> Iterator[None]:
    """The one that answers, else one of our own, for us and our children; raises `NoEngine`."""
    try:
        connected().close()
    except NoEngine:
        if not may_start:
            raise
    else:
        yield
        return
    if not installed():
        install()
    with own_engine() as address:
        os.environ["DOCKER_HOST"] = address
        try:
            yield
        finally:
            del os.environ["DOCKER_HOST"]


def _make_ready() -> None:
    """Build what is missing, and have both servers start, take a login and go."""
    with closing(connected()) as client:
        tags = images.ensure(client, step=_told)
    servers = contained(tags, made_by_testcontainers)
    with tempfile.TemporaryDirectory() as directory, _told("first containers"):
        place = Path(directory)
        certificates = make_certificates(place / "certificates", "test")
        try:
            servers.start_kafka(place / "kafka", certificates, place / "kafka.log")
            servers.start_postgres(place / "postgres", place / "postgres.log")
        except DidNotStart as failed:
            raise NoContainers(f"{failed}: {last_lines(failed.log)}") from failed
        finally:
            servers.remove_kafka(place / "kafka")
            servers.remove_postgres(place / "postgres")


@contextmanager
def _told(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"made {name} in {time.monotonic() - began:.1f} s", flush=True)


def _run(servers: str, *parts: str, at_once: int = AT_ONCE) -> Outcome:
    print(f"\n== {', '.join(parts)}, {servers}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        reports = Path(directory)
        codes = asyncio.run(_all(parts, reports, os.environ | {CHOICE: servers}, at_once))
        return _read(reports, servers, codes, time.monotonic() - began)


async def _all(parts: Sequence[str], reports: Path, environment: dict[str, str], at_once: int) -> list[int]:
    gate = asyncio.Semaphore(at_once)

    async def one(place: int) -> int:
        command = [sys.executable, "-m", "pytest", f"--junitxml={reports / f'{place}.xml'}", parts[place]]
        command += [f"--ignore={other}" for other in (*parts[:place], *LONG) if other != parts[place]]
        async with gate:
            return await _within(command, parts[place], environment)

    return list(await asyncio.gather(*map(one, range(len(parts)))))


async def _within(command: list[str], part: str, environment: dict[str, str]) -> int:
    """Its exit code. A part that takes too long, or is to end, is interrupted: it still stops its servers.

    In a session of its own, so that a terminal's Ctrl-C does not interrupt it while it stops them.
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
        code = await asyncio.wait_for(run.wait(), AT_MOST)
    except TimeoutError:
        print(f"{part} stopped after {AT_MOST} s", flush=True)
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


def _read(reports: Path, servers: str, codes: Sequence[int], seconds: float) -> Outcome:
    """All parts together; one that left no report has failed."""
    found = sorted(reports.glob("*.xml"))
    trees = [Xml.parse(report) for report in found]  # noqa: S314 - written by our own run
    cases = [case for tree in trees for case in tree.getroot().iter("testcase")]
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = Counter(str(found.get("message")) for case in cases for found in case.iter("skipped"))
    code = max(map(abs, codes)) or int(len(found) < len(codes))
    return Outcome(servers, code, seconds, len(cases) - failed - skipped.total(), failed, skipped)


if __name__ == "__main__":
    sys.exit(main())
