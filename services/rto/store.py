"""The access log of a case: the one query of the round table's own."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import fetch

_LOOKS = sa.text(
    """
    SELECT entry, at, role, person, party, viewed_on_behalf_of, thing, allowed, rule, given_on_behalf_of
    FROM access_log WHERE case_id = :case_id AND entry > :after ORDER BY entry LIMIT :most
    """
)


async def looks(connection: AsyncConnection, case_id: str, *, after: int, most: int) -> Sequence[sa.Row[Any]]:
    """Decisions on looks at the case, oldest first, from the one after `after`."""
    return await fetch(connection, _LOOKS, case_id=case_id, after=after, most=most)
