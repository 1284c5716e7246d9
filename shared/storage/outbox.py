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
    item: str | None = None


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


class Untold(NamedTuple):
    """Say which events are unsent: `first` is the id of the oldest that may be sent, None without any.

    `causes`: what caused those that wait for an operator, as `causation_id`.
    """

    first: int | None
    causes: frozenset[str]

    def of(self, row: Row) -> bool:
        """Tell whether an event may be unsent of what this row answers; such an event has a lower id."""
        return row.causation_id in self.causes or (self.first is not None and self.first < row.id)


_COLUMNS = ", ".join(Row._fields)
# Of no case, or of one without a quarantined row; to a party, also of none that is held.
_IS_FREE = """(case_id IS NULL OR case_id <> ALL (ARRAY(
            SELECT quarantined.case_id FROM outbox AS quarantined
            WHERE quarantined.retry_at = 'infinity' AND quarantined.case_id IS NOT NULL)))
        AND (recipient IS NULL OR case_id IS NULL OR case_id <> ALL (ARRAY(
            SELECT stopped.case_id FROM cases AS stopped WHERE stopped.held)))"""
# A letter only while letters may be sent.
_MAY_GO = "(recipient IS NULL OR CAST(:letters AS boolean))"
# What is for the services carries no text that a key would open.
_IS_RESTED = "(recipient IS NULL OR case_id IS NULL OR case_id <> ALL (CAST(:resting AS text[])))"
# Each topic is found from the one before by an index, however much lies in it. What it holds is read in the
# order of that index: asked for one topic ordered by id, PostgreSQL may look for it among all the others.
_TOPICS = """
    topics AS (
        (SELECT topic FROM outbox ORDER BY topic LIMIT 1)
        UNION ALL
        SELECT (SELECT later.topic FROM outbox AS later WHERE later.topic > topics.topic
                ORDER BY later.topic LIMIT 1)
        FROM topics WHERE topics.topic IS NOT NULL
    )
"""
_NEXT = sa.text(
    f"""
    SELECT {_COLUMNS}
    FROM outbox WHERE retry_at IS DISTINCT FROM 'infinity'
        AND {_IS_FREE}
        AND {_IS_RESTED}
        AND {_MAY_GO}
    ORDER BY id LIMIT :limit FOR UPDATE
    """  # noqa: S608 - the texts above
)
# Nothing is deferred for as long as a minute: a later time was set by a clock that was ahead, and is over.
_IS_DEFERRED = "until > clock_timestamp() AND until <= clock_timestamp() + interval '1 minute'"
_DEFERRED = sa.text(f"SELECT topic FROM deferred_topics WHERE {_IS_DEFERRED}")  # noqa: S608 - the text above
_NEXT_BY_TOPIC = sa.text(
    f"""
    WITH RECURSIVE {_TOPICS}
    SELECT {_COLUMNS}
    FROM outbox WHERE id = ANY (ARRAY(
        SELECT ready.id FROM topics CROSS JOIN LATERAL (
            SELECT of_topic.id FROM outbox AS of_topic
            WHERE of_topic.topic BETWEEN topics.topic AND topics.topic
                AND of_topic.retry_at IS DISTINCT FROM 'infinity'
                AND {_IS_FREE}
                AND {_IS_RESTED}
                AND {_MAY_GO}
            ORDER BY of_topic.topic, of_topic.id LIMIT :of_each) AS ready
        WHERE topics.topic <> ALL (CAST(:deferred AS text[]))
        ORDER BY ready.id LIMIT :limit))
    ORDER BY id FOR UPDATE
    """  # noqa: S608 - the text above
)
_OF_EACH = 200  # rows read of a topic at once, while another topic is deferred
_ROWS_BY_ID = sa.text(
    f"""
    SELECT {_COLUMNS}
    FROM outbox WHERE id = ANY(:ids) AND retry_at IS DISTINCT FROM 'infinity'
        AND {_IS_FREE}
        AND NOT EXISTS (
            SELECT FROM deferred_topics AS deferred
            WHERE deferred.topic = outbox.topic AND {_IS_DEFERRED})
    ORDER BY id FOR UPDATE
    """  # noqa: S608 - the text above
)
_REMAINING = sa.text(
    f"""
    SELECT id FROM outbox WHERE id = ANY(:ids) AND retry_at IS DISTINCT FROM 'infinity'
        AND {_IS_FREE}
    """  # noqa: S608 - the text above
)
_UNTOLD = sa.text(
    f"""
    SELECT (
        SELECT min(first.id) FROM unnest(CAST(:topics AS text[])) AS told (topic) CROSS JOIN LATERAL (
            SELECT of_topic.id FROM outbox AS of_topic
            WHERE of_topic.topic BETWEEN told.topic AND told.topic
                AND of_topic.retry_at IS DISTINCT FROM 'infinity'
                AND {_IS_FREE}
            ORDER BY of_topic.topic, of_topic.id LIMIT 1) AS first
    ) AS first, ARRAY(
        SELECT stuck.causation_id FROM outbox AS stuck
        WHERE stuck.recipient IS NULL AND stuck.retry_at = 'infinity'
        UNION ALL
        SELECT behind.causation_id FROM outbox AS behind
        WHERE behind.recipient IS NULL AND behind.case_id = ANY (ARRAY(
            SELECT quarantined.case_id FROM outbox AS quarantined
            WHERE quarantined.retry_at = 'infinity' AND quarantined.case_id IS NOT NULL))
    ) AS causes
    """  # noqa: S608 - the text above
)
_IS_UNTOLD = sa.text(
    """
    SELECT EXISTS (
        SELECT FROM unnest(CAST(:topics AS text[])) AS told (topic) CROSS JOIN LATERAL (
            SELECT FROM outbox AS of_topic
            WHERE of_topic.topic BETWEEN told.topic AND told.topic AND of_topic.causation_id = :cause
            ORDER BY of_topic.topic, of_topic.id LIMIT 1) AS unsent
    ) AS untold
    """
)
_DELETE_SENT = sa.text(
    """
    WITH sent AS (DELETE FROM outbox WHERE id = ANY(:ids) RETURNING topic)
    DELETE FROM deferred_topics WHERE topic IN (SELECT topic FROM sent)
    """
)
_DELETE = sa.text("DELETE FROM outbox WHERE id = ANY(:ids)")
_DEFER = sa.text(
    """
    INSERT INTO deferred_topics (topic, until)
    SELECT topic, clock_timestamp() + make_interval(secs => :seconds)
    FROM unnest(CAST(:topics AS text[])) AS topic
    ON CONFLICT (topic) DO UPDATE SET until = excluded.until
    """
)
_UNDEFER = sa.text("DELETE FROM deferred_topics WHERE topic = ANY(:topics)")
_QUARANTINE = sa.text("UPDATE outbox SET retry_at = 'infinity' WHERE id = :id")
_QUARANTINED = sa.text(
    "SELECT id, type, case_id FROM outbox WHERE retry_at = 'infinity' ORDER BY id LIMIT :limit"
)
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
    f"""
    WITH RECURSIVE {_TOPICS}, counted AS (
        SELECT EXISTS (SELECT FROM deferred_topics WHERE deferred_topics.topic = topics.topic) AS deferred,
               unsent.n, unsent.oldest
        FROM topics CROSS JOIN LATERAL (
            SELECT count(*) AS n, min(recorded_at) AS oldest FROM (
                SELECT recorded_at FROM outbox AS of_topic
                WHERE of_topic.topic BETWEEN topics.topic AND topics.topic
                    AND of_topic.retry_at IS DISTINCT FROM 'infinity'
                ORDER BY of_topic.topic, of_topic.id LIMIT :of_each) AS first) AS unsent
        WHERE topics.topic IS NOT NULL
    )
    SELECT CAST(coalesce(sum(n) FILTER (WHERE NOT deferred), 0) AS bigint) AS ready,
           min(oldest) FILTER (WHERE NOT deferred) AS oldest_ready,
           CAST(coalesce(sum(n) FILTER (WHERE deferred), 0) AS bigint) AS deferred,
           min(oldest) FILTER (WHERE deferred) AS oldest_deferred,
           (SELECT count(*) FROM (
               SELECT FROM outbox WHERE retry_at = 'infinity' LIMIT :of_each) AS unreadable) AS unreadable
    FROM counted
    """  # noqa: S608 - the text above
)
_DELETE_UNSENT = sa.text(
    """
    DELETE FROM outbox USING
        unnest(CAST(:cases AS text[]), CAST(:items AS text[]), CAST(:recipients AS text[]))
        AS stop (case_id, item, recipient)
    WHERE outbox.case_id = stop.case_id
      AND (stop.item IS NULL OR outbox.item = stop.item)
      AND (stop.recipient IS NULL OR outbox.recipient = stop.recipient)
    RETURNING outbox.case_id, outbox.recipient, outbox.item
    """
)


