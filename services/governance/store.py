"""Query what is not about one membership: the register of parties, and the decisions of the organs."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.governance.decisions import YEARLY, Decision, RecordedDecision
from services.governance.handlers import decision_id
from services.governance.state import State
from shared.storage.cases import CaseTable
from shared.storage.database import fetch

_AT_ONCE = 100  # memberships in memory
_REGISTER = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held,
           state #>> '{record,party}' AS party
    FROM cases WHERE state #>> '{record,party}' > :after AND NOT held
    ORDER BY state #>> '{record,party}' LIMIT :most
    """
)
_ALL = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM cases WHERE case_id > :after ORDER BY case_id LIMIT :most
    """
)
_DECISIONS = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held,
           state #>> '{decision,number}' AS number
    FROM cases WHERE state #>> '{decision,number}' > :after AND NOT held
    ORDER BY state #>> '{decision,number}' LIMIT :most
    """
)
_REPLACED_FROM = sa.text(
    """
    SELECT min(state #>> '{decision,in_force_from}') AS day
    FROM cases WHERE state #>> '{decision,replaces}' = :number
    """
)
_IN_FORCE = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM unnest(CAST(:kinds AS text[])) AS wanted (kind) CROSS JOIN LATERAL (
        SELECT * FROM cases WHERE state #>> '{decision,subject,kind}' = wanted.kind AND NOT held
          AND state #>> '{decision,in_force_from}' <= :today
        ORDER BY state #>> '{decision,in_force_from}' DESC LIMIT 1) AS last
    """
)


async def all_records(connection: AsyncConnection, table: CaseTable[State]) -> dict[str, str]:
    """Return the id of everything that governance publishes, each with its party, or again its id.

    Leaves out what is held for a fault.
    """
    found, after = dict[str, str](), ""
    while rows := await fetch(connection, _ALL, after=after, most=_AT_ONCE):
        after = rows[-1].case_id
        for case in table.readable(rows):
            if case.exists and not case.held:
                found[case.case_id] = case.state.record.party if case.state.record else case.case_id
    return found


async def memberships(
    connection: AsyncConnection, table: CaseTable[State], *, after: str, most: int
) -> tuple[list[State], str | None]:
    """Return the membership of everybody who is or was a party, by id, from the one after `after`.

    With it the last id, or None where there are no more. Leaves out one that is held for a fault.
    """
    found = await fetch(connection, _REGISTER, after=after, most=most)
    last = found[-1].party if len(found) == most else None
    return [case.state for case in table.readable(found)], last


# --- decisions -------------------------------------------------------------------------------------


async def recorded(
    connection: AsyncConnection, table: CaseTable[State], key: bytes, number: str
) -> RecordedDecision | None:
    """Return the decision under this number as it stands; None where there is none.

    It never changes, and what replaces it takes force tomorrow at the earliest: so it may be read before
    the decision that rests on it.
    """
    found = await table.read(connection, [decision_id(key, number)])
    (decision,) = [case.state.decision for case in found.values()] or [None]
    if decision is None:
        return None
    (first,) = await fetch(connection, _REPLACED_FROM, number=number)
    return RecordedDecision(decision, first.day and date.fromisoformat(first.day))


async def decisions(
    connection: AsyncConnection, table: CaseTable[State], *, after: str, most: int
) -> tuple[list[Decision], str | None]:
    """Return decisions by number, from the one after `after`; with them the last number, or None at the end.

    Leaves out one that is held for a fault.
    """
    found = await fetch(connection, _DECISIONS, after=after, most=most)
    last = found[-1].number if len(found) == most else None
    return [one for case in table.readable(found) if (one := case.state.decision) is not None], last


async def documents(connection: AsyncConnection, table: CaseTable[State], today: date) -> list[Decision]:
    """Return the last decision on each yearly document that is in force today (R127)."""
    rows = await fetch(connection, _IN_FORCE, kinds=[str(kind) for kind in YEARLY], today=today.isoformat())
    return [one for case in table.readable(rows) if (one := case.state.decision) is not None]
