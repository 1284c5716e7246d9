"""Intake, wired."""

from pathlib import Path

from services.intake.api import router
from services.intake.consequences import consequences
from services.intake.handlers import HANDLERS, TIMERS, at_the_door, case_of_referral
from services.intake.process import State, decide, evolve
from services.intake.tables import metadata
from services.intake.who_may import WHO_MAY
from shared.cli import command_line
from shared.messages.intake import ReferralSubmitted
from shared.process import Process
from shared.service import Service

PROCESS = Process(
    service="intake",
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
    case_of={ReferralSubmitted: case_of_referral},
    makes_keys={ReferralSubmitted: at_the_door},
    takes_items=True,
)
app = command_line(SERVICE, lambda: [router])
