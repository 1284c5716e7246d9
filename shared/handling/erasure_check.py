"""Erase at start what was erased elsewhere: a restored backup brings rows back that must be gone.

The key authority's erasure ledger lies outside every database and its backups, so it remembers (R105, F23).
A restored service also reads old events anew, and some are about cases that began and ended since the backup.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import machine_now
from shared.contract.fields import ID
from shared.contract.limits import in_parts
from shared.crypto.case_key_client import CaseKeyClient, KeyAuthorityUnreachable, KeyStatus
from shared.handling.service import Service
from shared.storage import erasure, held_messages, inbox
from shared.storage.database import DATABASE_ERRORS, fetch, sqlstate
from shared.storage.sequence_numbers import restored_at

log = structlog.get_logger()
AT_ONCE = 1000  # cases in one request, and in one transaction
PAUSE = 1.0  # seconds

# Each case is found from the one before by the indexes on `case_id`, however many rows there are of it.
_NEXT_KNOWN = """
    least((SELECT case_id FROM cases WHERE case_id > {after} ORDER BY case_id LIMIT 1),
          (SELECT case_id FROM items WHERE case_id > {after} ORDER BY case_id LIMIT 1),
          (SELECT case_id FROM journal WHERE case_id > {after} ORDER BY case_id LIMIT 1),
          (SELECT case_id FROM held WHERE case_id > {after} AND why <> 'waiting' ORDER BY case_id LIMIT 1))
"""
_KNOWN = sa.text(
    f"""
    WITH RECURSIVE known AS (
        SELECT {_NEXT_KNOWN.format(after=":after")} AS case_id
        UNION ALL
        SELECT {_NEXT_KNOWN.format(after="known.case_id")} FROM known WHERE known.case_id IS NOT NULL
    ), found AS (SELECT case_id FROM known WHERE case_id IS NOT NULL LIMIT :limit)
    SELECT case_id, EXISTS (
        SELECT FROM cases WHERE cases.case_id = found.case_id AND phase = ANY(:phases)) AS proving
    FROM found
    """  # noqa: S608 - the texts above
)


@dataclass(slots=True)
class ErasureCheck:
    """Ask the key authority about every case this service knows, once, at its start.

    After a restore also about every case that is new here, as long as anything old may come again.
    """

    engine: AsyncEngine
    service: Service[Any]
    keys: CaseKeyClient
    marker_key: bytes
    _restored: bool = False
    _not_erased: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Erase what was erased elsewhere; ask again as long as that cannot be known."""
        while True:
            try:
                forgotten = await self.once()
                self._restored = await self._came_back()
            except (KeyAuthorityUnreachable, *DATABASE_ERRORS) as error:
                log.warning("erasure-check-waits", kind=type(error).__name__, sqlstate=sqlstate(error))
                await asyncio.sleep(PAUSE)
            else:
                if forgotten:
                    log.warning("erased-cases-purged-again", cases=forgotten)
                return

    async def once(self) -> int:
        """Erase once and return how many cases went; raises `KeyAuthorityUnreachable` before anything does.

        A case whose key is only unavailable stays: nothing is erased because a key is missing.
        """
        erased = [case async for some in self._known() for case in await self._erased(some)]
        for some in in_parts(erased, AT_ONCE):
            await self._forget(some)
        return len(erased)

    def unsure(self, case_ids: Iterable[str]) -> list[str]:
        """Return those of these cases, all new here, that may have been erased since the backup."""
        if not self._restored:
            return []
        return [case for case in case_ids if case not in self._not_erased and ID.fullmatch(case)]

    async def make_sure(self, case_ids: Sequence[str]) -> None:
        """Mark those of these cases that were erased; raises `KeyAuthorityUnreachable`."""
        erased = await self._erased(case_ids)
        async with self.engine.begin() as connection:
            await erasure.mark(connection, self.marker_key, erased, machine_now())
        self._not_erased.update(case for case in case_ids if case not in erased)

    async def _came_back(self) -> bool:
        async with self.engine.connect() as connection:
            moment = await restored_at(connection)
        return moment is not None and machine_now() < moment + inbox.HORIZON

    async def _known(self) -> AsyncIterator[list[str]]:
        """Yield, some at a time, the cases of which anything is stored, but those proven here (R106)."""
        after, phases = "", sorted(self.service.proving)
        while True:
            async with self.engine.connect() as connection:
                rows = await fetch(connection, _KNOWN, after=after, phases=phases, limit=AT_ONCE)
            if not rows:
                return
            after = rows[-1].case_id
            if some := [row.case_id for row in rows if not row.proving and ID.fullmatch(row.case_id)]:
                yield some

    async def _erased(self, case_ids: Sequence[str]) -> list[str]:
        statuses = await self.keys.statuses(case_ids)
        return [case for case, status in statuses.items() if status is KeyStatus.ERASED]

    async def _forget(self, case_ids: Sequence[str]) -> None:
        now = machine_now()
        async with self.engine.begin() as connection:
            await held_messages.expire_now(connection, case_ids, now)
            if self.service.own_rows is not None:
                await self.service.own_rows.forget(connection, case_ids)
            await erasure.erase(connection, self.marker_key, case_ids, now)
