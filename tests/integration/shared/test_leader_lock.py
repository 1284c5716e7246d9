"""Of several processes one leads, until its session is gone; on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.storage.database import connect, fetch
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from tests.conftest import FreshDatabase

SESSION = sa.text("SELECT pg_backend_pid() AS number")
END = sa.text("SELECT pg_terminate_backend(:number)")


@pytest.fixture
async def here(fresh_database: FreshDatabase) -> AsyncEngine:
    return await fresh_database(SERVICE)


@pytest.fixture
async def there(here: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The same database, as another process has it."""
    other = connect(here.url)
    yield other
    await other.dispose()


async def leads(engine: AsyncEngine, lead: LeaderLock = LeaderLock.RELAY) -> bool:
    async with acquire_leadership(engine, lead) as session:
        return session is not None


async def leads_soon(engine: AsyncEngine) -> bool:
    for _ in range(500):
        if await leads(engine):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_one_leads_and_the_other_does_when_it_has_ended(here: AsyncEngine, there: AsyncEngine) -> None:
    async with acquire_leadership(here, LeaderLock.RELAY) as session:
        assert session is not None
        assert not await leads(there)
        assert await leads(there, LeaderLock.SCHEDULER), "who sends need not keep time"
    assert await leads(there)
    assert await leads(here)


async def test_after_an_error_of_the_database_nobody_keeps_the_lock(
    here: AsyncEngine, there: AsyncEngine
) -> None:
    """The session would go back to the others of its process, with the lock on it."""
    with pytest.raises(DBAPIError):
        async with acquire_leadership(here, LeaderLock.RELAY) as session:
            assert session is not None
            await session.execute(sa.text("SELECT 1 / 0"))
    assert await leads(there)


async def test_who_loses_its_session_leads_no_more_and_hears_it_at_its_next_statement(
    here: AsyncEngine, there: AsyncEngine
) -> None:
    with pytest.raises(DBAPIError):
        async with acquire_leadership(here, LeaderLock.RELAY) as session:
            assert session is not None
            (mine,) = await fetch(session, SESSION)
            await session.commit()
            async with there.begin() as other:
                await other.execute(END, {"number": mine.number})
            assert await leads_soon(there)
            await session.execute(SESSION)
