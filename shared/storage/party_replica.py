"""Replicate the register of parties into this service's database, from governance's compacted topic.

A party whose newest record cannot be read is suspended here: its row says so, and it is no party until a
record comes that can be read.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

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
    SELECT parties.party, parties.sequence, CAST(record AS text) AS record,
           record ? 'suspended' AS suspended FROM parties
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
       OR (parties.sequence = excluded.sequence AND parties.record ? 'suspended')
    """
)
# Without a number it may be the next one: the record before it, read again, does not end the suspension.
_SUSPEND = sa.text(
    """
    INSERT INTO parties (party, sequence, record)
    VALUES (:party, coalesce(CAST(:sequence AS bigint), 0), '{"suspended": true}')
    ON CONFLICT (party) DO UPDATE
    SET sequence = coalesce(CAST(:sequence AS bigint), parties.sequence + 1), record = excluded.record
    WHERE parties.sequence < CAST(:sequence AS bigint)
       OR (CAST(:sequence AS bigint) IS NULL AND NOT parties.record ? 'suspended')
    RETURNING party
    """
)
SUSPENDED = -1  # in the place of the sequence number, and of the digest


@dataclass(frozen=True, slots=True)
class Followed:
    """Say how far the copy of one party's record is: its sequence number, and a digest of 48 bits.

    Both are `SUSPENDED` where no record of it can be read.
    """

    sequence: int
    digest: int


class PartyReplica:
    """Read the replica once per batch and parse only the records that have changed since."""

    def __init__(self) -> None:
        self._records: dict[str, PartyRecord] = {}
        self._sequences: dict[str, int] = {}
        self._followed: dict[str, Followed] = {}

    @property
    def followed(self) -> dict[str, Followed]:
        """Return how far each party's record is followed, as last read."""
        return dict(self._followed)

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
            changed = {row.party: _record_or_none(row) for row in rows}
            self._followed |= {row.party: _followed(row.sequence, changed[row.party]) for row in rows}
            records = {**self._records, **changed}
            self._records = {party: record for party, record in records.items() if record is not None}
            # A record of the same number ends a suspension, so such a row is read again each time.
            self._sequences.update((row.party, row.sequence - row.suspended) for row in rows)
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

    async def suspend(self, connection: AsyncConnection, party: str, sequence: int | None) -> bool:
        """Suspend a party until a record of this number or a higher one can be read; False if it is already.

        `sequence`: of the record that cannot be read; None where that cannot be read either. An older record
        than the one that is followed suspends nobody.
        """
        await run(connection, _LOCK_EXCLUSIVELY, lock=_LOCK_ID)
        return bool(await fetch(connection, _SUSPEND, party=party, sequence=sequence))


def _followed(sequence: int, record: PartyRecord | None) -> Followed:
    """Compute what of a row can be compared across services, also while they run different versions.

    A field that one version does not know has its default in the others, or the copies differ.
    """
    if record is None:
        return Followed(SUSPENDED, SUSPENDED)
    said = json.dumps(record.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return Followed(sequence, int.from_bytes(hashlib.sha256(said.encode()).digest()[:6]))


def _record_or_none(row: sa.Row[tuple[str, int, str, bool]]) -> PartyRecord | None:
    """Parse a record; one that cannot be read is logged, makes nobody a party, and affects no other."""
    if row.suspended:
        return None
    try:
        return PartyRecord.model_validate_json(row.record)
    except ValidationError:
        log.error("party-row-unreadable", party=row.party)
        return None
