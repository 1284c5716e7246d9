"""The house rules that no type checker knows; each test names what it found."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs.generate.tree import ROOT, python_files, syntax
from shared.contract.registry import SERVICES

ROOMS = {
    "README.md",
    "__init__.py",
    "__main__.py",
    "api.py",
    "commands.py",
    "effects.py",
    "events.py",
    "handlers.py",
    "main.py",
    "migrations",
    "openapi.json",
    "process.py",
    "viewing.py",
    "refusals.py",
    "state.py",
    "permissions.py",
}
NO_ROOMS = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc", "lib"}
IMPURE = {
    "aiokafka",
    "asyncio",
    "asyncpg",
    "fastapi",
    "faststream",
    "httpx",
    "logging",
    "os",
    "random",
    "secrets",
    "sqlalchemy",
    "structlog",
    "threading",
    "time",
    "uuid",
}
# Everything that begins or ends a database transaction, and why it is not `shared/handling/transaction.py`.
TRANSACTIONS = {
    "shared/handling/transaction.py": "decides and writes; the one place that commits a decision",
    "shared/http/reading.py": "the access log is committed before anything is shown",
    "shared/messaging/relay.py": "takes out of the outbox what every in-sync replica has, as the leader",
    "shared/messaging/house_records.py": "copies the parties topic and learns items, before the batch",
    "shared/handling/erasure_check.py": "forgets what was erased, before the service does anything else",
    "shared/storage/sealed_texts.py": "a savepoint in the batch's transaction, around the cheap way in",
    "shared/storage/sequence_numbers.py": "the numbers of letters, before these are sent",
    "shared/storage/leader_lock.py": "asks for the lock of a session, and writes nothing",
    "shared/runtime/scheduler.py": "its own tick, so that a leap of time is noticed",
    "shared/runtime/key_rotation.py": "says which house keys are gone: about no case, and decided by nobody",
    "shared/runtime/log_chaining.py": "chains what the logs have gained, after their commit",
    "shared/runtime/log_pruning.py": "removes what the logs say of no case, after a term",
    "shared/runtime/quarantine.py": "an operator letting go of a held case, outside any decision",
    "shared/runtime/cli.py": "an operator confirming the time, outside any decision",
    "shared/runtime/health.py": "asks for room on the disk, and writes nothing that stays",
    "shared/runtime/migrate.py": "the schema itself",
}
# Everything that asks the reading policy, and why it is not `shared/core/looking.py`.
VIEWERS = {
    "shared/core/looking.py": "every reading of a case, for `shared/http/reading.py`",
    "services/governance/api.py": "the register of parties: nobody's case, and about no person",
}
OURS = ("services", "shared")


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def house_files() -> Iterator[Path]:
    """The code that runs in the house; the connector kit runs at a party."""
    for folder in OURS:
        yield from (p for p in python_files(folder) if "connector" not in p.parts)


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(syntax(path)) if isinstance(node, ast.Call))


def method_calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """(file, call) of every call of a method with one of these names."""
    for path in house_files():
        for call in calls(path):
            if isinstance(call.func, ast.Attribute) and call.func.attr in names:
                yield where(path), call


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of the modules a file imports; `from a import b` counts as a.b where that is a module."""
    found: set[str] = set()
    for node in ast.walk(syntax(path)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names):
                found.add(module)
                found |= {f"{module}.{a.name}" for a in names if _file_of(f"{module}.{a.name}")}
            case _:
                continue
    return frozenset(found)


@cache
def _file_of(module: str) -> Path | None:
    path = ROOT / Path(*module.split("."))
    if path.with_suffix(".py").exists():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").exists() else None


@cache
def everything_behind(path: Path) -> frozenset[Path]:
    """The file and every file of ours that it rests on."""
    seen: set[Path] = set()
    todo = [path]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += [file for module in imports(one) if (file := _file_of(module))]
    return frozenset(seen)


