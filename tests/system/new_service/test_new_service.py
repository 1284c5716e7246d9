"""Walk the path to a sixth service in a copy of the tree: make, check, use on real servers, remove."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.generate.tree import ROOT
from docs.new_service.__main__ import may_be_named
from shared.contract.registry import SERVICES
from tests.support.containers import CHOICE

NAME = "complaints"
LISTED = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
GATE = (
    ("ruff", "check", "--no-cache", "."),
    ("ruff", "format", "--no-cache", "--check", "."),
    ("importlinter.cli", "lint", "--no-cache"),
    ("docs.generate", "--check"),
    ("pytest", "-q", "-p", "no:cacheprovider", "tests/architecture", "tests/unit/test_matrices.py"),
    ("pytest", "-q", "-p", "no:cacheprovider", f"tests/unit/{NAME}"),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the tree without its history, as a repository of its own."""
    made = tmp_path / "copy"
    listed = subprocess.run(LISTED, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, made / name)
    subprocess.run(["git", "init", "-q"], cwd=made, check=True)  # noqa: S607
    return made


def run(copy: Path, *words: str) -> str:
    """Return what a module of the copy prints; the test fails with all of it when the module does."""
    environment = os.environ | {CHOICE: "embedded", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *words], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{' '.join(words)}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def told(copy: Path, *words: str) -> dict[str, Any]:
    """Return the last line of what a module prints, which is JSON."""
    found: dict[str, Any] = json.loads(run(copy, *words).splitlines()[-1])
    return found


def files(copy: Path) -> dict[str, bytes]:
    paths = [path for path in copy.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(copy).as_posix(): path.read_bytes() for path in paths}


def make(copy: Path) -> None:
    run(copy, "docs.new_service", "make", NAME)
    run(copy, "docs.generate")


def remove(copy: Path) -> None:
    run(copy, "docs.new_service", "remove", NAME)
    run(copy, "docs.generate")


def test_a_service_from_the_template_passes_the_gate_and_leaves_no_trace_when_removed(copy: Path) -> None:
    before = files(copy)
    make(copy)
    for words in GATE:
        run(copy, *words)
    remove(copy)
    after = files(copy)
    assert sorted(before.keys() ^ after.keys()) == []
    assert [name for name in before if before[name] != after[name]] == []


def test_a_service_from_the_template_runs_on_real_servers_and_is_removed_from_them(
    copy: Path, tmp_path: Path
) -> None:
    make(copy)
    walk, house = "tests.system.new_service.walk", str(tmp_path / "house")
    try:
        assert told(copy, walk, "use", NAME, house) == {
            "ready": 200,
            "answer": "MessageAccepted",
            "the same number again": "AlreadySubmitted",
            "registered": True,
            "its worker sees": "begin",
            "the manager is told": "UnknownCase",
        }
        remove(copy)
        found = told(copy, walk, "remove", NAME, house)
    finally:
        if Path(house).exists():
            run(copy, "deploy.local", "reset", "--directory", house)
    assert all(found["before"][kind] for kind in found["before"] if kind != "processes"), found
    assert found["left"] == dict.fromkeys(found["before"], 0)
    assert found["governance says"] == "UnknownAuthorisation"
    assert not Path(house).exists()


@pytest.mark.parametrize(
    "name", ["house", "governance", "Complaints", "com-plaints", "1st", "", "a", "b" * 31]
)
def test_a_name_that_is_taken_or_cannot_be_part_of_a_topic_is_refused(name: str) -> None:
    assert not may_be_named(name, SERVICES)


def test_a_service_that_is_there_is_not_made_again(copy: Path) -> None:
    before = files(copy)
    command = [sys.executable, "-B", "-m", "docs.new_service", "make", "intake"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)  # noqa: S603
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert files(copy) == before
