"""Have a house of the version before, and bring it to this one as an operator does, one service at a time."""

import io
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.environment import admin_connection
from deploy.local.house import House, kafka_passwords
from deploy.local.postgres import Database, run_sql
from deploy.local.services import migrate_service
from deploy.machine.process import inherited
from deploy.provisioning.provision import provision_parties, provision_services
from docs.generate.tree import ROOT
from shared.contract.registry import SERVICES

BEFORE = "6d4392f363dab727911aea604ca316101015c280"  # the commit of the version before this one
IN_ORDER = ("governance", "intake", "triage", "rto", "retention")
START = "from deploy.local import house; house.start(Path(sys.argv[1]), patience=5)"
BESIDE = "from deploy.local.house import House; House(Path(sys.argv[1])).start_beside([sys.argv[2]])"
PREFIX = "zvh"
WITHIN = 300  # seconds for one program of the version before


class NoSuchVersion(Exception):
    """Raised where the history does not hold the version before; the message says why."""


@dataclass(frozen=True, slots=True)
class Before:
    """Hold the tree of the version before; its programs run with it alone."""

    tree: Path

    def start_house(self, directory: Path) -> None:
        self._run("-c", f"import sys; from pathlib import Path; {START}", str(directory))

    def start_beside(self, directory: Path, service: str) -> str:
        """Start a process of that version beside the service; return its name."""
        self._run("-c", f"import sys; from pathlib import Path; {BESIDE}", str(directory), service)
        return f"{service}-2"

    def play(self, program: Path, *arguments: Path) -> None:
        self._run(*map(str, (program, *arguments)))

    def _run(self, *arguments: str) -> None:
        ran = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, *arguments],
            cwd=self.tree,
            env={**inherited(), "PYTHONPATH": str(self.tree)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN,
        )
        assert ran.returncode == 0, ran.stdout[-4000:]


def unpacked(directory: Path) -> Before:
    """Take the tree of the version before out of the history."""
    command = ["git", "archive", BEFORE]
    taken = subprocess.run(command, cwd=ROOT, capture_output=True)  # noqa: S603 - no word of it from outside
    if taken.returncode != 0:
        raise NoSuchVersion(f"the history here does not hold {BEFORE}")
    with tarfile.open(fileobj=io.BytesIO(taken.stdout)) as archive:
        archive.extractall(directory, filter="data")
    return Before(directory)


# --- one service after the other ---------------------------------------------------------------------


def provision(house: House) -> None:
    """Run provisioning again: this version has topics that the one before did not."""
    admin, env = admin_connection(house.env), house.env
    passwords = {party: own["password"] for party, own in env["parties"].items()}
    provision_services(admin, kafka_passwords(house.layout), prefix=PREFIX)
    provision_parties(admin, env["parties"], prefix=PREFIX, passwords=passwords)


def settings(house: House, service: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(house.layout.settings_file(service).read_text())
    return found


def migrate(house: House, service: str) -> None:
    migrate_service(house.layout, service, settings(house, service))


def replace(house: House, service: str) -> None:
    """Migrate, and replace the process of the version before by one of this version."""
    migrate(house, service)
    house.stop_one(service)
    house.start_one(service)


# --- what an operator sees ---------------------------------------------------------------------------


def held(house: House) -> dict[str, int]:
    """Return how many cases of each service are held for a fault."""
    return {
        service: int(run_sql(Database(**databases[service]), "SELECT count(*) FROM cases WHERE held"))
        for databases in (house.env["admin"]["databases"],)
        for service in SERVICES
    }


def verify_log(house: House, service: str) -> tuple[int, str]:
    """Verify the logs of a service, of which the version before wrote a part."""
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", f"services.{service}", "verify-log"],
        cwd=ROOT,
        env={**os.environ, **settings(house, service)},
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )
    return ran.returncode, ran.stdout
