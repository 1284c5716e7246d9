"""Start, stop and recall a whole house on one machine, for people (`python -m deploy.local`) and tests."""

import fcntl
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from deploy.local.accounts import end_all
from deploy.local.environment import describe_house
from deploy.local.issuer import write_people
from deploy.local.kafka import Kafka
from deploy.local.layout import Layout, make_layout
from deploy.local.parties import Party, kept_credentials, parties_of
from deploy.local.people import demonstration_people
from deploy.local.places import link_of
from deploy.local.postgres import Database, Postgres, account_of, create_database
from deploy.local.reasons import Refused, reason_of, refuse_full, refuse_unusable
from deploy.local.servers import EMBEDDED, Servers
from deploy.local.services import (
    environment_beside,
    migrate_service,
    service_environment,
    start_issuer,
    start_service,
    wait_until_ready,
)
from deploy.machine import process
from deploy.machine.certificates import Certificates, make_certificates
from deploy.machine.process import Process, Running, exit_code
from deploy.machine.running import recall, record_of
from deploy.machine.secrets import new_password, write_private_json
from deploy.provisioning.acls import service_user
from deploy.provisioning.provision import provision_parties, provision_services
from shared.contract.registry import SERVICES
from shared.contract.topics import OPERATOR

PATIENCE = 15  # seconds a message waits here for a fact that may still come; in earnest it is a minute
KAFKA, POSTGRES, ISSUER = "kafka", "postgres", "issuer"
SERVERS = (KAFKA, POSTGRES, ISSUER)

Step = Callable[[str], AbstractContextManager[Any]]
"""Called with the name of each step; the step happens inside."""


class AlreadyUp(Exception):
    """Raised when the house in this directory runs; `down` stops it."""


