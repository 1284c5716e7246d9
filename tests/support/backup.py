"""Backups of the five databases and of the case keys, made and put back as `docs/operating.md` says."""

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from deploy.local.house import House
from deploy.local.postgres import PROGRAMS, Database, reached, run_sql
from deploy.local.services import ROOT
from deploy.machine.process import inherited
from deploy.provisioning.databases import owner_of
from services.retention.key_store import KeyStore
from shared.contract.content import SealedText
from shared.contract.registry import SERVICES


def sealed_pieces(house: House, case: str) -> list[SealedText]:
    """Of this case, in every service, as they lie in their rows."""
    asked = f"SELECT piece, sealed_by, encode(box, 'hex') FROM pieces WHERE case_id = '{case}'"  # noqa: S608
    databases = [Database(**house.env["admin"]["databases"][service]) for service in SERVICES]
    lines = [line.split("|") for database in databases for line in run_sql(database, asked).split()]
    return [SealedText(piece, by, bytes.fromhex(box)) for piece, by, box in lines]


def key_store_of(house: House) -> KeyStore:
    """The key authority's own directory, opened beside it; both take its lock."""
    root = house.layout.secrets("retention").root_key_file.read_text().strip()
    return KeyStore(_case_keys(house), base64.urlsafe_b64decode(root + "=="), house.env["house"])


def back_up(house: House, target: Path) -> None:
    """While everything runs: a dump of each database, and a copy of the case keys."""
    for service in SERVICES:
        own = Database(**house.env["admin"]["databases"][service])
        _postgres(own, "pg_dump", "--format=custom", f"--file={_dump(target, service)}")
    shutil.copytree(_case_keys(house), target / "cases")


def put_back(house: House, source: Path) -> None:
    """While the services are stopped. Of the keys all but the register of what was erased, which stays."""
    for service in SERVICES:
        options = ("--clean", "--if-exists", "--single-transaction")
        _postgres(_owner(house, service), "pg_restore", *options, str(_dump(source, service)))
        environment = json.loads(house.layout.settings_file(service).read_text())
        command = [sys.executable, "-m", f"services.{service}", "restored"]
        subprocess.run(command, check=True, env={**inherited(), **environment}, cwd=ROOT)  # noqa: S603
    register = _case_keys(house) / "erased"
    newest = register.read_bytes()
    shutil.rmtree(_case_keys(house))
    shutil.copytree(source / "cases", _case_keys(house))
    register.write_bytes(newest)


def _case_keys(house: House) -> Path:
    return house.layout.keys("retention") / "cases"


def _dump(directory: Path, service: str) -> Path:
    return directory / f"{service}.dump"


def _owner(house: House, service: str) -> Database:
    """The login that owns the tables, which a service does not have."""
    password = house.layout.secrets(service).owner_password_file.read_text()
    own = Database(**house.env["admin"]["databases"][service])
    return replace(own, user=owner_of(own.name), password=password)


def _postgres(own: Database, program: str, *options: str) -> None:
    environment = os.environ | {"PGPASSWORD": own.password}
    with reached(own) as there:
        place = [f"--host={there.host}", f"--port={there.port}"]
        place += [f"--username={there.user}", f"--dbname={there.name}"]
        subprocess.run([PROGRAMS / program, *place, *options], check=True, env=environment)  # noqa: S603
