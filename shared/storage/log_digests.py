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
_MEASURE = sa.text(
    """
    WITH journal_lines AS (
        SELECT case_id, entry, jsonb_build_array(entry, extract(epoch FROM at), case_id, what, rule, article,
            role, party, person, on_behalf_of, message_id, CAST(detail AS text)) AS line
        FROM journal WHERE case_id = ANY(:ids)
    ), access_lines AS (
        SELECT case_id, entry, jsonb_build_array(entry, extract(epoch FROM at), case_id, role, person, party,
            viewed_on_behalf_of, thing, allowed, rule, given_on_behalf_of) AS line
        FROM access_log WHERE case_id = ANY(:ids)
    ), entries AS (
        SELECT case_id, count(*) AS n,
            sha256(string_agg(sha256(convert_to(CAST(line AS text), 'UTF8')), '' ORDER BY entry)) AS digest
        FROM journal_lines GROUP BY case_id
    ), looks AS (
        SELECT case_id, count(*) AS n,
            sha256(string_agg(sha256(convert_to(CAST(line AS text), 'UTF8')), '' ORDER BY entry)) AS digest
        FROM access_lines GROUP BY case_id
    )
    SELECT wanted.case_id, coalesce(entries.n, 0) AS entries, coalesce(entries.digest, '') AS entries_digest,
           coalesce(looks.n, 0) AS looks, coalesce(looks.digest, '') AS looks_digest
    FROM unnest(CAST(:ids AS text[])) AS wanted (case_id)
    LEFT JOIN entries USING (case_id) LEFT JOIN looks USING (case_id)
    """
)
_STORE = sa.text(
    """
    INSERT INTO erased_logs (month, entries, entries_digest, looks, looks_digest)
    SELECT * FROM unnest(CAST(:months AS text[]), CAST(:entries AS bigint[]),
                         CAST(:entries_digests AS bytea[]), CAST(:looks AS bigint[]),
                         CAST(:looks_digests AS bytea[]))
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
    connection: AsyncConnection, key: bytes, case_ids: Sequence[str], now: datetime
) -> dict[str, LogDigest]:
    """Compute the digests of these cases' logs, by case id; `now` is machine time."""
    month = month_of(now)
    return {
        row.case_id: LogDigest(
            month,
            row.entries,
            keyed_hash(key, "journal", row.entries_digest.hex()),
            row.looks,
            keyed_hash(key, "access-log", row.looks_digest.hex()),
        )
        for row in await fetch(connection, _MEASURE, ids=list(case_ids))
    }


async def store(connection: AsyncConnection, logs: Sequence[LogDigest]) -> None:
    """Insert the digests for good, in the transaction that deletes the logs themselves."""
    await run(
        connection,
        _STORE,
        months=[log.month for log in logs],
        entries=[log.entries for log in logs],
        entries_digests=[log.entries_digest for log in logs],
        looks=[log.looks for log in logs],
        looks_digests=[log.looks_digest for log in logs],
    )


async def stored(connection: AsyncConnection) -> AsyncIterator[LogDigest]:
    """Yield the digests of all erased cases, in the order of erasure."""
    after = 0
    while rows := await fetch(connection, _STORED, after=after, limit=_AT_ONCE):
        for row in rows:
            entries, looks = bytes(row.entries_digest), bytes(row.looks_digest)
            yield LogDigest(row.month, row.entries, entries, row.looks, looks)
        after = rows[-1].number
