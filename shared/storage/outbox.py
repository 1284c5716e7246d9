"""Store the messages that must leave, in the transaction that decided them; the relay alone sends them.

A body holds sealed texts at most: these are decrypted, and the body encrypted for its recipient, when it is
sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import copy, fetch, run

NO_CASE = "none"  # where an operator names a case, for a message that is about none


class OutboxMessage(NamedTuple):
    """Describe one record to send; `recipient` is a party id, or None for a topic of the house's own."""

    event_id: str
    topic: str
    key: str
    type: str
    body: str
    recipient: str | None = None
    case_id: str | None = None
    subject: str | None = None
    item: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


class Row(NamedTuple):
    """Hold a row of the outbox; `id` rises per case, `recorded_at` is machine time."""

    id: int
    event_id: str
    topic: str
    key: str
    type: str
    body: str
    recipient: str | None
    case_id: str | None
    subject: str | None
    causation_id: str | None
    traceparent: str | None
    recorded_at: datetime


class QuarantinedRow(NamedTuple):
    """Show an operator a message that cannot be sent."""

    id: int
    type: str
    case: str


class Backlog(NamedTuple):
    """Count the unsent messages, and since when: ready, deferred and quarantined (machine time).

    `unreadable`: those that cannot be sent, for whatever reason of their own.
    """

    ready: int
    oldest_ready: datetime | None
    deferred: int
    oldest_deferred: datetime | None
    unreadable: int


_NEXT = sa.text(
    """
    SELECT id, event_id, topic, key, type, body, recipient, case_id, subject, causation_id, traceparent,
           recorded_at
    FROM outbox WHERE topic <> ALL (ARRAY(
            SELECT DISTINCT deferred.topic FROM outbox AS deferred
            WHERE deferred.retry_at > clock_timestamp() AND deferred.retry_at < 'infinity'))
        AND (retry_at IS NULL OR retry_at < 'infinity')
        AND (case_id IS NULL OR case_id <> ALL (ARRAY(
            SELECT quarantined.case_id FROM outbox AS quarantined
            WHERE quarantined.retry_at = 'infinity' AND quarantined.case_id IS NOT NULL)))
        AND (case_id IS NULL OR case_id <> ALL (CAST(:resting AS text[])))
    ORDER BY id LIMIT :limit FOR UPDATE
    """
)
_ROWS_BY_ID = sa.text(
    """
    SELECT id, event_id, topic, key, type, body, recipient, case_id, subject, causation_id, traceparent,
           recorded_at
    FROM outbox WHERE id = ANY(:ids) AND (retry_at IS NULL OR retry_at <= clock_timestamp())
        AND (case_id IS NULL OR case_id <> ALL (ARRAY(
            SELECT quarantined.case_id FROM outbox AS quarantined
            WHERE quarantined.retry_at = 'infinity' AND quarantined.case_id IS NOT NULL)))
    ORDER BY id FOR UPDATE
    """
)
_REMAINING = sa.text(
    """
    SELECT id FROM outbox WHERE id = ANY(:ids) AND retry_at IS DISTINCT FROM 'infinity'
        AND (case_id IS NULL OR case_id <> ALL (ARRAY(
            SELECT quarantined.case_id FROM outbox AS quarantined
            WHERE quarantined.retry_at = 'infinity' AND quarantined.case_id IS NOT NULL)))
    """
)
_DELETE_SENT = sa.text("DELETE FROM outbox WHERE id = ANY(:ids)")
_DEFER = sa.text(
    """
    UPDATE outbox SET retry_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE topic = ANY(:topics) AND retry_at IS DISTINCT FROM 'infinity'
    """
)
_UNDEFER = sa.text("UPDATE outbox SET retry_at = NULL WHERE topic = ANY(:topics) AND retry_at < 'infinity'")
_QUARANTINE = sa.text("UPDATE outbox SET retry_at = 'infinity' WHERE id = :id")
_QUARANTINED = sa.text("SELECT id, type, case_id FROM outbox WHERE retry_at = 'infinity' ORDER BY id")
_RETRY_QUARANTINED = sa.text(
    "UPDATE outbox SET retry_at = NULL WHERE retry_at = 'infinity' AND coalesce(case_id, :none) = :case_id"
)
_DISCARD_QUARANTINED = sa.text(
    """
    DELETE FROM outbox WHERE id = (
        SELECT min(id) FROM outbox WHERE retry_at = 'infinity' AND coalesce(case_id, :none) = :case_id)
    RETURNING id
    """
)
_BACKLOG = sa.text(
    """
    SELECT (SELECT count(*) FROM (
               SELECT FROM outbox WHERE retry_at IS NULL ORDER BY id LIMIT :limit) AS counted) AS ready,
           (SELECT recorded_at FROM outbox WHERE retry_at IS NULL ORDER BY id LIMIT 1) AS oldest_ready,
           count(*) FILTER (WHERE retry_at < 'infinity') AS deferred,
           min(recorded_at) FILTER (WHERE retry_at < 'infinity') AS oldest_deferred,
           count(*) FILTER (WHERE retry_at = 'infinity') AS unreadable
    FROM (SELECT retry_at, recorded_at FROM outbox WHERE retry_at IS NOT NULL LIMIT :limit) AS later
    """
)
_DELETE_UNSENT = sa.text(
    """
    DELETE FROM outbox USING
        unnest(CAST(:cases AS text[]), CAST(:items AS text[]), CAST(:recipients AS text[]))
        AS stop (case_id, item, recipient)
    WHERE outbox.case_id = stop.case_id
      AND (stop.item IS NULL OR outbox.item = stop.item)
      AND (stop.recipient IS NULL OR outbox.recipient = stop.recipient)
    """
)


