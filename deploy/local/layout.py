"""Name the paths of a house below its directory, and make secrets and ports once.

They survive a stop, so a house that comes up again is the same house.
"""

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

from deploy.machine.process import LOOPBACK, free_port
from deploy.machine.secrets import (
    kept_password,
    private_directory,
    write_private,
    write_private_json,
)

STORY = "run"  # within the directory of a house: another one, in which `make run` plays


@dataclass(frozen=True)
class ServiceSecrets:
    """Name one service's secret files, mode 0600."""

    database_password_file: Path
    owner_password_file: Path
    kafka_password_file: Path
    client_secret_file: Path
    root_key_file: Path
    metrics_token_file: Path


@dataclass(frozen=True)
class Layout:
    """Name the paths of a house; secrets and ports are made at the first call, and kept."""

    directory: Path

    @property
    def processes_file(self) -> Path:
        return self.directory / "processes.json"

    @property
    def starting_file(self) -> Path:
        """Name the file that exists during a start, and after one that was killed."""
        return self.directory / "starting"

    @property
    def environment_file(self) -> Path:
        return self.directory / "env.json"

    @property
    def clock_file(self) -> Path:
        return self.directory / "clock" / "clock.json"

    @property
    def certificates(self) -> Path:
        return self.directory / "certificates"

    @property
    def kafka(self) -> Path:
        return self.directory / "kafka"

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def issuer(self) -> Path:
        return private_directory(self.directory / "issuer")

    @property
    def parties_file(self) -> Path:
        return self.directory / "parties.json"

    def log(self, name: str) -> Path:
        """Name the log file of one process."""
        return self.logs / f"{name}.log"

    def settings_file(self, service: str) -> Path:
        """Name the file with the environment that a service was started with."""
        return private_directory(self.directory / "services" / service) / "environment.json"

    def keys(self, service: str) -> Path:
        """Return the service's key directory, outside PostgreSQL and its backups (design, section 7)."""
        private_directory(self.directory / "keys")
        return private_directory(self.directory / "keys" / service)

    def secrets(self, service: str) -> ServiceSecrets:
        """Return the service's secret files, made at the first call."""
        directory = private_directory(self.directory / "services" / service)
        made = ServiceSecrets(
            database_password_file=directory / "database-password",
            owner_password_file=directory / "owner-password",
            kafka_password_file=directory / "kafka-password",
            client_secret_file=directory / "client-secret",
            root_key_file=directory / "root-key",
            metrics_token_file=directory / "metrics-token",
        )
        for file in (
            made.database_password_file,
            made.owner_password_file,
            made.kafka_password_file,
            made.client_secret_file,
            made.metrics_token_file,
        ):
            kept_password(file)
        if not made.root_key_file.exists():
            write_private(made.root_key_file, urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"="))
        return made

    def operator_password(self) -> str:
        """Return the password of the login that reads dead letters."""
        return kept_password(self.directory / "operator-password")

    @property
    def logs(self) -> Path:
        return private_directory(self.directory / "logs")

    def url(self, name: str) -> str:
        """Return the HTTPS URL, on a port of its own."""
        return f"https://{LOOPBACK}:{self.port(name)}"

    def port(self, name: str) -> int:
        """Return the port of this name, found free at the first call."""
        ports = self.ports()
        if name not in ports:
            ports[name] = free_port()
            write_private_json(self._ports_file, ports)
        return ports[name]

    def ports(self) -> dict[str, int]:
        """Return the ports found so far, by name."""
        ports: dict[str, int] = json.loads(self._ports_file.read_text()) if self._ports_file.exists() else {}
        return ports

    @property
    def _ports_file(self) -> Path:
        return self.directory / "ports.json"


def make_layout(directory: Path) -> Layout:
    """Create the directory with mode 0711: PostgreSQL's own user passes, and nobody else lists it."""
    layout = Layout(directory.resolve())
    layout.directory.mkdir(parents=True, exist_ok=True)
    layout.directory.chmod(0o711)
    layout.clock_file.parent.mkdir(exist_ok=True)
    if not layout.clock_file.exists():
        write_private_json(layout.clock_file, {"offset_seconds": 0})
    return layout
