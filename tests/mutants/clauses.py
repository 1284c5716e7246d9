"""`python -m tests.mutants.clauses [--only R66 ...]`: see that each clause is guarded; write down by what.

Each bug that names clauses is planted in a copy of the code. Of every clause that it names, one of its tests
that bears the clause's marker must then fail; that another test fails is not enough. What was seen goes into
docs/guards.toml, and from there into docs/rules.md and docs/convenant.md.
"""

import argparse
import hashlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import MappingProxyType

from deploy.machine.process import clean_up_on_sigterm
from docs.generate.__main__ import main as generate
from docs.generate.clauses import GUARDS, read_guards, shown
from tests.mutants.bug import Bug
from tests.mutants.bugs import BUGS
from tests.mutants.runs import FAILED, PASSED, Ended, copied, run_tests, with_bug
from tests.support.shared_postgres import shared_postgres

AT_MOST = 300  # seconds, for the tests of one bug
WITHOUT_BUG_AT_MOST = 1800  # all their tests together
AT_ONCE = 2
PURE = ("tests/unit/", "tests/architecture/")
HEAD = (
    "# Written by `make clauses`: per clause the planted bugs that were caught, and by which of its tests.\n"
)
NOTHING: Mapping[str, str] = MappingProxyType({})

Guards = Mapping[str, Mapping[str, Sequence[str]]]  # as docs/guards.toml has them: clause, bug, tests


class NotPassing(Exception):
    """Report tests that do not pass without any bug, and so tell nothing; the message names them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold how the tests of a bug ended, and by clause which of its tests failed."""

    bug: Bug
    ended: Ended
    red: Mapping[str, tuple[str, ...]]

    @property
    def missed(self) -> list[str]:
        """Return the clauses of which no test failed; all, when the tests did not run to their end."""
        if self.ended.code != FAILED or self.ended.too_slow:
            return list(self.bug.clauses)
        return [clause for clause, tests in self.red.items() if not tests]

    def __str__(self) -> str:
        if not self.missed:
            return f"caught: {self.bug.name} ({', '.join(self.red)})"
        why = "too slow" if self.ended.too_slow else f"pytest ended with {self.ended.code}"
        return f"NOT CAUGHT: {self.bug.name}: no test of {', '.join(self.missed)} failed; {why}"


# --- which tests ----------------------------------------------------------------------------------


def bearing(bug: Bug) -> dict[str, list[str]]:
    """Return by clause those of a bug's tests that bear its marker."""
    return {
        clause: [one.test_id for one in shown().get(clause, ()) if {one.file, one.test_id} & set(bug.tests)]
        for clause in bug.clauses
    }


def tests_of(bug: Bug) -> list[str]:
    """Return the tests to run for a bug: those that bear one of its clauses."""
    return sorted({test for tests in bearing(bug).values() for test in tests})


def is_pure(bug: Bug) -> bool:
    """Say whether its tests need no server."""
    return all(test.startswith(PURE) for test in tests_of(bug))


def chosen(only: Sequence[str]) -> list[Bug]:
    """Return the bugs that name a clause of one of these rules or clauses, else all; the pure ones first."""
    guarding = [bug for bug in BUGS if any(not only or _is_of(clause, only) for clause in bug.clauses)]
    return sorted(guarding, key=lambda bug: not is_pure(bug))


def _is_of(clause: str, only: Sequence[str]) -> bool:
    return clause in only or clause.partition(".")[0] in only


def sample(bugs: Iterable[Bug], count: int) -> list[Bug]:
    """Return some of the pure bugs, always the same ones: the first by a hash of their names."""
    pure = [bug for bug in bugs if bug.clauses and is_pure(bug)]
    return sorted(pure, key=lambda bug: hashlib.sha256(bug.name.encode()).digest())[:count]


# --- planting -------------------------------------------------------------------------------------


