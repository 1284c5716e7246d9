"""`python -m tests`: every test in containers, if they can be had, and every test on embedded servers.

What a build server runs. That no engine can be installed or started, or that nothing can be fetched for its
images, is no failure: it is said, and the embedded servers have to do. A failing test or build is one.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as Xml
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.containers import images
from deploy.containers.bases import CannotMakeBase
from deploy.containers.engine import NoEngine, connected, install, installed, own_engine
from deploy.containers.packages import CannotFetch
from tests.containers import CHOICE

ROOT = Path(__file__).parents[1]
AT_MOST = 1800  # seconds for one run of all tests; a run that hangs fails


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
    """0 when every test that could be run passed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install an engine where none is")
    parser.add_argument("paths", nargs="*", help="a part of the tests instead of all")
    wish = parser.parse_args()
    outcomes, missing = [], ""
    try:
        with _engine(may_install=wish.install):
            _make_images()
            outcomes.append(_run("containers", wish.paths))
    except (NoEngine, CannotMakeBase, CannotFetch) as why:
        missing = str(why)
    outcomes.append(_run("embedded", wish.paths))
    print("\nKafka and PostgreSQL by:")
    for outcome in outcomes:
        print(f"  {outcome}")
        for reason, count in outcome.skipped.items():
            print(f"    skipped {count}: {reason}")
    if missing:
        print(f"  containers  NOT RUN: {missing}")
    return max(abs(outcome.code) for outcome in outcomes)


@contextmanager
def _engine(*, may_install: bool) -> Iterator[None]:
    """The one that answers, else one of our own, for us and our children; raises `NoEngine`."""
    if _answers():
        yield
        return
    if may_install and not installed():
        install()
    with own_engine() as address:
        os.environ["DOCKER_HOST"] = address
        yield


def _answers() -> bool:
    try:
        connected().close()
    except NoEngine:
        return False
    return True


def _make_images() -> None:
    with closing(connected()) as client:
        images.ensure(client, step=_told)


@contextmanager
def _told(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"made {name} in {time.monotonic() - began:.1f} s", flush=True)


def _run(servers: str, paths: Sequence[str]) -> Outcome:
    print(f"\n== {' '.join(paths) or 'every test'}, {servers}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *paths]
        chosen = os.environ | {CHOICE: servers}
        try:
            code = subprocess.run(command, cwd=ROOT, env=chosen, timeout=AT_MOST).returncode  # noqa: S603
        except subprocess.TimeoutExpired:
            print(f"stopped after {AT_MOST} s")
            code = 1
        seconds = time.monotonic() - began
        if not report.exists():
            return Outcome(servers, code or 1, seconds)
        return _read(report, servers, code, seconds)


def _read(report: Path, servers: str, code: int, seconds: float) -> Outcome:
    cases = list(Xml.parse(report).getroot().iter("testcase"))  # noqa: S314 - written by our own run
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = Counter(str(found.get("message")) for case in cases for found in case.iter("skipped"))
    return Outcome(servers, code, seconds, len(cases) - failed - skipped.total(), failed, skipped)


if __name__ == "__main__":
    sys.exit(main())
