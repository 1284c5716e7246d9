"""List the cases of which a step takes too long; PostgreSQL keeps the table from the states, by triggers."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch

_OF_DIRECTOR = sa.text(
    """
    SELECT case_id FROM overdue WHERE director = :person AND case_id > :after
      AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = overdue.case_id AND held)
    ORDER BY case_id LIMIT :most
    """
)
_FOR_MANAGER = sa.text(
    """
    SELECT case_id FROM overdue WHERE (told = 'manager' OR director = '') AND case_id > :after
      AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = overdue.case_id AND held)
    ORDER BY case_id LIMIT :most
    """
)
_COUNT = sa.text(
    """
    SELECT told, count(*) AS cases
    FROM (SELECT told FROM overdue ORDER BY case_id LIMIT :limit) AS counted GROUP BY told
    """
)


async def of_director(connection: AsyncConnection, person: str, *, after: str, most: int) -> list[str]:
    """Return the cases of this director in which a step takes too long, without those that are held."""
    found = await fetch(connection, _OF_DIRECTOR, person=person, after=after, most=most)
    return [row.case_id for row in found]


async def for_manager(connection: AsyncConnection, *, after: str, most: int) -> list[str]:
    """Return the cases the manager was told of, or that nobody has, without those that are held."""
    found = await fetch(connection, _FOR_MANAGER, after=after, most=most)
    return [row.case_id for row in found]


async def count(connection: AsyncConnection, limit: int) -> dict[str, int]:
    """Count them by who was told, up to `limit` altogether."""
    return {row.told: row.cases for row in await fetch(connection, _COUNT, limit=limit)}
