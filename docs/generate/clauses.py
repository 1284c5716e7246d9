"""Read the clauses of the rules, the tests that show them, and the planted bugs that those tests caught.

A clause is one sentence that is true or false of the system. A test says with a decorator which clause it
shows, on which side, in one Dutch sentence that a lawyer understands:

    @pytest.mark.clause("R66.b", refused="Zonder toestemming van de inbrenger gebruikt niemand het gegeven.")

These decorators are read from the syntax: no test is imported.
"""

import ast
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from docs.generate.tree import DOCS, ROOT, python_files, syntax

GUARDS = DOCS / "guards.toml"
SIDES = ALLOWED, REFUSED = ("allowed", "refused")


class Status(StrEnum):
    """Say how far a clause is: the first two are written in rules.toml, the others found."""

    NOT_BUILT = "not-built"
    NOT_FOR_A_PROGRAM = "not-for-a-program"
    BUILT = "built"  # and not shown on both sides, or guarded by no bug
    KEPT = "kept"  # shown on both sides, and a planted bug turned one of its tests red


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Hold one clause as rules.toml words it; `status` is empty for what is built."""

    name: str
    article: str
    en: str
    nl: str
    status: str = ""
    reason: str = ""
    reason_nl: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Say that a test shows a clause on one side, in one Dutch sentence."""

    clause: str
    side: str
    sentence: str
    file: str
    test: str

    @property
    def test_id(self) -> str:
        """Return the name by which pytest runs it, `tests/unit/rto/test_plan.py::test_a`."""
        return f"{self.file}::{self.test}"


class BadMarker(Exception):
    """Report a decorator `clause` that cannot be read; the message says where and what it lacks."""


# --- decorators -----------------------------------------------------------------------------------


def fault_of(named: Sequence[object], sides: Mapping[str, object], known: Collection[object]) -> str:
    """Say what is wrong with the arguments of a marker; empty when nothing is."""
    if len(named) != 1 or named[0] not in known:
        return f"no clause of docs/rules.toml: {', '.join(map(repr, named)) or 'none given'}"
    if len(sides) != 1 or not sides.keys() <= set(SIDES):
        return "give exactly one side, allowed=... or refused=..."
    [sentence] = sides.values()
    if not isinstance(sentence, str) or not sentence.removesuffix(".").strip() or not sentence.endswith("."):
        return "its side is one Dutch sentence, with a full stop"
    return ""


@cache
def shown() -> Mapping[str, tuple[Shown, ...]]:
    """Return by clause which tests show it, in the order of the files; raises `BadMarker`."""
    known = {clause for clauses in all_clauses().values() for clause in clauses}
    found: dict[str, tuple[Shown, ...]] = {}
    for path in python_files("tests"):
        for one in shown_in(syntax(path), path.relative_to(ROOT).as_posix(), known):
            found[one.clause] = (*found.get(one.clause, ()), one)
    return found


def shown_in(tree: ast.Module, file: str, known: Collection[object]) -> Iterator[Shown]:
    """Yield what the tests of one file say they show; raises `BadMarker`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.clause":
                    yield _read(decorator, file, node.name, known)


def _read(node: ast.Call, file: str, test: str, known: Collection[object]) -> Shown:
    try:
        named = [ast.literal_eval(argument) for argument in node.args]
        sides = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
    except ValueError:
        raise BadMarker(f"{file}:{node.lineno}: {test}: write its arguments out, as literals") from None
    if fault := fault_of(named, sides, known):
        raise BadMarker(f"{file}:{node.lineno}: {test}: {fault}")
    [(side, sentence)] = sides.items()
    return Shown(named[0], side, sentence, file, test)


# --- rules.toml and guards.toml -------------------------------------------------------------------


@cache
def all_clauses() -> Mapping[str, Mapping[str, Clause]]:
    """Return the clauses of each rule, `{"R66": {"R66.a": ...}}`, in the order of rules.toml."""
    entries = tomllib.loads((DOCS / "rules.toml").read_text())
    return {
        rule: {
            f"{rule}.{letter}": Clause(name=f"{rule}.{letter}", **value)
            for letter, value in entry.items()
            if isinstance(value, dict)
        }
        for rule, entry in entries.items()
    }


@cache
def guards() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return by clause the planted bugs that were caught, each with its tests that then failed."""
    return read_guards(GUARDS)


def read_guards(file: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read `docs/guards.toml`, which `make clauses` writes."""
    entries = tomllib.loads(file.read_text())
    return {
        f"{rule}.{letter}": {bug: tuple(tests) for bug, tests in bugs.items()}
        for rule, letters in entries.items()
        for letter, bugs in letters.items()
    }


def guards_of(clause: str) -> list[str]:
    """Return the planted bugs that guard a clause."""
    return guarding(shown().get(clause, ()), guards().get(clause, {}))


def guarding(showing: Sequence[Shown], caught: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the bugs that were caught by a test which still shows the clause."""
    tests = {one.test_id for one in showing}
    return [bug for bug, red in caught.items() if tests.intersection(red)]


def status_of(clause: Clause) -> Status:
    """Return what rules.toml says, else whether the clause is kept."""
    return judged(clause, shown().get(clause.name, ()), guards().get(clause.name, {}))


def judged(clause: Clause, showing: Sequence[Shown], caught: Mapping[str, Sequence[str]]) -> Status:
    """Judge a clause: kept when tests show both sides, and one of them caught a bug."""
    if clause.status:
        return Status(clause.status)
    both = {one.side for one in showing} == set(SIDES)
    return Status.KEPT if both and guarding(showing, caught) else Status.BUILT
