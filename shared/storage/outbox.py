"""What must leave the house, written in the transaction that decided it; the relay alone sends it.

A body holds sealed pieces at limit: it is opened and sealed anew for its recipient when it is sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import copy, fetch, run

NO_CASE = "none"  # where an operator names a case, for a letter that is about none


class OutboxMessage(NamedTuple):
    """One record to send; `recipient` is a party id, or None for a topic of the house's own."""

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
    """A letter as it lies in the outbox; `id` rises per case, `recorded_at` is machine time."""

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
    """A letter that cannot be read, as an operator sees it."""

    id: int
    type: str
    case: str


class Backlog(NamedTuple):
    """How many letters lie here and since when: ready, for a destination set aside, and unreadable."""

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
    ORDER BY id LIMIT :limit FOR UPDATE
    """
)
_ROWS_BY_ID = sa.text(
    """
    SELECT id, event_id, topic, key, type, body, recipient, case_id, subject, causation_id, traceparent,
           recorded_at
    FROM outbox WHERE id = ANY(:ids) AND (retry_at IS NULL OR retry_at <= clock_timestamp())
    ORDER BY id FOR UPDATE
    """
)
_REMAINING = sa.text("SELECT id FROM outbox WHERE id = ANY(:ids) AND retry_at IS DISTINCT FROM 'infinity'")
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
    """All letters of a batch in one statement, in order."""
    if messages:
        await copy(connection, "outbox", OutboxMessage._fields, messages)


async def next_rows(connection: AsyncConnection, limit: int) -> list[Row]:
    """List the oldest rows that may be sent now, locked until they are deleted, in order.

    A deferred topic and a case with a quarantined row give none."""
    return [Row(*row) for row in await fetch(connection, _NEXT, limit=limit)]


async def rows_by_id(connection: AsyncConnection, ids: Sequence[int]) -> list[Row]:
    """Those of them that may be sent now, locked until they are deleted."""
    return [Row(*row) for row in await fetch(connection, _ROWS_BY_ID, ids=list(ids))]


async def remaining(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Those of them that are still to be sent, now or later."""
    return {row.id for row in await fetch(connection, _REMAINING, ids=list(ids))}


async def delete_sent(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """These have been acknowledged by every in-sync replica."""
    if ids:
        await run(connection, _DELETE_SENT, ids=list(ids))


async def defer(connection: AsyncConnection, topics: Sequence[str], seconds: float) -> None:
    """A destination that cannot take anything waits alone; everybody else goes on."""
    if topics:
        await run(connection, _DEFER, topics=list(topics), seconds=seconds)


async def undefer(connection: AsyncConnection, topics: Sequence[str]) -> None:
    """Something changed for these destinations: try them again now."""
    if topics:
        await run(connection, _UNDEFER, topics=list(topics))


async def quarantine(connection: AsyncConnection, row: int) -> None:
    """It cannot be read: it stays, and so does what stands behind it of its case, until an operator acts."""
    await run(connection, _QUARANTINE, id=row)


async def quarantined(connection: AsyncConnection) -> list[QuarantinedRow]:
    """The letters that cannot be read, oldest first."""
    return [
        QuarantinedRow(row.id, row.type, row.case_id or NO_CASE)
        for row in await fetch(connection, _QUARANTINED)
    ]


async def retry_quarantined(connection: AsyncConnection, case_id: str) -> None:
    """Whatever made the letters of this case unreadable is mended."""
    await run(connection, _RETRY_QUARANTINED, case_id=case_id, none=NO_CASE)


async def discard_quarantined(connection: AsyncConnection, case_id: str) -> bool:
    """Throw the first unreadable letter of this case away; False when there is none."""
    return bool(await fetch(connection, _DISCARD_QUARANTINED, case_id=case_id, none=NO_CASE))


async def backlog(connection: AsyncConnection, limit: int) -> Backlog:
    """What has not been sent yet; counts stop at `limit`."""
    return Backlog(*(await fetch(connection, _BACKLOG, limit=limit))[0])


async def delete_unsent(
    connection: AsyncConnection, stops: Sequence[tuple[str, str | None, str | None]]
) -> None:
    """Take back unsent letters of a case that carry an item or go to a recipient."""
    if stops:
        await run(
            connection,
            _DELETE_UNSENT,
            cases=[case for case, _, _ in stops],
            items=[item for _, item, _ in stops],
            recipients=[recipient for _, _, recipient in stops],
        )