# --- rooms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    there = {path.name for path in (ROOT / "services" / service).iterdir()}
    assert sorted(ROOMS - there) == []


def test_no_room_is_named_after_nothing() -> None:
    named = [
        where(p) for folder in (*OURS, "deploy", "bench") for p in python_files(folder) if p.stem in NO_ROOMS
    ]
    assert named == []


# --- the pure core --------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("room", ["process", "viewing", "effects", "permissions"])
def test_the_core_rests_on_nothing_that_acts(service: str, room: str) -> None:
    """Directly or through others: no clock, no random, no input or output, no logging."""
    found = [
        f"{where(path)} imports {module}"
        for path in everything_behind(ROOT / "services" / service / f"{room}.py")
        for module in imports(path)
        if module.split(".")[0] in IMPURE
        or module in ("shared.clock", "shared.ids", "shared.storage.database")
    ]
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_core_never_asks_what_time_it_is(service: str) -> None:
    asked = [
        f"{where(path)}: {ast.unparse(call)}"
        for path in everything_behind(ROOT / "services" / service / "process.py")
        for call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("now", "utcnow", "today")
    ]
    assert asked == []


def _functions(path: Path, names: set[str]) -> list[ast.FunctionDef]:
    return [n for n in ast.walk(syntax(path)) if isinstance(n, ast.FunctionDef) and n.name in names]


def _is_total(match: ast.Match) -> bool:
    last = match.cases[-1]
    return (
        isinstance(last.pattern, ast.MatchAs)
        and last.pattern.pattern is None
        and ast.unparse(last.body[0]).startswith("assert_never(")
    )


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", ["decide", "evolve"])
def test_decide_and_evolve_are_total(service: str, name: str) -> None:
    """Each matches on every command or event, and what is forgotten does not pass the type checker."""
    found = [f for path in python_files(f"services/{service}") for f in _functions(path, {name})]
    assert found
    for function in found:
        matches = [node for node in ast.walk(function) if isinstance(node, ast.Match)]
        assert matches
        assert all(_is_total(match) for match in matches), f"{service}: {name}"


# --- who may import whom --------------------------------------------------------------------------


def test_no_service_imports_another() -> None:
    found = [
        f"{where(path)} imports {module}"
        for service in SERVICES
        for path in python_files(f"services/{service}")
        for module in imports(path)
        if module.startswith("services.") and module.split(".")[1] != service
    ]
    assert found == []


def test_what_is_shared_knows_no_service_and_nobody_who_uses_it() -> None:
    others = {"services", "deploy", "tests", "bench", "docs"}
    found = [
        f"{where(path)} imports {module}"
        for path in python_files("shared")
        for module in imports(path)
        if module.split(".")[0] in others
    ]
    assert found == []


def test_a_partners_program_needs_nothing_of_the_house() -> None:
    """What a partner installs reaches neither a database nor a web server (issue 3, section 3)."""
    program = "import sys, shared.connector; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"sqlalchemy", "asyncpg", "fastapi", "faststream", "services"} & set(loaded) == set()


# --- one place for each thing ---------------------------------------------------------------------


def test_only_listed_files_begin_or_end_a_transaction() -> None:
    names = {"begin", "begin_nested", "commit", "autocommit"}
    found = {file for file, _ in method_calls(names)}
    assert found == set(TRANSACTIONS), "each exception is listed, and each listed one still exists"


def test_no_service_writes_outside_the_transaction() -> None:
    """A service has queries of its own in `store.py` alone, and they run in the shell's transaction."""
    found = [file for file, _ in method_calls({"begin", "commit"}) if file.startswith("services/")]
    assert found == []


def test_only_the_relay_sends() -> None:
    names = {"send", "send_and_wait", "send_batch", "publish", "publish_batch"}
    assert {file for file, _ in method_calls(names)} == {"shared/messaging/relay.py"}


