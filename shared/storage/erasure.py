"""Erase a case in one service: delete every row of it and leave a keyed marker for a while (R105).

Of its journal and access log a count and a digest stay for good (`erased_logs`), and the leaves of the chain.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import keyed_hash
from shared.storage import inbox, item_ids, log_chain, log_digests
from shared.storage.database import fetch, run

_DELETE_ROWS = [
    sa.text(f"DELETE FROM {table} WHERE case_id = ANY(:ids)")  # noqa: S608 - the names below
    for table in ("pieces", "items", "due", "outbox", "cases")
]
_UNLINK = sa.text(
    """
    UPDATE inbox SET case_id = NULL, result = CASE WHEN result ? 'place' THEN result END
    WHERE case_id = ANY(:ids)
    """
)
_FORGET_NAMED = sa.text("DELETE FROM inbox WHERE case_id = ANY(:ids) AND message_id = ANY(:ids)")
_MARK = sa.text(
    """
    INSERT INTO erased (marker, until)
    SELECT marker, :until FROM unnest(CAST(:markers AS bytea[])) AS marker ON CONFLICT DO NOTHING
    """
)
_FIND_ERASED = sa.text("SELECT marker FROM erased WHERE marker = ANY(:markers)")


def marker(key: bytes, case_id: str) -> bytes:
    """Compute the marker of an erased case: it recognises the case id, and reveals nothing."""
    return keyed_hash(key, "erased", case_id)


async def erase(connection: AsyncConnection, key: bytes, case_ids: Sequence[str], now: datetime) -> None:
    """Delete every row of these cases; a message in `held` is refused, and so answered, within a minute.

    `now` is machine time; after the inbox horizon the marker goes too.
    """
    if not case_ids:
        return
    ids = sorted(set(case_ids))
    await item_ids.lock_exclusively(connection)
    for statement in _DELETE_ROWS:
        await run(connection, statement, ids=ids)
    await log_chain.hold_still(connection)
    await log_digests.remove(connection, key, ids, now)
    await unlink(connection, ids)
    await mark(connection, key, ids, now)


async def mark(connection: AsyncConnection, key: bytes, case_ids: Iterable[str], now: datetime) -> None:
    """Mark cases as erased: a message about one creates nothing, until the inbox horizon."""
    markers = [marker(key, case) for case in case_ids]
    await run(connection, _MARK, markers=markers, until=now + inbox.HORIZON)


async def unlink(connection: AsyncConnection, case_ids: Sequence[str]) -> None:
    """Remove the case id from the inbox rows of these cases; each still counts as handled.

    A party that repeats a message gets its first answer, as for a case that never was. What people were
    answered goes. A message to which its sender gave the number of its case as an id is forgotten.
    """
    if case_ids:
        await run(connection, _FORGET_NAMED, ids=list(case_ids))
        await run(connection, _UNLINK, ids=list(case_ids))


async def find_erased(connection: AsyncConnection, key: bytes, case_ids: Iterable[str]) -> set[str]:
    """Return those of the cases that are marked as erased."""
    by_marker = {marker(key, case): case for case in case_ids}
    if not by_marker:
        return set()
    rows = await fetch(connection, _FIND_ERASED, markers=list(by_marker))
    return {by_marker[bytes(row.marker)] for row in rows}


async def learn_items(connection: AsyncConnection, key: bytes, claims: Sequence[item_ids.Claim]) -> None:
    """Store the item ids that other services accepted, except those of erased cases."""
    await item_ids.lock_shared(connection)
    gone = await find_erased(connection, key, {claim.case_id for claim in claims})
    await item_ids.learn(connection, [claim for claim in claims if claim.case_id not in gone])


_PRUNE = sa.text(
    """
    DELETE FROM erased WHERE marker IN (
        SELECT marker FROM erased WHERE until < :now ORDER BY until LIMIT :limit)
    """
)


async def prune(connection: AsyncConnection, now: datetime, limit: int) -> int:
    """Delete the oldest markers whose case can no longer come back in a replay, and return how many.

    At most `limit`; `now` is machine time.
    """
    return await run(connection, _PRUNE, now=now, limit=limit)
