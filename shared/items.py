"""Which case an item id belongs to: to one, for good (R35)."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import fetch, run

_OWNERS = sa.text("SELECT item_id, case_id FROM items WHERE item_id = ANY(:ids)")
_CLAIM = sa.text(
    """
    INSERT INTO items (item_id, case_id)
    SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:cases AS text[]))
    """
)


async def owners(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    """The case each known item id belongs to."""
    unique = sorted(set(ids))
    if not unique:
        return {}
    return {row.item_id: row.case_id for row in await fetch(connection, _OWNERS, ids=unique)}


async def claim(connection: AsyncConnection, claims: Sequence[tuple[str, str]]) -> None:
    """(item, case) pairs; two cases that claim one id at once fail the batch, and one is refused then."""
    ordered = sorted(set(claims))
    if ordered:
        await run(connection, _CLAIM, ids=[item for item, _ in ordered], cases=[case for _, case in ordered])
