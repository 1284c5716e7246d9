"""Triage, wired."""

from pathlib import Path

from services.triage.api import router
from services.triage.consequences import consequences
from services.triage.handlers import HANDLERS, TIMERS
from services.triage.process import decide, evolve
from services.triage.state import State
from services.triage.store import TriageRecord
from services.triage.tables import metadata
from services.triage.who_may import WHO_MAY
from shared.cli import command_line
from shared.process import Process
from shared.service import Service

PROCESS = Process(
    service="triage",
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
    timers=TIMERS,
    own_rows=TriageRecord(),
    takes_items=True,
)
app = command_line(SERVICE, lambda: [router])
