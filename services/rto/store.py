"""Query what is the round table's own: who looked at a case, and where a party is invited."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch

_LOOKS = sa.text(
    """
    SELECT entry, at, role, person, party, viewed_on_behalf_of, thing, allowed, rule, given_on_behalf_of
    FROM access_log WHERE case_id = :case_id AND entry > :after ORDER BY entry LIMIT :most
    """
)

_INVITED = sa.text(
    """
    SELECT case_id FROM cases
    WHERE phase = 'convened' AND NOT held AND case_id > :after AND EXISTS (
        SELECT FROM json_array_elements(state -> 'rtos' -> -1 -> 'seats') AS seat
        WHERE seat #>> '{participant,party}' = :party AND seat ->> 'answer' <> 'declined')
    ORDER BY case_id LIMIT :most
    """
)


async def invited(connection: AsyncConnection, party: str, *, after: str, most: int) -> list[str]:
    """Return the cases at whose RTO this party has a seat it did not decline, without cases that are held."""
    return [row.case_id for row in await fetch(connection, _INVITED, party=party, after=after, most=most)]


async def looks(connection: AsyncConnection, case_id: str, *, after: int, most: int) -> Sequence[sa.Row[Any]]:
    """Return decisions on looks at the case, oldest first, from the one after `after`."""
    return await fetch(connection, _LOOKS, case_id=case_id, after=after, most=most)
