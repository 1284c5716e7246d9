"""Write the files that a composition mounts: secrets, and the configuration of the two servers.

A container's user is another than ours, so a mounted file has to be readable for all; it lies in a directory
that only its owner can enter, so on this machine nobody else reaches it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from deploy.local.kafka import new_cluster_id
from deploy.machine.certificates import Certificates
from deploy.machine.process import LOOPBACK
from deploy.machine.secrets import kept_password, private_directory, write_private
from deploy.provisioning.broker import administrator, broker_properties
from deploy.provisioning.databases import KeyPair, access_rules, server_configuration
from deploy.provisioning.job import Passwords

COMPOSE_FILE = Path(__file__).parents[1] / "compose.yaml"
SECRETS = PurePosixPath("/run/secrets")
SOCKETS = "/var/run/postgresql"
# compose.yaml copies the key to where PostgreSQL owns it: one that others may read it refuses
POSTGRES_OWN = KeyPair(SECRETS / "server.pem", PurePosixPath(SOCKETS) / "server-key.pem")


def write_for_kafka(directory: Path, certificates: Certificates, port: int) -> str:
    """Write `directory`/kafka and return the administrator's password.

    `port` is where clients on this machine reach the broker.
    """
    own = private_directory(directory / "kafka")
    password = kept_password(own / "password")
    properties = broker_properties(
        listeners={
            "INSIDE": ("0.0.0.0:9092", "kafka:9092"),
            "OUTSIDE": ("0.0.0.0:9093", f"{LOOPBACK}:{port}"),
        },
        controller="127.0.0.1:9094",
        data=PurePosixPath("/var/lib/kafka/data"),
        keystore=SECRETS / "server-all.pem",
        truststore=SECRETS / "ca.pem",
        password=password,
    )
    _write(own / "server.properties", properties)
    if not (own / "format.arguments").exists():
        _write(own / "format.arguments", _format_arguments(new_cluster_id(), password))
    _mount(certificates.ca_file, certificates.key_and_certificates_file)
    return password


def _format_arguments(cluster: str, password: str) -> str:
    """Return the arguments in the form of a file: a password on a command line is for all to see."""
    arguments = ["-cp", "/opt/kafka/libs/*", "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    arguments += ["-t", cluster, "-c", str(SECRETS / "server.properties")]
    arguments += ["--add-scram", administrator(password)]
    return "".join(f'"{argument}"\n' for argument in arguments)


def write_for_postgres(directory: Path, certificates: Certificates, *, tls: bool) -> str:
    """Write `directory`/postgres and return the superuser's password; every connection needs one.

    `tls`: whether the image's server has TLS; where it has, it is reached over the network in no other way.
    """
    own = private_directory(directory / "postgres")
    password = kept_password(own / "password")
    _mount(own / "password")
    configuration = server_configuration(
        addresses="*", port=5432, sockets=SOCKETS, own=POSTGRES_OWN if tls else None
    )
    _write(own / "postgresql.conf", configuration)
    _write(own / "pg_hba.conf", access_rules(over_tls=tls))
    _mount(certificates.certificate_file, certificates.key_file)
    return password


def write_for_provisioning(directory: Path, passwords: Passwords) -> None:
    """Write `directory`/provisioning: the passwords that the provisioning job needs."""
    _write(private_directory(directory / "provisioning") / "secrets.json", json.dumps(vars(passwords)))


def make_mountable(directory: Path, files: Sequence[Path]) -> None:
    """Make secret files readable for a container's user; `directory` keeps everybody else out."""
    private_directory(directory).chmod(0o700)
    _mount(*files)


def write_variables(file: Path, variables: Mapping[str, str]) -> None:
    """Write the variables that compose reads with `--env-file`; no secrets."""
    write_private(file, "".join(f"{name}={value}\n" for name, value in variables.items()))


def _write(file: Path, content: str) -> None:
    write_private(file, content)
    _mount(file)


def _mount(*files: Path) -> None:
    for file in files:
        file.chmod(0o444)
