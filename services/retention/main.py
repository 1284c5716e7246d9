"""Retention, wired; it is also the key authority of the house."""

from pathlib import Path

from services.retention.api import router
from services.retention.consequences import consequences
from services.retention.gauges import gauges
from services.retention.handlers import HANDLERS, keys_of, purged_case, timers
from services.retention.key_api import key_router
from services.retention.key_authority import KeyAuthority
from services.retention.process import Phase, State, decide, evolve
from services.retention.store import Records
from services.retention.tables import metadata
from services.retention.who_may import WHO_MAY
from shared.cli import command_line
from shared.messages.house import CasePurged, HouseKeysDestroyed
from shared.process import Process
from shared.service import Service

PROCESS = Process(
    service="retention",
    state=State,
    empty=State(),
    who_may=WHO_MAY,
    decide=decide,
    evolve=evolve,
    consequences=consequences,
)
KEYS = KeyAuthority()  # opened with the settings, before anything runs
SERVICE = Service(
    process=PROCESS,
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    timers=timers(KEYS),
    case_of={CasePurged: purged_case, HouseKeysDestroyed: keys_of},
    own_rows=Records(KEYS.house_keys),
    gauges=gauges(KEYS),
    proving=frozenset({Phase.DESTROYING}),
)
app = command_line(SERVICE, lambda: [router, key_router(KEYS)], key_source=KEYS.open)
