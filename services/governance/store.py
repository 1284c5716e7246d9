"""Query the register of parties as a list, the one query that is not about one membership."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.governance.state import State
from shared.storage.cases import CaseTable
from shared.storage.database import fetch

_REGISTER = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM cases WHERE state #>> '{record,party}' > :after AND NOT held
    ORDER BY state #>> '{record,party}' LIMIT :most
    """
)


async def memberships(
    connection: AsyncConnection, table: CaseTable[State], *, after: str, most: int
) -> list[State]:
    """Return the membership of everybody who is or was a party, by id, from the one after `after`.

    Leaves out one that is held for a fault.
    """
    found = await fetch(connection, _REGISTER, after=after, most=most)
    return [case.state for case in table.readable(found)]
