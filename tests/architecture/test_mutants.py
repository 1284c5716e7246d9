"""Each planted bug still fits the code, and is still one; `make mutants` and `make clauses` see it caught."""

import ast
from pathlib import Path

from tests.mutants.bugs import BUGS

ROOT = Path(__file__).parents[2]


def test_a_bug_fits_the_code() -> None:
    for bug in BUGS:
        code = (ROOT / bug.file).read_text()
        assert ast.dump(ast.parse(bug.planted(ROOT))) != ast.dump(ast.parse(code)), bug.name


def test_a_bug_names_tests_that_exist() -> None:
    for bug in BUGS:
        for test in bug.tests:
            file, _, name = test.partition("::")
            assert f"def {name or 'test_'}" in (ROOT / file).read_text(), bug.name


def test_there_are_at_least_ten_and_each_has_a_name_of_its_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 10