class StepFailed(Exception):
    """Raised with the step that failed, and in one line why and what to do."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")


class House:
    """Control a house's processes, by the names kafka, postgres, issuer and those of the services.

    All it knows lies in its directory, so that another process can take it over.
    """

    def __init__(self, directory: Path, servers: Servers = EMBEDDED, launcher: Sequence[str] = ()) -> None:
        self.layout: Layout = make_layout(directory)
        self.servers, self.launcher = servers, launcher
        self._record = threading.Lock()

    @property
    def env(self) -> dict[str, Any]:
        """Return env.json: everything that connectors, people and tests need."""
        content: dict[str, Any] = json.loads(self.layout.environment_file.read_text())
        return content

    def running(self) -> dict[str, Running]:
        """Return those of our processes and containers that are alive, by name."""
        return {name: started for name, started in self._recorded().items() if started.is_running()}

    def ended(self) -> dict[str, int | None]:
        """Return the exit codes, None where unknown, of those that are not alive."""
        running = self.running()
        return {
            name: exit_code(started) if isinstance(started, Process) else None
            for name, started in self._recorded().items()
            if name not in running
        }

    def start_one(self, name: str) -> Running:
        """Start (again) on the same port with the same data and environment; ready on return."""
        if name in self.running():
            raise AlreadyUp(name)
        match name:
            case "kafka":
                return self._start_kafka().process
            case "postgres":
                return self._start_postgres().process
            case "issuer":
                return self._start_issuer()
            case _:
                return self._start_services([name])[0]

    def start_beside(self, services: Iterable[str], number: int = 2) -> list[str]:
        """Start one more process of each service, on the same data; return the names of these."""
        names = {f"{service}-{number}": service for service in services}
        for name, service in names.items():
            environment_beside(self.layout, service, name)
        self._start_services(names)
        return list(names)

    def stop_one(self, name: str) -> None:
        """Stop it by SIGTERM; PostgreSQL by SIGINT, its fast shutdown."""
        number = signal.SIGINT if name == POSTGRES else signal.SIGTERM
        if started := self.running().get(name):
            started.stop(number)

    def kill(self, name: str) -> None:
        """Kill it by SIGKILL."""
        self.running()[name].kill()

    def freeze(self, name: str) -> None:
        """Suspend it by SIGSTOP: alive, with its connections and locks, but doing nothing."""
        self.running()[name].freeze()

    def thaw(self, name: str) -> None:
        """Resume it by SIGCONT."""
        self.running()[name].thaw()

    def places(self, target: Path) -> list[Path]:
        """Return every directory with files of this house; what lies elsewhere is copied into `target`."""
        for started in self.running().values():
            started.export(target)
        elsewhere = link_of(self.layout.postgres)
        return [self.layout.directory, target, *([elsewhere.readlink()] if elsewhere.is_symlink() else [])]

    def stop(self) -> None:
        """Stop services first, then the servers, then what a killed start has not recorded."""
        running = self.running()
        for names in ([name for name in running if name not in SERVERS], SERVERS):
            _at_once(self.stop_one, names)
        for stray in process.strays(self.layout.logs):
            stray.kill()
        end_all(account_of(self.layout.postgres))
        self.layout.processes_file.unlink(missing_ok=True)
        self.layout.starting_file.unlink(missing_ok=True)

    def remove_servers(self) -> None:
        """Remove Kafka's and PostgreSQL's data, which is all that the house has outside its directory."""
        self.servers.remove_kafka(self.layout.kafka)
        self.servers.remove_postgres(self.layout.postgres)

    def reset(self) -> None:
        """Stop, and remove everything; a signal meanwhile is heard after it."""
        with process.uninterrupted():
            self.stop()
            self.remove_servers()
            shutil.rmtree(self.layout.directory)

    def certificates(self) -> Certificates:
        """Return the certificates of this house, of one authority: each service and server has its own."""
        return make_certificates(self.layout.certificates, "zvh")

    def _start_kafka(self) -> Kafka:
        kafka = self.servers.start_kafka(
            self.layout.kafka, self.certificates().of(KAFKA), self.layout.log(KAFKA)
        )
        self._note(KAFKA, kafka.process)
        return kafka

    def _start_postgres(self) -> Postgres:
        postgres = self.servers.start_postgres(
            self.layout.postgres, self.certificates().of(POSTGRES), self.layout.log(POSTGRES)
        )
        self._note(POSTGRES, postgres.process)
        return postgres

    def _start_issuer(self) -> Process:
        files, url, log = self.certificates().of(ISSUER), self.layout.url(ISSUER), self.layout.log(ISSUER)
        started = start_issuer(
            self.layout.issuer,
            url,
            certificate=files.certificate_file,
            key=files.key_file,
            log=log,
        )
        self._note(ISSUER, started)
        wait_until_ready(f"{url}/.well-known/openid-configuration", files.ca_file, started, log)
        return started

    def _start_services(self, names: Iterable[str]) -> list[Process]:
        started = {name: start_service(self.layout, name, self.launcher) for name in names}
        for name, child in started.items():
            self._note(name, child)
        ca_file = self.certificates().ca_file
        for name, child in started.items():
            url = f"{self.layout.url(name)}/readyz"
            wait_until_ready(url, ca_file, child, self.layout.log(name))
        return list(started.values())

    def _recorded(self) -> dict[str, Running]:
        file = self.layout.processes_file
        content = json.loads(file.read_text()) if file.exists() else {}
        return {name: recall(entry) for name, entry in content.items()}

    def _note(self, name: str, started: Running) -> None:
        with self._record:
            recorded = self._recorded() | {name: started}
            content = {known: record_of(child) for known, child in recorded.items()}
            write_private_json(self.layout.processes_file, content)


def start(
    directory: Path,
    *,
    services: Sequence[str] = SERVICES,
    parties: Sequence[Party] | None = None,
    house: str = "noord-limburg",
    prefix: str = "zvh",
    patience: int = PATIENCE,
    step: Step = nullcontext,
    servers: Servers = EMBEDDED,
    launcher: Sequence[str] = (),
) -> House:
    """Start and provision everything; on failure stop everything and raise `StepFailed`.

    `services`: a part of the five, or none. `parties`: the house's unless given. `patience`: how many seconds
    a message is deferred at most, until a fact it needs is known. `launcher`: the module, and its arguments,
    that runs each service instead of Python alone; the fault tests have one.
    """
    with named(nullcontext, "its directory"):
        refuse_unusable(directory.resolve())
        made = House(directory, servers, launcher)
    with _alone(made):
        began_before = made.layout.starting_file.exists()
        if not began_before and (running := made.running()):
            raise AlreadyUp(", ".join(running))
        known = made.layout.environment_file.exists()
        try:
            with named(nullcontext, "its place"):
                made.stop()  # what a start left that was killed
                made.layout.starting_file.touch()
                refuse_full(made.layout.directory)
                for port in made.layout.ports().values():
                    process.refuse_taken(port)
            _bring_up(
                made,
                services,
                parties_of(house) if parties is None else parties,
                house,
                prefix,
                patience,
                step,
            )
            made.layout.starting_file.unlink()
        except BaseException:
            _give_up(made, known=known)
            raise
    return made


@contextmanager
def _alone(house: House) -> Iterator[None]:
    """Lock the house's directory; raises `StepFailed` when it is locked. A killed holder frees the lock."""
    number = os.open(house.layout.directory, os.O_RDONLY)
    try:
        with named(nullcontext, "its directory"):
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused("somebody is starting this house: wait, or end that") from None
        yield
    finally:
        os.close(number)


