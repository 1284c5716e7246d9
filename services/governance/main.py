"""Assemble governance."""

from pathlib import Path

from services.governance.api import router
from services.governance.effects import effects
from services.governance.handlers import CASE_OF, HANDLERS
from services.governance.permissions import PERMISSIONS
from services.governance.process import decide, evolve
from services.governance.state import State
from shared.core.process import Process
from shared.handling.service import Service
from shared.runtime.cli import command_line

PROCESS = Process(
    service="governance",
    state=State,
    permissions=PERMISSIONS,
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
)
app = command_line(SERVICE, lambda: [router])