def test_only_what_the_house_keeps_is_written_by_what_a_value_is() -> None:
    """What leaves it is written by its declared fields (decision 0026)."""
    assert {where(path) for path in house_files() if "msgspec" in imports(path)} == {
        "shared/storage/json_writer.py"
    }
    users = {where(path) for path in house_files() if "shared.storage.json_writer" in imports(path)}
    assert users == {
        "shared/storage/cases.py",
        "shared/storage/journal.py",
        "shared/storage/log_seals.py",
        "shared/handling/versions.py",  # into a keyed hash
        "services/triage/store.py",
    }
    keeping = {where(path) for path in house_files() if "cached_property" in path.read_text()}
    assert keeping == {"shared/runtime/settings.py"}, (
        "a model that keeps what it was asked would be written with it"
    )


def test_sealed_texts_are_decrypted_by_the_reader_and_the_relay_alone() -> None:
    """Ciphers of keys at rest are called `self._<name>`; a case key is not."""
    deciphering = {
        file for file, call in method_calls({"decrypt"}) if not ast.unparse(call.func).startswith("self._")
    }
    assert deciphering == {"shared/http/reading.py", "shared/messaging/preparing.py"}


def test_what_parties_sealed_is_decoded_by_the_receiver_alone() -> None:
    decoding = {file for file, call in method_calls({"decode"}) if "codec" in ast.unparse(call.func)}
    assert decoding == {"shared/messaging/receiver.py"}


def test_only_listed_files_ask_who_may_view() -> None:
    askers = {
        where(path)
        for path in house_files()
        for call in calls(path)
        if ast.unparse(call.func).rpartition(".")[2] == "may_view"
    }
    assert askers == set(VIEWERS)


def test_one_module_writes_the_access_log() -> None:
    writers = {where(path) for path in house_files() if "INSERT INTO access_log" in path.read_text()}
    assert writers == {"shared/storage/access_log.py"}


def test_nobody_catches_everything_in_silence() -> None:
    """An `except Exception` is written down with what it does; only these places have one."""
    found = {
        where(path)
        for path in house_files()
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    }
    reading = ("messaging/consumer", "messaging/receiver", "runtime/quarantine")
    deciding = ("handling/decide", "runtime/scheduler")
    around = ("messaging/preparing", "runtime/topic_cleanup", "runtime/tracing", "http/app")
    assert found == {f"shared/{module}.py" for module in (*reading, *deciding, *around)}


SECTIONS = ["In and out", "HTTP", "States", "Rules decided here", "Tables", "Where to start reading"]


@pytest.mark.parametrize("service", SERVICES)
def test_who_knows_one_service_finds_the_way_in_five(service: str) -> None:
    """The same headings in the same order; what only one service has stands before its states."""
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    found = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert [heading for heading in found if heading in SECTIONS] == SECTIONS
    assert found[:2] + found[-4:] == SECTIONS


# --- what is committed ----------------------------------------------------------------------------

REGISTRY = (
    r"p[y]pi\.org|pyth[o]nhosted\.org|rep[o]1?\.mav|mav[e]n\.org"
    r"|np[m]js\.(org|com)|c[o]nda\.anaconda|(?<!-)index-[u]rl"
)
DOWNLOAD = r"https?://\S+\.(whl|jar|zip|tgz|tar\.[a-z0-9]+|deb|exe)\b"
MACHINE = r"(?<![\w.}$-])/(?:work|root|Users)/\w|(?<![\w.}$-])/home/(?!zvh)\w|[A-Z]:\\Users"
FORBIDDEN = re.compile(f"{REGISTRY}|{DOWNLOAD}|{MACHINE}", re.IGNORECASE)


def test_no_committed_file_names_a_registry_a_download_or_a_machine() -> None:
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(  # noqa: S603
        git, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if not path.is_file():
            continue
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        found += [
            f"{name}:{n}: {m.group()}" for n, line in enumerate(lines, 1) if (m := FORBIDDEN.search(line))
        ]
    assert found == []
