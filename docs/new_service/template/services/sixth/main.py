"""Wire sixth: its core and its command line."""

from pathlib import Path

from services.sixth.api import routers
from services.sixth.effects import effects
from services.sixth.handlers import CASE_OF, HANDLERS
from services.sixth.permissions import PERMISSIONS, SENDING
from services.sixth.process import decide, evolve
from services.sixth.state import State
from shared.core.process import Process
from shared.handling.service import Service
from shared.runtime.cli import command_line

PROCESS = Process(
    service="sixth",
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
)
app = command_line(SERVICE, routers)
