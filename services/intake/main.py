"""Assemble intake."""

from pathlib import Path

from services.intake.api import routers
from services.intake.effects import effects
from services.intake.handlers import HANDLERS, TIMERS, case_of_referral, precheck
from services.intake.permissions import PERMISSIONS, SENDING
from services.intake.process import TERMS, decide_and_settle, evolve
from services.intake.state import State
from services.intake.store import Figures
from shared.contract.messages.intake import ReferralSubmitted
from shared.core.process import Process
from shared.handling.service import Service
from shared.runtime.cli import command_line

PROCESS = Process(
    service="intake",
    state=State,
    permissions=PERMISSIONS,
    sending=SENDING,
    decide=decide_and_settle,
    evolve=evolve,
    effects=effects,
    terms=TERMS,
)
SERVICE = Service(
    process=PROCESS,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    timers=TIMERS,
    case_of={ReferralSubmitted: case_of_referral},
    creates_case_key={ReferralSubmitted: precheck},
    own_rows=Figures(),
    takes_items=True,
)
app = command_line(SERVICE, routers)
