"""Which case an item id belongs to: to one, for good (R35)."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import copy, fetch

_OWNERS = sa.text("SELECT item_id, case_id FROM items WHERE item_id = ANY(:ids)")


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
        await copy(connection, "items", ("item_id", "case_id"), ordered)
