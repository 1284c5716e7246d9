"""Find where each rule of the covenant is decided and tested, and generate the list of them in English.

A rule is decided where code cites it as R<number>; it is tested where a test cites it or names a refusal
that rests on it. Ranges ("R1 to R24") are headings and cite nothing.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from docs.generate.clauses import ALLOWED, REFUSED, Clause, Status, all_clauses, guards_of, shown
from docs.generate.clauses import status_of as status_of_clause
from docs.generate.tree import DOCS, ROOT, load, named_spans, python_files, services, syntax
from shared.contract import refusal
from shared.contract.refusal import Refusal
from shared.contract.registry import SERVICES
from shared.http import accounts, app, commands, entrance, overload, startup_gate

COUNT = 138
CITATION = re.compile(r"\bR(\d{1,3})\b")
IN_A_NAME = re.compile(r"(?<=_)r(\d{1,3})(?=_|\()")  # test_an_answer_is_kept_r37_r57(
RANGE = re.compile(r"\bR\d{1,3} to R\d{1,3}\b")
BUILT, PARTLY, NOT_BUILT, NOT_FOR_A_PROGRAM = "built", "partly", "not-built", "not-for-a-program"


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold one rule as rules.toml words it."""

    number: int
    text: str
    owner: str
    clauses: Sequence[Clause]
    where: Sequence[str] = ()

    @property
    def name(self) -> str:
        return f"R{self.number}"

    @property
    def status(self) -> str:
        """Say how far the rule is built, as its clauses do."""
        match {clause.status for clause in self.clauses}:
            case statuses if statuses == {Status.NOT_FOR_A_PROGRAM}:
                return NOT_FOR_A_PROGRAM
            case statuses if "" not in statuses:
                return NOT_BUILT
            case statuses if Status.NOT_BUILT in statuses:
                return PARTLY
            case _:
                return BUILT


