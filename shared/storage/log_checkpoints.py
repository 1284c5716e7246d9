"""Keep signed checkpoints of the chained logs, this service's own and those of the other four.

Who has all rights in one database cannot reach what the others keep, and cannot sign in a service's name.
"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.messages.house import LogCheckpointed
from shared.crypto import jose
from shared.storage.database import fetch, run

EACH_KEPT_FOR = timedelta(days=1)  # after that the first of each day stays, for good

_KEEP = sa.text(
    """
    INSERT INTO log_checkpoints (service, at, length, restored, signed)
    SELECT * FROM unnest(CAST(:services AS text[]), CAST(:ats AS timestamptz[]), CAST(:lengths AS bigint[]),
                         CAST(:restored AS boolean[]), CAST(:signed AS text[]))
    ON CONFLICT DO NOTHING
    """
)
_PRUNE = sa.text(
    """
    DELETE FROM log_checkpoints AS old
    WHERE at < :before AND at > CAST(:before AS timestamptz) - INTERVAL '7 days' AND NOT restored
        AND EXISTS (
            SELECT FROM log_checkpoints AS earlier
            WHERE earlier.service = old.service AND earlier.at < old.at
              AND date_trunc('day', earlier.at, 'UTC') = date_trunc('day', old.at, 'UTC'))
    """
)
_KEPT = sa.text(
    """
    SELECT at, signed FROM log_checkpoints WHERE service = :service AND at > :after ORDER BY at LIMIT :limit
    """
)
_AT_ONCE = 1000  # rows in memory
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Checkpoint(NamedTuple):
    """Hold how long a service's chain was at a moment, with its head; `signed` is a compact JWS of that.

    `restored`: the database had just come back from a backup, so what was chained since then is gone.
    """

    service: str
    at: datetime
    length: int
    head: bytes
    restored: bool
    signed: str

    def message(self) -> LogCheckpointed:
        """Return the event that tells the other services."""
        return LogCheckpointed(length=self.length, at=self.at, signed=self.signed)


def make(
    service: str, length: int, head: bytes, at: datetime, key: ECKey, *, restored: bool = False
) -> Checkpoint:
    """Sign how long the chain of a service is, and its head."""
    said = {"service": service, "length": length, "head": head.hex(), "at": at.isoformat()}
    if restored:
        said["restored"] = True
    return Checkpoint(service, at, length, head, restored, jose.sign(json.dumps(said).encode(), key))


def read(signed: str, find: Callable[[str], ECKey | None]) -> Checkpoint | None:
    """Return what was signed; None when it is not, or not by a key that `find` knows by its kid."""
    try:
        said = json.loads(jose.verify(signed.encode(), find))
        at, head = datetime.fromisoformat(said["at"]), bytes.fromhex(said["head"])
        restored = said.get("restored") is True
        return Checkpoint(said["service"], at, int(said["length"]), head, restored, signed)
    except (jose.CannotDecode, ValueError, KeyError, TypeError):
        return None


async def keep(connection: AsyncConnection, made: Checkpoint) -> None:
    """Store a checkpoint of this service's own."""
    await _store(connection, [(made.service, made.at, made.length, made.restored, made.signed)])


async def keep_heard(connection: AsyncConnection, heard: Sequence[tuple[str, LogCheckpointed]]) -> None:
    """Store what other services said, each by the service whose topic it stood on."""
    await _store(connection, [(name, one.at, one.length, False, one.signed) for name, one in heard])


async def _store(connection: AsyncConnection, rows: Sequence[tuple[str, datetime, int, bool, str]]) -> None:
    services, ats, lengths, restored, signed = map(list, zip(*rows, strict=True))
    await run(
        connection, _KEEP, services=services, ats=ats, lengths=lengths, restored=restored, signed=signed
    )


async def kept(connection: AsyncConnection, service: str) -> AsyncIterator[str]:
    """Yield all that is kept of a service, each a compact JWS, the oldest first."""
    after = _EPOCH
    while rows := await fetch(connection, _KEPT, service=service, after=after, limit=_AT_ONCE):
        for row in rows:
            yield row.signed
        after = rows[-1].at


async def prune(connection: AsyncConnection, now: datetime) -> None:
    """Delete what is older than a day, but the first of each day."""
    await run(connection, _PRUNE, before=now - EACH_KEPT_FOR)
