"""Nothing that comes after an erasure leaves the number of its case anywhere, in any column of any table."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.governance.main import SERVICE as GOVERNANCE
from services.intake.main import SERVICE as INTAKE
from services.retention.main import SERVICE as RETENTION
from services.rto.main import SERVICE as RTO
from services.triage.main import SERVICE as TRIAGE
from shared.clock import machine_now
from shared.contract.refusal import UNKNOWN_CASE
from shared.core.actor import Actor, Command, Role
from shared.handling.delivery import Delivery, FromParty, FromPerson
from shared.handling.service import Service
from shared.ids import new_id
from shared.storage import erasure
from shared.storage.inbox import InboxEntry
from tests.conftest import FreshDatabase
from tests.support.samples import triage as s
from tests.support.transactions import MARKER_KEY, know, rows, transaction_on

SERVICES = (GOVERNANCE, INTAKE, RETENTION, RTO, TRIAGE)
EACH = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
BY = [Actor(role, s.POLICE, new_id(), None, s.POLICE) for role in Role if role is not Role.SERVICE]
BY += [Actor(Role.PARTY_WORKER, "a-party-that-was", new_id(), None, None)]


def in_any_form(case: str) -> str:
    """A pattern of the id as text, and as bytes, which columns show in hexadecimal digits."""
    return "|".join((case, case.encode().hex(), case.upper().encode().hex(), case.replace("-", "")))


async def tables_with(engine: AsyncEngine, case: str) -> set[str]:
    """The tables in which it stands, in any column and form."""
    tables = [row.tablename for row in await rows(engine, "pg_tables", "schemaname = 'public'")]
    pattern = in_any_form(case)
    return {table for table in tables if await rows(engine, f"{table} AS t", "t::text ~* :p", p=pattern)}


def late(case: str, asks: type[Command], by: Actor, message_id: str, digest: bytes = b"digest") -> Delivery:
    """What somebody sends about the case; its party over Kafka, who has none over HTTP."""
    return Delivery(
        entry=InboxEntry(f"of {by.party}", message_id, digest, machine_now(), case),
        by=by,
        command=UNKNOWN_CASE,
        received_at=machine_now(),
        origin=FromParty(s.POLICE, None) if by.party == s.POLICE else FromPerson(),
        asks=asks,
    )


@EACH
async def test_whatever_is_refused_after_the_erasure_leaves_no_number_of_the_case(
    fresh_database: FreshDatabase, service: Service[Any]
) -> None:
    engine, case = await fresh_database(service), new_id()
    await know(engine, s.parties())
    async with engine.begin() as connection:
        await erasure.mark(connection, MARKER_KEY, [case], machine_now())
    said = [late(case, asks, by, new_id()) for asks in service.process.permissions for by in BY]
    asks, used = next(iter(service.process.permissions)), new_id()
    said += [late(case, asks, by, used, digest) for by in BY[:1] for digest in (b"one", b"another")]
    said += [late(case, asks, BY[0], case)]
    transaction = transaction_on(engine, service)
    outcomes = [*await transaction.run(said), *await transaction.run([late(case, asks, BY[0], used, b"new")])]
    assert len({outcome.refusal.name for outcome in outcomes if outcome.refusal}) > 2
    assert await tables_with(engine, case) <= {"outbox"}
    answers = await rows(engine, "outbox AS t", "t::text ~* :p", p=in_any_form(case))
    assert {row.causation_id for row in answers} <= {case}, "the answer to what bore that number as its own"
    journal = await rows(engine, "journal")
    assert {row.case_id for row in journal} == {"erased"}
    assert len(journal) == len(said) + 1


@EACH
async def test_the_sweep_finds_a_number_in_every_form(
    fresh_database: FreshDatabase, service: Service[Any]
) -> None:
    engine, case = await fresh_database(service), new_id()
    await know(engine, s.parties())
    asks, bare = next(iter(service.process.permissions)), bytes.fromhex(case.replace("-", ""))
    assert await tables_with(engine, case) == set()
    await transaction_on(engine, service).run([late(case, asks, BY[-1], new_id())])
    assert await tables_with(engine, case) >= {"journal"}
    for form in (case.encode(), case.upper().encode(), b"{" + bare + b"}"):
        async with engine.begin() as connection:
            await connection.execute(sa.text("DELETE FROM erased"))
            await connection.execute(sa.text("INSERT INTO erased VALUES (:form, now())"), {"form": form})
        assert "erased" in await tables_with(engine, case)