@dataclass(frozen=True, slots=True)
class Citation:
    """Name a file, and the definitions in it that cite a rule."""

    file: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Hold where the rules were found, by number."""

    decided: Mapping[int, list[Citation]] = field(default_factory=dict)
    tested: Mapping[int, list[Citation]] = field(default_factory=dict)


def all_rules() -> list[Rule]:
    """Read the rules of rules.toml, by number."""
    entries = tomllib.loads((DOCS / "rules.toml").read_text())
    rules = [_rule(name, entry, all_clauses()[name]) for name, entry in entries.items()]
    return sorted(rules, key=lambda rule: rule.number)


def _rule(name: str, entry: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Rule:
    said = {key: value for key, value in entry.items() if not isinstance(value, dict)}
    return Rule(int(name[1:]), clauses=tuple(clauses.values()), **said)


def cited(text: str) -> set[int]:
    """Return the numbers of the rules a text cites."""
    return {int(number) for number in CITATION.findall(RANGE.sub("", text)) + IN_A_NAME.findall(text)}


# --- refusals -------------------------------------------------------------------------------------


def house_refusals() -> dict[str, Refusal]:
    """Return the refusals of the house in every service, by constant."""
    return _constants(refusal)


def http_refusals() -> dict[str, Refusal]:
    """Return the refusals of requests as such, by constant."""
    modules = (accounts, app, commands, entrance, overload, startup_gate)
    found = {constant: one for module in modules for constant, one in _constants(module).items()}
    return {constant: one for constant, one in found.items() if constant not in house_refusals()}


def service_refusals(service: str) -> dict[str, Refusal]:
    """Return the refusals of a service, by constant."""
    return _constants(load(service, "refusals"))


def _constants(module: ModuleType) -> dict[str, Refusal]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Refusal)}


def named_refusals(text: str, refusals: Mapping[str, Refusal]) -> set[str]:
    """Return the constants of the refusals that a text names, by constant or by name."""
    words = set(re.findall(r"\w+", text))
    return {constant for constant, one in refusals.items() if constant in words or one.name in words}


def visible_refusals(test: Path) -> dict[str, Refusal]:
    """Return the refusals a test file can mean: of its own service if its folder is one, else of all."""
    folders = test.relative_to(ROOT / "tests").parts
    own = [service for service in services() if service in folders] or services()
    found = house_refusals() | http_refusals()
    for service in own:
        for constant, one in service_refusals(service).items():
            found[constant if len(own) == 1 else f"{service}.{constant}"] = one
    return found


# --- scanning -------------------------------------------------------------------------------------


@cache
def found() -> Found:
    """Find where every rule is decided and tested, as the files stand now."""
    decided: dict[int, list[Citation]] = {}
    for path in (*python_files("services"), *python_files("shared")):
        for number, names in _names_by_rule(path).items():
            decided.setdefault(number, []).append(Citation(_relative(path), tuple(names)))
    tested: dict[int, list[Citation]] = {}
    for path in python_files("tests"):
        for number in sorted(rules_of_test(path)):
            tested.setdefault(number, []).append(Citation(_relative(path)))
    return Found(decided, tested)


def _names_by_rule(path: Path) -> dict[int, list[str]]:
    spans = sorted(named_spans(syntax(path)), key=lambda span: span[1] - span[0])
    rules: dict[int, list[str]] = {}
    for line, text in enumerate(path.read_text().splitlines(), 1):
        for number in cited(text):
            name = next((name for first, last, name in spans if first <= line <= last), "")
            names = rules.setdefault(number, [])
            if name and name not in names:
                names.append(name)
    return rules


def rules_of_test(path: Path) -> set[int]:
    """Return the rules a test file cites, in words or by the refusals it names."""
    text = path.read_text()
    refusals = visible_refusals(path)
    return cited(text) | {int(refusals[name].rule[1:]) for name in named_refusals(text, refusals)}


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- the document ---------------------------------------------------------------------------------

HEAD = Path(__file__).parent / "rules-head.md"
WORDS = {
    Status.KEPT: "kept",
    Status.BUILT: "built, not yet proven",
    Status.NOT_BUILT: "not built",
    Status.NOT_FOR_A_PROGRAM: "not for a program",
}


def document() -> str:
    """Return the text of docs/rules.md."""
    return HEAD.read_text() + _summary() + "\n" + "\n".join(_sections()).rstrip("\n") + "\n"


def counted() -> dict[Status, int]:
    """Return how many clauses have each status, in the order of `WORDS`."""
    statuses = Counter(status_of_clause(clause) for rule in all_rules() for clause in rule.clauses)
    return {status: statuses[status] for status in WORDS}


def _summary() -> str:
    counts = ", ".join(f"{count} {WORDS[status]}" for status, count in counted().items())
    return f"{len(all_rules())} rules, {sum(counted().values())} clauses: {counts}.\n"


def owned() -> Iterator[tuple[str, list[Rule]]]:
    """Yield each service with the rules that it decides."""
    for service in SERVICES:
        if rules := [rule for rule in all_rules() if rule.owner == service]:
            yield service, rules


def _sections() -> Iterator[str]:
    for service, rules in owned():
        yield f"## {service}\n"
        for rule in rules:
            yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.name}\n\n{rule.text}\n"
    decided = [*found().decided.get(rule.number, ()), *(Citation(file) for file in rule.where)]
    if decided:
        yield f"Decided in {'; '.join(map(_link, decided))}.\n"
    for clause in rule.clauses:
        yield from _lines(clause)
    yield ""


def _lines(clause: Clause) -> Iterator[str]:
    because = f" {clause.reason}" if clause.reason else ""
    yield f"- **{clause.name}** {clause.en} ({clause.article}) *{WORDS[status_of_clause(clause)]}*{because}"
    for side in (ALLOWED, REFUSED):
        if tests := [one for one in shown().get(clause.name, ()) if one.side == side]:
            yield f"  - {side}: {', '.join(f'[`{one.test}`](../{one.file})' for one in tests)}"
    if bugs := guards_of(clause.name):
        yield f"  - guarded: {', '.join(bugs)}"


def _link(place: Citation) -> str:
    names = f" {', '.join(f'`{name}`' for name in place.names)}" if place.names else ""
    return f"[{place.file}](../{place.file}){names}"
