"""What must leave the house, written in the transaction that decided it; the relay alone sends it.

A body holds sealed pieces at most: it is opened and sealed anew for its recipient when it is sent.
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
    aside: int
    oldest_aside: datetime | None
    unreadable: int


_NEXT = sa.text(
    """
    SELECT id, event_id, topic, key, type, body, recipient, case_id, subject, causation_id, traceparent,
           recorded_at
    FROM outbox WHERE topic <> ALL (ARRAY(
            SELECT DISTINCT aside.topic FROM outbox AS aside
            WHERE aside.retry_at > clock_timestamp() AND aside.retry_at < 'infinity'))
        AND (retry_at IS NULL OR retry_at < 'infinity')
        AND (case_id IS NULL OR case_id <> ALL (ARRAY(
            SELECT apart.case_id FROM outbox AS apart
            WHERE apart.retry_at = 'infinity' AND apart.case_id IS NOT NULL)))
    ORDER BY id LIMIT :most FOR UPDATE
    """
)
_THESE = sa.text(
    """
    SELECT id, event_id, topic, key, type, body, recipient, case_id, subject, causation_id, traceparent,
           recorded_at
    FROM outbox WHERE id = ANY(:ids) AND (retry_at IS NULL OR retry_at <= clock_timestamp())
    ORDER BY id FOR UPDATE
    """
)
_LEFT = sa.text("SELECT id FROM outbox WHERE id = ANY(:ids) AND retry_at IS DISTINCT FROM 'infinity'")
_SENT = sa.text("DELETE FROM outbox WHERE id = ANY(:ids)")
_ASIDE = sa.text(
    """
    UPDATE outbox SET retry_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE topic = ANY(:topics) AND retry_at IS DISTINCT FROM 'infinity'
    """
)
_BRING_BACK = sa.text(
    "UPDATE outbox SET retry_at = NULL WHERE topic = ANY(:topics) AND retry_at < 'infinity'"
)
_SET_APART = sa.text("UPDATE outbox SET retry_at = 'infinity' WHERE id = :id")
_APART = sa.text("SELECT id, type, case_id FROM outbox WHERE retry_at = 'infinity' ORDER BY id")
_TRY_AGAIN = sa.text(
    "UPDATE outbox SET retry_at = NULL WHERE retry_at = 'infinity' AND coalesce(case_id, :none) = :case_id"
)
_DISCARD = sa.text(
    """
    DELETE FROM outbox WHERE id = (
        SELECT min(id) FROM outbox WHERE retry_at = 'infinity' AND coalesce(case_id, :none) = :case_id)
    RETURNING id
    """
)
_BACKLOG = sa.text(
    """
    SELECT (SELECT count(*) FROM (
               SELECT FROM outbox WHERE retry_at IS NULL ORDER BY id LIMIT :most) AS counted) AS ready,
           (SELECT recorded_at FROM outbox WHERE retry_at IS NULL ORDER BY id LIMIT 1) AS oldest_ready,
           count(*) FILTER (WHERE retry_at < 'infinity') AS aside,
           min(recorded_at) FILTER (WHERE retry_at < 'infinity') AS oldest_aside,
           count(*) FILTER (WHERE retry_at = 'infinity') AS unreadable
    FROM (SELECT retry_at, recorded_at FROM outbox WHERE retry_at IS NOT NULL LIMIT :most) AS later
    """
)
_STOP = sa.text(
    """
    DELETE FROM outbox USING
        unnest(CAST(:cases AS text[]), CAST(:items AS text[]), CAST(:recipients AS text[]))
        AS stop (case_id, item, recipient)
    WHERE outbox.case_id = stop.case_id
      AND (stop.item IS NULL OR outbox.item = stop.item)
      AND (stop.recipient IS NULL OR outbox.recipient = stop.recipient)
    """
)


async def write(connection: AsyncConnection, letters: Sequence[OutboxMessage]) -> None:
    """All letters of a batch in one statement, in order."""
    if letters:
        await copy(connection, "outbox", OutboxMessage._fields, letters)


async def next_rows(connection: AsyncConnection, most: int) -> list[Row]:
    """The oldest rows that may be sent now, locked until they are deleted; none overtakes one set aside."""
    return [Row(*row) for row in await fetch(connection, _NEXT, most=most)]


async def these_rows(connection: AsyncConnection, ids: Sequence[int]) -> list[Row]:
    """Those of them that may be sent now, locked until they are deleted."""
    return [Row(*row) for row in await fetch(connection, _THESE, ids=list(ids))]


async def left(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Those of them that are still to be sent, now or later."""
    return {row.id for row in await fetch(connection, _LEFT, ids=list(ids))}


async def sent(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """These have been acknowledged by every in-sync replica."""
    if ids:
        await run(connection, _SENT, ids=list(ids))


async def defer(connection: AsyncConnection, topics: Sequence[str], seconds: float) -> None:
    """A destination that cannot take anything waits alone; everybody else goes on."""
    if topics:
        await run(connection, _ASIDE, topics=list(topics), seconds=seconds)


async def bring_back(connection: AsyncConnection, topics: Sequence[str]) -> None:
    """Something changed for these destinations: try them again now."""
    if topics:
        await run(connection, _BRING_BACK, topics=list(topics))


async def quarantine(connection: AsyncConnection, row: int) -> None:
    """It cannot be read: it stays, and so does what stands behind it of its case, until an operator acts."""
    await run(connection, _SET_APART, id=row)


async def apart(connection: AsyncConnection) -> list[QuarantinedRow]:
    """The letters that cannot be read, oldest first."""
    return [
        QuarantinedRow(row.id, row.type, row.case_id or NO_CASE) for row in await fetch(connection, _APART)
    ]


async def try_again(connection: AsyncConnection, case_id: str) -> None:
    """Whatever made the letters of this case unreadable is mended."""
    await run(connection, _TRY_AGAIN, case_id=case_id, none=NO_CASE)


async def discard_apart(connection: AsyncConnection, case_id: str) -> bool:
    """Throw the first unreadable letter of this case away; False when there is none."""
    return bool(await fetch(connection, _DISCARD, case_id=case_id, none=NO_CASE))


async def backlog(connection: AsyncConnection, most: int) -> Backlog:
    """What has not been sent yet; counts stop at `most`."""
    return Backlog(*(await fetch(connection, _BACKLOG, most=most))[0])


async def stop(connection: AsyncConnection, stops: Sequence[tuple[str, str | None, str | None]]) -> None:
    """Take back unsent letters of a case that carry an item or go to a recipient."""
    if stops:
        await run(
            connection,
            _STOP,
            cases=[case for case, _, _ in stops],
            items=[item for _, item, _ in stops],
            recipients=[recipient for _, _, recipient in stops],
        )
