"""Run tests on a copy of the tree, with a bug in it or without."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.mutants.bug import Bug
from tests.support.containers import CHOICE

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".local", "__pycache__", ".*_cache")
STOPS_WITHIN = 60  # seconds
PASSED, FAILED = 0, 1  # pytest's; any other code says that the tests did not run


@dataclass(frozen=True, slots=True)
class Ended:
    """Say how pytest ended, and which tests failed or could not begin; `too_slow` if it was interrupted."""

    code: int
    failed: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    too_slow: bool = False


def copied(directory: Path) -> Path:
    """Copy the tree into a directory, without what is made anew."""
    return Path(shutil.copytree(ROOT, directory / "house", ignore=LEFT_OUT))


@contextmanager
def with_bug(bug: Bug, copy: Path) -> Iterator[None]:
    """Plant a bug in a copy, and put the file back as it was; raises `ValueError` where it does not fit."""
    file = copy / bug.file
    before, times = file.read_bytes(), file.stat()
    file.write_text(bug.planted(copy))
    try:
        yield
    finally:
        file.write_bytes(before)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))  # what was compiled of it holds again


def run_tests(
    copy: Path,
    tests: Sequence[str],
    at_most: float,
    *options: str,
    told: Mapping[str, str] = MappingProxyType({}),
) -> Ended:
    """Run tests on a copy; `told` goes into their environment. Raises `ValueError` for no tests at all.

    Tests that take longer than `at_most` seconds are interrupted, so that they still stop their servers.
    """
    if not tests:
        raise ValueError("to pytest no tests means all of them")
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [*command, *options, *tests],
        cwd=copy,
        env={**os.environ, CHOICE: "embedded", **told},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            said, _ = run.communicate(timeout=at_most)
        except subprocess.TimeoutExpired:
            interrupt(run)
            return Ended(FAILED, too_slow=True)
        except KeyboardInterrupt:
            interrupt(run)
            raise
    return Ended(run.returncode, _listed("FAILED ", said), _listed("ERROR ", said))


def _listed(word: str, said: str) -> tuple[str, ...]:
    """Return the tests of pytest's summary with this word, each once, without the value it was run with."""
    lines = (line.removeprefix(word) for line in said.splitlines() if line.startswith(word))
    return tuple(dict.fromkeys(line.partition(" - ")[0].partition("[")[0] for line in lines))


def interrupt(run: subprocess.Popen[str]) -> None:
    """As Ctrl-C does; killed when it does not end within `STOPS_WITHIN` seconds."""
    run.send_signal(signal.SIGINT)
    try:
        run.communicate(timeout=STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()
