"""Assemble the round table."""

from pathlib import Path

from services.rto.api import routers
from services.rto.effects import effects
from services.rto.handlers import HANDLERS
from services.rto.permissions import PERMISSIONS, SENDING
from services.rto.process import TERMS, decide, evolve
from services.rto.shared_things import REPLACES
from services.rto.state import State
from shared.core.process import Process
from shared.handling.service import Service
from shared.handling.terms import TERM_TIMER
from shared.runtime.cli import command_line

PROCESS = Process(
    service="rto",
    state=State,
    permissions=PERMISSIONS,
    sending=SENDING,
    decide=decide,
    evolve=evolve,
    effects=effects,
    terms=TERMS,
    planned_for=lambda state: state.planned_for,
    replaces=REPLACES,
    givers=State.givers,
)
SERVICE = Service(
    process=PROCESS,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    timers=TERM_TIMER,
    takes_items=True,
)
app = command_line(SERVICE, routers)
