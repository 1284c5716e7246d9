"""Query the register of parties as a list, the one query that is not about one membership."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def all_parties(connection: AsyncConnection, table: CaseTable[State]) -> list[str]:
    """Return the id of everybody who is or was a party, some of them read at a time."""
    parties = list[str]()
    after: str | None = ""
    while after is not None:
        states, after = await memberships(connection, table, after=after, most=_AT_ONCE)
        parties += [state.record.party for state in states if state.record is not None]
    return parties


async def memberships(
    connection: AsyncConnection, table: CaseTable[State], *, after: str, most: int
) -> tuple[list[State], str | None]:
    """Return the membership of everybody who is or was a party, by id, from the one after `after`.

    With it the last id, or None where there are no more. Leaves out one that is held for a fault.
    """
    found = await fetch(connection, _REGISTER, after=after, most=most)
    last = found[-1].party if len(found) == most else None
    return [case.state for case in table.readable(found)], last
