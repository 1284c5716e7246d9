"""Of all processes of a service one does what only one may do: it holds a lock of the database's session.

A process that dies loses its session and with it the lock; the others ask for it again and again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.storage.database import fetch


class LeaderLock(IntEnum):
    """What one process at a time does, and the number of its lock."""

    RELAY = 7_116
    SCHEDULER = 7_118


_TRY = text("SELECT pg_try_advisory_lock(:lock) AS mine")


@asynccontextmanager
async def acquire_leadership(engine: AsyncEngine, lead: LeaderLock) -> AsyncIterator[AsyncConnection | None]:
    """The session that leads, or None while another process does; raises `DBAPIError`.

    Afterwards the session is ended, and not kept for others with the lock on it.
    """
    async with engine.connect() as session:
        mine = bool((await fetch(session, _TRY, lock=int(lead)))[0].mine)
        await session.commit()
        try:
            yield session if mine else None
        finally:
            if mine:
                await session.invalidate()