def seen(bugs: Sequence[Bug]) -> Iterator[Seen]:
    """Plant each bug and yield what its tests saw, in order; raises `NotPassing`."""
    tests = sorted({test for bug in bugs for test in tests_of(bug)})
    with tempfile.TemporaryDirectory() as directory, _servers(bugs) as told:
        first = copied(Path(directory))
        ended = run_tests(first, tests, WITHOUT_BUG_AT_MOST, told=told)
        if ended.code != PASSED:
            raise NotPassing(", ".join([*ended.failed, *ended.errors]) or f"pytest ended with {ended.code}")
        copies: SimpleQueue[Path] = SimpleQueue()
        for copy in (first, *(_again(first, number) for number in range(1, AT_ONCE))):
            copies.put(copy)
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            yield from pool.map(partial(_seen, copies, told), bugs)
        finally:
            pool.shutdown(cancel_futures=True)


def _servers(bugs: Sequence[Bug]) -> AbstractContextManager[Mapping[str, str]]:
    return nullcontext(NOTHING) if all(map(is_pure, bugs)) else shared_postgres()


def _again(first: Path, number: int) -> Path:
    """Copy a copy with what was compiled in it."""
    return Path(shutil.copytree(first, first.with_name(f"house{number}")))


def _seen(copies: SimpleQueue[Path], told: Mapping[str, str], bug: Bug) -> Seen:
    copy = copies.get()
    try:
        with with_bug(bug, copy):
            ended = run_tests(copy, tests_of(bug), AT_MOST, told={**told, "PYTHONDONTWRITEBYTECODE": "1"})
    finally:
        copies.put(copy)
    failed = set(ended.failed)
    red = {clause: tuple(sorted(failed.intersection(tests))) for clause, tests in bearing(bug).items()}
    return Seen(bug, ended, red)


# --- docs/guards.toml -----------------------------------------------------------------------------


def with_seen(before: Guards, found: Sequence[Seen], bugs: Sequence[Bug] = BUGS) -> Guards:
    """Return the guards with what was seen now, and without bugs that no longer name the clause."""
    now = {one.bug.name for one in found}
    named = {bug.name: bug.clauses for bug in bugs}
    after: dict[str, dict[str, Sequence[str]]] = {}
    for clause, guards in before.items():
        for bug, tests in guards.items():
            if bug not in now and clause in named.get(bug, ()):
                after.setdefault(clause, {})[bug] = tests
    for one in found:
        for clause, tests in one.red.items():
            if clause not in one.missed:
                after.setdefault(clause, {})[one.bug.name] = tests
    return after


def as_toml(guards: Guards) -> str:
    """Return the text of docs/guards.toml, in the order of rules, clauses and names."""
    parts = [HEAD]
    for clause in sorted(guards, key=_place):
        lines = [
            f"{json.dumps(bug, ensure_ascii=False)} = {json.dumps(tests)}"
            for bug, tests in sorted(guards[clause].items())
        ]
        parts.append("\n".join([f"[{clause}]", *lines, ""]))
    return "\n".join(parts)


def _place(clause: str) -> tuple[int, str]:
    rule, _, letter = clause.partition(".")
    return int(rule[1:]), letter


def main() -> int:
    """0 when every bug was caught by a test of each clause that it names."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.clauses", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="R66", help="rules or clauses; all without")
    parser.add_argument(
        "--sample", type=int, default=0, metavar="N", help="only N, always the same; writes nothing"
    )
    wish = parser.parse_args()
    clean_up_on_sigterm()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, also by children
    bugs = sample(BUGS, wish.sample) if wish.sample else chosen(wish.only)
    if not bugs:
        print("no planted bug names such a clause", file=sys.stderr)
        return 2
    if unshown := [clause for bug in bugs for clause, tests in bearing(bug).items() if not tests]:
        print(f"a bug names these, and none of its tests bears their marker: {unshown}", file=sys.stderr)
        return 2
    found = []
    try:
        for one in seen(bugs):
            print(one, flush=True)
            found.append(one)
    except NotPassing as error:
        print(f"without any bug these tests do not pass: {error}", file=sys.stderr)
        return 1
    if not wish.sample:
        GUARDS.write_text(as_toml(with_seen(read_guards(GUARDS), found)))
        generate()
    missed = [one for one in found if one.missed]
    print(f"{len(found) - len(missed)} of {len(found)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
