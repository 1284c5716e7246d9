"""Chain the entries of journal and access log, after their commit, in an order of the chain's own.

Leaf n is a keyed hash of n, of the moment, the log, and all that the entry says; head n is SHA-256 of head
n-1, n, whose key it is, and leaf n. A leaf's key is derived from the case key: once that is destroyed, a leaf
that stays tells nobody anything, and still counts in the heads. An entry about what has no key, or none that
can be had now, is hashed under a key of the service.

The ids of entries say nothing about order: some are never used, and an entry may commit after a later one.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import keyed_hash
from shared.storage.database import copy, fetch, run
from shared.storage.log_digests import ACCESS_LINE, JOURNAL_LINE
from shared.storage.log_seals import ACCESS_LOG, JOURNAL

FIRST_HEAD = bytes(32)  # before the first entry
CHAIN_LOCK = 7_122  # of the chain's end: taken alone to add to it, shared while entries are removed

_READ = """
    SELECT entry, case_id, seal, CAST({line} AS text) AS line FROM {log}
    WHERE entry > :settled
      AND NOT EXISTS (SELECT FROM log_leaves AS k WHERE k.log = '{log}' AND k.entry = {log}.entry)
    ORDER BY entry LIMIT :limit
"""
_UNCHAINED = {
    log: sa.text(_READ.format(log=log, line=line))
    for log, line in ((JOURNAL, JOURNAL_LINE), (ACCESS_LOG, ACCESS_LINE))
}
_STILL_HERE = sa.text(
    """
    SELECT CAST('journal' AS text) AS log, entry FROM journal WHERE entry = ANY(:journal)
    UNION ALL SELECT 'access_log', entry FROM access_log WHERE entry = ANY(:access_log)
    """
)
_LAST = sa.text("SELECT number, head FROM log_leaves ORDER BY number DESC LIMIT 1")
_LOCK = sa.text("SELECT pg_advisory_xact_lock(:lock)")
_LOCK_SHARED = sa.text("SELECT pg_advisory_xact_lock_shared(:lock)")
_SETTLED = sa.text("SELECT log, entry FROM log_settled")
_SETTLE = sa.text(
    """
    INSERT INTO log_settled (log, entry)
    SELECT * FROM unnest(CAST(:logs AS text[]), CAST(:entries AS bigint[]))
    ON CONFLICT (log) DO UPDATE SET entry = excluded.entry
    """
)
_GIVEN_OUT = sa.text(
    """
    SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('journal', 'entry')::regclass), 0)
               AS journal,
           coalesce(pg_sequence_last_value(pg_get_serial_sequence('access_log', 'entry')::regclass), 0)
               AS access_log,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest_running,
           CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS next_to_run
    """
)


class Unchained(NamedTuple):
    """Hold an entry as it is hashed: `line` is all that it says, as PostgreSQL writes it in JSON."""

    log: str
    entry: int
    case_id: str
    seal: bytes | None
    line: str


class Leaf(NamedTuple):
    """Hold one row of the chain, in the order of its columns; `of_case`: hashed under the case's key."""

    number: int
    log: str
    entry: int
    chained_at: datetime
    of_case: bool
    leaf: bytes
    head: bytes


class GivenOut(NamedTuple):
    """Hold the last id that each log has given out, and between which transactions that was asked."""

    journal: int
    access_log: int
    oldest_running: int
    next_to_run: int


def leaf_of(key: bytes, number: int, chained_at: datetime, one: Unchained) -> bytes:
    """Compute the leaf of an entry at its place in the chain, chained at this moment (machine time)."""
    seal = "" if one.seal is None else one.seal.hex()
    at = chained_at.astimezone(UTC).isoformat()
    return keyed_hash(key, "log-leaf", str(number), at, one.log, one.line, seal)


def head_after(head: bytes, number: int, leaf: bytes, *, of_case: bool) -> bytes:
    """Compute the head of the chain with one leaf more, of a case's key or of the service's."""
    return hashlib.sha256(head + number.to_bytes(8, "big") + bytes([of_case]) + leaf).digest()


async def settled(connection: AsyncConnection) -> dict[str, int]:
    """Return for each log the id up to which nothing is unchained, nor ever will be."""
    return {JOURNAL: 0, ACCESS_LOG: 0} | {row.log: row.entry for row in await fetch(connection, _SETTLED)}


async def settle(connection: AsyncConnection, up_to: Mapping[str, int]) -> None:
    """Store up to which id each log is settled."""
    await run(connection, _SETTLE, logs=list(up_to), entries=list(up_to.values()))


async def given_out(connection: AsyncConnection) -> GivenOut:
    """Ask which ids were given out; an entry of one may still be in a transaction that has not ended."""
    (row,) = await fetch(connection, _GIVEN_OUT)
    return GivenOut(*row)


async def unchained(connection: AsyncConnection, after: Mapping[str, int], limit: int) -> list[Unchained]:
    """Return entries of both logs that have no leaf, at most `limit` of each, the oldest ids first."""
    return [
        Unchained(log, row.entry, row.case_id, row.seal, row.line)
        for log, statement in _UNCHAINED.items()
        for row in await fetch(connection, statement, settled=after[log], limit=limit)
    ]


async def append(
    connection: AsyncConnection,
    entries: Sequence[Unchained],
    service_key: bytes,
    case_keys: Mapping[str, bytes],
    now: datetime,
) -> int:
    """Chain these entries, but those removed meanwhile, and return how many; `now` is machine time.

    Two that do so at once get the same number, and one of them a `DBAPIError`.
    """
    await run(connection, _LOCK, lock=CHAIN_LOCK)
    here = await _still_here(connection, entries)
    rows = await fetch(connection, _LAST)
    number, head = (rows[0].number, bytes(rows[0].head)) if rows else (0, FIRST_HEAD)
    leaves = []
    for one in entries:
        if (one.log, one.entry) not in here:
            continue
        number += 1
        key = case_keys.get(one.case_id)
        leaf = leaf_of(service_key if key is None else key, number, now, one)
        head = head_after(head, number, leaf, of_case=key is not None)
        leaves.append(Leaf(number, one.log, one.entry, now, key is not None, leaf, head))
    if leaves:
        await copy(connection, "log_leaves", Leaf._fields, leaves)
    return len(leaves)


async def hold_still(connection: AsyncConnection) -> None:
    """Keep the chain from growing until this transaction ends, which removes entries and marks leaves."""
    await run(connection, _LOCK_SHARED, lock=CHAIN_LOCK)


async def end(connection: AsyncConnection) -> tuple[int, bytes]:
    """Return the length of the chain and its head."""
    rows = await fetch(connection, _LAST)
    return (rows[0].number, bytes(rows[0].head)) if rows else (0, FIRST_HEAD)


async def _still_here(connection: AsyncConnection, entries: Iterable[Unchained]) -> set[tuple[str, int]]:
    asked: dict[str, list[int]] = {JOURNAL: [], ACCESS_LOG: []}
    for one in entries:
        asked[one.log].append(one.entry)
    return {(row.log, row.entry) for row in await fetch(connection, _STILL_HERE, **asked)}
