"""Store when a service last looked what is due, so that the next look notices a leap of covenant time.

Whoever is about to do what cannot be undone asks whether time leapt; nobody ticks while it has.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch, run

LEAP = timedelta(hours=26)  # a larger distance from the last tick, in either direction, is a leap

_LAST = sa.text("SELECT at FROM ticks")
_SAVE = sa.text("INSERT INTO ticks (one, at) VALUES (true, :at) ON CONFLICT (one) DO UPDATE SET at = :at")
_FORGET = sa.text("DELETE FROM ticks")


async def leapt(connection: AsyncConnection, now: datetime) -> bool:
    """Tell whether covenant time leapt between the last tick and now."""
    last = await fetch(connection, _LAST)
    return bool(last) and abs(now - last[0].at) > LEAP


async def save(connection: AsyncConnection, at: datetime) -> None:
    """Save the last moment (covenant time) that is taken for right."""
    await run(connection, _SAVE, at=at)


async def confirm(connection: AsyncConnection) -> None:
    """Forget the last tick: time is right as it is now."""
    await run(connection, _FORGET)