async def write(connection: AsyncConnection, messages: Sequence[OutboxMessage]) -> None:
    """Insert all messages of a batch in one statement, in order."""
    if messages:
        await copy(connection, "outbox", OutboxMessage._fields, messages)


async def next_rows(connection: AsyncConnection, limit: int, resting: Sequence[str] = ()) -> list[Row]:
    """List the oldest rows that may be sent now, in order, locked until they are deleted.

    Leaves out the rows of a deferred topic, of a case with a quarantined row, and of the cases `resting`.
    """
    return [Row(*row) for row in await fetch(connection, _NEXT, limit=limit, resting=list(resting))]


async def rows_by_id(connection: AsyncConnection, ids: Sequence[int]) -> list[Row]:
    """List those of the rows that may be sent now, locked until they are deleted."""
    return [Row(*row) for row in await fetch(connection, _ROWS_BY_ID, ids=list(ids))]


async def remaining(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Return those of the ids that are still to be sent, now or later, without waiting for an operator."""
    return {row.id for row in await fetch(connection, _REMAINING, ids=list(ids))}


async def delete_sent(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete rows that every in-sync replica has acknowledged."""
    if ids:
        await run(connection, _DELETE_SENT, ids=list(ids))


async def defer(connection: AsyncConnection, topics: Sequence[str], seconds: float) -> None:
    """Defer the rows of these topics for a number of seconds; every other destination goes on."""
    if topics:
        await run(connection, _DEFER, topics=list(topics), seconds=seconds)


async def undefer(connection: AsyncConnection, topics: Sequence[str]) -> None:
    """Send the deferred rows of these topics again now, as something changed for them."""
    if topics:
        await run(connection, _UNDEFER, topics=list(topics))


async def quarantine(connection: AsyncConnection, row: int) -> None:
    """Quarantine a row that cannot be sent, and so the rows behind it of its case, until an operator acts."""
    await run(connection, _QUARANTINE, id=row)


async def quarantined(connection: AsyncConnection) -> list[QuarantinedRow]:
    """List the quarantined rows, oldest first."""
    return [
        QuarantinedRow(row.id, row.type, row.case_id or NO_CASE)
        for row in await fetch(connection, _QUARANTINED)
    ]


async def retry_quarantined(connection: AsyncConnection, case_id: str) -> None:
    """Release the quarantined rows of a case, as what made them unsendable is mended."""
    await run(connection, _RETRY_QUARANTINED, case_id=case_id, none=NO_CASE)


async def discard_quarantined(connection: AsyncConnection, case_id: str) -> bool:
    """Delete the first quarantined row of a case; return False when there is none."""
    return bool(await fetch(connection, _DISCARD_QUARANTINED, case_id=case_id, none=NO_CASE))


async def backlog(connection: AsyncConnection, limit: int) -> Backlog:
    """Count what has not been sent yet; counts stop at `limit`."""
    return Backlog(*(await fetch(connection, _BACKLOG, limit=limit))[0])


async def delete_unsent(
    connection: AsyncConnection, stops: Sequence[tuple[str, str | None, str | None]]
) -> None:
    """Delete unsent rows by (case, item, recipient); None stands for any item or recipient."""
    if stops:
        await run(
            connection,
            _DELETE_UNSENT,
            cases=[case for case, _, _ in stops],
            items=[item for _, item, _ in stops],
            recipients=[recipient for _, _, recipient in stops],
        )
