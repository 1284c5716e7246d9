"""Assemble triage."""

from pathlib import Path

from services.triage.api import routers
from services.triage.effects import effects
from services.triage.gauges import gauges
from services.triage.handlers import HANDLERS, TIMERS
from services.triage.permissions import PERMISSIONS, SENDING
from services.triage.process import TERMS, decide, evolve
from services.triage.state import State
from services.triage.store import TriageRecord
from services.triage.viewing import givers
from shared.core.process import Process
from shared.handling.service import Service
from shared.runtime.cli import command_line

PROCESS = Process(
    service="triage",
    state=State,
    permissions=PERMISSIONS,
    sending=SENDING,
    decide=decide,
    evolve=evolve,
    effects=effects,
    terms=TERMS,
    givers=givers,
)
SERVICE = Service(
    process=PROCESS,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    timers=TIMERS,
    own_rows=TriageRecord(),
    gauges=gauges,
    takes_items=True,
)
app = command_line(SERVICE, routers)
