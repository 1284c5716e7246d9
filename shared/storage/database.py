"""Connect to a service's own PostgreSQL database and run its statements."""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

UNIQUE_VIOLATION = "23505"


def connect(url: sa.URL, *, pool_size: int = 8) -> AsyncEngine:
    """Create an engine whose errors and logs never carry parameters."""
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=4, hide_parameters=True, pool_pre_ping=False
    )


def sqlstate(error: DBAPIError) -> str:
    """Return the five-character SQLSTATE: all of a database error that may be shown or logged."""
    return str(getattr(error.orig, "sqlstate", None) or "?????")


async def fetch(connection: AsyncConnection, statement: sa.TextClause, **values: Any) -> list[Any]:
    """Return all rows of one statement."""
    return list((await connection.execute(statement, values)).all())


async def copy(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert many new rows with COPY, in the connection's transaction: cheapest where none can conflict.

    Raises `DBAPIError` like any statement.
    """
    raw: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await raw.copy_records_to_table(table, columns=columns, records=rows)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DBAPIError(None, None, error, hide_parameters=True) from None
    except (ValueError, TypeError):  # a value that does not fit its column's type
        raise DBAPIError(None, None, asyncpg.DataError(table), hide_parameters=True) from None


async def run(connection: AsyncConnection, statement: sa.TextClause, **values: Any) -> int:
    """Run one statement that returns no rows; return how many it wrote or deleted."""
    return (await connection.execute(statement, values)).rowcount
