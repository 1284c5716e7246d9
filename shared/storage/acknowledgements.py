"""Copy who has acknowledged the duty of secrecy, from governance's compacted topic (R126).

An account is a person (the opaque subject of its tokens) at one party, or at the house (party "" here).
Secrecy outlasts everything, so an acknowledgement is never taken back.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.messages.governance import SecrecyAcknowledged
from shared.storage.database import fetch, run

_SAVE = sa.text(
    """
    INSERT INTO acknowledgements (person, party, acknowledged_at)
    SELECT * FROM unnest(CAST(:persons AS text[]), CAST(:parties AS text[]), CAST(:at AS timestamptz[]))
    ON CONFLICT DO NOTHING
    """
)
_IS_KNOWN = sa.text("SELECT 1 FROM acknowledgements WHERE person = :person AND party = :party")


async def save(connection: AsyncConnection, acknowledged: Sequence[SecrecyAcknowledged]) -> None:
    """Store what is new."""
    if acknowledged:
        await run(
            connection,
            _SAVE,
            persons=[one.person for one in acknowledged],
            parties=[one.party or "" for one in acknowledged],
            at=[one.acknowledged_at for one in acknowledged],
        )


async def is_known(connection: AsyncConnection, person: str, party: str | None) -> bool:
    """Tell whether somebody acknowledged it, at this party or at the house."""
    return bool(await fetch(connection, _IS_KNOWN, person=person, party=party or ""))
