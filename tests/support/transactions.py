"""Building a transaction on a test's own database, as `shared.runtime.assembly` does for a service."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, machine_now
from shared.contract.content import SealedText, TextRef, contents
from shared.contract.parties import Parties
from shared.contract.topics import Topics
from shared.core.actor import Actor, Command
from shared.core.context import House
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient
from shared.handling.decide import Decider
from shared.handling.delivery import Delivery, FromParty, FromPerson, FromService, Origin
from shared.handling.outgoing import OutgoingMessages
from shared.handling.service import Service
from shared.handling.transaction import Transaction
from shared.http.accounts import Accounts
from shared.http.commands import CommandHandler
from shared.http.reading import CaseReader
from shared.ids import new_id
from shared.messaging.house_records import HouseRecords
from shared.messaging.relay import Relay
from shared.storage.cases import CaseTable
from shared.storage.held_messages import HeldMessage
from shared.storage.inbox import InboxEntry
from shared.storage.party_replica import PartyReplica
from shared.storage.policy_replica import PolicyReplica
from tests.support.accounts import all_acknowledged
from tests.support.leaving import current

MARKER_KEY = b"m" * 32
VERSION_KEY = b"v" * 32
HOUSE = House("noord-limburg", "urn:nld:oin:00000099000000001000:systeem:zvh")


def transaction_on(engine: AsyncEngine, service: Service[Any]) -> Transaction[Any]:
    """The service's transaction on this database."""
    cases = CaseTable(service.process.empty, TypeAdapter(service.process.state))
    outgoing, policies = OutgoingMessages(service.name, Topics()), PolicyReplica()
    decider = Decider(service.process, outgoing, policies, VERSION_KEY, house=HOUSE)
    return Transaction(
        engine,
        decider,
        cases,
        PartyReplica(),
        MARKER_KEY,
        service.own_rows,
        find_matching=service.find_matching,
    )


def house_records(transaction: Transaction[Any], *, takes_items: bool = True) -> HouseRecords:
    """Make what the shell itself takes in, on the transaction's database."""
    engine, parties, policies = transaction.engine, transaction.parties, transaction.decider.policies
    return HouseRecords(engine, parties, policies, Topics(), MARKER_KEY, takes_items)


async def know(engine: AsyncEngine, parties: Parties) -> None:
    """Put these parties into the service's copy, as governance's topic would."""
    async with engine.begin() as connection:
        await PartyReplica().save(connection, [(1, record) for record in parties.records.values()])


async def now_are(engine: AsyncEngine, parties: Parties, sequence: int = 2) -> None:
    """Let governance have said this of the parties since; what it says after that has a higher number."""
    async with engine.begin() as connection:
        for party, record in parties.records.items():
            values = {"party": party, "record": record.model_dump_json(), "sequence": sequence}
            change = (
                "UPDATE parties SET record = CAST(:record AS jsonb), sequence = :sequence"
                " WHERE party = :party"
            )
            await connection.execute(sa.text(change), values)


def delivery(
    case_id: str,
    command: Command,
    *,
    at: datetime | None = None,
    sender: str | None = None,
    message_id: str | None = None,
    digest: bytes = b"digest",
    key: CaseKey | None = None,
    record: bytes | None = None,
    held: HeldMessage | None = None,
    sequence: int | None = None,
    expected_version: str | None = None,
    traceparent: str | None = None,
) -> Delivery:
    """Make the delivery of a command as the receiver does, with the sealed text each reference leads to.

    `record` is what is stored if it must wait. A `sender` that begins with "person:" sends it over HTTP.
    """
    by: Actor = command.by
    sender = sender or by.party or by.person or by.service or "clock"
    return Delivery(
        entry=InboxEntry(sender, message_id or new_id(), digest, machine_now(), case_id),
        by=by,
        command=command,
        received_at=at or datetime.now(UTC),
        origin=_origin(by, sender, record, held, sequence, expected_version),
        texts=tuple(_piece(c, key) for c in contents(command) if isinstance(c, TextRef)),
        traceparent=traceparent,
    )


def _origin(
    by: Actor,
    sender: str,
    record: bytes | None,
    held: HeldMessage | None,
    sequence: int | None,
    expected_version: str | None,
) -> Origin:
    if by.service is not None:
        return FromService(by.service, record, held, sequence)
    if sender.startswith("person:") or expected_version is not None:
        return FromPerson(expected_version)
    if by.party is not None or record is not None or held is not None:
        return FromParty(by.party or "a-party", record, held)
    return FromPerson()


def attach(
    app: FastAPI,
    transaction: Transaction[Any],
    service: Service[Any],
    *,
    parties: PartyReplica,
    keys: CaseKeyClient,
    relay: Relay,
    clock: Clock,
    digest_key: bytes,
    asks_secrecy: bool = False,
) -> None:
    """Give an application its command handler and its reader, as `shared.runtime.assembly` does.

    Whoever signs in has acknowledged secrecy; with `asks_secrecy` the copy of the service says who has.
    """
    app.state.accounts = Accounts(transaction.engine, current())
    if not asks_secrecy:
        all_acknowledged(app)
    app.state.commands = CommandHandler(
        engine=transaction.engine,
        service=service,
        transaction=transaction,
        parties=parties,
        keys=keys,
        relay=relay,
        clock=clock,
        policies=PolicyReplica(),
        digest_key=digest_key,
    )
    app.state.reader = CaseReader(
        engine=transaction.engine,
        service=service,
        cases=transaction.cases,
        parties=parties,
        keys=keys,
        clock=clock,
        policies=PolicyReplica(),
        currency=current(),
        log_key=MARKER_KEY,
        version_key=VERSION_KEY,
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
