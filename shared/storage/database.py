"""Connect to a service's own PostgreSQL database and run its statements.

Nothing waits for ever: for a connection of the pool, a new connection, a lock, a statement, or a server that
does not answer at all.
"""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CA = "sslrootcert"  # in the query of a URL, as libpq calls it
UNIQUE_VIOLATION = "23505"
POOL_WAITS, CONNECTING, LOCK_WAITS, STATEMENT = 5.0, 5.0, 5.0, 15.0  # seconds
SERVER_ANSWERS = 20.0  # seconds; longer than a statement may take, so only a frozen server reaches it

# Whatever a loop that goes on for ever meets in the database: it pauses, and tries again. What asyncpg says
# while it connects is not wrapped by SQLAlchemy; a pool without a free connection has a class of its own.
DATABASE_ERRORS = (DBAPIError, PoolExhausted, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

# SQLSTATE: connection lost; resources used up; cancelled, shut down, starting. And a conflict or lock.
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})
_UNAVAILABLE = frozenset({"55P03", "40001", "40P01", "25006", "25P03", "25P04"})


def connect(url: sa.URL, *, pool_size: int = 8) -> AsyncEngine:
    """Create an engine whose errors and logs never carry parameters, and whose statements end in time.

    `sslrootcert` in the URL's query names the CA: nothing is said to a server that it has not certified for
    this host. Without one all is said in the clear.
    """
    return create_async_engine(
        url,
        async_creator=_opening(
            url,
            timeout=CONNECTING,
            command_timeout=SERVER_ANSWERS,
            server_settings={
                "lock_timeout": f"{LOCK_WAITS:.0f}s",
                "statement_timeout": f"{STATEMENT:.0f}s",
            },
        ),
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=POOL_WAITS,
        hide_parameters=True,
        pool_pre_ping=False,
    )


def connect_patiently(url: sa.URL) -> AsyncEngine:
    """Create an engine for migrations, whose statements may take as long as they need."""
    opening = _opening(url, timeout=CONNECTING, server_settings={"application_name": "zvh-migrate"})
    return create_async_engine(url, hide_parameters=True, poolclass=sa.NullPool, async_creator=opening)


def trusting(ca_file: Path | None) -> ssl.SSLContext | Literal[False]:
    """Return asyncpg's `ssl`: TLS to a server that this CA has certified for its host; none without a CA."""
    return ssl.create_default_context(cafile=str(ca_file)) if ca_file else False


def _opening(url: sa.URL, **options: Any) -> Callable[[], Awaitable[Any]]:
    named = url.query.get(CA)
    tls = trusting(Path(str(named)) if named else None)

    async def open_() -> Any:
        return await asyncpg.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password,
            database=url.database,
            ssl=tls,
            **options,
        )

    return open_


def sqlstate(error: BaseException) -> str:
    """Return the five-character SQLSTATE: all of a database error that may be shown or logged."""
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "?????")


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the database could only not be reached or waited for: the statement is not wrong."""
    if isinstance(error, PoolExhausted | OSError | asyncpg.InterfaceError):
        return True
    if not isinstance(error, DBAPIError | asyncpg.PostgresError):
        return False
    state = sqlstate(error)
    if state == "?????":
        return isinstance(error, DBAPIError) and error.connection_invalidated
    return state[:2] in _UNAVAILABLE_CLASSES or state in _UNAVAILABLE


def is_data_error(error: DBAPIError) -> bool:
    """Tell whether the database refuses what it was given, and would refuse it again however often.

    SQLSTATE classes: cardinality, data, integrity, check option, program limit (too large, too deep).
    """
    return sqlstate(error)[:2] in ("21", "22", "23", "44", "54")


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
