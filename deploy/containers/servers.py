"""Run Kafka and PostgreSQL of compose.yaml, each alone, for a house whose services are local processes."""

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from deploy.containers import files
from deploy.containers.compose import read
from deploy.containers.images import KAFKA, POSTGRES
from deploy.containers.project import Make, PartFailed, Project, made_by_docker
from deploy.local import postgres
from deploy.local.kafka import Kafka, wait_for_login
from deploy.local.postgres import Database, Postgres, run_sql
from deploy.local.servers import Servers
from deploy.machine.certificates import Certificates
from deploy.machine.container import RunningContainer
from deploy.machine.engine import connected
from deploy.machine.process import LOOPBACK, DidNotStart, free_port
from deploy.machine.secrets import private_directory, write_private
from deploy.provisioning.broker import ADMIN
from deploy.provisioning.databases import CLOSING_SHARED_ONES, SUPERUSER
from shared.kafka.connection import Connection

STARTS_WITHIN = 60.0  # seconds
SHORT_LIVED = {"ZVH_KAFKA_COMPILERS": "1"}  # variables of compose.yaml for a broker that lives for minutes


def contained(images: Mapping[str, str], make: Make = made_by_docker, *, tls: bool = True) -> Servers:
    """Return servers that run these images (tags by name); `make` creates each container.

    `tls`: whether the image of PostgreSQL has TLS (`images.with_tls`).
    """

    def start_kafka(directory: Path, certificates: Certificates, log: Path) -> Kafka:
        private_directory(directory)
        port = _kept_port(directory)
        own = private_directory(directory / "certificates")
        ca_file = Path(shutil.copy(certificates.ca_file, own))
        all_file = Path(shutil.copy(certificates.key_and_certificates_file, own / "kafka-all.pem"))
        copied = Certificates(ca_file, certificates.certificate_file, certificates.key_file, all_file)
        password = files.write_for_kafka(directory, copied, port)
        with _project(directory, images, make) as project:
            started = _up(project, KAFKA, log)
        connection = Connection(f"{LOOPBACK}:{port}", certificates.ca_file, ADMIN, password)
        wait_for_login(connection, started, log)
        return Kafka(started, connection)

    def start_postgres(directory: Path, certificates: Certificates, log: Path) -> Postgres:
        private_directory(directory)
        own = private_directory(directory / "certificates")
        copied = replace(
            certificates,
            certificate_file=Path(shutil.copy(certificates.certificate_file, own / "postgres.pem")),
            key_file=Path(shutil.copy(certificates.key_file, own / "postgres-key.pem")),
        )
        password = files.write_for_postgres(directory, copied, tls=tls)
        ca_file = str(certificates.ca_file) if tls else None
        server = Database(LOOPBACK, _kept_port(directory), SUPERUSER, SUPERUSER, password, ca_file)
        with _project(directory, images, make) as project:
            started = _up(project, POSTGRES, log)
        if not postgres.answers(server, started, time.monotonic() + STARTS_WITHIN):
            raise DidNotStart("PostgreSQL", log)
        run_sql(server, *CLOSING_SHARED_ONES)
        return Postgres(started, server, started.log)

    def remove(directory: Path) -> None:
        if directory.exists():
            with _project(directory, images, make) as project:
                project.remove()
            shutil.rmtree(directory)

    return Servers(start_kafka, start_postgres, remove, remove)


@contextmanager
def _project(directory: Path, images: Mapping[str, str], make: Make) -> Iterator[Project]:
    """Yield a composition for this directory alone, of which one server is started."""
    port = _kept_port(directory)
    variables = {
        "COMPOSE_PROJECT_NAME": f"zvh-{hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]}",
        "ZVH_DIRECTORY": str(directory.resolve()),
        "ZVH_HOUSE": "-",
        "ZVH_SOURCE": "-",
        **SHORT_LIVED,
        **{f"ZVH_IMAGE_{name.upper()}": tag for name, tag in images.items()},
        **{f"ZVH_PORT_{name}": str(port) for name in ("KAFKA", "POSTGRES", "ISSUER")},
        **{f"ZVH_PORT_{name}": "0" for name in ("INTAKE", "TRIAGE", "RTO", "RETENTION", "GOVERNANCE")},
    }
    with closing(connected()) as client:
        yield Project(client, read(files.COMPOSE_FILE.read_text(), variables), make)


def _up(project: Project, name: str, log: Path) -> RunningContainer:
    try:
        project.up([name])
    except PartFailed as failed:
        write_private(log, str(failed))
        raise DidNotStart(name, log) from failed
    state = project.container(name).attrs
    return RunningContainer(state["Id"], state["State"]["StartedAt"])


def _kept_port(directory: Path) -> int:
    file = directory / "published-port"
    if not file.exists():
        write_private(file, str(free_port()))
    return int(file.read_text())
