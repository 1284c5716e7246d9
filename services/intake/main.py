"""Assemble intake."""

from pathlib import Path

from services.intake.api import routers
from services.intake.effects import effects
from services.intake.handlers import HANDLERS, TIMERS, case_of_check, case_of_referral, precheck
from services.intake.house_checks import matching
from services.intake.permissions import PERMISSIONS, SENDING
from services.intake.person_digests import digests_of_check, digests_of_referral
from services.intake.process import TERMS, decide_and_settle, evolve
from services.intake.state import State
from services.intake.store import Figures, find_known, gauges
from shared.contract.messages.intake import ReferralSubmitted
from shared.contract.messages.known_check import KnownCheckAsked
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
    matching=matching,
)
SERVICE = Service(
    process=PROCESS,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    timers=TIMERS,
    case_of={ReferralSubmitted: case_of_referral, KnownCheckAsked: case_of_check},
    creates_case_key={ReferralSubmitted: precheck},
    own_rows=Figures(),
    takes_items=True,
    gauges=gauges,
    digests_of={ReferralSubmitted: digests_of_referral, KnownCheckAsked: digests_of_check},
    keeps_no_texts_of=frozenset({KnownCheckAsked}),
    find_matching=find_known,
)
app = command_line(SERVICE, routers)
