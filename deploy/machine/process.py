"""Run child processes that outlive their starter, identified by number and start time, never by name."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import current_thread, main_thread
from typing import Protocol

import psutil

LOOPBACK = "127.0.0.1"
PORTS = range(20_000, 32_000)  # below the ports Linux hands out itself, so a restart finds it free

MARK = "STARTED_WITH_LOG"  # a variable of every child: by it those are found that nobody wrote down


def clean_up_on_sigterm() -> None:
    """Make SIGTERM interrupt this program as Ctrl-C does, so that it stops and removes what it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put SIGINT and SIGTERM off until the block has ended: a removal that was begun is finished."""
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, lambda sent, _: came.append(sent)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def remove_tree(directory: Path) -> None:
    """Remove a directory with all that is in it; what is gone already is no error, anything else is."""

    def unless_gone(_: object, path: str, error: tuple[type[BaseException], BaseException, object]) -> None:
        if not isinstance(error[1], FileNotFoundError):
            raise error[1]

    shutil.rmtree(directory, onerror=unless_gone)


_children: dict[int, subprocess.Popen[bytes]] = {}
_began: dict[Path, int] = {}  # how long each log was when its newest process began


class Running(Protocol):
    """Control a server or service that was started, as a process or as a container."""

    def is_running(self) -> bool: ...

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal, wait, then kill."""

    def kill(self) -> None:
        """Kill it as a power cut would: no clean-up, and gone when this returns."""

    def freeze(self) -> None:
        """Suspend it: alive, with its connections and locks, but doing nothing."""

    def thaw(self) -> None: ...

    def export(self, target: Path) -> None:
        """Copy into `target` what it keeps where this machine cannot look."""


@dataclass(frozen=True)
class Process:
    """Identify a process; `created` (start time) tells it from a later one with the same number."""

    pid: int
    created: float

    def __str__(self) -> str:
        return f"process {self.pid}"

    def is_running(self) -> bool:
        return is_running(self)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        stop(self, number=number)

    def kill(self) -> None:
        kill(self)

    def freeze(self) -> None:
        send_to_family(self, signal.SIGSTOP)

    def thaw(self) -> None:
        send_to_family(self, signal.SIGCONT)

    def export(self, target: Path) -> None:
        """Copy nothing: its files lie in its directory."""


@dataclass(frozen=True)
class Account:
    """Identify the operating system's user that a server runs as."""

    uid: int
    gid: int


class DidNotStart(Exception):
    """Raised when a server ended, or was not ready in time; `log` says more."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(f"{what} did not start")
        self.log = log


class PortTaken(Exception):
    """Raised when somebody else listens on a port that a house has kept."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is taken: stop what listens there, or reset for other ports and no data"
        )


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    working_directory: Path | None = None,
) -> Process:
    """Start a process in a session of its own, so that Ctrl-C in a terminal does not reach it."""
    with log.open("ab") as output:
        _began[log] = output.tell()
        child = subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**inherited(), **(environment or {}), MARK: str(log.resolve())},
            cwd=working_directory,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    _children[child.pid] = child
    return Process(child.pid, psutil.Process(child.pid).create_time())


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    working_directory: Path | None = None,
) -> int:
    """Start, wait until it has ended, and return its exit code."""
    started = spawn(
        command, log, environment=environment, account=account, working_directory=working_directory
    )
    try:
        return _children[started.pid].wait()
    except BaseException:
        kill(started)
        raise


def strays(logs: Path) -> list[Process]:
    """Find the processes that log to this directory, also those that a killed starter did not record."""
    found = []
    for one in psutil.process_iter(["create_time"]):
        with suppress(psutil.Error, OSError):
            mark = one.environ().get(MARK)
            if mark and Path(mark).parent == logs:
                found.append(Process(one.pid, one.info["create_time"]))
    return [one for one in found if is_running(one)]


def is_running(process: Process) -> bool:
    """Tell whether it is alive, and reap it if it is a child of ours; others' zombies count as gone."""
    child = _children.get(process.pid)
    if child is not None and child.poll() is not None:
        return False
    try:
        found = psutil.Process(process.pid)
        same = found.create_time() == process.created
        return same and (child is not None or found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def exit_code(process: Process) -> int | None:
    """Return the exit code of an ended child of ours, negative for a signal; None where unknown."""
    child = _children.get(process.pid)
    return None if child is None else child.poll()


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to exactly this process; nothing when it is gone."""
    if is_running(process):
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def send_to_family(process: Process, number: signal.Signals) -> list[Process]:
    """Send it to the children too, and return these: PostgreSQL's sessions work on without their parent."""
    family: list[Process] = []
    with suppress(psutil.NoSuchProcess):
        if is_running(process):
            children = psutil.Process(process.pid).children(recursive=True)
            family = [Process(child.pid, child.create_time()) for child in children]
    for member in (process, *family):
        send(member, number)
    return family


def stop(process: Process, *, number: signal.Signals = signal.SIGTERM, patience: float = 15) -> None:
    """Send the signal, wait `patience` seconds, then kill. A frozen process is resumed to receive it."""
    send(process, number)
    send_to_family(process, signal.SIGCONT)
    if not _wait_until_gone(process, patience):
        kill(process)


def kill(process: Process) -> None:
    """Kill it by SIGKILL, and its children; all gone when this returns, or raises `RuntimeError`."""
    family = send_to_family(process, signal.SIGKILL)
    if not all(_wait_until_gone(member, 10) for member in (process, *family)):
        raise RuntimeError(f"process {process.pid} survives SIGKILL")


def free_port() -> int:
    """Return a free port; a server that keeps it can come back on it.

    The same number of UDP, which nobody here uses, keeps off who starts another house meanwhile.
    """
    while True:
        port = random.choice(PORTS)  # noqa: S311
        reserved = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
                reserved.bind((LOOPBACK, port))
            except OSError:
                reserved.close()
                continue
        reserved.detach()  # open until this process ends
        return port


def refuse_taken(port: int) -> None:
    """Raise `PortTaken` when somebody else listens on a port of ours, now and a moment later."""
    deadline = time.monotonic() + 2
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise PortTaken(port) from None
        time.sleep(0.1)


def since_it_began(log: Path) -> str:
    """Return what the newest process that writes this log, started by us, has said."""
    if not log.exists():
        return ""
    return log.read_bytes()[_began.get(log, 0) :].decode(errors="replace")


def last_lines(log: Path, count: int = 20) -> str:
    """Return the last lines of a log, for who wants to know why its process failed."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def inherited() -> dict[str, str]:
    """Return our environment without the settings of a house (`ZVH_*`)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ZVH_")}


def _wait_until_gone(process: Process, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while is_running(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
