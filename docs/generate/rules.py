"""Generate the list of the covenant's rules: where each is decided, and where it is tested.

A rule is decided where code cites it as R<number>; it is tested where a test cites it or names a refusal
that rests on it. Ranges ("R1 to R24") are headings and cite nothing.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

from docs.generate.tree import DOCS, ROOT, load, named_spans, python_files, services, syntax
from shared.contract import refusal
from shared.contract.refusal import Refusal
from shared.contract.registry import SERVICES
from shared.http import accounts, app, commands, entrance, overload, startup_gate

COUNT = 138
CITATION = re.compile(r"\bR(\d{1,3})\b")
IN_A_NAME = re.compile(r"(?<=_)r(\d{1,3})(?=_|\()")  # test_an_answer_is_kept_r37_r57(
RANGE = re.compile(r"\bR\d{1,3} to R\d{1,3}\b")
NOT_BUILT, PARTLY, NOT_AUTOMATABLE = "not-built", "partly", "not-automatable"


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold one rule as rules.toml words it."""

    number: int
    text: str
    owner: str
    status: str = ""
    reason: str = ""
    where: Sequence[str] = ()

    @property
    def name(self) -> str:
        return f"R{self.number}"


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
    rules = [Rule(int(name[1:]), **entry) for name, entry in entries.items()]
    return sorted(rules, key=lambda rule: rule.number)


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

HEAD = """# The rules of the covenant

Generated by `make generate` from `docs/rules.toml` and from the code. A rule is decided where the code cites
its number, and tested where a test cites it or names a refusal that rests on it. The numbers are those of the
project's list of rules and never change.

"""


def document() -> str:
    """Return the text of docs/rules.md."""
    return HEAD + _summary() + "\n" + "\n".join(_sections()) + "\n"


def _summary() -> str:
    rules = all_rules()
    built = sum(1 for rule in rules if status_of(rule) in ("built", PARTLY))
    later = sum(1 for rule in rules if status_of(rule) == NOT_BUILT)
    return (
        f"Of {len(rules)} rules {built} are built, {later} are not built yet, {len(rules) - built - later} \
are no matter for a program.\n"
    )


def status_of(rule: Rule) -> str:
    """Return the status in rules.toml; a rule that no code cites and no structure holds is not built."""
    if rule.status:
        return rule.status
    return "built" if rule.where or found().decided.get(rule.number) else NOT_BUILT


def _sections() -> Iterator[str]:
    owners = {rule.owner for rule in all_rules()}
    for owner in (service for service in SERVICES if service in owners):
        yield f"## {owner}\n"
        yield "| Rule | In short | Decided in | Tested in |\n|---|---|---|---|"
        yield from (_row(rule) for rule in all_rules() if rule.owner == owner)
        yield ""


def _row(rule: Rule) -> str:
    decided = [_link(place) for place in found().decided.get(rule.number, ())]
    decided += [_link(Citation(file)) for file in rule.where]
    tested = [_link(place) for place in found().tested.get(rule.number, ())]
    match status_of(rule):
        case "not-automatable":
            return f"| {rule.name} | {rule.text} | no matter for a program: {rule.reason} | |"
        case "not-built":
            return f"| {rule.name} | {rule.text} | **not built yet**{_because(rule)} | |"
        case "partly":
            decided.append(f"**not built yet**{_because(rule)}")
        case _:
            pass
    return f"| {rule.name} | {rule.text} | {'<br>'.join(decided)} | {'<br>'.join(tested)} |"


def _because(rule: Rule) -> str:
    return f": {rule.reason}" if rule.reason else ""


def _link(place: Citation) -> str:
    names = f" {', '.join(f'`{name}`' for name in place.names)}" if place.names else ""
    return f"[{place.file}](../{place.file}){names}"