def _give_up(house: House, *, known: bool) -> None:
    """Stop everything; of a house that never was up only what lies in its directory stays, to look into."""
    with suppress(OSError, Refused):  # the reason to give up may be that nothing can be written
        house.stop()
        if not known:
            house.remove_servers()


def _bring_up(
    house: House,
    services: Sequence[str],
    parties: Sequence[Party],
    name: str,
    prefix: str,
    patience: int,
    step: Step,
) -> None:
    layout = house.layout
    with named(step, "certificates"):
        certificates = house.certificates()
    with named(step, "Kafka and PostgreSQL"), ThreadPoolExecutor(2) as pool:
        starting = pool.submit(house._start_kafka), pool.submit(house._start_postgres)
        kafka, postgres = starting[0].result(), starting[1].result()
    admin = kafka.connection
    with named(step, "databases"):
        databases: dict[str, Database] = {one: _database(layout, postgres, one) for one in SERVICES}
        environments: dict[str, dict[str, str]] = {
            service: service_environment(
                layout,
                service,
                house=name,
                prefix=prefix,
                database=databases[service],
                kafka=admin,
                certificates=certificates.of(service),
                patience=patience,
            )
            for service in SERVICES
        }
    with named(step, "migrations"):
        _at_once(lambda service: migrate_service(layout, service, environments[service]), services)
    with named(step, "topics, logins and rights of the services"):
        provision_services(admin, kafka_passwords(layout), prefix=prefix)
    with named(step, "issuer"):
        people = make_people(layout, parties)
        house._start_issuer()
    with named(step, "services"):
        house._start_services(services)
    with named(step, f"topics, logins and rights of {len(parties)} parties"):
        credentials = kept_credentials(layout.parties_file, parties)
        passwords = {party: kept["password"] for party, kept in credentials.items()}
        provision_parties(admin, [party.id for party in parties], prefix=prefix, passwords=passwords)
    with named(step, "env.json"):
        described = describe_house(
            layout,
            house=name,
            prefix=prefix,
            services=services,
            parties=parties,
            credentials=credentials,
            people=people,
            kafka=admin,
            postgres=postgres.administration,
            databases=databases,
        )
        write_private_json(layout.environment_file, described)


@contextmanager
def named(step: Step, name: str) -> Iterator[None]:
    """Run a step, and raise every failure as `StepFailed` with the step's name."""
    try:
        with step(name):
            yield
    except Exception as failed:
        raise StepFailed(name, reason_of(failed)) from failed


def _at_once(work: Callable[[str], None], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, name) for name in names]:
            done.result()


def _database(layout: Layout, postgres: Postgres, service: str) -> Database:
    secrets = layout.secrets(service)
    password, owner_password = secrets.database_password_file, secrets.owner_password_file
    return create_database(postgres, service, password.read_text(), owner_password.read_text()).service


def kafka_passwords(layout: Layout) -> dict[str, str]:
    services = {
        service_user(service): layout.secrets(service).kafka_password_file.read_text() for service in SERVICES
    }
    return {**services, OPERATOR: layout.operator_password()}


def make_people(layout: Layout, parties: Sequence[Party]) -> dict[str, Any]:
    """Write people, who keep their passwords, and the five services as clients; return the people."""
    file = layout.issuer / "people.json"
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    people = {
        person.username: {
            "password": kept.get(person.username, {}).get("password") or new_password(),
            "roles": list(person.roles),
            "party": person.party,
            "name": person.name,
        }
        for person in demonstration_people((party.id, party.name) for party in parties)
    }
    clients = {
        service_user(service): {
            "password": layout.secrets(service).client_secret_file.read_text(),
            "service": service,
        }
        for service in SERVICES
    }
    write_people(layout.issuer, people, clients)
    return people
