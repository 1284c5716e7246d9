"""Run `python -m tests.story.found [ENV_FILE]`: make the thirty signatories party in a running house."""

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from deploy.local.parties import parties_of
from tests.story import founding
from tests.story.telling import Telling
from tests.story.world import World, world

HOUSE = Path(".local/env.json")
PERSON = "manager-a"


async def found(here: World) -> None:
    """Register secrecy, signatures, keys and accepted authorisations of everybody; idempotent."""
    signatories = parties_of(here.house["house"])
    await founding.acknowledge(here)
    secretary = here.people("secretary-a")
    if any(party["member_from"] for party in (await secretary.see("governance", "/parties"))["parties"]):
        return
    await founding.record(here, signatories)
    await founding.join(here, signatories, without=())


def next_steps(house: dict[str, Any], found_in: Path) -> list[tuple[str, str]]:
    """Return how somebody with a shell gets a token, calls a service and moves the clock."""
    file = f"json.load(open('{found_in}'))"
    password = (
        f""".venv/bin/python -c "import json; print({file}['people']['{PERSON}']['password'], end='')\""""
    )
    reading = ".venv/bin/python -c \"import json, sys; print(json.load(sys.stdin)['access_token'])\""
    form = f"-d grant_type=password -d username={PERSON} --data-urlencode password@-"
    curl = f"curl -s --cacert {shlex.quote(house['ca_file'])}"
    clock, new = (shlex.quote(house["clock"]["file"] + ending) for ending in ("", ".new"))
    retention = house["services"]["retention"]["base_url"]
    return [
        ("token", f"TOKEN=$({password} | {curl} {form} {house['issuer']['token_endpoint']} | {reading})"),
        ("call", f'{curl} -H "authorization: Bearer $TOKEN" {retention}/figures'),
        ("clock", f"""echo '{{"offset_seconds": 86400}}' > {new} && mv {new} {clock}"""),
    ]


async def main(house: dict[str, Any], found_in: Path) -> None:
    """Found the house that this env.json describes."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    console = Console(highlight=False, soft_wrap=True, markup=False)
    async with world(house, Telling(console)) as here:
        await found(here)
    console.print("thirty parties have signed, announced their keys and authorised the process directors")
    for what, command in next_steps(house, found_in):
        console.print(f"{what:6} {command}")


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else HOUSE
    sys.exit(asyncio.run(main(json.loads(file.read_text()), file)))
