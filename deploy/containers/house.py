"""Run a whole house in containers, from compose.yaml: for acceptance, demonstrations and tests."""

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import docker
import httpx

from deploy.containers import files
from deploy.containers.compose import Composition, Condition, read
from deploy.containers.images import KAFKA, POSTGRES, Step
from deploy.containers.project import Make, Project, made_by_docker
from deploy.local.environment import describe_house
from deploy.local.house import PATIENCE, kafka_passwords, make_people, named
from deploy.local.issuer import kept_signing_key
from deploy.local.layout import Layout, make_layout
from deploy.local.parties import kept_credentials, parties_of
from deploy.local.postgres import Database
from deploy.local.services import SOURCE, client_for
from deploy.machine.certificates import make_certificates
from deploy.machine.process import LOOPBACK
from deploy.machine.secrets import write_private_json
from deploy.provisioning.acls import service_user
from deploy.provisioning.broker import ADMIN
from deploy.provisioning.databases import SUPERUSER
from deploy.provisioning.job import Passwords
from shared.contract.registry import SERVICES
from shared.contract.topics import OPERATOR
from shared.kafka.connection import Connection

ISSUER = "https://issuer:8443"  # as the services reach it, and as it stands in tokens
CASE_KEYS = "/var/lib/zvh/keys/cases"  # in the volume of retention
TWO = "two"  # the profile of a second container of each service
ANSWERS_WITHIN = 60.0  # seconds


@dataclass(frozen=True)
class Prepared:
    """Hold a house's directory with all its secrets, and the variables that compose.yaml needs."""

    layout: Layout
    house: str
    prefix: str
    variables: Mapping[str, str]
    passwords: Passwords

    @property
    def composition(self) -> Composition:
        """Return compose.yaml with these variables filled in."""
        return read(files.COMPOSE_FILE.read_text(), self.variables)


