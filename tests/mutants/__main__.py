"""`python -m tests.mutants [NAME ...]`: plant each bug in a copy of the code, and see whether the tests tell.

The same tests are run without any bug first: a test that fails anyway tells nothing.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.machine.process import clean_up_on_sigterm
from tests.mutants.bugs import BUGS, Bug
from tests.support.containers import CHOICE

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".local", "__pycache__", ".*_cache")
AT_MOST = 600  # seconds; a bug that makes its tests hang has been seen too
WITHOUT_BUG_AT_MOST = 1800  # all their tests together
STOPS_WITHIN = 60
PASSED, FAILED = 0, 1  # pytest's; any other code says that the tests did not run


def main(names: Sequence[str]) -> int:
    """0 when every bug was caught, and the tests pass without one; 2 for a name that no bug has."""
    if unknown := set(names) - {bug.name for bug in BUGS}:
        print(f"no such bug: {', '.join(sorted(unknown))}; without a name all are planted", file=sys.stderr)
        return 2
    clean_up_on_sigterm()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, also by children
    chosen = [bug for bug in BUGS if not names or bug.name in names]
    table = Table("bug", "caught", "seconds")
    console = Console()
    tests = sorted({test for bug in chosen for test in bug.tests})
    code, _ = tested(None, tests, WITHOUT_BUG_AT_MOST)
    if code != PASSED:
        console.print(f"[red]without any bug pytest ends with {code}[/]: {', '.join(tests)}")
        return 1
    caught = []
    for bug in chosen:
        began = time.monotonic()
        code, by = tested(bug, bug.tests)
        caught.append(code == FAILED)
        said = f"by {by}" if code == FAILED else f"[red]no: pytest ends with {code}[/]"
        table.add_row(bug.name, said, f"{time.monotonic() - began:.0f}")
    console.print(table)
    console.print(f"{sum(caught)} of {len(caught)} caught")
    return 0 if all(caught) else 1


def tested(bug: Bug | None, tests: Sequence[str], at_most: float = AT_MOST) -> tuple[int, str]:
    """How pytest ends on a copy with this bug, and the first test that failed.

    Tests that take longer than `at_most` seconds are interrupted, so that they still stop their servers.
    """
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "house"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        if bug is not None:
            planted(bug, copy)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", *tests]
        with subprocess.Popen(  # noqa: S603 - our own interpreter
            command, cwd=copy, env=os.environ | {CHOICE: "embedded"}, stdout=subprocess.PIPE, text=True
        ) as run:
            try:
                said, _ = run.communicate(timeout=at_most)
            except subprocess.TimeoutExpired:
                interrupt(run)
                return FAILED, f"standing still for {at_most:.0f} s"
            except KeyboardInterrupt:
                interrupt(run)
                raise
    failed = [line.split()[1] for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return run.returncode, failed[0].rpartition("::")[2] if failed else ""


def interrupt(run: subprocess.Popen[str]) -> None:
    """As Ctrl-C does; killed when it does not end within `STOPS_WITHIN` seconds."""
    run.send_signal(signal.SIGINT)
    try:
        run.communicate(timeout=STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()


def planted(bug: Bug, copy: Path) -> None:
    """Raises `ValueError` when the code has changed and the bug no longer fits."""
    file = copy / bug.file
    code = file.read_text()
    if code.count(bug.good) != 1:
        raise ValueError(f"{bug.name}: its line stands {code.count(bug.good)} times in {bug.file}")
    file.write_text(code.replace(bug.good, bug.bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
