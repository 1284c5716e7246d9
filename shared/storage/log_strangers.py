"""Remove from the logs what is about no case: numbers that never were one, and what is logged without one.

Whoever asks for numbers at random leaves an entry each time. They are kept for a term, and not for ever.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage import log_chain, log_digests
from shared.storage.access_log import NOWHERE
from shared.storage.database import fetch
from shared.storage.journal import ERASED

WITHOUT_A_CASE = (NOWHERE, ERASED)
STEP = timedelta(days=1)  # of what is logged without a case so much goes at once
NUMBERS = 200  # looked at in one statement

_NEXT = """
    least((SELECT case_id FROM journal WHERE case_id > {after} ORDER BY case_id LIMIT 1),
          (SELECT case_id FROM access_log WHERE case_id > {after} ORDER BY case_id LIMIT 1))
"""
# Each number is found from the one before by the indexes on `case_id`; of each the newest entry counts.
_STRANGERS = sa.text(
    f"""
    WITH RECURSIVE logged AS (
        SELECT {_NEXT.format(after=":after")} AS case_id
        UNION ALL
        SELECT {_NEXT.format(after="logged.case_id")} FROM logged WHERE logged.case_id IS NOT NULL
    ), found AS (SELECT case_id FROM logged WHERE case_id IS NOT NULL LIMIT :limit)
    SELECT case_id, NOT (
        EXISTS (SELECT FROM cases WHERE cases.case_id = found.case_id)
        OR EXISTS (SELECT FROM items WHERE items.case_id = found.case_id)
        OR EXISTS (SELECT FROM held WHERE held.case_id = found.case_id)
    ) AND coalesce((
        SELECT k.chained_at < :before FROM log_leaves AS k
        WHERE k.log = 'journal' AND k.entry = (SELECT entry FROM journal WHERE journal.case_id = found.case_id
                                               ORDER BY case_id DESC, entry DESC LIMIT 1)
    ), NOT EXISTS (SELECT FROM journal WHERE journal.case_id = found.case_id)) AND coalesce((
        SELECT k.chained_at < :before FROM log_leaves AS k
        WHERE k.log = 'access_log'
          AND k.entry = (SELECT entry FROM access_log WHERE access_log.case_id = found.case_id
                         ORDER BY case_id DESC, entry DESC LIMIT 1)
    ), NOT EXISTS (SELECT FROM access_log WHERE access_log.case_id = found.case_id)) AS strange
    FROM found
    """  # noqa: S608 - the texts above
)
_OLDEST = sa.text(
    """
    SELECT min(chained_at) AS at FROM (
        (SELECT k.chained_at FROM journal AS j JOIN log_leaves AS k ON k.log = 'journal' AND k.entry = j.entry
         WHERE j.case_id = :word ORDER BY j.case_id, j.entry LIMIT 1)
        UNION ALL
        (SELECT k.chained_at FROM access_log AS a
         JOIN log_leaves AS k ON k.log = 'access_log' AND k.entry = a.entry
         WHERE a.case_id = :word ORDER BY a.case_id, a.entry LIMIT 1)) AS first
    """
)


async def strangers(
    connection: AsyncConnection, after: str, before: datetime
) -> tuple[list[str], str | None]:
    """Return numbers of which only logs are here, none of it newer than `before` (machine time).

    Looks at the next `NUMBERS` behind `after`, and returns the last one of them too; None at the end.
    """
    rows = await fetch(connection, _STRANGERS, after=after, before=before, limit=NUMBERS)
    found = [row.case_id for row in rows if row.strange and row.case_id not in WITHOUT_A_CASE]
    return found, rows[-1].case_id if rows else None


async def remove(
    connection: AsyncConnection, key: bytes, numbers: Sequence[str], before: datetime, now: datetime
) -> None:
    """Delete all that was logged about these before then; the chain keeps the leaves, and why they are alone.

    The database refuses it of a case that is here, and of what is younger than its own shortest term.
    """
    await log_chain.hold_still(connection)
    await log_digests.remove(connection, key, numbers, now, before=before)


async def remove_caseless(
    connection: AsyncConnection, key: bytes, word: str, before: datetime, now: datetime
) -> bool:
    """Delete a day of what was logged under one of `WITHOUT_A_CASE`; return whether there was any so old."""
    oldest = (await fetch(connection, _OLDEST, word=word))[0].at
    if oldest is None or oldest >= before:
        return False
    await remove(connection, key, [word], min(before, oldest + STEP), now)
    return True
