"""Give each message one effect: store its sender and id in the transaction of that effect."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import keyed_hash
from shared.storage.database import fetch, run

HORIZON = timedelta(days=30)  # older by its signed time is refused, so rows may go after it
AHEAD = timedelta(minutes=5)  # clocks differ; what is signed for later still would outlive the horizon


class InboxEntry(NamedTuple):
    """Hold what the inbox remembers of a message; `digest` is a keyed hash of the decrypted payload.

    `case_id` is None for a record that is no message. `place` tells where a party's message stood on its
    topic; None for what comes another way.
    """

    sender: str
    message_id: str
    digest: bytes
    received_at: datetime
    case_id: str | None
    place: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.sender, self.message_id


class PriorResult(NamedTuple):
    """Hold what was stored when a message was handled the first time."""

    digest: bytes
    result: dict[str, Any] | None


def digest(key: bytes, type_: str, subject: str | None, said: BaseModel) -> bytes:
    """Compute a keyed hash of a message's content, equal however it was encrypted, spaced or ordered.

    A field the sender left out is left out here too, so that a field added later changes no digest.
    """
    return keyed_hash(key, type_, subject or "", said.model_dump_json(exclude_unset=True))


_CLAIM = sa.text(
    """
    INSERT INTO inbox (sender, message_id, digest, received_at, case_id, result)
    SELECT sender, message_id, digest, received_at, case_id, CAST(result AS jsonb)
    FROM unnest(CAST(:senders AS text[]), CAST(:ids AS text[]), CAST(:digests AS bytea[]),
                CAST(:times AS timestamptz[]), CAST(:cases AS text[]), CAST(:results AS text[]))
         AS new (sender, message_id, digest, received_at, case_id, result)
    ON CONFLICT DO NOTHING RETURNING sender, message_id
    """
)
_PRIOR_RESULTS = sa.text(
    """
    SELECT sender, message_id, digest, result FROM inbox
    WHERE (sender, message_id) IN (SELECT * FROM unnest(CAST(:senders AS text[]), CAST(:ids AS text[])))
    """
)
_STORE_RESULTS = sa.text(
    """
    UPDATE inbox SET result = CAST(new.result AS jsonb), digest = new.digest
    FROM unnest(CAST(:senders AS text[]), CAST(:ids AS text[]), CAST(:digests AS bytea[]),
                CAST(:results AS text[])) AS new (sender, message_id, digest, result)
    WHERE inbox.sender = new.sender AND inbox.message_id = new.message_id
    """
)
_RELEASE = sa.text(
    """
    DELETE FROM inbox
    WHERE (sender, message_id) IN (SELECT * FROM unnest(CAST(:senders AS text[]), CAST(:ids AS text[])))
    """
)


async def claim(connection: AsyncConnection, entries: Sequence[InboxEntry]) -> set[tuple[str, str]]:
    """Insert the entries and return the keys that were new; sorted, so that two batches cannot deadlock.

    A party's message counts as accepted until another result is stored for it.
    """
    by_key = {entry.key: entry for entry in entries}
    ordered = [by_key[key] for key in sorted(by_key)]
    rows = await fetch(
        connection,
        _CLAIM,
        senders=[s.sender for s in ordered],
        ids=[s.message_id for s in ordered],
        digests=[s.digest for s in ordered],
        times=[s.received_at for s in ordered],
        cases=[s.case_id for s in ordered],
        results=[None if s.place is None else json.dumps({"place": s.place}) for s in ordered],
    )
    return {tuple(row) for row in rows}


async def prior_results(
    connection: AsyncConnection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], PriorResult]:
    """Return digest and result of messages that were handled before, by key."""
    rows = await fetch(connection, _PRIOR_RESULTS, senders=[k[0] for k in keys], ids=[k[1] for k in keys])
    return {(row.sender, row.message_id): PriorResult(row.digest, row.result) for row in rows}


async def store_results(
    connection: AsyncConnection, results: Sequence[tuple[InboxEntry, dict[str, Any]]]
) -> None:
    """Store what each was answered, so that it gets the same answer when it is repeated.

    The digest is stored anew: of a message that waited unread it was not known.
    """
    if results:
        await run(
            connection,
            _STORE_RESULTS,
            senders=[entry.sender for entry, _ in results],
            ids=[entry.message_id for entry, _ in results],
            digests=[entry.digest for entry, _ in results],
            results=[json.dumps(result) for _, result in results],
        )


async def release(connection: AsyncConnection, keys: Collection[tuple[str, str]]) -> None:
    """Delete the entries of messages that were not handled after all, by their senders and ids."""
    if keys:
        await run(connection, _RELEASE, senders=[key[0] for key in keys], ids=[key[1] for key in keys])


_PRUNE = sa.text(
    """
    DELETE FROM inbox WHERE (sender, message_id) IN (
        SELECT sender, message_id FROM inbox WHERE received_at < :before ORDER BY received_at LIMIT :limit)
    """
)


async def prune(connection: AsyncConnection, now: datetime, limit: int) -> int:
    """Delete the oldest entries older than the horizon, and return how many; at most `limit`.

    Such a message is refused by its signed time.
    """
    before = now - HORIZON - timedelta(days=1)
    return await run(connection, _PRUNE, before=before, limit=limit)
