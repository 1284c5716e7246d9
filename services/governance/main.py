"""Governance, wired."""

from pathlib import Path

from services.governance.api import router
from services.governance.consequences import consequences
from services.governance.handlers import CASE_OF, HANDLERS
from services.governance.process import State, decide, evolve
from services.governance.tables import metadata
from services.governance.who_may import WHO_MAY
from shared.cli import command_line
from shared.process import Process
from shared.service import Service

PROCESS = Process(
    service="governance",
    state=State,
    empty=State(),
    who_may=WHO_MAY,
    decide=decide,
    evolve=evolve,
    consequences=consequences,
)
SERVICE = Service(
    process=PROCESS,
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    case_of=CASE_OF,
    keeps_inboxes=True,
)
app = command_line(SERVICE, lambda: [router])
