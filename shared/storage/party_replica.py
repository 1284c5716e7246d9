"""Replicate the register of parties into this service's database, from governance's compacted topic."""

from collections.abc import Sequence

import sqlalchemy as sa
import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.parties import Parties, PartyRecord
from shared.storage.database import fetch, run

log = structlog.get_logger()

# A batch holds this lock shared, an update exclusively: an exclusion never falls between two statements.
_LOCK_ID = 7_115

_LOCK_SHARED = sa.text("SELECT pg_advisory_xact_lock_shared(:lock)")
_CHANGED = sa.text(
    """
    SELECT parties.party, parties.sequence, CAST(record AS text) AS record FROM parties
    LEFT JOIN unnest(CAST(:parties AS text[]), CAST(:sequences AS bigint[])) AS known (party, sequence)
         ON known.party = parties.party
    WHERE known.sequence IS NULL OR parties.sequence > known.sequence
    """
)
_LOCK_EXCLUSIVELY = sa.text("SELECT pg_advisory_xact_lock(:lock)")
_SAVE = sa.text(
    """
    INSERT INTO parties (party, sequence, record)
    SELECT DISTINCT ON (party) party, sequence, CAST(record AS jsonb)
    FROM unnest(CAST(:parties AS text[]), CAST(:sequences AS bigint[]), CAST(:records AS text[]))
         AS new (party, sequence, record)
    ORDER BY party, sequence DESC
    ON CONFLICT (party) DO UPDATE SET sequence = excluded.sequence, record = excluded.record
    WHERE parties.sequence < excluded.sequence
    """
)


class PartyReplica:
    """Read the replica once per batch and parse only the records that have changed since."""

    def __init__(self) -> None:
        self._records: dict[str, PartyRecord] = {}
        self._sequences: dict[str, int] = {}

    @property
    def known(self) -> Parties:
        """Return the parties as last read; good for finding keys, never for a decision."""
        return Parties(self._records)

    async def lock(self, connection: AsyncConnection) -> Parties:
        """Return the parties as they are, and keep them so until this transaction ends."""
        await run(connection, _LOCK_SHARED, lock=_LOCK_ID)
        return await self.refresh(connection)

    async def refresh(self, connection: AsyncConnection) -> Parties:
        """Return the parties as they are now."""
        rows = await fetch(
            connection,
            _CHANGED,
            parties=list(self._sequences),
            sequences=list(self._sequences.values()),
        )
        if rows:
            changed = {row.party: _record_or_none(row.party, row.record) for row in rows}
            records = {**self._records, **changed}
            self._records = {party: record for party, record in records.items() if record is not None}
            self._sequences.update((row.party, row.sequence) for row in rows)
        return Parties(self._records)

    async def save(self, connection: AsyncConnection, records: Sequence[tuple[int, PartyRecord]]) -> None:
        """Replace older records by newer ones, by sequence number; drop what is not newer."""
        await run(connection, _LOCK_EXCLUSIVELY, lock=_LOCK_ID)
        await run(
            connection,
            _SAVE,
            parties=[record.party for _, record in records],
            sequences=[sequence for sequence, _ in records],
            records=[record.model_dump_json() for _, record in records],
        )


def _record_or_none(party: str, record: str) -> PartyRecord | None:
    """Parse a record; one that cannot be read is logged, makes nobody a party, and affects no other."""
    try:
        return PartyRecord.model_validate_json(record)
    except ValidationError:
        log.error("party-row-unreadable", party=party)
        return None
