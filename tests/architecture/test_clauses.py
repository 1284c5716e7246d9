"""Tests say which clause they show; one is kept only if a planted bug made its own test fail."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import clauses
from docs.generate.clauses import BadMarker, Clause, Shown, Status, judged, shown_in
from docs.generate.tree import ROOT
from tests.mutants.bug import Bug
from tests.mutants.bugs import BUGS
from tests.mutants.clauses import Seen, as_toml, bearing, chosen, is_pure, sample, seen, with_seen
from tests.mutants.runs import FAILED, Ended, run_tests, with_bug

GUARDING = [bug for bug in BUGS if bug.clauses]
SAMPLE = 10  # bugs; a second or two each
WELL = '@pytest.mark.clause("R66.a", refused="Zonder toestemming mag het niet.")'
MARK = 'pytest.mark.clause("R66.a", allowed="Dit mag.")'
BADLY = {
    "no clause of docs/rules.toml: 'R66.z'": '@pytest.mark.clause("R66.z", refused="Dit mag niet.")',
    "no clause of docs/rules.toml: none given": '@pytest.mark.clause(refused="Dit mag niet.")',
    "exactly one side": '@pytest.mark.clause("R66.a")',
    "exactly one side, allowed": '@pytest.mark.clause("R66.a", allowed="Dit mag.", refused="Dit mag niet.")',
    "exactly one side, allowed=... or": '@pytest.mark.clause("R66.a", toont="Dit mag niet.")',
    "one Dutch sentence": '@pytest.mark.clause("R66.a", refused="")',
    "one Dutch sentence, with": '@pytest.mark.clause("R66.a", refused=" .")',
    "one Dutch sentence, with a full stop": '@pytest.mark.clause("R66.a", refused="Dit mag niet")',
}
KNOWN = {"R66.a", "R66.b"}


def file_with(marker: str) -> str:
    return f"import pytest\n\n{marker}\ndef test_it() -> None:\n    pass\n"


# --- markers --------------------------------------------------------------------------------------


def collected(file: Path) -> subprocess.CompletedProcess[str]:
    """Collect a test file as pytest does here, with our settings and our hook."""
    options = ("-c", str(ROOT / "pyproject.toml"), "-p", "tests.support.clauses", "--collect-only", "-q")
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(file.parent), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_that_says_what_it_shows_is_collected(tmp_path: Path) -> None:
    file = tmp_path / "test_well.py"
    file.write_text(file_with(WELL))
    run = collected(file)
    assert run.returncode == 0, run.stderr
    assert "test_it" in run.stdout


@pytest.mark.parametrize("fault", BADLY)
def test_a_marker_that_says_nothing_stops_the_collection_and_says_why(tmp_path: Path, fault: str) -> None:
    file = tmp_path / "test_badly.py"
    file.write_text(file_with(BADLY[fault]))
    run = collected(file)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_badly.py::test_it" in run.stderr
    assert fault in run.stderr


@pytest.mark.parametrize(
    "elsewhere",
    [
        f"pytestmark = {MARK}\ndef test_it() -> None: ...",
        f'@pytest.mark.parametrize("x", [pytest.param(1, marks={MARK})])\ndef test_it(x: int) -> None: ...',
        f"class TestAll:\n    @{MARK}\n    def test_it(self) -> None: ...",
    ],
    ids=["module", "parameter", "class"],
)
def test_a_marker_that_the_documents_would_not_see_stops_the_collection(
    tmp_path: Path, elsewhere: str
) -> None:
    file = tmp_path / "test_elsewhere.py"
    file.write_text(f"import pytest\n\n{elsewhere}\n")
    run = collected(file)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "write it as a decorator" in run.stderr


def test_the_documents_read_what_a_test_shows_without_importing_it() -> None:
    both = file_with(f'{WELL}\n@pytest.mark.clause("R66.b", allowed="Wie het inbracht, "\n"mag het.")')
    assert list(shown_in(ast.parse(both), "tests/test_x.py", KNOWN)) == [
        Shown("R66.a", "refused", "Zonder toestemming mag het niet.", "tests/test_x.py", "test_it"),
        Shown("R66.b", "allowed", "Wie het inbracht, mag het.", "tests/test_x.py", "test_it"),
    ]


@pytest.mark.parametrize(
    "marker",
    [*BADLY.values(), '@pytest.mark.clause("R66.a", allowed=f"{1} mag.")', "@pytest.mark.clause(CLAUSE)"],
)
def test_a_marker_that_says_nothing_stops_the_documents(marker: str) -> None:
    with pytest.raises(BadMarker, match=r"tests/test_x\.py:3: test_it: "):
        list(shown_in(ast.parse(file_with(marker)), "tests/test_x.py", KNOWN))


# --- status ---------------------------------------------------------------------------------------

CLAUSE = Clause(name="R66.a", article="B3-F3", en="It holds.", nl="Het klopt.")
YES = Shown("R66.a", "allowed", "Het mag.", "tests/test_x.py", "test_yes")
NO = Shown("R66.a", "refused", "Het mag niet.", "tests/test_x.py", "test_no")
GUARDED = {"bug": ("tests/test_x.py::test_no",)}


@pytest.mark.parametrize(
    ("showing", "caught", "status"),
    [
        ((YES, NO), GUARDED, Status.KEPT),
        ((YES,), {"bug": ("tests/test_x.py::test_yes",)}, Status.BUILT),
        ((NO,), GUARDED, Status.BUILT),
        ((YES, NO), {}, Status.BUILT),
        ((YES, NO), {"bug": ("tests/test_x.py::test_that_lost_its_marker",)}, Status.BUILT),
        ((), {}, Status.BUILT),
    ],
)
def test_a_clause_is_kept_when_it_is_shown_on_both_sides_and_guarded(
    showing: tuple[Shown, ...], caught: dict[str, tuple[str, ...]], status: Status
) -> None:
    assert judged(CLAUSE, showing, caught) is status


# --- planted bugs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bug", GUARDING, ids=lambda bug: bug.name)
def test_a_bug_that_names_a_clause_runs_a_test_that_shows_it(bug: Bug) -> None:
    assert [clause for clause, tests in bearing(bug).items() if not tests] == []


def test_what_make_clauses_wrote_is_of_the_bugs_as_they_are() -> None:
    """A bug that was never run stands in no line, and the clause that it names is not kept by it."""
    seen_of = {(clause, bug) for clause, bugs in clauses.guards().items() for bug in bugs}
    named = {(clause, bug.name) for bug in GUARDING for clause in bug.clauses}
    assert seen_of - named == set(), "no bug names these any more: run `make clauses`"
    assert clauses.GUARDS.read_text() == as_toml(clauses.guards())


def test_rules_and_clauses_choose_bugs_and_the_pure_ones_come_first() -> None:
    assert chosen([]) == sorted(GUARDING, key=lambda bug: not is_pure(bug))
    for bug in GUARDING:
        clause = bug.clauses[0]
        assert bug in chosen([clause]) and bug in chosen([clause.partition(".")[0]])
    assert chosen(["no rule"]) == []


def test_the_sample_is_the_same_whatever_the_order_of_the_bugs() -> None:
    assert sample(BUGS, SAMPLE) == sample(reversed(BUGS), SAMPLE)
    assert all(is_pure(bug) for bug in sample(BUGS, SAMPLE))


def test_a_run_of_no_tests_is_refused_because_pytest_would_run_all_of_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no tests"):
        run_tests(tmp_path, [], at_most=1)


def test_only_a_failing_test_of_the_clause_itself_counts() -> None:
    bug = Bug("bug", "services/x.py", "good", "bad", ("tests/test_x.py",), ("R66.a", "R66.b"))
    test = "tests/test_x.py::test_no"
    one = Seen(bug, Ended(FAILED, (test,)), {"R66.a": (test,), "R66.b": ()})
    assert one.missed == ["R66.b"]
    assert with_seen({}, [one], [bug]) == {"R66.a": {"bug": (test,)}}


@pytest.mark.parametrize("ended", [Ended(0), Ended(2), Ended(5), Ended(FAILED, too_slow=True)])
def test_a_run_that_did_not_end_with_failing_tests_shows_nothing(ended: Ended) -> None:
    bug = Bug("bug", "services/x.py", "good", "bad", ("tests/test_x.py",), ("R66.a",))
    one = Seen(bug, ended, {"R66.a": ("tests/test_x.py::test_no",)})
    assert one.missed == ["R66.a"]
    assert with_seen({"R66.a": {"bug": ("tests/test_x.py::test_no",)}}, [one], [bug]) == {}


def test_what_was_seen_of_other_bugs_stays_and_of_bugs_that_are_gone_does_not() -> None:
    bug = Bug("bug", "services/x.py", "good", "bad", ("tests/test_x.py",), ("R66.a",))
    before = {"R66.a": {"bug": ("t",), "gone": ("t",)}, "R66.b": {"bug": ("t",)}}
    assert with_seen(before, [], [bug]) == {"R66.a": {"bug": ("t",)}}


def test_a_bug_is_taken_out_of_the_copy_again(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("may = False\n")
    before = file.stat().st_mtime_ns
    with with_bug(Bug("bug", "x.py", "False", "True", ()), tmp_path):
        assert file.read_text() == "may = True\n"
    assert (file.read_text(), file.stat().st_mtime_ns) == ("may = False\n", before)
    with (
        pytest.raises(ValueError, match="stands 0 times"),
        with_bug(Bug("bug", "x.py", "Maybe", "True", ()), tmp_path),
    ):
        pass


@pytest.mark.exhaustive
def test_a_sample_of_the_clauses_is_guarded() -> None:
    some = sample(BUGS, SAMPLE)
    assert len(some) == SAMPLE
    assert [str(one) for one in seen(some) if one.missed] == []
