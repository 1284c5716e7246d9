"""Start a house whose services run with fault points, and seven parties that record what they get."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from deploy.local import house as local
from deploy.local.parties import parties_of
from deploy.local.servers import Servers
from tests.story import cast, founding
from tests.story.people import People
from tests.story.telling import Telling
from tests.story.world import world
from tests.support.running import quiet_console
from tests.system.faults.broker import Broker
from tests.system.faults.ledger import Ledger, Tape
from tests.system.faults.load import Scene
from tests.system.faults.partner import Partner
from tests.system.faults.rig import LAUNCHER, Rig

PARTIES = [party for party in parties_of("noord-limburg") if party.id in cast.CONNECTED]


@contextmanager
def house_to_break(directory: Path, servers: Servers) -> Iterator[Rig]:
    """Yield real Kafka, PostgreSQL and five services, each started by `launch`."""
    points = directory / "points"
    points.mkdir()
    launcher = (LAUNCHER, str(points))
    started = local.start(directory / "house", parties=PARTIES, servers=servers, launcher=launcher)
    try:
        yield Rig(started, points)
    finally:
        started.reset()


@asynccontextmanager
async def on_stage(rig: Rig) -> AsyncIterator[Scene]:
    """Yield the same house with its parties founded, and their recording programs."""
    env, telling = rig.house.env, Telling(quiet_console())
    async with world(env, telling) as here:
        await founding.record(here, PARTIES)
        await founding.join(here, PARTIES, without=(cast.STRANGER,))
    Broker(env).keep_inboxes()
    tape = Tape(env)
    ledger = Ledger(tape, env)
    context = ssl.create_default_context(cafile=env["ca_file"])
    try:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(verify=context, timeout=30))
            partners = {
                name: await stack.enter_async_context(Partner(name, env, ledger)) for name in cast.CONNECTED
            }
            yield Scene(rig, ledger, People(env, client, telling), partners)
    finally:
        tape.stop()
