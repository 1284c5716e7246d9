"""Where everything of a house lies below its directory. Each thing is made once and kept.

Ports and secrets survive a stop, so a house that comes up again is the same house.
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
    """One service's secret files, mode 0600."""

    database_password_file: Path
    kafka_password_file: Path
    client_secret_file: Path
    root_key_file: Path
    metrics_token_file: Path


@dataclass(frozen=True)
class Layout:
    """Paths only; whoever asks for a secret or a port gets the one that was made first."""

    directory: Path

    @property
    def processes_file(self) -> Path:
        return self.directory / "processes.json"

    @property
    def starting_file(self) -> Path:
        """It lies there while a start is under way, and after one that was killed."""
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
        """One file per process."""
        return self.logs / f"{name}.log"

    def settings_file(self, service: str) -> Path:
        """The environment a service was started with, to start it again with the same."""
        return private_directory(self.directory / "services" / service) / "environment.json"

    def keys(self, service: str) -> Path:
        """Outside PostgreSQL and its backups (design, section 7)."""
        private_directory(self.directory / "keys")
        return private_directory(self.directory / "keys" / service)

    def secrets(self, service: str) -> ServiceSecrets:
        """Made at the first call."""
        directory = private_directory(self.directory / "services" / service)
        made = ServiceSecrets(
            database_password_file=directory / "database-password",
            kafka_password_file=directory / "kafka-password",
            client_secret_file=directory / "client-secret",
            root_key_file=directory / "root-key",
            metrics_token_file=directory / "metrics-token",
        )
        for file in (
            made.database_password_file,
            made.kafka_password_file,
            made.client_secret_file,
            made.metrics_token_file,
        ):
            kept_password(file)
        if not made.root_key_file.exists():
            write_private(made.root_key_file, urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"="))
        return made

    def operator_password(self) -> str:
        """Of the login that reads dead letters."""
        return kept_password(self.directory / "operator-password")

    @property
    def logs(self) -> Path:
        return private_directory(self.directory / "logs")

    def url(self, name: str) -> str:
        """HTTPS on a port of its own."""
        return f"https://{LOOPBACK}:{self.port(name)}"

    def port(self, name: str) -> int:
        """Found free once, and kept."""
        ports = self.ports()
        if name not in ports:
            ports[name] = free_port()
            write_private_json(self._ports_file, ports)
        return ports[name]

    def ports(self) -> dict[str, int]:
        """Those found so far, by name."""
        ports: dict[str, int] = json.loads(self._ports_file.read_text()) if self._ports_file.exists() else {}
        return ports

    @property
    def _ports_file(self) -> Path:
        return self.directory / "ports.json"


def make_layout(directory: Path) -> Layout:
    """The directory may be passed by PostgreSQL's own user, but listed by nobody else."""
    layout = Layout(directory.resolve())
    layout.directory.mkdir(parents=True, exist_ok=True)
    layout.directory.chmod(0o711)
    layout.clock_file.parent.mkdir(exist_ok=True)
    if not layout.clock_file.exists():
        write_private_json(layout.clock_file, {"offset_seconds": 0})
    return layout
