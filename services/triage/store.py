"""Store the triage record in PostgreSQL: one row per query and reply, in the decision's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.triage.record import Asked, Given, QueryClosed, QueryReopened, Record, Revised, Stripped
from shared.contract.content import SEALED_ALLOWED, TextRef, contents, sealed_text_ids
from shared.core.item_standing import replaced_texts
from shared.storage import sealed_texts
from shared.storage.database import copy, fetch, run
from shared.storage.json_writer import to_json

_ASKED = TypeAdapter(Asked)
_GIVEN = TypeAdapter(Given)

# A case may be forgotten in the very batch in which something was given: then it has no row any more.
_ASK = sa.text(
    """
    INSERT INTO queries (query_id, case_id, recipient, asked)
    SELECT query_id, case_id, recipient, CAST(asked AS json)
    FROM unnest(CAST(:queries AS text[]), CAST(:cases AS text[]), CAST(:recipients AS text[]),
                CAST(:asked AS text[])) AS new (query_id, case_id, recipient, asked)
    WHERE EXISTS (SELECT FROM cases WHERE cases.case_id = new.case_id)
    """
)
_WAITS = sa.text(
    """
    UPDATE queries SET waits = new.waits
    FROM unnest(CAST(:queries AS text[]), CAST(:waits AS boolean[])) AS new (query_id, waits)
    WHERE queries.query_id = new.query_id AND queries.waits <> new.waits
    """
)
_ASKED_IN = sa.text(
    "SELECT CAST(asked AS text) AS asked FROM queries WHERE case_id = :case ORDER BY query_id"
)
_GIVEN_IN = sa.text(
    """
    SELECT CAST(given AS text) AS given FROM contributions WHERE case_id = :case ORDER BY query_id, number
    """
)
_REWRITE = sa.text(
    """
    UPDATE contributions SET given = CAST(:given AS json)
    WHERE case_id = :case AND query_id = :query AND number = :number
    """
)
_FORGET = [
    sa.text("DELETE FROM queries WHERE case_id = ANY(:cases)"),
    sa.text("DELETE FROM contributions WHERE case_id = ANY(:cases)"),
]
_WAITING = sa.text(
    """
    SELECT query_id, case_id, CAST(asked AS text) AS asked FROM queries
    WHERE recipient = :party AND waits AND query_id > :after
      AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = queries.case_id AND held)
    ORDER BY query_id LIMIT :most
    """
)


class TriageRecord:
    """Write triage's own rows in the shell's transaction."""

    async def save(self, connection: AsyncConnection, rows: Sequence[object]) -> None:
        """Write the rows, one statement per kind; cleaned files last."""
        await _ask(connection, [row for row in rows if isinstance(row, Asked)])
        await _give(connection, [row for row in rows if isinstance(row, Given)])
        await _list(connection, [row for row in rows if isinstance(row, QueryClosed | QueryReopened)])
        for row in rows:
            if isinstance(row, Stripped):
                await _strip(connection, row)
            if isinstance(row, Revised):
                await _revise(connection, row)

    async def forget(self, connection: AsyncConnection, case_ids: Sequence[str]) -> None:
        """Delete every row of these cases (R105)."""
        if case_ids:
            for statement in _FORGET:
                await run(connection, statement, cases=list(case_ids))

    async def prune(self, connection: AsyncConnection) -> None:
        """Do nothing: these rows go with their case."""


async def _ask(connection: AsyncConnection, asked: Sequence[Asked]) -> None:
    if asked:
        await run(
            connection,
            _ASK,
            queries=[row.query.query_id for row in asked],
            cases=[row.case_id for row in asked],
            recipients=[row.recipient for row in asked],
            asked=[to_json(row) for row in asked],
        )


async def _list(connection: AsyncConnection, rows: Sequence[QueryClosed | QueryReopened]) -> None:
    """Write whether each query waits for its recipient; of two rows of one query the later one counts."""
    waits = {row.query_id: isinstance(row, QueryReopened) for row in rows}
    if waits:
        numbers = sorted(waits)
        await run(connection, _WAITS, queries=numbers, waits=[waits[number] for number in numbers])


async def _give(connection: AsyncConnection, given: Sequence[Given]) -> None:
    if given:
        rows = [(row.case_id, row.query_id, row.number, to_json(row)) for row in given]
        await copy(connection, "contributions", ("case_id", "query_id", "number", "given"), rows)


async def _strip(connection: AsyncConnection, order: Stripped) -> None:
    """Delete queries and replies with their texts; of the items those that were kept stay (R95)."""
    record = await record_of(connection, order.case_id)
    dropped = {text.piece for thing in _not_kept(record, order) for text in _references(thing)}
    await TriageRecord().forget(connection, [order.case_id])
    await sealed_texts.delete(connection, [(order.case_id, piece) for piece in sorted(dropped)])
    left = [
        replace(row, said=None, brought=kept)
        for row in record.given
        if (kept := tuple(item for item in row.brought if item.item_id in order.kept_items))
    ]
    await _give(connection, left)


async def _revise(connection: AsyncConnection, order: Revised) -> None:
    """Replace the texts of an item by those of its new version, which are stored by now (A22).

    Of one that was withdrawn for good all texts go; its row says no more than that it was given (R66). Where
    the item is not in the record, its new texts are not kept either.
    """
    told, record = order.standing, await record_of(connection, order.case_id)
    item = next((one for one in record.items if one.item_id == told.item_id), None)
    dropped = sealed_text_ids(told) if item is None else replaced_texts(item, told)
    await sealed_texts.delete(connection, [(order.case_id, piece) for piece in dropped])
    for row in record.given if item is not None and not told.is_gone else ():
        if (revised := row.revised(told)) != row:
            place = {"case": row.case_id, "query": row.query_id, "number": row.number}
            await run(connection, _REWRITE, **place, given=to_json(revised))


def _not_kept(record: Record, order: Stripped) -> Iterable[object]:
    """Yield what goes; whom the queries were about stays, as the case itself holds that."""
    yield from (row.query.model_copy(update={"persons": ()}) for row in record.asked)
    yield from (row.choice for row in record.asked)
    yield from (row.said for row in record.given)
    yield from (item for item in record.items if item.item_id not in order.kept_items)


def _references(thing: object) -> Iterable[TextRef]:
    return (text for text in contents(thing) if isinstance(text, TextRef))


async def record_of(connection: AsyncConnection, case_id: str) -> Record:
    """Return all that was asked and given in a case, with references for texts."""
    asked = await fetch(connection, _ASKED_IN, case=case_id)
    given = await fetch(connection, _GIVEN_IN, case=case_id)
    return Record(
        tuple(_ASKED.validate_json(row.asked, context=SEALED_ALLOWED) for row in asked),
        tuple(_GIVEN.validate_json(row.given, context=SEALED_ALLOWED) for row in given),
    )


async def waiting_queries(connection: AsyncConnection, party: str, *, after: str, most: int) -> list[Asked]:
    """Return what waits for this party, by query id, without cases that are held."""
    rows = await fetch(connection, _WAITING, party=party, after=after, most=most)
    return [_ASKED.validate_json(row.asked, context=SEALED_ALLOWED) for row in rows]
