"""The folder of a test says what it needs: nothing, PostgreSQL, or a whole house."""

import ast
from pathlib import Path

import pytest

from docs.generate.tree import ROOT, python_files, syntax

DATABASE = {"postgres", "databases", "fresh_database"}
HOUSE = {"kafka", "kafka_directory", "logins", "house_in_containers", "contained", "rig", "scene", "founded"}
PROCESSES = {"subprocess", "multiprocessing", "ProcessPoolExecutor"}
STARTING = {
    "deploy.local.house",
    "deploy.local.kafka",
    "deploy.local.postgres",
    "deploy.local.servers",
    "tests.support.containers",
    "tests.support.databases",
}


def asked(path: Path) -> set[str]:
    """Return the names of the fixtures that the functions of a file ask for."""
    functions = (n for n in ast.walk(syntax(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return {argument.arg for function in functions for argument in function.args.args}


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, and the names that it takes out of them."""
    found: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(alias.name for alias in node.names)}
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files(folder: str) -> list[Path]:
    """Return the Python files of one folder of the tests."""
    return [path for path in python_files("tests") if path.is_relative_to(ROOT / "tests" / folder)]


@pytest.mark.parametrize("path", files("unit"), ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_a_unit_test_starts_no_server_and_no_process(path: Path) -> None:
    assert asked(path) & (DATABASE | HOUSE) == set(), "a test with a server belongs in integration or system"
    assert imported(path) & (STARTING | PROCESSES) == set()


@pytest.mark.parametrize("path", files("architecture"), ids=lambda path: path.name)
def test_what_looks_at_the_code_starts_no_server(path: Path) -> None:
    assert asked(path) & (DATABASE | HOUSE) == set()
    assert imported(path) & STARTING == set()


@pytest.mark.parametrize("path", files("integration"), ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_an_integration_test_needs_no_broker_and_no_house(path: Path) -> None:
    assert asked(path) & HOUSE == set(), "a test with a broker or a house belongs in system"
    assert [name for name in imported(path) if name.startswith(("tests.system", "tests.story"))] == []
    assert imported(path) & (STARTING - {"deploy.local.postgres", "tests.support.databases"}) == set()
