"""Every fault of the table has its test, and docs/faults.md names no test that is not there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
FAULTS = {f"F{number}" for number in range(1, 26)}
ATTACKS = {f"T{number}" for number in range(1, 10)}


def named_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_each_test_that_is_named_exists() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 20
    assert [f"{file}::{test}" for file, test in named if test not in named_in(file)] == []


def test_each_fault_is_shown_or_said_to_be_missing() -> None:
    rows = {line.split("|")[1].strip() for line in TEXT.splitlines() if re.match(r"\| F\d+ ", line)}
    missing = set(re.findall(r"F\d+", TEXT.partition("Not built yet:")[2].partition("\n\n")[0]))
    assert rows | missing == FAULTS
    assert not rows & missing
    assert all(NAMED.search(line) for line in TEXT.splitlines() if re.match(r"\| F\d+ ", line))


def test_each_test_of_a_fault_stands_in_the_table() -> None:
    files = sorted((ROOT / "tests" / "system" / "faults").glob("test_*.py"))
    assert len(files) > 5
    there = {test for file in files for test in named_in(str(file.relative_to(ROOT)))}
    assert there - {test for _, test in NAMED.findall(TEXT)} == set()


def test_each_attack_is_shown() -> None:
    rows = [line for line in TEXT.splitlines() if re.match(r"\| T\d", line)]
    assert {line[2:4] for line in rows} == ATTACKS
    assert len(rows) == len(ATTACKS)
    assert all(NAMED.search(line) for line in rows)
