"""Store the sealed texts of a service's cases; nothing here can decrypt them."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.content import SealedText, TextRef
from shared.storage.database import UNIQUE_VIOLATION, copy, fetch, run, sqlstate

_INSERT = sa.text(
    """
    INSERT INTO pieces (case_id, piece, sealed_by, box)
    SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:pieces AS text[]), CAST(:by AS text[]),
                         CAST(:boxes AS bytea[]))
    ON CONFLICT DO NOTHING
    """
)
_FIND = sa.text(
    """
    SELECT case_id, piece, sealed_by, box FROM pieces
    WHERE (case_id, piece, sealed_by)
       IN (SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:pieces AS text[]), CAST(:by AS text[])))
    """
)
_DELETE = sa.text(
    """
    DELETE FROM pieces WHERE (case_id, piece)
        IN (SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:pieces AS text[])))
    """
)

_DELETE_EXCEPT = sa.text("DELETE FROM pieces WHERE case_id = :case_id AND NOT piece = ANY(:pieces)")


async def store(connection: AsyncConnection, kept: Sequence[tuple[str, SealedText]]) -> None:
    """Insert the sealed texts that the events of a batch refer to, as (case id, text).

    Nearly always all of them are new; a text that came with two messages is here already.
    """
    if not kept:
        return
    rows = [(case, sealed.piece, sealed.by, sealed.box) for case, sealed in kept]
    try:
        async with connection.begin_nested():
            await copy(connection, "pieces", ("case_id", "piece", "sealed_by", "box"), rows)
    except DBAPIError as error:
        if sqlstate(error) != UNIQUE_VIOLATION:
            raise
        await run(
            connection,
            _INSERT,
            cases=[case for case, _ in kept],
            pieces=[sealed.piece for _, sealed in kept],
            by=[sealed.by for _, sealed in kept],
            boxes=[sealed.box for _, sealed in kept],
        )


async def find(
    connection: AsyncConnection, wanted: Iterable[tuple[str, TextRef]]
) -> dict[tuple[str, TextRef], SealedText]:
    """Return the sealed texts at these places; one that was deleted is not in the answer."""
    unique = sorted(set(wanted), key=lambda place: (place[0], place[1].piece, place[1].by))
    if not unique:
        return {}
    rows = await fetch(
        connection,
        _FIND,
        cases=[case for case, _ in unique],
        pieces=[ref.piece for _, ref in unique],
        by=[ref.by for _, ref in unique],
    )
    return {
        (row.case_id, TextRef(row.piece, row.sealed_by)): SealedText(row.piece, row.sealed_by, row.box)
        for row in rows
    }


async def delete(connection: AsyncConnection, dropped: Sequence[tuple[str, str]]) -> None:
    """Delete sealed texts that are no longer necessary, as (case id, text id) (R95)."""
    if dropped:
        await run(connection, _DELETE, cases=[case for case, _ in dropped], pieces=[p for _, p in dropped])


async def delete_except(connection: AsyncConnection, case_id: str, kept: Sequence[str]) -> None:
    """Delete all sealed texts of a case except these text ids."""
    await run(connection, _DELETE_EXCEPT, case_id=case_id, pieces=list(kept))
