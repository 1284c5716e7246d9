"""Every rule of the covenant has clauses, and is decided and tested or listed with the reason why not."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs.generate import convenant
from docs.generate.clauses import Clause, Status
from docs.generate.rules import (
    BUILT,
    CITATION,
    COUNT,
    NOT_BUILT,
    NOT_FOR_A_PROGRAM,
    PARTLY,
    RANGE,
    all_rules,
    document,
    found,
    house_refusals,
    http_refusals,
    service_refusals,
    visible_refusals,
)
from docs.generate.tree import DOCS, ROOT, python_files, services
from shared.contract.refusal import Refusal
from shared.contract.registry import SERVICES

ONE_SENTENCE = r"[^.?!](?:[^.?!]|(?<=\bart)\.|\.(?=\d))*\."
RULES = {rule.number: rule for rule in all_rules()}
REFUSALS: list[tuple[str, str, Refusal]] = [
    *(("shared", constant, one) for constant, one in (house_refusals() | http_refusals()).items()),
    *(
        (service, constant, one)
        for service in services()
        for constant, one in service_refusals(service).items()
    ),
]


def test_the_list_holds_each_rule_once_with_its_owner() -> None:
    assert sorted(RULES) == list(range(1, COUNT + 1))
    for rule in RULES.values():
        assert rule.owner in SERVICES, rule.name
        assert rule.text.endswith("."), rule.name
        assert all((ROOT / file).exists() for file in rule.where), rule.name


def test_a_rule_has_clauses_lettered_in_order() -> None:
    for rule in RULES.values():
        letters = [clause.name for clause in rule.clauses]
        assert letters == [f"{rule.name}.{chr(ord('a') + place)}" for place in range(len(letters))], rule.name
        assert letters, f"{rule.name} has no clause"


@pytest.mark.parametrize(
    "clause", [clause for rule in RULES.values() for clause in rule.clauses], ids=lambda clause: clause.name
)
def test_a_clause_is_one_sentence_in_both_languages_with_its_article(clause: Clause) -> None:
    assert clause.article
    assert re.fullmatch(ONE_SENTENCE, clause.en), clause.en
    assert re.fullmatch(ONE_SENTENCE, clause.nl), clause.nl
    assert clause.status in ("", Status.NOT_BUILT, Status.NOT_FOR_A_PROGRAM)
    assert bool(clause.status) == bool(clause.reason) == bool(clause.reason_nl), "a reason goes with a status"


def test_every_rule_that_the_code_cites_exists() -> None:
    unknown = [
        f"{path.relative_to(ROOT)}: R{number}"
        for folder in ("services", "shared", "tests", "deploy", "docs")
        for path in python_files(folder)
        for number in CITATION.findall(RANGE.sub("", path.read_text()))
        if int(number) not in RULES
    ]
    assert unknown == []


def test_a_rule_that_counts_as_built_is_decided_somewhere_and_tested() -> None:
    for rule in RULES.values():
        if rule.status in (BUILT, PARTLY):
            assert rule.where or found().decided.get(rule.number), f"{rule.name} ({rule.owner}): no code"
            assert found().tested.get(rule.number), f"{rule.name} ({rule.owner}): no test cites it"


def test_what_counts_as_not_built_has_no_refusal_of_its_own() -> None:
    absent = {rule.name for rule in RULES.values() if rule.status in (NOT_BUILT, NOT_FOR_A_PROGRAM)}
    listed = {f"{service}.{name}: {one.rule}" for service, name, one in REFUSALS if one.rule in absent}
    assert listed == set(), "take the status out of its clauses in rules.toml"


def test_a_refusal_can_be_checked_by_a_lawyer() -> None:
    for service, constant, refusal in REFUSALS:
        assert constant == constant.upper()
        _can_be_checked(refusal, f"{service}.{constant}")


def _can_be_checked(refusal: Refusal, of: str) -> None:
    assert re.fullmatch(r"R\d{1,3}", refusal.rule) and int(refusal.rule[1:]) in RULES, of
    assert re.search(r"\d|preamble|cons\.", refusal.article), f"{of}: an article says where it stands"
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", refusal.name), of
    assert not re.search(r"[{}%<>]", refusal.sentence), f"{of}: a sentence holds no place for a value"
    assert re.fullmatch(r"[A-Z].*\.", refusal.sentence), of
    assert 400 <= refusal.status < 600, of


@cache
def refusals_in_tests() -> frozenset[tuple[str, Refusal]]:
    """Collect (constant, refusal) of every refusal that some test file names and can mean."""
    files = [path for path in python_files("tests") if path.name != "test_rules.py"]
    return frozenset(pair for path in files for pair in _refusals_in(path))


def _refusals_in(path: Path) -> Iterator[tuple[str, Refusal]]:
    words = set(re.findall(r"\w+", path.read_text()))
    for name, one in visible_refusals(path).items():
        constant = name.rpartition(".")[2]
        if constant in words or one.name in words:
            yield constant, one


def test_a_refusal_is_named_by_a_test() -> None:
    unnamed = [
        f"no test names {service}.{constant} or {refusal.name}"
        for service, constant, refusal in REFUSALS
        if (constant, refusal) not in refusals_in_tests()
    ]
    assert unnamed == []


def test_the_names_of_refusals_are_unique_within_a_service() -> None:
    for service in services():
        names = [one.name for one in {**house_refusals(), **service_refusals(service)}.values()]
        assert sorted(set(names)) == sorted(names), service


def test_the_generated_lists_are_current() -> None:
    assert (DOCS / "rules.md").read_text() == document(), "run `make generate`"
    assert (DOCS / "convenant.md").read_text() == convenant.document(), "run `make generate`"
