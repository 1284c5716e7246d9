"""`python -m tests.mutants [NAME ...]`: plant each bug in a copy of the code, and see whether the tests tell.

The same tests are run without any bug first: a test that fails anyway tells nothing.
"""

import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.machine.process import clean_up_on_sigterm
from tests.mutants.bug import Bug
from tests.mutants.bugs import BUGS
from tests.mutants.runs import FAILED, PASSED, copied, run_tests, with_bug

AT_MOST = 600  # seconds; a bug that makes its tests hang has been seen too
WITHOUT_BUG_AT_MOST = 1800  # all their tests together


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
    """How pytest ends on a copy with this bug, and the first test that failed."""
    with tempfile.TemporaryDirectory() as directory:
        copy = copied(Path(directory))
        with with_bug(bug, copy) if bug else nullcontext():
            ended = run_tests(copy, tests, at_most, "-x")
    if ended.too_slow:
        return FAILED, f"standing still for {at_most:.0f} s"
    first = [*ended.failed, *ended.errors, ""][0]
    return ended.code, first.rpartition("::")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
