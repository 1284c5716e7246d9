"""Run PostgreSQL on this machine: passwords on every connection, and no row values in its log."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from deploy.local.accounts import kept_account, remove_account
from deploy.local.passage import passage
from deploy.local.places import INSTALLED, kept_place, kept_programs, link_of, remove_place, why_not
from deploy.local.reasons import Refused, advised, refuse_full
from deploy.local.shared_memory import remove_shared_memory
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
    owner_of,
    server_configuration,
)

PROGRAMS = INSTALLED / "bin"
# what is killed leaves its shared memory with its data, and not in /dev/shm
MEMORY_WITH_ITS_DATA = ("--set", "dynamic_shared_memory_type=mmap")
STARTS_WITHIN = 60.0  # seconds; 1 on a free machine
TRIES_FOR = 10.0  # seconds in which a server that ends at once is started again


@dataclass(frozen=True)
class Database:
    """Hold what one login needs to reach its one database.

    `ca_file`: the authority that has certified its server, which is reached over TLS; None: it has no TLS.
    """

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    ca_file: str | None = None


class Logins(NamedTuple):
    """Hold how a service reaches its database, and how its migrations do, which own the tables."""

    service: Database
    owner: Database


@dataclass(frozen=True)
class Postgres:
    """Hold a running server and its superuser's login."""

    process: Running
    administration: Database
    read_log: Callable[[], str] = field(repr=False)

    def stop(self) -> None:
        """End sessions and flush the log (PostgreSQL's fast shutdown)."""
        self.process.stop(signal.SIGINT)

    def kill(self) -> None:
        """Kill it by SIGKILL, as a power cut would; the postmaster's children follow it."""
        self.process.kill()


def start_postgres(directory: Path, log: Path | None = None) -> Postgres:
    """Start a server, ready when a login works; on a known directory with the same port and data.

    Raises `DidNotStart`.
    """
    private_directory(directory)
    account = kept_account(account_of(directory))
    place = kept_place(directory, account)
    programs = _working_programs(place, account)
    log = log or directory / "server.log"
    password = kept_password(directory / "password")
    port = _kept_port(directory / "port")
    data, initialised = place / "data", directory / "initialised"
    if initialised.exists():
        _bring_back(directory, place, account)
    else:
        refuse_full(place)
        _initialise(programs, data, account, password, port, log)
    process.refuse_taken(port)
    administration = Database(process.LOOPBACK, port, "postgres", SUPERUSER, password)
    started = _start(programs, data, log, account, administration)
    if not initialised.exists():
        run_sql(administration, *CLOSING_SHARED_ONES)
        initialised.touch()
    return Postgres(started, administration, log.read_text)


def create_database(
    postgres: Postgres, name: str, password: str | None = None, owner_password: str | None = None
) -> Logins:
    """Create a database with an owner and a login, which may connect to no other; idempotent."""
    server = postgres.administration
    used = replace(server, name=name, user=name, password=password or new_password())
    owned = replace(used, user=owner_of(name), password=owner_password or new_password())
    if name not in run_sql(server, NAMES).splitlines():
        run_sql(server, *creating(name))
    run_sql(server, *closing(name, used.password, owned.password))
    run_sql(replace(server, name=name), *handing_over(name))
    return Logins(used, owned)


def remove_data(directory: Path) -> None:
    """Remove what `start_postgres` left there, elsewhere, among the accounts and in the kernel."""
    remove_account(account_of(directory))
    remove_shared_memory(data_of(directory))
    remove_place(directory)
    process.remove_tree(directory)


def account_of(directory: Path) -> Path:
    """Return the file that names the account, if the server has one."""
    return directory / "account"


def data_of(directory: Path) -> Path:
    """Return where the data lie: in `directory`, or elsewhere."""
    link = link_of(directory)
    return (link.readlink() if link.is_symlink() else directory) / "data"