def prepare(
    directory: Path,
    images: Mapping[str, str],
    *,
    name: str = "zvh",
    house: str = "noord-limburg",
    prefix: str = "zvh",
    patience: int = PATIENCE,
    tls: bool = True,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Prepared:
    """Write all secrets and settings, once; existing ones are kept.

    `images`: tags by name. `name`: the composition's. `patience`: seconds that a message is deferred at most.
    `tls`: whether the image of PostgreSQL has TLS (`images.with_tls`).
    `more`: variables of compose.yaml that have a default there.
    """
    layout = make_layout(directory)
    layout.clock_file.parent.chmod(0o755)
    layout.clock_file.chmod(0o644)
    parties = parties_of(house)
    certificates = make_certificates(layout.certificates, "zvh")
    credentials = kept_credentials(layout.parties_file, parties)
    secrets = {service: layout.secrets(service) for service in SERVICES}
    make_people(layout, parties)
    kept_signing_key(layout.issuer)
    kafka = files.write_for_kafka(layout.directory, certificates.of(KAFKA), layout.port(KAFKA))
    logins = kafka_passwords(layout)
    passwords = Passwords(
        kafka_admin=kafka,
        database_admin=files.write_for_postgres(layout.directory, certificates.of(POSTGRES), tls=tls),
        operator=logins[OPERATOR],
        databases={service: secrets[service].database_password_file.read_text() for service in SERVICES},
        owners={service: secrets[service].owner_password_file.read_text() for service in SERVICES},
        services={service: logins[service_user(service)] for service in SERVICES},
        parties={party: kept["password"] for party, kept in credentials.items()},
    )
    files.write_for_provisioning(layout.directory, passwords)
    for part in ("issuer", *SERVICES):
        own_files = certificates.of(part)
        files.make_mountable(layout.certificates, [own_files.certificate_file, own_files.key_file])
    files.make_mountable(layout.issuer, list(layout.issuer.glob("*.json")))
    for own in secrets.values():
        files.make_mountable(own.root_key_file.parent, list(vars(own).values()))
    ports = {f"ZVH_PORT_{part.upper()}": layout.port(part) for part in (KAFKA, POSTGRES, "issuer", *SERVICES)}
    variables = {
        "COMPOSE_PROJECT_NAME": name,
        "ZVH_DIRECTORY": layout.directory,
        "ZVH_HOUSE": house,
        "ZVH_SOURCE": SOURCE,
        "ZVH_TOPIC_PREFIX": prefix,
        "ZVH_PATIENCE": patience,
        "ZVH_DATABASE_TLS": "verify-full" if tls else "off",
        **ports,
        **more,
        **{f"ZVH_IMAGE_{image.upper()}": tag for image, tag in images.items()},
    }
    made = Prepared(layout, house, prefix, {key: str(value) for key, value in variables.items()}, passwords)
    files.write_variables(layout.directory / "compose.env", made.variables)
    return made


class ContainedHouse:
    """Control the containers of a prepared house, by the names of their parts in compose.yaml."""

    def __init__(self, client: docker.DockerClient, prepared: Prepared, make: Make = made_by_docker) -> None:
        self.prepared = prepared
        self.project = Project(client, prepared.composition, make)

    @property
    def env(self) -> dict[str, Any]:
        """Return env.json: everything that connectors, people and tests need."""
        content: dict[str, Any] = json.loads(self.prepared.layout.environment_file.read_text())
        return content

    def up(self, step: Step = nullcontext) -> None:
        """Start and provision everything; raises `StepFailed`."""
        self.project.up(step=lambda name: named(step, name))
        with named(step, "env.json"):
            layout = self.prepared.layout
            _wait_until_issuer_answers(layout.url("issuer"), layout.certificates / "ca.pem")
            self.describe()

    def start_beside(self, step: Step = nullcontext) -> None:
        """Start a second container of each service; ready on return."""
        self.project.up(self.project.composition.of_profile(TWO), step=lambda name: named(step, name))

    def kill(self, name: str) -> None:
        """Send SIGKILL to everything in this container; it is not restarted."""
        container = self.project.container(name)
        container.kill()
        container.wait()

    def replace(self, name: str) -> None:
        """Replace the container by a new one, ready on return; only its volumes are kept."""
        self.project.replace(name)
        self.project.wait_for(name, Condition.HEALTHY)

    def down(self) -> None:
        """Remove containers and network; volumes and secrets stay for the next `up`."""
        self.project.down()

    def reset(self) -> None:
        """Remove containers, network, volumes and directory."""
        self.project.remove()
        shutil.rmtree(self.prepared.layout.directory)

    def describe(self) -> None:
        """Write env.json; the services must answer, as it holds their public keys."""
        made, layout, passwords = self.prepared, self.prepared.layout, self.prepared.passwords
        ca_file = layout.certificates / "ca.pem"
        parties = parties_of(made.house)
        server = Database(
            LOOPBACK,
            layout.port(POSTGRES),
            SUPERUSER,
            SUPERUSER,
            passwords.database_admin,
            None if made.variables["ZVH_DATABASE_TLS"] == "off" else str(ca_file),
        )
        described = describe_house(
            layout,
            house=made.house,
            prefix=made.prefix,
            services=SERVICES,
            parties=parties,
            credentials=kept_credentials(layout.parties_file, parties),
            people=json.loads((layout.issuer / "people.json").read_text()),
            kafka=Connection(f"{LOOPBACK}:{layout.port(KAFKA)}", ca_file, ADMIN, passwords.kafka_admin),
            postgres=server,
            databases={
                service: replace(server, name=service, user=service, password=passwords.databases[service])
                for service in SERVICES
            },
            issuer=ISSUER,
            case_keys={"container": f"{self.project.name}-retention", "directory": CASE_KEYS},
        )
        write_private_json(layout.environment_file, described)


def _wait_until_issuer_answers(url: str, ca_file: Path) -> None:
    deadline = time.monotonic() + ANSWERS_WITHIN
    with client_for(ca_file) as client:
        while True:
            try:
                client.get(f"{url}/.well-known/openid-configuration").raise_for_status()
                return
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
