"""Copy what governance decides on policy into this service's database, from a compacted topic (R121).

Each record is of one decision and never changes, so the order in which they come does not matter: the policy
of a day follows from all of them. One that takes force tomorrow is read today, and nothing has to be locked.
"""

from collections.abc import Sequence

import sqlalchemy as sa
import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.messages.governance import PolicyDecided
from shared.core.policy import Policies
from shared.storage.database import fetch, run

log = structlog.get_logger()

_CHANGED = sa.text(
    """
    SELECT policies.number, policies.sequence, CAST(record AS text) AS record FROM policies
    LEFT JOIN unnest(CAST(:numbers AS text[]), CAST(:sequences AS bigint[])) AS known (number, sequence)
         ON known.number = policies.number
    WHERE known.sequence IS NULL OR policies.sequence > known.sequence
    """
)
_SAVE = sa.text(
    """
    INSERT INTO policies (number, sequence, record)
    SELECT DISTINCT ON (number) number, sequence, CAST(record AS jsonb)
    FROM unnest(CAST(:numbers AS text[]), CAST(:sequences AS bigint[]), CAST(:records AS text[]))
         AS new (number, sequence, record)
    ORDER BY number, sequence DESC
    ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, record = excluded.record
    WHERE policies.sequence < excluded.sequence
    """
)


class PolicyReplica:
    """Read the copy once per batch, and parse only what is new."""

    def __init__(self) -> None:
        self._sequences: dict[str, int] = {}
        self._decided: dict[str, PolicyDecided] = {}
        self.known = Policies()

    async def refresh(self, connection: AsyncConnection) -> Policies:
        """Return the policies as they are now."""
        sequences = list(self._sequences.values())
        rows = await fetch(connection, _CHANGED, numbers=list(self._sequences), sequences=sequences)
        if rows:
            read = {row.number: _record_or_none(row) for row in rows}
            self._decided |= {number: one for number, one in read.items() if one is not None}
            self._sequences |= {row.number: row.sequence for row in rows}
            self.known = Policies(tuple(self._decided.values()))
        return self.known

    async def save(self, connection: AsyncConnection, records: Sequence[tuple[int, PolicyDecided]]) -> None:
        """Store what is new, by number of the decision."""
        await run(
            connection,
            _SAVE,
            numbers=[record.number for _, record in records],
            sequences=[sequence for sequence, _ in records],
            records=[record.model_dump_json() for _, record in records],
        )


def _record_or_none(row: sa.Row[tuple[str, int, str]]) -> PolicyDecided | None:
    """Parse a record; one that cannot be read is logged, and changes nothing."""
    try:
        return PolicyDecided.model_validate_json(row.record)
    except ValidationError:
        log.error("policy-row-unreadable", number=row.number)
        return None
