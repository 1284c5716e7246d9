"""Run `python -m tests.system.new_service.walk use | remove NAME DIRECTORY`, in a copy of the tree.

Prints JSON. `use` starts a house with the new service and has a party and its worker use it. `remove`, when
the service is out of the tree again, takes it off the servers and looks what is left; the house is gone then.
"""

import asyncio
import json
import shutil
import ssl
import sys
from concurrent.futures import Future
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import httpx
from confluent_kafka.admin import AdminClient
from rich.console import Console
from typer.testing import CliRunner

from deploy.local.environment import admin_connection
from deploy.local.house import House, start
from deploy.local.parties import parties_of
from deploy.local.postgres import Database
from deploy.machine.secrets import write_private_json
from deploy.provisioning.__main__ import app as provisioning
from deploy.provisioning.job import Passwords
from deploy.provisioning.provision import PATIENCE
from deploy.provisioning.removal import every_right
from deploy.provisioning.server import Server
from shared.contract.messages.governance import AuthorisationRevoked
from shared.ids import new_id
from tests.story import founding
from tests.story.people import People
from tests.story.telling import Telling
from tests.story.world import World

SIGNATORIES = parties_of("noord-limburg")[:1]
PARTY = SIGNATORIES[0].id


async def use(name: str, directory: Path) -> dict[str, Any]:
    """Return what the party and its worker were told."""
    house = start(directory, services=("retention", "governance", name), parties=SIGNATORIES)
    number = new_id()
    content = {"submission_id": number, "subject": "begin"}
    submission = getattr(import_module(f"shared.contract.messages.{name}"), f"{name.capitalize()}Submitted")
    registered = getattr(import_module(f"shared.contract.messages.{name}"), f"{name.capitalize()}Registered")
    async with httpx.AsyncClient(verify=_trusting(house.env), timeout=30) as client:
        telling = Telling(Console(quiet=True))
        world = World(house.env, telling, People(house.env, client, telling), {})
        await founding.record(world, SIGNATORIES)
        await founding.join(world, SIGNATORIES, without=(PARTY,))
        ready = await client.get(f"{house.env['services'][name]['base_url']}/readyz")
        async with world.connected(PARTY) as party:
            answer = await party.ask(submission(**content))
            again = await party.try_to_send(submission(**content))
            letter = await party.gets(registered)
        seen = await world.worker(PARTY).see(name, f"/submissions/{number}")
        not_seen = await world.people("manager-a").try_to_see(name, f"/submissions/{number}")
    return {
        "ready": ready.status_code,
        "answer": type(answer).__name__,
        "the same number again": again.name,
        "registered": letter.model_dump()["submission_id"] == number,
        "its worker sees": seen["subject"],
        "the manager is told": not_seen.name,
    }


async def remove(name: str, directory: Path) -> dict[str, Any]:
    """Return what is left of the service, and whether the others still answer."""
    house = House(directory)
    try:
        house.stop_one(name)
        before = await _left(house, name)
        await asyncio.to_thread(_remove_from_servers, house, name)
        for path in _files(house, name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        left = await _left(house, name)
        async with httpx.AsyncClient(verify=_trusting(house.env), timeout=30) as client:
            telling = Telling(Console(quiet=True))
            world = World(house.env, telling, People(house.env, client, telling), {})
            async with world.connected(PARTY) as party:
                told = await party.try_to_send(AuthorisationRevoked(authorisation_id=new_id()))
        return {"before": before, "left": left, "governance says": told.name}
    finally:
        house.reset()


def _remove_from_servers(house: House, name: str) -> None:
    """Remove it as an operator does, with the settings and the secrets of the provisioning job."""
    postgres, kafka = house.env["admin"]["postgres"], house.env["admin"]["kafka"]
    logins: dict[str, str] = {}
    secrets = Passwords(kafka["password"], postgres["password"], "", logins, logins, logins, logins)
    file = house.layout.directory / "provisioning.json"
    write_private_json(file, vars(secrets))
    settings = {
        "ZVH_DATABASE_HOST": postgres["host"],
        "ZVH_DATABASE_PORT": str(postgres["port"]),
        "ZVH_ENVIRONMENT": "local",
        "ZVH_DATABASE_TLS": "verify-full" if postgres["ca_file"] else "off",
        "ZVH_KAFKA_BOOTSTRAP": house.env["kafka"]["bootstrap"],
        "ZVH_CA_FILE": house.env["ca_file"],
        "ZVH_SECRETS_FILE": str(file),
    }
    removed = CliRunner().invoke(provisioning, ["remove-service", name], env=settings, catch_exceptions=False)
    assert removed.exit_code == 0, removed.output


async def _left(house: House, name: str) -> dict[str, int]:
    """Count what bears the service's name, by kind."""
    client = AdminClient(admin_connection(house.env).for_librdkafka())
    own = f"{house.env['topic_prefix']}.{name}."
    rights = [acl for acl in every_right(client) if name in acl.principal or own in acl.name]
    groups = client.list_consumer_groups().result(PATIENCE).valid
    logins = cast("Future[dict[str, Any]]", client.describe_user_scram_credentials()).result(PATIENCE)
    admin = Database(**house.env["admin"]["postgres"])
    ca_file = Path(admin.ca_file) if admin.ca_file else None
    connection = await Server(admin.host, admin.port, ca_file).connect(admin.password, admin.name)
    databases = await connection.fetch("SELECT FROM pg_database WHERE datname = $1", name)
    roles = await connection.fetch("SELECT FROM pg_roles WHERE rolname = $1", name)
    await connection.close()
    return {
        "topics": sum(topic.startswith(own) for topic in client.list_topics(timeout=PATIENCE).topics),
        "groups": sum(group.group_id.startswith(own) for group in groups),
        "rights": len(rights),
        "logins": sum(user == f"service-{name}" for user in logins),
        "databases": len(databases),
        "roles": len(roles),
        "files": len(_files(house, name)),
        "processes": sum(running == name for running in house.running()),
    }


def _files(house: House, name: str) -> list[Path]:
    directory = house.layout.directory
    logs = sorted((directory / "logs").glob(f"{name}*"))
    return [
        path for path in (directory / "services" / name, directory / "keys" / name, *logs) if path.exists()
    ]


def _trusting(env: dict[str, Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=env["ca_file"])


if __name__ == "__main__":
    doing = {"use": use, "remove": remove}[sys.argv[1]]
    print(json.dumps(asyncio.run(doing(sys.argv[2], Path(sys.argv[3])))))
