"""Query what is the round table's own: where a party is invited."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.storage.database import fetch

# PostgreSQL keeps `invitations` from the states of the cases, by triggers.
_INVITED = sa.text(
    """
    SELECT case_id FROM (
        (SELECT case_id FROM invitations
         WHERE party = :party AND delegate = '' AND case_id > :after
           AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = invitations.case_id AND held)
         ORDER BY case_id LIMIT :most)
        UNION ALL
        (SELECT case_id FROM invitations
         WHERE party = :party AND delegate = :person AND case_id > :after
           AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = invitations.case_id AND held)
         ORDER BY case_id LIMIT :most)) AS open
    ORDER BY case_id LIMIT :most
    """
)


async def invited(
    connection: AsyncConnection, party: str, person: str, *, after: str, most: int
) -> list[str]:
    """Return the cases at whose RTO this party has a seat it did not decline, without cases that are held.

    Once the party has named its delegate, only if that is `person` (a subject, never empty).
    """
    found = await fetch(connection, _INVITED, party=party, person=person, after=after, most=most)
    return [row.case_id for row in found]
