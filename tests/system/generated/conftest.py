"""Start a house of its own for generated load: what is sent may end memberships and revoke authorisations."""

import pytest

from tests.system.faults.conftest import rig as rig
from tests.system.faults.conftest import scene as scene
from tests.system.faults.load import Scene
from tests.system.generated.known import Known, prepared


@pytest.fixture(scope="session")
async def known(scene: Scene) -> Known:
    """Return what there is in the house: cases in each phase, with what can be named in them."""
    return await prepared(scene)
