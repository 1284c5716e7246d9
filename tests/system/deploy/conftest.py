"""Start a real Kafka, once for this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import Kafka
from deploy.machine.certificates import Certificates, make_certificates
from deploy.provisioning.acls import service_user
from deploy.provisioning.provision import provision_parties, provision_services
from shared.contract.registry import SERVICES
from shared.contract.topics import OPERATOR
from shared.kafka.connection import Connection
from tests.support.containers import chosen

SERVERS = chosen().servers
PREFIX = "zvh"
PARTIES = ("politie", "politie-limburg", "gemeente-venlo")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), "test")


@pytest.fixture(scope="session")
def kafka_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture(scope="session")
def kafka(kafka_directory: Path, certificates: Certificates) -> Iterator[Kafka]:
    started = SERVERS.start_kafka(kafka_directory, certificates, kafka_directory / "kafka.log")
    yield started
    started.stop()
    SERVERS.remove_kafka(kafka_directory)


@pytest.fixture(scope="session")
def logins(kafka: Kafka) -> dict[str, Connection]:
    """Return a working login for every service, the operator and three parties."""
    house = {user: f"password-of-{user}" for user in [*map(service_user, SERVICES), OPERATOR]}
    provision_services(kafka.connection, house, prefix=PREFIX)
    parties = provision_parties(kafka.connection, PARTIES, prefix=PREFIX)
    return {user: kafka.connection.as_user(user, password) for user, password in {**house, **parties}.items()}
