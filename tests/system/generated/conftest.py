"""Start a house of its own for generated load: what is sent may end memberships and revoke authorisations."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.containers import chosen
from tests.system.faults.load import Scene
from tests.system.faults.rig import Rig
from tests.system.faults.stage import house_to_break, on_stage
from tests.system.generated.known import Known, prepared


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with house_to_break(tmp_path_factory.mktemp("generated"), chosen().servers) as started:
        yield started


@pytest.fixture(scope="session")
async def scene(rig: Rig) -> AsyncIterator[Scene]:
    async with on_stage(rig) as here:
        yield here


@pytest.fixture(scope="session")
async def known(scene: Scene) -> Known:
    """Return what there is in the house: cases in each phase, with what can be named in them."""
    return await prepared(scene)
