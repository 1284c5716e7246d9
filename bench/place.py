"""Provide one broker and one database server for all runs, each with a clean part of them."""

import json
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bench.load import OutboxMessage, party_records
from deploy.local.environment import admin_connection
from deploy.local.house import KAFKA, POSTGRES, House, Step, start
from deploy.local.layout import Layout
from deploy.local.postgres import Database, Postgres, create_database, run_sql
from deploy.machine import process
from deploy.machine.process import Process
from deploy.provisioning.acls import service_user
from deploy.provisioning.databases import owner_of
from deploy.provisioning.provision import provision_parties, provision_services
from shared.clock import machine_now
from shared.contract.topics import Topics
from shared.crypto.house_keys import HouseKeys
from shared.runtime.settings import Settings, read_secret

SERVICE = "triage"
SEALED, PLAIN = "zvh", "plain"  # topic prefixes: bodies without cryptography stand on topics of their own
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Cpu:
    """Hold seconds of processor time so far."""

    consumer: float
    kafka: float
    postgres: float

    def since(self, earlier: "Cpu") -> "Cpu":
        return Cpu(
            self.consumer - earlier.consumer, self.kafka - earlier.kafka, self.postgres - earlier.postgres
        )


class TestBed:
    """Run the measured programs, one at a time, on a local house without services."""

    def __init__(self, directory: Path, step: Step) -> None:
        self.house: House = start(directory, services=[], step=step)
        self.layout: Layout = self.house.layout
        self.env: dict[str, Any] = self.house.env
        self.parties: list[str] = list(self.env["parties"])
        self._environment: dict[str, str] = json.loads(self.layout.settings_file(SERVICE).read_text())
        self._runs = 0
        self._admin = admin_connection(self.env)
        self._kafka = AdminClient(self._admin.for_librdkafka())
        self._provision_plain()
        self.parties_file = self.layout.directory / "party-records.json"
        records = [record.model_dump(mode="json") for record in party_records(self.env)]
        self.parties_file.write_text(json.dumps(records))

    def _provision_plain(self) -> None:
        """Make the same topics and rights a second time, under the other prefix."""
        password = self.layout.secrets(SERVICE).kafka_password_file.read_text()
        provision_services(self._admin, {service_user(SERVICE): password}, prefix=PLAIN)
        passwords = {party: self.env["parties"][party]["password"] for party in self.parties}
        provision_parties(self._admin, self.parties, prefix=PLAIN, passwords=passwords)

    @property
    def sealing_jwk(self) -> dict[str, str]:
        """Return the key that parties seal to, made here if the service has not run yet."""
        settings = self._settings(SEALED, SERVICE)
        keys = HouseKeys(settings.key_directory / "house", settings.root_key, machine_now)
        return next(jwk for jwk in keys.public() if jwk["use"] == "enc")

    # --- a clean database and clean topics --------------------------------------------------------

    @contextmanager
    def database(self, *, plain: bool) -> Iterator[Settings]:
        """Yield settings for an empty database of this run's own, and drop it afterwards."""
        self._runs += 1
        name = f"bench_{self._runs}"
        settings = self._settings(PLAIN if plain else SEALED, name)
        server = self.env["admin"]["postgres"]
        administration = Database(**server)
        postgres = Postgres(self._running(POSTGRES), administration, read_log=str)
        password = read_secret(settings.database_password_file)
        create_database(postgres, name, password, password)
        run_sql(administration, "CHECKPOINT")
        try:
            yield settings
        finally:
            run_sql(
                administration,
                f'DROP DATABASE "{name}" WITH (FORCE)',
                f'DROP ROLE "{name}", "{owner_of(name)}"',
            )

    def _settings(self, prefix: str, database: str) -> Settings:
        values: dict[str, Any] = {
            name.removeprefix("ZVH_").lower(): value for name, value in self._environment.items()
        }
        values |= {"topic_prefix": prefix, "database_name": database, "database_user": database}
        return Settings(**values)

    def fill(self, letters: Sequence[OutboxMessage], *, plain: bool) -> None:
        """Empty the parties' topics and put these messages on their outboxes; nothing consumes yet."""
        topics = Topics(PLAIN if plain else SEALED)
        outboxes = [topics.from_party(SERVICE, party) for party in self.parties]
        self._empty([*outboxes, *self._inboxes(plain=plain)])
        producer = Producer({**self._admin.for_librdkafka(), "batch.size": 65_536, "linger.ms": 5})
        for letter in letters:
            topic = topics.from_party(SERVICE, letter.party)
            producer.produce(topic, letter.body(plain=plain), letter.key, headers=list(letter.headers))
            producer.poll(0)
        assert producer.flush(60) == 0

    def _empty(self, topics: Sequence[str]) -> None:
        ends = self._ends(topics)
        gone = [TopicPartition(topic, 0, end) for topic, end in ends.items() if end]
        if gone:
            for future in self._kafka.delete_records(gone).values():
                future.result(30)

    def answers(self, *, plain: bool) -> int:
        """Count the records that have been on the parties' inboxes."""
        return sum(self._ends(self._inboxes(plain=plain)).values())

    def last_answer_at(self, *, plain: bool) -> float:
        """Return when the broker took the last of them (seconds since 1970)."""
        newest = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, 0): newest for topic in self._inboxes(plain=plain)}
        found = self._kafka.list_offsets(wanted).values()
        return float(max(future.result(30).timestamp for future in found)) / 1000

    def _inboxes(self, *, plain: bool) -> list[str]:
        topics = Topics(PLAIN if plain else SEALED)
        return [topics.to_party(party) for party in self.parties]

    def _ends(self, topics: Sequence[str]) -> dict[str, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        found = self._kafka.list_offsets({TopicPartition(topic, 0): latest for topic in topics})
        return {partition.topic: future.result(30).offset for partition, future in found.items()}

    # --- programs ---------------------------------------------------------------------------------

    @contextmanager
    def program(self, module: str, settings: Settings, arguments: Sequence[str | Path]) -> Iterator[Process]:
        """Run `python -m module` with these settings, and stop it at the end."""
        environment = dict(self._environment)
        environment |= {
            "ZVH_TOPIC_PREFIX": settings.topic_prefix,
            "ZVH_DATABASE_NAME": settings.database_name,
            "ZVH_DATABASE_USER": settings.database_user,
        }
        command: list[str | Path] = [sys.executable, "-m", module, *arguments]
        log = self.layout.log(module)
        started = process.spawn(command, log, environment=environment, working_directory=ROOT)
        try:
            yield started
        finally:
            process.stop(started, patience=15)

    def cpu(self, consumer: Process) -> Cpu:
        """Return the processor time of the program and both servers, with their children."""
        return Cpu(
            _family_time(consumer.pid),
            _family_time(self._running(KAFKA).pid),
            _family_time(self._running(POSTGRES).pid),
        )

    def _running(self, name: str) -> Process:
        found = self.house.running()[name]
        assert isinstance(found, Process), "measured on processes of this machine"
        return found

    @property
    def jwks_url(self) -> str:
        return f"{self.layout.url(SERVICE)}/.well-known/jwks.json"

    def service_is_ready(self) -> bool:
        """Ask whether the service and all it depends on are ready."""
        context = ssl.create_default_context(cafile=self.env["ca_file"])
        url = f"{self.layout.url(SERVICE)}/readyz"
        try:
            return httpx.get(url, verify=context, timeout=2).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Stop both servers and remove all of it."""
        self.house.reset()


def _family_time(pid: int) -> float:
    """Return the processor time of a process and all its children, in seconds."""
    parent = psutil.Process(pid)
    own = parent.cpu_times()
    total = float(own.user + own.system + own.children_user + own.children_system)
    for child in parent.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return total