async def write(connection: AsyncConnection, messages: Sequence[OutboxMessage]) -> None:
    """Insert all messages of a batch in one statement, in order."""
    if messages:
        await copy(connection, "outbox", OutboxMessage._fields, messages)


async def next_rows(
    connection: AsyncConnection, limit: int, resting: Sequence[str] = (), *, letters: bool = True
) -> list[Row]:
    """List the oldest rows that may be sent now, in order, locked until they are deleted.

    Leaves out the rows of a deferred topic and of a case with a quarantined row; letters to parties of a held
    case and of the cases `resting`, and all of them without `letters`.
    What lies in a deferred topic is not read, however much it is.
    """
    left_out = {"limit": limit, "resting": list(resting), "letters": letters}
    if not (deferred := [row.topic for row in await fetch(connection, _DEFERRED)]):
        return [Row(*row) for row in await fetch(connection, _NEXT, **left_out)]
    found = await fetch(connection, _NEXT_BY_TOPIC, deferred=deferred, of_each=_OF_EACH, **left_out)
    return [Row(*row) for row in found]


async def rows_by_id(connection: AsyncConnection, ids: Sequence[int]) -> list[Row]:
    """List those of the rows that may be sent now, locked until they are deleted."""
    return [Row(*row) for row in await fetch(connection, _ROWS_BY_ID, ids=list(ids))]


