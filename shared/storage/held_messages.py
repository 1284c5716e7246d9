"""Store messages that wait: for a fact that may still come, after a fault, or in the queue of a held case.

The record is kept as it came, still encrypted to the house's key, and is received once more later.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch, run

PATIENCE = timedelta(seconds=60)  # lag must not look like law, and law must not look like lag for longer

NOBODY_TRIED: Mapping[str, int] = MappingProxyType({})
MOST_WAITING = 500  # messages of one party that may wait for a fact at once


class HoldReason(StrEnum):
    """Name why a message is held; the values are those of the column `why`."""

    WAITING = "waiting"
    QUARANTINED = "parked"
    QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """Hold one held message; `until` (machine time) only for one that waits."""

    id: int
    case_id: str
    why: HoldReason
    until: datetime | None
    record: bytes
    sender: str = ""

    def waits_at(self, now: datetime) -> bool:
        """Tell whether a fact may still come for it at that (machine) time."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class MessageToHold:
    """Describe a message to hold.

    `place` is the row id of one that was held before, which keeps its order.
    """

    sender: str
    message_id: str
    case_id: str
    why: HoldReason
    until: datetime | None
    record: bytes
    place: int | None = None


_ADD = sa.text(
    """
    INSERT INTO held (id, sender, message_id, case_id, why, until, record)
    SELECT coalesce(place, nextval(pg_get_serial_sequence('held', 'id'))),
           sender, message_id, case_id, why, until, record
    FROM unnest(CAST(:places AS bigint[]), CAST(:senders AS text[]), CAST(:ids AS text[]),
                CAST(:cases AS text[]), CAST(:whys AS text[]), CAST(:untils AS timestamptz[]),
                CAST(:records AS bytea[]))
         WITH ORDINALITY AS new (place, sender, message_id, case_id, why, until, record, n)
    ORDER BY n
    ON CONFLICT (sender, message_id) DO UPDATE SET why = excluded.why, until = held.until
    """
)
_WAITING = sa.text(
    """
    WITH RECURSIVE senders AS (
        (SELECT sender FROM held WHERE why = 'waiting' ORDER BY sender LIMIT 1)
        UNION ALL
        SELECT (SELECT later.sender FROM held AS later WHERE later.why = 'waiting'
                AND later.sender > senders.sender ORDER BY later.sender LIMIT 1)
        FROM senders WHERE senders.sender IS NOT NULL
    )
    SELECT id, sender, case_id, why, until, record FROM held WHERE id = ANY (ARRAY(
        SELECT one.id FROM senders
        LEFT JOIN unnest(CAST(:senders AS text[]), CAST(:ids AS bigint[])) AS tried (sender, last)
            ON tried.sender = senders.sender
        CROSS JOIN LATERAL (
            SELECT id, row_number() OVER (ORDER BY of_sender.sender, of_sender.id) AS turn
            FROM held AS of_sender
            WHERE of_sender.why = 'waiting' AND of_sender.id > coalesce(tried.last, 0)
                AND of_sender.sender BETWEEN senders.sender AND senders.sender
            ORDER BY of_sender.sender, of_sender.id LIMIT :limit) AS one
        ORDER BY one.turn, one.id LIMIT :limit))
    ORDER BY id
    """
)
_FIRST_OF_CASE = sa.text(
    """
    SELECT id, sender, case_id, why, until, record FROM held
    WHERE case_id = :case_id AND why = ANY(:reasons) ORDER BY id LIMIT 1
    """
)
_TAKE = sa.text("DELETE FROM held WHERE id = ANY(:ids) RETURNING id, sender, message_id")
_WAITING_OF = sa.text(
    """
    SELECT sender, count(*) AS n FROM held WHERE why = 'waiting' AND sender = ANY(:senders) GROUP BY sender
    """
)
_QUARANTINE = sa.text("UPDATE held SET why = 'parked' WHERE id = :place")
_EXPIRE_NOW = sa.text("UPDATE held SET why = 'waiting', until = :now WHERE case_id = ANY(:ids)")
_COUNT = sa.text(
    "SELECT why, count(*) AS n FROM (SELECT why FROM held ORDER BY id LIMIT :limit) AS counted GROUP BY why"
)


async def add(connection: AsyncConnection, holds: Sequence[MessageToHold]) -> None:
    """Insert these messages; one that waits again keeps its first `until`."""
    if holds:
        await run(
            connection,
            _ADD,
            places=[h.place for h in holds],
            senders=[h.sender for h in holds],
            ids=[h.message_id for h in holds],
            cases=[h.case_id for h in holds],
            whys=[str(h.why) for h in holds],
            untils=[h.until for h in holds],
            records=[h.record for h in holds],
        )


async def waiting(
    connection: AsyncConnection, limit: int, *, tried: Mapping[str, int] = NOBODY_TRIED
) -> list[HeldMessage]:
    """List messages that wait for a fact, oldest first; of each sender the same share.

    `tried` is by sender the row id of the last of its messages that was listed before.
    """
    rows = await fetch(
        connection, _WAITING, limit=limit, senders=list(tried.keys()), ids=list(tried.values())
    )
    return [_from_row(row) for row in rows]


async def first_of_case(
    connection: AsyncConnection, case_id: str, reasons: Sequence[HoldReason]
) -> HeldMessage | None:
    """Return the message of a case that came first of those held for one of these reasons."""
    rows = await fetch(connection, _FIRST_OF_CASE, case_id=case_id, reasons=[str(why) for why in reasons])
    return _from_row(rows[0]) if rows else None


async def waiting_of(connection: AsyncConnection, senders: Iterable[str]) -> Counter[str]:
    """Count by sender the messages that wait for a fact."""
    rows = await fetch(connection, _WAITING_OF, senders=sorted(set(senders)))
    return Counter({row.sender: row.n for row in rows})


async def take(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Delete held messages in this transaction; return sender and message id of those still there, by id."""
    rows = await fetch(connection, _TAKE, ids=sorted(ids))
    return {row.id: (row.sender, row.message_id) for row in rows}


async def quarantine(connection: AsyncConnection, place: int) -> None:
    """Mark a held message as quarantined: it waits for an operator, and no longer for a fact."""
    await run(connection, _QUARANTINE, place=place)


async def expire_now(connection: AsyncConnection, case_ids: Sequence[str], now: datetime) -> None:
    """Let all held messages of these cases expire at `now` (machine time).

    Each is tried once more, then refused.
    """
    await run(connection, _EXPIRE_NOW, ids=list(case_ids), now=now)


async def count(connection: AsyncConnection, limit: int) -> dict[str, int]:
    """Count the held messages by reason, among the oldest `limit`."""
    return {row.why: row.n for row in await fetch(connection, _COUNT, limit=limit)}


def _from_row(row: sa.Row[tuple[int, str, str, str, datetime | None, bytes]]) -> HeldMessage:
    return HeldMessage(row.id, row.case_id, HoldReason(row.why), row.until, bytes(row.record), row.sender)
