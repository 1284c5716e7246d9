"""Read logs and chain from beginning to end, a page at a time, to check the one against the other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch
from shared.storage.log_digests import ACCESS_LINE, JOURNAL_LINE
from shared.storage.log_seals import ACCESS_LOG, JOURNAL

PAGE = 1000  # rows in memory

_LEAVES = sa.text(
    """
    SELECT page.*, record.number IS NOT NULL AS recorded
    FROM (SELECT number, log, entry, chained_at, of_case, leaf, head, removal
          FROM log_leaves WHERE number > :after ORDER BY number LIMIT :limit) AS page
    LEFT JOIN LATERAL (SELECT number FROM erased_logs WHERE number = page.removal LIMIT 1) AS record ON true
    ORDER BY page.number
    """
)
# What is sealed stands first, in the order in which it was.
_ENTRIES = {
    JOURNAL: sa.text(
        f"""
        SELECT at, case_id, what, rule, article, role, party, person, on_behalf_of, message_id,
               CAST(detail AS text) AS detail, entry, seal, CAST({JOURNAL_LINE} AS text) AS line
        FROM journal WHERE entry = ANY(:entries)
        """  # noqa: S608 - the text of another module
    ),
    ACCESS_LOG: sa.text(
        f"""
        SELECT at, case_id, role, person, party, thing, allowed, rule, given_on_behalf_of,
               basis, given_by_body, viewed_for_body, entry, seal, CAST({ACCESS_LINE} AS text) AS line
        FROM access_log WHERE entry = ANY(:entries)
        """  # noqa: S608 - the text of another module
    ),
}
_PAGE_OF_LOG = """
    SELECT entry,
           EXISTS (SELECT FROM log_leaves AS k WHERE k.log = '{log}' AND k.entry = {log}.entry) AS chained
    FROM {log} WHERE entry > :after ORDER BY entry LIMIT :limit
"""
_PAGES_OF_LOGS = {log: sa.text(_PAGE_OF_LOG.format(log=log)) for log in (JOURNAL, ACCESS_LOG)}
_STILL_UNCHAINED = {
    log: sa.text(
        f"SELECT entry FROM {log} WHERE entry = ANY(:entries) AND NOT EXISTS "  # noqa: S608 - as above
        f"(SELECT FROM log_leaves AS k WHERE k.log = '{log}' AND k.entry = {log}.entry) ORDER BY entry"
    )
    for log in (JOURNAL, ACCESS_LOG)
}
# Of what is about a case: the words that stand for none say so little that a copy of them adds nothing.
_COPIES = {
    log: sa.text(
        f"""
        SELECT DISTINCT one.entry FROM {log} AS one JOIN {log} AS other USING (case_id)
        WHERE one.entry = ANY(:entries) AND other.entry < one.entry AND other.seal = one.seal
          AND case_id NOT IN ('nowhere', 'erased')
        """  # noqa: S608 - as above
    )
    for log in (JOURNAL, ACCESS_LOG)
}
_REMOVALS = sa.text(
    """
    SELECT number, month, entries, entries_digest, looks, looks_digest, seal,
           coalesce((SELECT sha256(string_agg(leaf, '' ORDER BY k.number)) FROM log_leaves AS k
                     WHERE removal = page.number), '') AS leaves_digest,
           (SELECT count(*) FROM log_leaves AS k WHERE removal = page.number AND log = 'journal') AS leaves,
           (SELECT count(*) FROM log_leaves AS k WHERE removal = page.number AND log = 'access_log')
               AS look_leaves
    FROM (SELECT * FROM erased_logs WHERE number > :after ORDER BY number LIMIT :limit) AS page
    ORDER BY number
    """
)
_HEADS = sa.text("SELECT number, head FROM log_leaves WHERE number = ANY(:numbers)")


async def leaves(connection: AsyncConnection) -> AsyncIterator[list[Any]]:
    """Yield the chain in its order, a page at a time."""
    async for page in _pages(connection, _LEAVES, "number"):
        yield page


async def removals(connection: AsyncConnection) -> AsyncIterator[list[Any]]:
    """Yield the records of removed logs, each with digest and numbers of the leaves that bear its number."""
    async for page in _pages(connection, _REMOVALS, "number"):
        yield page


async def entries(connection: AsyncConnection, log: str, wanted: Sequence[int]) -> dict[int, Any]:
    """Return those of these entries that are there, by their id."""
    return {row.entry: row for row in await fetch(connection, _ENTRIES[log], entries=list(wanted))}


async def unchained(connection: AsyncConnection, log: str) -> AsyncIterator[list[int]]:
    """Yield the ids of entries without a leaf, page by page of the whole log."""
    async for page in _pages(connection, _PAGES_OF_LOGS[log], "entry"):
        if found := [row.entry for row in page if not row.chained]:
            yield found


async def still_unchained(connection: AsyncConnection, log: str, wanted: Sequence[int]) -> list[int]:
    """Return those of these entries that are there and have no leaf."""
    return [row.entry for row in await fetch(connection, _STILL_UNCHAINED[log], entries=list(wanted))]


async def copies(connection: AsyncConnection, log: str, wanted: Sequence[int]) -> list[int]:
    """Return those of these entries that are the copy of an older one."""
    return sorted(row.entry for row in await fetch(connection, _COPIES[log], entries=list(wanted)))


async def heads(connection: AsyncConnection, numbers: Sequence[int]) -> Mapping[int, bytes]:
    """Return the heads of the chain after these numbers of leaves."""
    rows = await fetch(connection, _HEADS, numbers=list(numbers))
    return {row.number: bytes(row.head) for row in rows}


async def _pages(connection: AsyncConnection, statement: sa.TextClause, key: str) -> AsyncIterator[list[Any]]:
    after = -1
    while page := await fetch(connection, statement, after=after, limit=PAGE):
        yield page
        after = getattr(page[-1], key)
