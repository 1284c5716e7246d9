"""Keep the length and a digest of an erased case's journal and access log.

Enough to show later that there was a log and how long it was, and to tell of a log in a restored backup
whether it is that one, whole and unchanged. The digests are keyed with a key that lies outside the database:
who only has these rows, or only a copy of a log, cannot bring the two together (R106).
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.core.calendar_terms import month_of
from shared.ids import keyed_hash
from shared.storage.database import fetch, run


@dataclass(frozen=True, slots=True)
class LogDigest:
    """Describe one case's logs in one service; no case id, no person and no day (R106)."""

    month: str
    entries: int
    entries_digest: bytes
    looks: int
    looks_digest: bytes

    def __str__(self) -> str:
        entries, looks = self.entries_digest.hex(), self.looks_digest.hex()
        return f"{self.month} journal {self.entries} {entries} access-log {self.looks} {looks}"


# Columns by name and moments as numbers: neither a new column nor a session's time zone changes a digest.
JOURNAL_LINE = """
    jsonb_build_array(entry, extract(epoch FROM at), case_id, what, rule, article,
        role, party, person, on_behalf_of, message_id, CAST(detail AS text))
"""
ACCESS_LINE = """
    jsonb_build_array(entry, extract(epoch FROM at), case_id, role, person, party,
        viewed_on_behalf_of, thing, allowed, rule, given_on_behalf_of)
"""
# Of each case all, or what was chained before a moment.
_LINES = """
    SELECT one.case_id, one.entry, leaves.number, leaves.leaf, {line} AS line
    FROM (SELECT * FROM {log} WHERE case_id = ANY(:ids)) AS one
    LEFT JOIN LATERAL (
        SELECT number, leaf, chained_at FROM log_leaves WHERE log = '{log}' AND log_leaves.entry = one.entry
    ) AS leaves ON true
    WHERE CAST(:before AS timestamptz) IS NULL OR chained_at < :before
"""
_DIGEST = """
    SELECT case_id, count(*) AS n,
        sha256(string_agg(sha256(convert_to(CAST(line AS text), 'UTF8')), '' ORDER BY entry)) AS digest
    FROM {lines} GROUP BY case_id
"""
_MEASURE = sa.text(
    f"""
    WITH journal_lines AS MATERIALIZED ({_LINES.format(log="journal", line=JOURNAL_LINE)}),
    access_lines AS MATERIALIZED ({_LINES.format(log="access_log", line=ACCESS_LINE)}),
    entries AS ({_DIGEST.format(lines="journal_lines")}),
    looks AS ({_DIGEST.format(lines="access_lines")}),
    chained AS (
        SELECT case_id, sha256(string_agg(leaf, '' ORDER BY number)) AS digest
        FROM (SELECT case_id, number, leaf FROM journal_lines WHERE number IS NOT NULL
              UNION ALL SELECT case_id, number, leaf FROM access_lines WHERE number IS NOT NULL) AS leaves
        GROUP BY case_id
    )
    SELECT wanted.case_id, coalesce(entries.n, 0) AS entries, coalesce(entries.digest, '') AS entries_digest,
           coalesce(looks.n, 0) AS looks, coalesce(looks.digest, '') AS looks_digest,
           coalesce(chained.digest, '') AS leaves_digest
    FROM unnest(CAST(:ids AS text[])) AS wanted (case_id)
    LEFT JOIN entries USING (case_id) LEFT JOIN looks USING (case_id) LEFT JOIN chained USING (case_id)
    """  # noqa: S608 - the texts above
)
_REMOVE = sa.text(
    """
    SELECT remove_log(case_id, CAST(:before AS timestamptz), month, entries, entries_digest, looks,
                      looks_digest, seal)
    FROM unnest(CAST(:ids AS text[]), CAST(:months AS text[]), CAST(:entries AS bigint[]),
                CAST(:entries_digests AS bytea[]), CAST(:looks AS bigint[]),
                CAST(:looks_digests AS bytea[]), CAST(:seals AS bytea[]))
         AS new (case_id, month, entries, entries_digest, looks, looks_digest, seal)
    """
)
_STORED = sa.text(
    """
    SELECT number, month, entries, entries_digest, looks, looks_digest FROM erased_logs
    WHERE number > :after ORDER BY number LIMIT :limit
    """
)
_AT_ONCE = 1000  # rows in memory


async def measure(
    connection: AsyncConnection,
    key: bytes,
    case_ids: Sequence[str],
    now: datetime,
    *,
    before: datetime | None = None,
) -> dict[str, LogDigest]:
    """Compute the digests of these cases' logs, by case id; `now` is machine time.

    With `before` only of what was chained before then.
    """
    found = await _measured(connection, key, case_ids, now, before)
    return {case_id: log for case_id, (log, _) in found.items()}


async def remove(
    connection: AsyncConnection,
    key: bytes,
    case_ids: Sequence[str],
    now: datetime,
    *,
    before: datetime | None = None,
) -> None:
    """Delete the logs of these cases, of which nothing else is left, and keep their digests for good.

    With `before` (machine time) only what was chained before then, of numbers that are no case. The database
    does both or neither, and marks their leaves with the number of the record. The record is sealed: who has
    all rights in the database can delete a log, and cannot make the record that its leaves must agree with.
    Raises `DBAPIError` with SQLSTATE 40001 when a log grew since it was measured.
    """
    measured = await _measured(connection, key, case_ids, now, before)
    logs = [measured[case_id] for case_id in case_ids]
    await run(
        connection,
        _REMOVE,
        before=before,
        ids=list(case_ids),
        months=[log.month for log, _ in logs],
        entries=[log.entries for log, _ in logs],
        entries_digests=[log.entries_digest for log, _ in logs],
        looks=[log.looks for log, _ in logs],
        looks_digests=[log.looks_digest for log, _ in logs],
        seals=[removal_seal(key, log, leaves) for log, leaves in logs],
    )


def removal_seal(key: bytes, log: LogDigest, leaves_digest: bytes) -> bytes:
    """Compute the seal of the record of a removal, with the digest of the leaves of what was removed.

    That is SHA-256 of the leaves in the order of the chain, and empty without any.
    """
    return keyed_hash(key, "removed-log", str(log), leaves_digest.hex())


async def _measured(
    connection: AsyncConnection, key: bytes, case_ids: Sequence[str], now: datetime, before: datetime | None
) -> dict[str, tuple[LogDigest, bytes]]:
    """Return by case id the digests of its logs, and that of its leaves."""
    month = month_of(now)
    return {
        row.case_id: (
            LogDigest(
                month,
                row.entries,
                keyed_hash(key, "journal", row.entries_digest.hex()),
                row.looks,
                keyed_hash(key, "access-log", row.looks_digest.hex()),
            ),
            bytes(row.leaves_digest),
        )
        for row in await fetch(connection, _MEASURE, ids=list(case_ids), before=before)
    }


async def stored(connection: AsyncConnection) -> AsyncIterator[LogDigest]:
    """Yield the digests of all erased cases, in the order of erasure."""
    after = 0
    while rows := await fetch(connection, _STORED, after=after, limit=_AT_ONCE):
        for row in rows:
            entries, looks = bytes(row.entries_digest), bytes(row.looks_digest)
            yield LogDigest(row.month, row.entries, entries, row.looks, looks)
        after = rows[-1].number
