"""Load and save the cases of one service: one row each, locked in a fixed order, written once per batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.content import SEALED_ALLOWED
from shared.core.process import HasPhase
from shared.storage.database import fetch, run
from shared.storage.json_writer import to_json

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)


class CaseUnreadable(Exception):
    """Report a case whose row cannot be loaded: a fault of ours, or of the disk."""


class Case(NamedTuple, Generic[S]):
    """Hold a case as its row has it; version 0 was never written.

    `heard`: last sequence number per source.
    """

    case_id: str
    state: S
    version: int = 0
    heard: Mapping[str, int] = MappingProxyType({})
    held: bool = False
    exists: bool = False

    def moved_to(self, state: S) -> "Case[S]":
        return Case(self.case_id, state, self.version + 1, self.heard, self.held, self.exists)


_INSERT_PLACEHOLDERS = sa.text(
    """
    INSERT INTO cases (case_id, phase, version, state)
    SELECT id, :phase, 0, CAST(:state AS json) FROM unnest(CAST(:ids AS text[])) AS id ORDER BY id
    ON CONFLICT DO NOTHING
    """
)
_LOCK = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM cases WHERE case_id = ANY(:ids) ORDER BY case_id FOR UPDATE
    """
)
_READ = sa.text(
    """
    SELECT case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM cases WHERE case_id = ANY(:ids) AND version > 0
    """
)
_SAVE = sa.text(
    """
    UPDATE cases SET phase = new.phase, version = new.version, state = CAST(new.state AS json),
                     heard = CAST(new.heard AS jsonb), held = new.held
    FROM unnest(CAST(:ids AS text[]), CAST(:phases AS text[]), CAST(:versions AS int[]),
                CAST(:states AS text[]), CAST(:heards AS text[]), CAST(:helds AS boolean[]))
         AS new (case_id, phase, version, state, heard, held)
    WHERE cases.case_id = new.case_id
    """
)
_DELETE = sa.text("DELETE FROM cases WHERE case_id = ANY(:ids)")
_HOLD = sa.text("UPDATE cases SET held = true WHERE case_id = :case_id")


# A page by the key of the cases, whatever their phase: so each statement reads as much as it is asked for.
_STORED_BEFORE = sa.text(
    """
    WITH page AS (
        SELECT case_id, version > 0 AND NOT held AND phase = ANY(:phases)
                        AND (state -> CAST(:lacks AS text)) IS NULL AS wanted
        FROM cases WHERE case_id > :after ORDER BY case_id LIMIT :most
    )
    SELECT array_agg(case_id ORDER BY case_id) FILTER (WHERE wanted) AS found,
           max(case_id) AS last, count(*) AS cases
    FROM page
    """
)
_COUNT_HELD = sa.text(
    "SELECT count(*) AS n FROM (SELECT FROM cases WHERE held ORDER BY case_id LIMIT :limit) AS counted"
)


async def count_held(connection: AsyncConnection, limit: int) -> int:
    """Count the cases that are held until an operator has looked, up to `limit`."""
    return int((await fetch(connection, _COUNT_HELD, limit=limit))[0].n)


async def stored_before(
    connection: AsyncConnection, phases: Collection[str], lacks: str, *, after: str, most: int
) -> tuple[list[str], str | None]:
    """Return which cases of a page are in these phases and have no such member in their state.

    With them the key of the next page, if any. What is held for a fault is left out.
    """
    (row,) = await fetch(
        connection, _STORED_BEFORE, phases=sorted(phases), lacks=lacks, after=after, most=most
    )
    return row.found or [], row.last if row.cases == most else None


async def hold(connection: AsyncConnection, case_id: str) -> None:
    """Hold a case after a fault outside a decision, until an operator has looked."""
    await run(connection, _HOLD, case_id=case_id)


@dataclass(frozen=True, slots=True)
class CaseTable(Generic[S]):
    """Load and save the states of one service."""

    empty: S
    adapter: TypeAdapter[S]

    async def lock(self, connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Case[S]]:
        """Lock and load the cases, by id; placeholders come first, as no row is there to lock otherwise.

        Repeats this where a row was removed between the two. Raises `CaseUnreadable` when a state does not
        load.
        """
        rows = await fetch(connection, _LOCK, ids=sorted(ids))
        while missing := sorted(set(ids) - {row.case_id for row in rows}):
            await self._insert_placeholders(connection, missing)
            rows = await fetch(connection, _LOCK, ids=sorted(ids))
        return {row.case_id: self._from_row(row) for row in rows}

    def nothing(self, case_id: str) -> Case[S]:
        """Return what stands for a case that is not here."""
        return Case(case_id, self.empty, 0, {}, held=False, exists=False)

    async def hold(self, connection: AsyncConnection, case_id: str) -> None:
        """Hold a case that may not exist yet: an empty row shows it to operators."""
        await self._insert_placeholders(connection, [case_id])
        await hold(connection, case_id)

    async def _insert_placeholders(self, connection: AsyncConnection, ids: Sequence[str]) -> None:
        state = to_json(self.empty)
        await run(connection, _INSERT_PLACEHOLDERS, ids=list(ids), phase=str(self.empty.phase), state=state)

    async def read(self, connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Case[S]]:
        """Load the cases of one page without a lock, by id; leave out what is not here or does not load."""
        rows = await fetch(connection, _READ, ids=list(ids))
        return {case.case_id: case for case in self.readable(rows)}

    def readable(self, rows: Iterable[Any]) -> list[Case[S]]:
        """Load the cases from rows of the table; log one that cannot be loaded, and go on with the others."""
        return [case for row in rows if (case := self._from_row_or_none(row)) is not None]

    def _from_row_or_none(self, row: Any) -> Case[S] | None:
        try:
            return self._from_row(row)
        except CaseUnreadable as fault:
            log.error("case-unreadable", case=str(fault))
            return None

    async def save(self, connection: AsyncConnection, cases: Sequence[Case[S]]) -> None:
        """Write all changed cases in one statement."""
        if not cases:
            return
        await run(
            connection,
            _SAVE,
            ids=[case.case_id for case in cases],
            phases=[str(case.state.phase) for case in cases],
            versions=[case.version for case in cases],
            states=[to_json(case.state) for case in cases],
            heards=[to_json(dict(case.heard)) for case in cases],
            helds=[case.held for case in cases],
        )

    async def remove(self, connection: AsyncConnection, ids: Sequence[str]) -> None:
        """Delete the rows of erased cases and unused placeholders."""
        if ids:
            await run(connection, _DELETE, ids=list(ids))

    def _from_row(self, row: Any) -> Case[S]:
        state = self._load_state(row) if row.version else self.empty
        return Case(row.case_id, state, row.version, from_json(row.heard), row.held, row.version > 0)

    def _load_state(self, row: Any) -> S:
        """Load a state and compare its phase with the column.

        A state of another shape would load as an empty one.
        """
        try:
            state = self.adapter.validate_json(row.state, context=SEALED_ALLOWED)
        except ValidationError:
            raise CaseUnreadable(row.case_id) from None
        if state.phase != row.phase:
            raise CaseUnreadable(row.case_id)
        return state
