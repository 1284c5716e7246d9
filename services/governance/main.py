"""Assemble governance."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.governance.api import routers
from services.governance.effects import effects
from services.governance.gauges import gauges
from services.governance.handlers import CASE_OF, HANDLERS
from services.governance.permissions import PERMISSIONS, SENDING
from services.governance.process import decide, evolve
from services.governance.republishing import publish_anew
from services.governance.state import State
from shared.core.process import Process
from shared.handling.service import Service
from shared.runtime.cli import assembled, command_line
from shared.telemetry.security import administrative_act

PROCESS = Process(
    service="governance",
    state=State,
    permissions=PERMISSIONS,
    sending=SENDING,
    decide=decide,
    evolve=evolve,
    effects=effects,
)
SERVICE = Service(
    process=PROCESS,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    case_of=CASE_OF,
    keeps_inboxes=True,
    gauges=gauges,
    holds_texts=False,
)
app = command_line(SERVICE, routers)


@app.command()
def republish(
    party: Annotated[str, typer.Option(help="The one party whose record is published; all without")] = "",
) -> None:
    """Publish the records of the parties once more, for services that could not read or have lost one."""

    async def act() -> None:
        parts = assembled(SERVICE)
        administrative_act(SERVICE.name, "parties-republished")
        try:
            done = await publish_anew(parts.transaction, parts.commands.digest_key, party)
        finally:
            await parts.close_unstarted()
        for name, status in done.items():
            typer.echo(f"{name}: {status}")

    asyncio.run(act())