def run_sql(database: Database, *statements: str) -> str:
    """Run each statement by itself, over standard input: what it holds stands on no command line."""
    with reached(database) as there:
        done = subprocess.run(  # noqa: S603
            [PROGRAMS / "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"],
            input=";\n".join(statements) + ";\n",
            capture_output=True,
            text=True,
            env=os.environ
            | {
                "PGHOST": there.host,
                "PGPORT": str(there.port),
                "PGDATABASE": there.name,
                "PGUSER": there.user,
                "PGPASSWORD": there.password,
                "PGCONNECT_TIMEOUT": "5",
            },
        )
    if done.returncode != 0:
        raise RefusedByPostgres(done.stderr.strip())
    return done.stdout.strip()


@contextmanager
def reached(database: Database) -> Iterator[Database]:
    """Yield how the wheel's programs reach it, once each, which have no TLS; raises `RefusedByPostgres`."""
    if database.ca_file is None:
        yield database
        return
    with ExitStack() as until:
        try:
            port = until.enter_context(passage(database.host, database.port, Path(database.ca_file)))
        except OSError as why:
            raise RefusedByPostgres(str(why)) from why
        yield replace(database, host=process.LOOPBACK, port=port, ca_file=None)


class RefusedByPostgres(Exception):
    """Raised when a server, a login or a statement was refused; the text is the server's or the system's."""


def _working_programs(place: Path, account: Account | None) -> Path:
    programs = kept_programs(place, account)
    if reason := why_not(programs, account):
        raise Refused(advised(f"PostgreSQL's programs do not run: {reason}"))
    return programs


def _bring_back(directory: Path, place: Path, account: Account | None) -> None:
    """Take over data that came to lie in another place, or under another account."""
    data = place / "data"
    if not data.exists() and (directory / "data").exists():
        shutil.move(directory / "data", data)
    if not data.exists():
        raise Refused(f"the data of this house are gone from {data}: reset it, and start anew")
    if account is not None and data.stat().st_uid != account.uid:
        _give(data, account)


def _give(path: Path, account: Account) -> None:
    """Change the owner of a tree, its top last, so that whoever is interrupted begins again."""
    for inner in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.chown(inner, account.uid, account.gid, follow_symlinks=False)


def _kept_port(file: Path) -> int:
    if not file.exists():
        write_private(file, str(process.free_port()))
    return int(file.read_text())


def _initialise(
    programs: Path, data: Path, account: Account | None, password: str, port: int, log: Path
) -> None:
    """Run initdb, only for TCP and SCRAM; also after an attempt that was interrupted."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password_file = write_private(data.parent / "data.password", password)
    if account:
        _give(data, account)
        _give(password_file, account)
    command: list[str | Path] = [programs / "initdb", "-D", data, "-U", SUPERUSER]
    # PostgreSQL's own order of texts: that of a C library changes with its version, and indexes break
    order = ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", *order, "--no-instructions"]
    command += [f"--pwfile={password_file}", *MEMORY_WITH_ITS_DATA, *options]
    try:
        code = process.run(command, log, account=account, working_directory=data.parent)
    finally:
        password_file.unlink()
    if code != 0:
        raise DidNotStart("initdb", log)
    configuration = server_configuration(addresses=process.LOOPBACK, port=port, sockets="")
    (data / "postgresql.auto.conf").write_text(configuration)
    (data / "pg_hba.conf").write_text(f"host all all {process.LOOPBACK}/32 scram-sha-256\n")


def _start(
    programs: Path, data: Path, log: Path, account: Account | None, administration: Database
) -> Process:
    """Start the server, with retries: after a kill the old postmaster's children still hold its memory."""
    began = time.monotonic()
    while True:
        command: list[str | Path] = [programs / "postgres", "-D", data]
        started = process.spawn(command, log, account=account, working_directory=data.parent)
        if answers(administration, started, began + STARTS_WITHIN):
            return started
        process.kill(started)
        if time.monotonic() > began + TRIES_FOR:
            raise DidNotStart("PostgreSQL", log)
        time.sleep(0.2)


def answers(administration: Database, started: Running, deadline: float) -> bool:
    """Tell whether a login works before the deadline (of the monotonic clock)."""
    while started.is_running() and time.monotonic() < deadline:
        try:
            run_sql(administration, "SELECT 1")
            return True
        except RefusedByPostgres:
            time.sleep(0.05)
    return False
