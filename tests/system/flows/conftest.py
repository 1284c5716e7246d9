"""Start a whole house for the flow tests, once, with its thirty signatories."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from deploy.local import house as local
from deploy.local.house import House
from deploy.local.parties import Party as Signatory
from tests.story import cast, founding
from tests.story.telling import Telling
from tests.story.world import World, world
from tests.support.containers import chosen
from tests.support.running import quiet_console

SHORT_PATIENCE = 5  # seconds; nobody restarts a service here, so facts come at once or never


@asynccontextmanager
async def with_parties(house: House, parties: Sequence[Signatory]) -> AsyncIterator[World]:
    """Yield a house of a file's own with these parties, their keys and authorisations."""
    async with world(house.env, Telling(quiet_console())) as here:
        await founding.record(here, parties)
        await founding.join(here, parties, without=(cast.STRANGER,))
        yield here


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start real Kafka, PostgreSQL, issuer and five services as processes."""
    started = local.start(tmp_path_factory.mktemp("house"), patience=SHORT_PATIENCE, servers=chosen().servers)
    yield started
    started.reset()


@pytest.fixture(scope="session")
async def founded(house: House) -> AsyncIterator[World]:
    """Yield the same house with its parties, their keys and authorisations."""
    async with world(house.env, Telling(quiet_console())) as here:
        await founding.found(here)
        yield here
