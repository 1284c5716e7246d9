"""`python -m deploy.story.found`: make the thirty signatories party in a house that is up, ready for use."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from deploy.local.parties import parties_of
from deploy.story import founding
from deploy.story.telling import Telling
from deploy.story.world import World, world
from shared.ids import new_id
from shared.parties import Scope

HOUSE = Path(".local/env.json")


async def found(here: World) -> None:
    """Signatures, keys and accepted authorisations for everybody; what is done already is left as it is."""
    signatories = parties_of(here.house["house"])
    secretary = here.people("secretary-a")
    if any(party["member_from"] for party in await secretary.see("governance", "/parties")):
        return
    await founding.record(here, signatories)
    await founding.announce_keys(here, [signatory.id for signatory in signatories])
    for signatory in signatories:
        authorisation = new_id()
        body = {
            "authorisation_id": authorisation,
            "acting_body": signatory.acting_bodies[0],
            "scopes": [scope.value for scope in Scope],
        }
        worker = here.people(f"worker-{signatory.id}")
        await worker.do("governance", f"/parties/{signatory.id}/authorisations", body)
        await founding.accept(here, signatory.id, authorisation)


async def main(house: dict[str, Any]) -> None:
    """On the house of `make up`."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    console = Console(highlight=False, soft_wrap=True)
    async with world(house, Telling(console)) as here:
        await found(here)
    console.print("thirty parties have signed, announced their keys and authorised the process directors")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(HOUSE.read_text()))))