async def remaining(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Return those of the ids that are still to be sent, now or later, without waiting for an operator."""
    return {row.id for row in await fetch(connection, _REMAINING, ids=list(ids))}


async def untold(connection: AsyncConnection, topics: Sequence[str]) -> Untold:
    """Return which events on these topics are not sent yet."""
    found = (await fetch(connection, _UNTOLD, topics=list(topics)))[0]
    return Untold(found.first, frozenset(found.causes) - {None})


async def is_untold(connection: AsyncConnection, topics: Sequence[str], cause: str) -> bool:
    """Tell whether an event on these topics is not sent yet that this message or request caused."""
    return bool((await fetch(connection, _IS_UNTOLD, topics=list(topics), cause=cause))[0].untold)


async def delete_sent(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete rows that every in-sync replica has acknowledged; their topics are deferred no longer."""
    if ids:
        await run(connection, _DELETE_SENT, ids=list(ids))


async def delete_stopped(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete rows that may not leave any more."""
    if ids:
        await run(connection, _DELETE, ids=list(ids))


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


async def quarantined(connection: AsyncConnection, limit: int) -> list[QuarantinedRow]:
    """List the quarantined rows, oldest first."""
    return [
        QuarantinedRow(row.id, row.type, row.case_id or NO_CASE)
        for row in await fetch(connection, _QUARANTINED, limit=limit)
    ]


async def retry_quarantined(connection: AsyncConnection, case_id: str) -> None:
    """Release the quarantined rows of a case, as what made them unsendable is mended."""
    await run(connection, _RETRY_QUARANTINED, case_id=case_id, none=NO_CASE)


async def discard_quarantined(connection: AsyncConnection, case_id: str) -> bool:
    """Delete the first quarantined row of a case; return False when there is none."""
    return bool(await fetch(connection, _DISCARD_QUARANTINED, case_id=case_id, none=NO_CASE))


async def backlog(connection: AsyncConnection, limit: int) -> Backlog:
    """Count what has not been sent yet, up to `limit` in each topic.

    A topic stays deferred until something of it was sent.
    """
    return Backlog(*(await fetch(connection, _BACKLOG, of_each=limit))[0])


async def delete_unsent(
    connection: AsyncConnection, stops: Sequence[tuple[str, str | None, str | None]]
) -> list[tuple[str, str, str]]:
    """Delete unsent rows by (case, item, recipient), None for any item or recipient.

    Return (case, recipient, item) of each letter among them that carried something.
    """
    if not stops:
        return []
    rows = await fetch(
        connection,
        _DELETE_UNSENT,
        cases=[case for case, _, _ in stops],
        items=[item for _, item, _ in stops],
        recipients=[recipient for _, _, recipient in stops],
    )
    return [(row.case_id, row.recipient, row.item) for row in rows if row.recipient and row.item]
