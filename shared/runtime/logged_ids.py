"""Find for an operator the case or item for which a digest stands in a log line, as long as it is there."""

from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch
from shared.telemetry.logs import logged

_AT_ONCE = 10_000  # ids in memory
_CASES = sa.text("SELECT case_id AS id FROM cases WHERE case_id > :after ORDER BY case_id LIMIT :limit")
_ITEMS = sa.text("SELECT item_id AS id FROM items WHERE item_id > :after ORDER BY item_id LIMIT :limit")


async def find(connection: AsyncConnection, key: bytes, digest: str) -> str | None:
    """Return the id for which the service logs this digest; None if nothing here has it any more."""
    for statement in (_CASES, _ITEMS):
        async for known in _ids(connection, statement):
            if logged(key, known) == digest:
                return known
    return None


async def _ids(connection: AsyncConnection, statement: sa.TextClause) -> AsyncIterator[str]:
    after = ""
    while rows := await fetch(connection, statement, after=after, limit=_AT_ONCE):
        for row in rows:
            yield row.id
        after = rows[-1].id
