"""The round table, wired."""

from pathlib import Path

from services.rto.api import routers
from services.rto.consequences import consequences
from services.rto.handlers import HANDLERS
from services.rto.process import decide, evolve
from services.rto.state import State
from services.rto.tables import metadata
from services.rto.who_may import WHO_MAY
from shared.cli import command_line
from shared.process import Process
from shared.service import Service

PROCESS = Process(
    service="rto",
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
    takes_items=True,
)
app = command_line(SERVICE, routers)
