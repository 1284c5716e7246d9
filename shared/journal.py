"""What was decided and what was refused, on whose behalf, under which rule; insert-only, without a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.actor import Actor
from shared.database import run
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    at: datetime
    case_id: str
    what: str
    by: Actor
    message_id: str
    rule: str | None = None
    article: str | None = None
    detail: str = "{}"


_details: dict[type, TypeAdapter[Any]] = {}


def of_event(at: datetime, case_id: str, event: Any, by: Actor, message_id: str) -> Entry:
    """An event, laid down, as the journal keeps it: its codes and ids, and of each text where it lies."""
    kind = type(event)
    adapter = _details.get(kind)
    if adapter is None:
        adapter = _details[kind] = TypeAdapter(kind)
    detail = adapter.dump_json(event, exclude_none=True).decode()
    return Entry(at, case_id, kind.__name__, by, message_id, detail=detail)


def of_refusal(at: datetime, case_id: str, refusal: Refusal, by: Actor, message_id: str) -> Entry:
    """A refusal is never silent."""
    return Entry(at, case_id, refusal.name, by, message_id, refusal.rule, refusal.article)


_WRITE = sa.text(
    """
    INSERT INTO journal (at, case_id, what, rule, article, role, party, person, on_behalf_of,
                         message_id, detail)
    SELECT at, case_id, what, rule, article, role, party, person, on_behalf_of, message_id,
           CAST(detail AS json)
    FROM unnest(CAST(:at AS timestamptz[]), CAST(:case_id AS text[]), CAST(:what AS text[]),
                CAST(:rule AS text[]), CAST(:article AS text[]), CAST(:role AS text[]),
                CAST(:party AS text[]), CAST(:person AS text[]), CAST(:on_behalf_of AS text[]),
                CAST(:message_id AS text[]), CAST(:detail AS text[]))
         AS new (at, case_id, what, rule, article, role, party, person, on_behalf_of, message_id, detail)
    """
)


async def write(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """All entries of a batch in one statement."""
    if not entries:
        return
    await run(
        connection,
        _WRITE,
        at=[e.at for e in entries],
        case_id=[e.case_id for e in entries],
        what=[e.what for e in entries],
        rule=[e.rule for e in entries],
        article=[e.article for e in entries],
        role=[str(e.by.role) for e in entries],
        party=[e.by.party for e in entries],
        person=[e.by.person for e in entries],
        on_behalf_of=[e.by.on_behalf_of for e in entries],
        message_id=[e.message_id for e in entries],
        detail=[e.detail for e in entries],
    )
