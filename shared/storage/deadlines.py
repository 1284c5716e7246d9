"""Store deadlines with the decision that sets them; each fires as an ordinary command."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.core.effects import CancelTimer, SetTimer
from shared.ids import new_id
from shared.storage.database import fetch, run


@dataclass(frozen=True, slots=True)
class Deadline:
    """Hold a deadline that is due: when it was to act, and when it was found to be; covenant time."""

    id: str
    case_id: str
    kind: str
    ref: str
    at: datetime
    irreversible: bool
    found_at: datetime


class Overdue(NamedTuple):
    """Count the deadlines that are due and have not acted, with the oldest due time (covenant time)."""

    deadlines: int
    oldest_due_at: datetime | None


_SET = sa.text(
    """
    INSERT INTO due (id, case_id, kind, ref, at, irreversible)
    SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:cases AS text[]), CAST(:kinds AS text[]),
                         CAST(:refs AS text[]), CAST(:at AS timestamptz[]), CAST(:irr AS boolean[]))
    ON CONFLICT (case_id, kind, ref)
    DO UPDATE SET id = excluded.id, at = excluded.at, irreversible = excluded.irreversible
    """
)
_CANCEL = sa.text(
    """
    DELETE FROM due WHERE (case_id, kind, ref)
        IN (SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:kinds AS text[]), CAST(:refs AS text[])))
    """
)
_DUE_NOW = sa.text(
    """
    SELECT due.id, due.case_id, due.kind, due.ref, due.at, due.irreversible
    FROM due LEFT JOIN cases USING (case_id)
    WHERE due.at <= :now AND NOT coalesce(cases.held, false) ORDER BY due.at LIMIT :limit
    """
)
_REVERSIBLE_DUE_NOW = sa.text(
    """
    SELECT due.id, due.case_id, due.kind, due.ref, due.at, due.irreversible
    FROM due LEFT JOIN cases USING (case_id)
    WHERE due.at <= :now AND NOT coalesce(cases.held, false) AND NOT due.irreversible
    ORDER BY due.at LIMIT :limit
    """
)
_OVERDUE = sa.text(
    """
    SELECT count(*), min(at) FROM (
        SELECT due.at FROM due LEFT JOIN cases USING (case_id)
        WHERE due.at <= :now AND NOT coalesce(cases.held, false) ORDER BY due.at LIMIT :limit) AS counted
    """
)
_TAKE = sa.text("DELETE FROM due WHERE id = ANY(:ids) RETURNING id")


# A page by the key of the cases, whatever their phase: so each statement reads as much as it is asked for.
_START_MISSING = sa.text(
    """
    WITH page AS (
        SELECT case_id, phase, version FROM cases WHERE case_id > :after ORDER BY case_id LIMIT :most
    ), started AS (
        INSERT INTO due (id, case_id, kind, ref, at, irreversible)
        SELECT CAST(gen_random_uuid() AS text), page.case_id, :kind, '', term.at, true
        FROM page JOIN unnest(CAST(:phases AS text[]), CAST(:at AS timestamptz[])) AS term (phase, at)
                  USING (phase)
        WHERE page.version > 0
          AND NOT EXISTS (SELECT FROM due WHERE due.case_id = page.case_id AND due.kind = :kind)
        ORDER BY page.case_id
        ON CONFLICT DO NOTHING
    )
    SELECT max(case_id) AS last, count(*) AS cases FROM page
    """
)


async def start_missing(
    connection: AsyncConnection,
    kind: str,
    phases: Sequence[str],
    at: Sequence[datetime],
    *,
    after: str,
    most: int,
) -> str | None:
    """Set this timer, by phase, for each case of a page that has none; return the key of the next page."""
    found = await fetch(
        connection, _START_MISSING, kind=kind, phases=list(phases), at=list(at), after=after, most=most
    )
    return found[0].last if found[0].cases == most else None


async def set_timers(connection: AsyncConnection, timers: Sequence[tuple[str, SetTimer]]) -> None:
    """Set the timers of a batch in one statement; of two settings of the same timer the later one counts."""
    latest = {(case, timer.kind, timer.ref): (case, timer) for case, timer in timers}
    if latest:
        await run(
            connection,
            _SET,
            ids=[new_id() for _ in latest],
            cases=[case for case, _ in latest.values()],
            kinds=[timer.kind for _, timer in latest.values()],
            refs=[timer.ref for _, timer in latest.values()],
            at=[timer.at for _, timer in latest.values()],
            irr=[timer.irreversible for _, timer in latest.values()],
        )


async def cancel_timers(connection: AsyncConnection, timers: Sequence[tuple[str, CancelTimer]]) -> None:
    """Delete deadlines that no longer matter."""
    if timers:
        await run(
            connection,
            _CANCEL,
            cases=[case for case, _ in timers],
            kinds=[timer.kind for _, timer in timers],
            refs=[timer.ref for _, timer in timers],
        )


async def due_now(
    connection: AsyncConnection, now: datetime, *, irreversible: bool, limit: int
) -> list[Deadline]:
    """List deadlines that are due, oldest first, of no held case.

    `irreversible` ones only when they may act.
    """
    statement = _DUE_NOW if irreversible else _REVERSIBLE_DUE_NOW
    rows = await fetch(connection, statement, now=now, limit=limit)
    return [
        Deadline(row.id, row.case_id, row.kind, row.ref, row.at, row.irreversible, found_at=now)
        for row in rows
    ]


async def take(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    """Delete the deadlines in this transaction and return the ids.

    One that was fired or moved meanwhile is not in it.
    """
    return {row.id for row in await fetch(connection, _TAKE, ids=sorted(ids))}


async def overdue(connection: AsyncConnection, now: datetime, limit: int) -> Overdue:
    """Count the deadlines that are due at `now` (covenant time), of no held case, up to `limit`."""
    return Overdue(*(await fetch(connection, _OVERDUE, now=now, limit=limit))[0])
