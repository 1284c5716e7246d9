"""Start a PostgreSQL server for tests of stores: a run's own, or one that the parts of a run share.

A start costs five seconds of processor time, and to migrate the databases of five services as much.
"""

import fcntl
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from deploy.local.postgres import STARTS_WITHIN, Database, Postgres, run_sql
from deploy.local.servers import EMBEDDED, Servers
from deploy.machine.certificates import make_certificates
from deploy.machine.process import DidNotStart, Process, uninterrupted
from deploy.machine.secrets import write_private

GIVEN = "ZVH_TEST_POSTGRES"  # the file that tells the parts of a run of their server

# Nobody reads these for long. An operating system keeps what a process wrote, however that ends.
NOT_DURABLE = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET autovacuum = off",  # and rows lie in the order in which they were written
    "SELECT pg_reload_conf()",
)


@contextmanager
def own_postgres(servers: Servers, directory: Path) -> Iterator[Postgres]:
    """Start a server in `directory`, and leave nothing of it."""
    certificates = make_certificates(directory / "certificates", "test").of("postgres")
    started = servers.start_postgres(directory / "postgres", certificates, directory / "postgres.log")
    try:
        run_sql(started.administration, *NOT_DURABLE)
        yield started
    finally:
        with uninterrupted():
            started.kill()  # a stop would first write all databases to a disk that nobody reads
            servers.remove_postgres(directory / "postgres")


@contextmanager
def shared_postgres() -> Iterator[dict[str, str]]:
    """Start an embedded server for several runs at once; yield what they need in their environment.

    It starts while they import what they test.
    """
    with tempfile.TemporaryDirectory() as directory:
        file, over = Path(directory) / "given.json", threading.Event()
        serving = threading.Thread(target=_serve, args=(file, over), name="postgres")
        serving.start()
        try:
            yield {GIVEN: str(file)}
        finally:
            with uninterrupted():
                over.set()
                serving.join()


def _serve(file: Path, over: threading.Event) -> None:
    with own_postgres(EMBEDDED, file.parent) as started:
        assert isinstance(started.process, Process)
        told = {"process": asdict(started.process), "administration": asdict(started.administration)}
        write_private(file, json.dumps(told))
        over.wait()


def given_postgres() -> Postgres | None:
    """Return the server that this run shares with others, if it does; whoever started it stops it."""
    if not (name := os.environ.get(GIVEN)):
        return None
    file, until = Path(name), time.monotonic() + STARTS_WITHIN
    while not file.exists():
        if time.monotonic() > until:
            raise DidNotStart("PostgreSQL", file.with_name("postgres.log"))
        time.sleep(0.05)
    told = json.loads(file.read_text())
    log = file.with_name("postgres.log")
    return Postgres(Process(**told["process"]), Database(**told["administration"]), log.read_text)


@contextmanager
def first_to(what: str) -> Iterator[bool]:
    """Yield whether this run is the first to do this on its server; the others wait until it is done."""
    if not (file := os.environ.get(GIVEN)):
        yield True
        return
    done = Path(file).with_name(f"{what}.done")
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not done.exists()
        done.touch()
