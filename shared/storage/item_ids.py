"""Store which case an item id belongs to, and who contributed it: to one, for good, in the whole house (R35).

A service that accepts an item from a party claims its id here and tells the others, once per batch; they
learn it. An item of another service's event is never tested against this table: it was tested where it came
in.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import copy, fetch, run

log = structlog.get_logger()

_OWNERS = sa.text("SELECT item_id, case_id, contributor FROM items WHERE item_id = ANY(:ids)")
_LEARN = sa.text(
    """
    INSERT INTO items (item_id, case_id, contributor)
    SELECT * FROM unnest(CAST(:items AS text[]), CAST(:cases AS text[]), CAST(:contributors AS text[]))
    ON CONFLICT (item_id) DO UPDATE SET contributor = excluded.contributor
    WHERE items.case_id = excluded.case_id AND items.contributor = ''
    """
)

# Learning shares this lock and forgetting a case holds it alone: what is learnt of a case goes with it.
_LOCK_ID = 7_117
_LOCK_SHARED = sa.text("SELECT pg_advisory_xact_lock_shared(:lock)")
_LOCK_EXCLUSIVELY = sa.text("SELECT pg_advisory_xact_lock(:lock)")


class Claim(NamedTuple):
    """Bind an item id to its case; `contributor` is empty where an older version bound it."""

    item_id: str
    case_id: str
    contributor: str = ""


async def owners(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Claim]:
    """Return what each known item id is bound to."""
    unique = sorted(set(ids))
    if not unique:
        return {}
    rows = await fetch(connection, _OWNERS, ids=unique)
    return {row.item_id: Claim(row.item_id, row.case_id, row.contributor) for row in rows}


async def claim(connection: AsyncConnection, claims: Iterable[Claim]) -> None:
    """Insert items that parties brought in.

    Of two cases that claim one id at once one fails, and is refused then.
    """
    ordered = sorted(set(claims))
    if ordered:
        await copy(connection, "items", Claim._fields, ordered)


async def learn(connection: AsyncConnection, claims: Iterable[Claim]) -> None:
    """Insert items that other services accepted; an id that belongs to another case here stays that case's.

    That happens only where one number was given in two cases at once, to two services that had not heard
    of each other's yet. It harms neither case, because everything about an item lies under its case.
    """
    ordered = sorted(set(claims))
    if not ordered:
        return
    first = {claim.item_id: claim for claim in reversed(ordered)}  # a statement may meet each row once
    items, cases, contributors = zip(*first.values(), strict=True)
    await run(connection, _LEARN, items=[*items], cases=[*cases], contributors=[*contributors])
    known = await owners(connection, items)
    for item, case_id, _ in ordered:
        if item in known and known[item].case_id != case_id:
            log.error("item-in-two-cases", item=item, case=case_id)


async def lock_exclusively(connection: AsyncConnection) -> None:
    """Keep every transaction from learning items until this one ends."""
    await run(connection, _LOCK_EXCLUSIVELY, lock=_LOCK_ID)


async def lock_shared(connection: AsyncConnection) -> None:
    """Keep every transaction from erasing a case until this one ends."""
    await run(connection, _LOCK_SHARED, lock=_LOCK_ID)
