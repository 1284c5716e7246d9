"""Elect one process of a service for a task by an advisory lock of its database session.

A process that dies loses its session and with it the lock; the others ask for it again and again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.storage.database import fetch


class LeaderLock(IntEnum):
    """Name the tasks that one process at a time does, each with the number of its lock."""

    RELAY = 7_116
    SCHEDULER = 7_118
    LOG_CHAIN = 7_121


_TRY = text("SELECT pg_try_advisory_lock(:lock) AS mine")


@asynccontextmanager
async def acquire_leadership(engine: AsyncEngine, lead: LeaderLock) -> AsyncIterator[AsyncConnection | None]:
    """Yield the session that leads, or None while another process does; raise `DBAPIError`.

    Afterwards the session is closed, and not returned to the pool with the lock on it.
    """
    async with engine.connect() as session:
        mine = bool((await fetch(session, _TRY, lock=int(lead)))[0].mine)
        await session.commit()
        try:
            yield session if mine else None
        finally:
            if mine:
                await session.invalidate()
