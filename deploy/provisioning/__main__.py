"""Run `python -m deploy.provisioning make | remove-ended | remove-service`: provision, or revoke.

`make` is for a job: its settings stand in the environment, its secrets in a file.
"""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.provisioning.broker import ADMIN
from deploy.provisioning.job import provision_broker, provision_databases, read_passwords
from deploy.provisioning.provision import remove_party_access
from deploy.provisioning.quotas import DEFAULT, Quotas
from deploy.provisioning.register import ended, recorded_parties
from deploy.provisioning.removal import StillAService, check_removed, remove_database, remove_from_broker
from deploy.provisioning.server import Server
from shared.kafka.connection import Connection

NEEDED = ("ZVH_DATABASE_HOST", "ZVH_KAFKA_BOOTSTRAP", "ZVH_CA_FILE", "ZVH_SECRETS_FILE")

app = typer.Typer(add_completion=False, help="Topics, logins, rights and databases.")


@app.command()
def make() -> None:
    """Provision databases, topics, logins and rights; idempotent. Exits with 2 when a setting is missing."""
    server, bootstrap, ca_file, secrets_file, prefix = _settings()
    passwords = read_passwords(Path(secrets_file))
    asyncio.run(provision_databases(server, passwords))
    typer.echo(f"databases: {', '.join(passwords.databases)}")
    provision_broker(bootstrap, Path(ca_file), prefix, passwords, _quotas())
    typer.echo(
        f"topics, logins and rights of {len(passwords.services)} services, {len(passwords.parties)} parties"
    )


@app.command()
def remove_service(
    name: Annotated[str, typer.Argument(help="A service that the registry names no more")],
) -> None:
    """Delete its topics, groups, rights, logins and database; settings as for `make`."""
    server, bootstrap, ca_file, secrets_file, prefix = _settings()
    try:
        check_removed(name)
    except StillAService:
        typer.echo(f"{name} is a service: take it out of shared/contract/registry.py first", err=True)
        raise typer.Exit(2) from None
    passwords = read_passwords(Path(secrets_file))
    admin = Connection(bootstrap, Path(ca_file), ADMIN, passwords.kafka_admin)
    for gone in remove_from_broker(admin, name, prefix=prefix):
        typer.echo(f"removed {gone}")
    asyncio.run(remove_database(server, passwords.database_admin, name))
    typer.echo(f"removed database {name}")


def _settings() -> tuple[Server, str, str, str, str]:
    """Return the database's server, bootstrap, CA file, secrets file and prefix; ends with 2 without one."""
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        typer.echo(f"not set: {', '.join(missing)}", err=True)
        raise typer.Exit(2)
    host, bootstrap, ca_file, secrets_file = (os.environ[name] for name in NEEDED)
    port = int(os.environ.get("ZVH_DATABASE_PORT", "5432"))
    server = Server(host, port, Path(ca_file) if _over_tls() else None)
    return server, bootstrap, ca_file, secrets_file, os.environ.get("ZVH_TOPIC_PREFIX", "zvh")


def _over_tls() -> bool:
    """Tell whether PostgreSQL is reached over TLS, as a service does; ends with 2 as a service would."""
    tls = os.environ.get("ZVH_DATABASE_TLS", "verify-full")
    if tls not in ("verify-full", "off"):
        typer.echo("ZVH_DATABASE_TLS is verify-full or off", err=True)
        raise typer.Exit(2)
    if tls == "off" and os.environ.get("ZVH_ENVIRONMENT") != "local":
        typer.echo("ZVH_DATABASE_TLS: may be off in a local environment alone: remove it", err=True)
        raise typer.Exit(2)
    return tls != "off"


def _quotas() -> Quotas:
    """Return the quotas of a party; ends with 2 when one is no number above zero."""
    try:
        given = {
            name: int(text)
            for name in DEFAULT.__slots__
            if (text := os.environ.get(f"ZVH_QUOTA_{name.upper()}"))
        }
    except ValueError:
        given = {"": 0}
    if not all(value > 0 for value in given.values()):
        typer.echo("ZVH_QUOTA_WRITTEN, _READ, _TIME and _CONNECTIONS are whole numbers above zero", err=True)
        raise typer.Exit(2)
    return replace(DEFAULT, **given)


@app.command()
def remove_ended(
    bootstrap: Annotated[str, typer.Option(help="The broker")],
    ca_file: Annotated[Path, typer.Option(help="Certificate the broker is known by")],
    password_file: Annotated[Path, typer.Option(help="File with the password of that login")],
    user: Annotated[str, typer.Option(help="Login that may alter rights and read the register")] = "admin",
    prefix: Annotated[str, typer.Option(help="Topic prefix")] = "zvh",
) -> None:
    """Remove the rights and the login of every party whose membership has ended (R115); idempotent.

    Ends with 1 when a party's last record cannot be read: whether it has ended is not known then.
    """
    admin = Connection(bootstrap, ca_file, user, password_file.read_text().strip())
    records = recorded_parties(admin, prefix)
    for party in ended(records, datetime.now(UTC)):
        removed = remove_party_access(admin, party)
        typer.echo(f"{party}: " + ("rights and login removed" if removed else "had none"))
    if unknown := sorted(party for party, record in records.items() if record is None):
        typer.echo(f"unreadable, to be published anew by governance: {', '.join(unknown)}", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
