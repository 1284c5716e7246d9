"""Provision everything that must exist before a service can start, in one idempotent run.

Databases with their logins; topics, logins and rights of the services and of the parties.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.provisioning.acls import service_user
from deploy.provisioning.broker import ADMIN
from deploy.provisioning.databases import (
    CLOSING_SHARED_ONES,
    NAMES,
    closing,
    creating,
    handing_over,
)
from deploy.provisioning.provision import provision_parties, provision_services
from deploy.provisioning.quotas import DEFAULT, Quotas
from deploy.provisioning.server import Server
from shared.contract.topics import OPERATOR
from shared.kafka.connection import Connection

PATIENCE = 60.0  # seconds for a server that is on its way


@dataclass(frozen=True)
class Passwords:
    """Hold all passwords that the job needs; read from one file.

    `databases` are those of the services' own logins by database, `owners` those that migrations log in with.
    """

    kafka_admin: str = field(repr=False)
    database_admin: str = field(repr=False)
    operator: str = field(repr=False)
    databases: Mapping[str, str] = field(repr=False)
    owners: Mapping[str, str] = field(repr=False)
    services: Mapping[str, str] = field(repr=False)
    parties: Mapping[str, str] = field(repr=False)


def read_passwords(file: Path) -> Passwords:
    """Read them from JSON with the names of the fields."""
    return Passwords(**json.loads(file.read_text()))


def provision_broker(
    bootstrap: str, ca_file: Path, prefix: str, passwords: Passwords, quotas: Quotas = DEFAULT
) -> None:
    """Create topics, logins, rights and quotas."""
    admin = Connection(bootstrap, ca_file, ADMIN, passwords.kafka_admin)
    logins = {service_user(service): password for service, password in passwords.services.items()}
    provision_services(admin, {**logins, OPERATOR: passwords.operator}, prefix=prefix, quotas=quotas)
    provision_parties(admin, list(passwords.parties), prefix=prefix, passwords=passwords.parties)


async def provision_databases(server: Server, passwords: Passwords) -> None:
    """Create a database per service, its owner and its login, each closed to the others."""
    administration = await _connected(server, passwords.database_admin)
    try:
        await _ask(administration, *CLOSING_SHARED_ONES)
        present = {row["datname"] for row in await administration.fetch(NAMES)}
        for name, password in passwords.databases.items():
            if name not in present:
                await _ask(administration, *creating(name))
            await _ask(administration, *closing(name, password, passwords.owners[name]))
    finally:
        await administration.close()
    for name in passwords.databases:
        inside = await _connected(server, passwords.database_admin, name)
        try:
            await _ask(inside, *handing_over(name))
        finally:
            await inside.close()


async def _ask(connection: Any, *statements: str) -> None:
    for statement in statements:
        await connection.execute(statement)


async def _connected(server: Server, password: str, *database: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await server.connect(password, *database)
        except ssl.SSLCertVerificationError:
            raise  # it is there, and the house has not certified it
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
