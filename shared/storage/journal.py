"""Write the journal: what was decided or refused, for whom, under which rule; insert-only, without a text."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.refusal import Refusal
from shared.core.actor import Actor
from shared.storage import log_seals
from shared.storage.database import copy, fetch
from shared.storage.json_writer import to_json

_KNOWN = sa.text("SELECT party FROM parties WHERE party = ANY(:named)")
ERASED = "erased"  # stored in the place of the id of an erased case


class Entry(NamedTuple):
    """Hold one row of the journal, in the order of its columns."""

    at: datetime
    case_id: str
    what: str
    rule: str | None
    article: str | None
    role: str
    party: str | None
    person: str | None
    on_behalf_of: str | None
    message_id: str
    detail: str

    def without(self, gone: Collection[str]) -> "Entry":
        """Return the entry without the ids of these cases, also where a sender took one for its message."""
        where = ERASED if self.case_id in gone else self.case_id
        return self._replace(case_id=where, message_id=ERASED if self.message_id in gone else self.message_id)


def entry(
    at: datetime,
    case_id: str,
    what: str,
    by: Actor,
    message_id: str,
    *,
    rule: str | None = None,
    article: str | None = None,
    detail: str = "{}",
) -> Entry:
    """Make an entry about what was decided or refused at a time, by whom, on which message."""
    return Entry(
        at,
        case_id,
        what,
        rule,
        article,
        by.role,
        by.party,
        by.person,
        by.on_behalf_of,
        message_id,
        detail,
    )


def of_event(
    at: datetime, case_id: str, event: Any, by: Actor, message_id: str, *, under: str | None = None
) -> Entry:
    """Make the entry of an event: its codes and ids, and of each text the reference.

    `under`: the id of the authorisation that covered the act, where it needed one (R122).
    """
    said = event if under is None else {**_fields(event), "under": under}
    return entry(at, case_id, type(event).__name__, by, message_id, detail=to_json(said))


def _fields(event: Any) -> dict[str, Any]:
    return {one.name: getattr(event, one.name) for one in fields(event)}


def of_refusal(at: datetime, case_id: str | None, refusal: Refusal, by: Actor, message_id: str) -> Entry:
    """Make the entry of a refusal; without a case id where nothing may lead to the case any more."""
    where = ERASED if case_id is None else case_id
    return entry(at, where, refusal.name, by, message_id, rule=refusal.rule, article=refusal.article)


async def write(connection: AsyncConnection, key: bytes, entries: Sequence[Entry]) -> None:
    """Insert all entries of a batch in one statement; on whose behalf is stored only if that is a party.

    `key` seals each, so that a row that somebody else put there is told from ours (`log_seals`).
    """
    if not entries:
        return
    named = {entry.on_behalf_of for entry in entries} - {None}
    known = {row.party for row in await fetch(connection, _KNOWN, named=list(named))} if named else set()
    written = [e if e.on_behalf_of in known else e._replace(on_behalf_of=None) for e in entries]
    sealed = [(*one, log_seals.seal(key, log_seals.JOURNAL, one)) for one in written]
    await copy(connection, "journal", (*Entry._fields, "seal"), sealed)
