"""Query the register of parties as a list, the one query that is not about one membership."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.governance.state import State
from shared.storage.cases import CaseTable
from shared.storage.database import fetch

# Some tens of rows, and all of them are wanted; a membership that is held for a fault is not read.
_ALL = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM cases WHERE version > 0 AND NOT held ORDER BY state #>> '{record,party}'
    """
)


async def all_memberships(connection: AsyncConnection, table: CaseTable[State]) -> list[State]:
    """Return the membership of everybody who is or was a party, by id."""
    return [case.state for case in table.readable(await fetch(connection, _ALL))]
