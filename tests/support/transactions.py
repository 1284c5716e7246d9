"""Building a transaction on a test's own database, as `shared.runtime.assembly` does for a service."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import machine_now
from shared.contract.content import SealedText, TextRef, contents
from shared.contract.parties import Parties
from shared.contract.topics import Topics
from shared.core.actor import Actor, Command
from shared.core.policy import Policy
from shared.crypto.case_cipher import CaseKey
from shared.handling.decide import Decider
from shared.handling.delivery import Delivery
from shared.handling.outgoing import OutgoingMessages
from shared.handling.service import Service
from shared.handling.transaction import Transaction
from shared.ids import new_id
from shared.storage.cases import CaseTable
from shared.storage.inbox import InboxEntry
from shared.storage.party_replica import PartyReplica

MARKER_KEY = b"m" * 32


def transaction_on(engine: AsyncEngine, service: Service[Any]) -> Transaction[Any]:
    """The service's transaction on this database."""
    cases = CaseTable(service.process.empty, TypeAdapter(service.process.state))
    deciding = Decider(service.process, OutgoingMessages(service.name, Topics()), Policy())
    return Transaction(engine, deciding, cases, PartyReplica(), MARKER_KEY, service.own_rows)


async def know(engine: AsyncEngine, parties: Parties) -> None:
    """Put these parties into the service's copy, as governance's topic would."""
    async with engine.begin() as connection:
        await PartyReplica().save(connection, [(1, record) for record in parties.records.values()])


def delivery(
    case_id: str,
    command: Command,
    *,
    at: datetime | None = None,
    sender: str | None = None,
    message_id: str | None = None,
    digest: bytes = b"digest",
    key: CaseKey | None = None,
    **more: Any,
) -> Delivery:
    """A command on its way, as the receiver makes it, with the piece each reference leads to."""
    by: Actor = command.by
    sender = sender or by.party or by.person or by.service or "clock"
    slip = InboxEntry(sender, message_id or new_id(), digest, machine_now(), case_id)
    return Delivery(
        slip=slip,
        by=by,
        command=command,
        pieces=tuple(_piece(c, key) for c in contents(command) if isinstance(c, TextRef)),
        received_at=at or datetime.now(UTC),
        answer_to=by.party,
        **more,
    )


def _piece(at: TextRef, key: CaseKey | None) -> SealedText:
    """Says its own name."""
    return (
        key.encrypt(at.piece, piece=at.piece, by=at.by)
        if key
        else SealedText(at.piece, at.by, at.piece.encode())
    )


async def rows(engine: AsyncEngine, table: str, where: str = "true", **values: Any) -> list[Any]:
    """All rows of a table that match."""
    async with engine.connect() as connection:
        statement = sa.text(f"SELECT * FROM {table} WHERE {where}")  # noqa: S608 - names from tests
        return list((await connection.execute(statement, values)).all())


async def tables(engine: AsyncEngine) -> list[str]:
    """The names of all tables of a migrated database, except that of its revision."""
    found = await rows(engine, "pg_tables", "schemaname = 'public' AND tablename <> 'alembic_version'")
    return sorted(row.tablename for row in found)
