"""Building a transaction on a test's own database, as `shared.runtime` does for a service."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.actor import Actor, Command
from shared.cases import CaseTable
from shared.clock import machine_now
from shared.content import Ref, Sealed, contents
from shared.deciding import Deciding
from shared.delivery import Delivery
from shared.ids import new_id
from shared.inbox import Slip
from shared.letters import Post
from shared.moment import Policy
from shared.parties import Parties
from shared.party_copy import PartyCopy
from shared.sealing import CaseKey
from shared.service import Service
from shared.topics import Topics
from shared.transaction import Transaction

MARKER_KEY = b"m" * 32


def transaction_on(engine: AsyncEngine, service: Service[Any]) -> Transaction[Any]:
    """The service's transaction on this database."""
    cases = CaseTable(service.process.empty, TypeAdapter(service.process.state))
    deciding = Deciding(service.process, Post(service.name, Topics()), Policy())
    return Transaction(engine, deciding, cases, PartyCopy(), MARKER_KEY, service.own_rows)


async def know(engine: AsyncEngine, parties: Parties) -> None:
    """Put these parties into the service's copy, as governance's topic would."""
    async with engine.begin() as connection:
        await PartyCopy().save(connection, [(1, record) for record in parties.records.values()])


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
    slip = Slip(sender, message_id or new_id(), digest, machine_now(), case_id)
    return Delivery(
        slip=slip,
        by=by,
        command=command,
        pieces=tuple(_piece(c, key) for c in contents(command) if isinstance(c, Ref)),
        received_at=at or datetime.now(UTC),
        answer_to=by.party,
        **more,
    )


def _piece(at: Ref, key: CaseKey | None) -> Sealed:
    """Says its own name."""
    return key.seal(at.piece, piece=at.piece, by=at.by) if key else Sealed(at.piece, at.by, at.piece.encode())


async def rows(engine: AsyncEngine, table: str, where: str = "true", **values: Any) -> list[Any]:
    """All rows of a table that match."""
    async with engine.connect() as connection:
        statement = sa.text(f"SELECT * FROM {table} WHERE {where}")  # noqa: S608 - names from tests
        return list((await connection.execute(statement, values)).all())
