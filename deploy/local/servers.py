"""Start and remove Kafka and PostgreSQL: as processes of this machine, or elsewhere by the same functions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka import Kafka, start_kafka
from deploy.local.postgres import Postgres, remove_data, start_postgres
from deploy.machine.certificates import Certificates
from deploy.machine.process import remove_tree


@dataclass(frozen=True)
class Servers:
    """Hold the functions that start and remove servers.

    `start_*` return, when a real login works, a new server or the one that was in this directory: same port,
    same data. `remove_*` leave nothing of a stopped one.
    """

    start_kafka: Callable[[Path, Certificates, Path], Kafka]
    start_postgres: Callable[[Path, Certificates, Path], Postgres]
    remove_kafka: Callable[[Path], None]
    remove_postgres: Callable[[Path], None]


def _start_without_tls(directory: Path, _: Certificates, log: Path) -> Postgres:
    """Start the wheel's server, which is built without TLS."""
    return start_postgres(directory, log)


EMBEDDED = Servers(start_kafka, _start_without_tls, remove_tree, remove_data)
