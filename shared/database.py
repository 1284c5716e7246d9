"""The one way to a service's own PostgreSQL database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


def connect(url: sa.URL, *, pool_size: int = 8) -> AsyncEngine:
    """An engine whose errors and logs never carry parameters."""
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=4, hide_parameters=True, pool_pre_ping=False
    )


def sqlstate(error: DBAPIError) -> str:
    """The five-character code: all of a database error that may ever be shown or logged."""
    return str(getattr(error.orig, "sqlstate", None) or "?????")


async def fetch(connection: AsyncConnection, statement: sa.TextClause, **values: Any) -> list[Any]:
    """All rows of one statement."""
    return list((await connection.execute(statement, values)).all())


async def run(connection: AsyncConnection, statement: sa.TextClause, **values: Any) -> None:
    """One statement that returns nothing."""
    await connection.execute(statement, values)
