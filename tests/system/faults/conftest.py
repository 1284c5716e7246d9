"""Share one house to break among all fault tests; after each it is whole, and the books balance."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.containers import chosen
from tests.system.faults.load import Scene
from tests.system.faults.rig import VICTIMS, Rig
from tests.system.faults.stage import house_to_break, on_stage


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with house_to_break(tmp_path_factory.mktemp("faults"), chosen().servers) as started:
        yield started


@pytest.fixture(scope="session")
async def scene(rig: Rig) -> AsyncIterator[Scene]:
    async with on_stage(rig) as here:
        yield here


@pytest.fixture(autouse=True)
async def whole(scene: Scene) -> AsyncIterator[None]:
    """Check after each test that everything runs, and that each message had one effect or one refusal."""
    yield
    for running in scene.rig.house.running().values():
        await asyncio.to_thread(running.thaw)
    missing = {name: code for name, code in scene.rig.house.ended().items() if name in VICTIMS}
    await scene.rig.start(*missing)
    assert not missing
    await scene.ledger.balanced()
    await scene.rig.drained()
