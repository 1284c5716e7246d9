"""Store which case an item id belongs to: to one, for good, and in the whole house (R35).

A service that accepts an item from a party claims its id here and tells the others, once per batch; they
learn it. An item of another service's event is never tested against this table: it was tested where it came
in.
"""

from collections.abc import Iterable
from typing import TypeAlias

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import copy, fetch, run

log = structlog.get_logger()
Claim: TypeAlias = tuple[str, str]  # item id, case id

_OWNERS = sa.text("SELECT item_id, case_id FROM items WHERE item_id = ANY(:ids)")
_LEARN = sa.text(
    """
    INSERT INTO items (item_id, case_id)
    SELECT * FROM unnest(CAST(:items AS text[]), CAST(:cases AS text[])) ON CONFLICT DO NOTHING
    """
)

# Learning shares this lock and forgetting a case holds it alone: what is learnt of a case goes with it.
_LOCK_ID = 7_117
_LOCK_SHARED = sa.text("SELECT pg_advisory_xact_lock_shared(:lock)")
_LOCK_EXCLUSIVELY = sa.text("SELECT pg_advisory_xact_lock(:lock)")


async def owners(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    """Return the case that each known item id belongs to."""
    unique = sorted(set(ids))
    if not unique:
        return {}
    return {row.item_id: row.case_id for row in await fetch(connection, _OWNERS, ids=unique)}


async def claim(connection: AsyncConnection, claims: Iterable[Claim]) -> None:
    """Insert items that parties brought in.

    Of two cases that claim one id at once one fails, and is refused then.
    """
    ordered = sorted(set(claims))
    if ordered:
        await copy(connection, "items", ("item_id", "case_id"), ordered)


async def learn(connection: AsyncConnection, claims: Iterable[Claim]) -> None:
    """Insert items that other services accepted; an id that belongs to another case here stays that case's.

    That happens only where one number was given in two cases at once, to two services that had not heard
    of each other's yet. It harms neither case, because everything about an item lies under its case.
    """
    ordered = sorted(set(claims))
    if not ordered:
        return
    await run(connection, _LEARN, items=[item for item, _ in ordered], cases=[case for _, case in ordered])
    known = await owners(connection, [item for item, _ in ordered])
    for item, case_id in ordered:
        if known.get(item) != case_id:
            log.error("item-in-two-cases", item=item, case=case_id)


async def lock_exclusively(connection: AsyncConnection) -> None:
    """Keep every transaction from learning items until this one ends."""
    await run(connection, _LOCK_EXCLUSIVELY, lock=_LOCK_ID)


async def lock_shared(connection: AsyncConnection) -> None:
    """Keep every transaction from erasing a case until this one ends."""
    await run(connection, _LOCK_SHARED, lock=_LOCK_ID)
