"""Run the services as processes: secrets in files, everything else in the environment."""

import json
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from deploy.local.issuer import AUDIENCE
from deploy.local.layout import Layout
from deploy.local.postgres import Database
from deploy.machine.certificates import Certificates
from deploy.machine.process import LOOPBACK, DidNotStart, Process, Running, run, spawn
from deploy.machine.secrets import write_private_json
from deploy.provisioning.acls import service_user
from deploy.provisioning.databases import owner_of
from shared.kafka.connection import Connection

ROOT = Path(__file__).parents[2]
SOURCE = "urn:nld:oin:00000099000000001000:systeem:zvh"  # invented, of the managing municipality
READY_WITHIN = 60.0  # seconds
# On one machine all parties come from one address, and one person acts for many: no shares are held there.
ONE_MACHINE = {
    "CONNECTIONS_PER_ADDRESS": 1000,
    "NEW_CONNECTIONS_PER_ADDRESS": 1000,
    "REQUESTS_PER_STRANGER": 1000,
    "REQUESTS_PER_PERSON": 1000,
    "REQUESTS_PER_PARTY": 1000,
    "PARTY_SHARE": 1000,
}


def service_environment(
    layout: Layout,
    service: str,
    *,
    house: str,
    prefix: str,
    database: Database,
    kafka: Connection,
    certificates: Certificates,
    patience: int,
) -> dict[str, str]:
    """Return a service's environment (`ZVH_*`), also written down so that it can be started again."""
    secrets = layout.secrets(service)
    settings = {
        "HOUSE": house,
        "ENVIRONMENT": "local",
        "TOPIC_PREFIX": prefix,
        "POLICY_PROFILE": "convenant-2021",
        "SOURCE": f"{SOURCE}-{service}",
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": database.port,
        "DATABASE_TLS": "verify-full" if database.ca_file else "off",
        "DATABASE_NAME": database.name,
        "DATABASE_USER": database.user,
        "DATABASE_PASSWORD_FILE": secrets.database_password_file,
        "KAFKA_BOOTSTRAP": kafka.bootstrap,
        "KAFKA_USERNAME": service_user(service),
        "KAFKA_PASSWORD_FILE": secrets.kafka_password_file,
        "CA_FILE": certificates.ca_file,
        "HTTP_HOST": LOOPBACK,
        "HTTP_PORT": layout.url(service).rpartition(":")[2],
        "TLS_CERTIFICATE_FILE": certificates.certificate_file,
        "TLS_KEY_FILE": certificates.key_file,
        "OIDC_ISSUER": layout.url("issuer"),
        "OIDC_AUDIENCE": AUDIENCE,
        "CLIENT_ID": service_user(service),
        "CLIENT_SECRET_FILE": secrets.client_secret_file,
        "KEY_DIRECTORY": layout.keys(service),
        "KEY_AUTHORITY_URL": layout.url("retention"),
        "ROOT_KEY_FILE": secrets.root_key_file,
        "METRICS_TOKEN_FILE": secrets.metrics_token_file,
        "CLOCK_FILE": layout.clock_file,
        "PATIENCE": patience,
        **ONE_MACHINE,
    }
    environment = {f"ZVH_{name}": str(value) for name, value in settings.items()}
    write_private_json(layout.settings_file(service), environment)
    return environment


def migrate_service(layout: Layout, service: str, environment: Mapping[str, str]) -> None:
    """Migrate the service's database to the newest schema, with a log of its own; raises `DidNotStart`.

    It logs in as the owner of the tables, which the service itself cannot.
    """
    environment = {
        **environment,
        "ZVH_DATABASE_USER": owner_of(environment["ZVH_DATABASE_NAME"]),
        "ZVH_DATABASE_PASSWORD_FILE": str(layout.secrets(service).owner_password_file),
    }
    log = layout.log(f"{service}-migrate")
    command = [sys.executable, "-m", f"services.{service}", "migrate"]
    if run(command, log, environment=environment, working_directory=ROOT) != 0:
        raise DidNotStart(f"migrating {service}", log)


def environment_beside(layout: Layout, service: str, name: str) -> None:
    """Write the environment of another process of the service: the same, but for a port of its own."""
    environment: dict[str, str] = json.loads(layout.settings_file(service).read_text())
    own_port = {"ZVH_HTTP_PORT": str(layout.port(name))}
    write_private_json(layout.settings_file(name), environment | own_port)


def start_service(layout: Layout, name: str, launcher: Sequence[str] = ()) -> Process:
    """Start the service by `launcher`, if one is given, with its written environment; not ready on return.

    The name may end in a number: `intake-2`.
    """
    environment: dict[str, str] = json.loads(layout.settings_file(name).read_text())
    command = [sys.executable, "-m", *launcher, f"services.{name.partition('-')[0]}", "run"]
    return spawn(command, layout.log(name), environment=environment, working_directory=ROOT)


def start_issuer(directory: Path, url: str, *, certificate: Path, key: Path, log: Path) -> Process:
    """Start the issuer as a process of its own; not ready on return."""
    command: list[str | Path] = [sys.executable, "-m", "deploy.local.issuer", "--url", url]
    command += ["--directory", directory, "--certificate", certificate, "--key", key]
    return spawn(command, log, working_directory=Path(__file__).parents[2])


def wait_until_ready(url: str, ca_file: Path, started: Running, log: Path) -> None:
    """Wait until `url` answers 200; raises `DidNotStart` when the process ended, or after 60 s."""
    deadline = time.monotonic() + READY_WITHIN
    with client_for(ca_file) as client:
        while started.is_running() and time.monotonic() < deadline:
            try:
                if client.get(url).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise DidNotStart(log.stem, log)


def public_keys(url: str, ca_file: Path) -> dict[str, Any]:
    """Return the service's published keys (JWKS)."""
    with client_for(ca_file) as client:
        answer = client.get(f"{url}/.well-known/jwks.json").raise_for_status()
    keys: dict[str, Any] = answer.json()
    return keys


def client_for(ca_file: Path) -> httpx.Client:
    """Return a client that trusts this authority alone."""
    return httpx.Client(verify=ssl.create_default_context(cafile=str(ca_file)), timeout=5, trust_env=False)
