"""Assemble retention, which is also the key authority of the house."""

from pathlib import Path

from services.retention.api import routers
from services.retention.effects import effects
from services.retention.gauges import gauges
from services.retention.handlers import HANDLERS, catch_up, keys_of, purged_case, timers
from services.retention.key_api import key_router
from services.retention.key_authority import KeyAuthority
from services.retention.permissions import PERMISSIONS, SENDING
from services.retention.process import decide, evolve
from services.retention.state import READABLE, Phase, State
from services.retention.store import Records
from services.retention.viewing import givers
from shared.contract.messages.house import CasePurged, HouseKeysDestroyed
from shared.core.process import Process
from shared.handling.service import CatchUp, Service
from shared.runtime.cli import command_line

PROCESS = Process(
    service="retention",
    state=State,
    permissions=PERMISSIONS,
    sending=SENDING,
    decide=decide,
    evolve=evolve,
    effects=effects,
    givers=givers,
)
KEYS = KeyAuthority()  # opened with the settings, before anything runs
SERVICE = Service(
    process=PROCESS,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    timers=timers(KEYS),
    case_of={CasePurged: purged_case, HouseKeysDestroyed: keys_of},
    own_rows=Records(KEYS.house_keys),
    gauges=gauges(KEYS),
    proving=frozenset({Phase.DESTROYING}),
    catch_up=CatchUp(phases=READABLE, lacks="set_terms", command=catch_up),
)
app = command_line(SERVICE, lambda: [*routers(), key_router(KEYS)], key_source=KEYS.open)
