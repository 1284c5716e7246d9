"""Retention on a real PostgreSQL with real keys: proof once, nothing of the case left, in whatever order."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.retention import commands as c
from services.retention import store
from services.retention.handlers import timers
from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from services.retention.main import SERVICE
from services.retention.proofs import Ending, first_break
from services.retention.state import MUST_CONFIRM, Phase
from shared.clock import Clock, machine_now
from shared.contract.fields import Theme
from shared.core.actor import CLOCK, Command
from shared.core.outcome import DeliveryStatus, Outcome
from shared.crypto.case_key_client import KeyStatus
from shared.handling.delivery import Delivery, FromClock
from shared.handling.transaction import Transaction
from shared.storage import deadlines
from shared.storage.deadlines import Deadline
from shared.storage.inbox import InboxEntry
from tests.conftest import FreshDatabase
from tests.support.samples import retention as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on


@pytest.fixture
def keys(tmp_path: Path) -> KeyAuthority:
    return KeyAuthority().use(KeyStore(tmp_path / "keys", b"r" * 32, "test"), Clock(), timedelta(days=30))


async def database(fresh_database: FreshDatabase) -> tuple[AsyncEngine, Transaction[Any]]:
    engine = await fresh_database(SERVICE)
    await know(engine, s.PARTIES)
    return engine, transaction_on(engine, SERVICE)


async def tell(transaction: Transaction[Any], *commands: Command, case_id: str = s.CASE) -> list[Outcome]:
    """These, one after the other in one batch; each must take effect."""
    outcomes = await transaction.run([delivery(case_id, command, at=NOW) for command in commands])
    assert {outcome.status for outcome in outcomes} == {DeliveryStatus.ACCEPTED}, outcomes
    return outcomes


def until_step_1() -> Sequence[Command]:
    return (
        c.OpenCase(by=s.by_service("intake"), case=s.taken_up()),
        c.MoveDirection(by=s.by_service(), leading_party=s.CARE, since=NOW),
        *(c.RecordHandedOverItem(by=s.by_service(), item=item, shown_to=(s.CARE,)) for item in s.ITEMS),
        c.Deescalate(by=s.by_service(), file=s.file()),
    )


def close(leading_party: str = s.VENLO) -> c.CloseEarly:
    return replace(next(x for x in s.COMMANDS if isinstance(x, c.CloseEarly)), leading_party=leading_party)


async def come(engine: AsyncEngine, now: datetime) -> list[Deadline]:
    async with engine.connect() as connection:
        return await deadlines.due_now(connection, now, irreversible=True, limit=100)


async def fired(line: Deadline, keys: KeyAuthority) -> Delivery:
    """The deadline as the timekeeper makes it."""
    entry = InboxEntry("clock", line.id, b"", machine_now(), line.case_id)
    command = await timers(keys)[line.kind](line)
    return Delivery(entry=entry, by=CLOCK, command=command, received_at=line.at, origin=FromClock(line))


async def fire(
    engine: AsyncEngine, transaction: Transaction[Any], keys: KeyAuthority, now: datetime
) -> list[str]:
    """All that is due by then, in order; returns the kinds."""
    kinds = []
    while lines := await come(engine, now):
        await transaction.run([await fired(line, keys) for line in lines])
        kinds += [line.kind for line in lines]
    return kinds


def confirmations() -> list[Command]:
    return [c.ConfirmPurge(by=s.by_service(service)) for service in MUST_CONFIRM]


def short(rows: list[Any]) -> list[str]:
    return sorted(row.type.split(".")[-2] for row in rows)


@pytest.mark.clause("R91.b", allowed="Na de verwijdering blijven één bewijs en één telling over.")
@pytest.mark.clause("R101.a", allowed="Tot de vernietiging staan de gegevens onder geheimhouding er nog.")
@pytest.mark.clause(
    "R101.a", refused="Na de vernietiging is er geen tekst, reden, opmerking of bericht van de casus meer."
)
@pytest.mark.clause("R105.b", allowed="Na de vernietiging blijft alleen over wat niet naar de casus leidt.")
@pytest.mark.clause(
    "R105.b",
    refused="Na de vernietiging staat er van de casus niets meer in de database, de lijsten, de bewaarde "
    "berichten en de logboeken.",
)
async def test_a_year_of_retention_ends_in_one_proof_and_nothing_else(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    """R91, R101, R105: no row, no piece, no key; what stays leads to nobody (R106)."""
    engine, transaction = await database(fresh_database)
    await keys.fetch([s.CASE], make=True)
    await tell(transaction, *until_step_1())
    pieces = {row.piece for row in await rows(engine, "pieces")}
    assert pieces > s.EVERY_PIECE
    assert {piece for piece in pieces if "bsn" in piece} == set()
    await tell(transaction, c.CleanFile(by=s.by_director(), kept=s.kept(s.POLICES)))
    left = {row.piece for row in await rows(engine, "pieces")}
    assert left & s.EVERY_PIECE == {"piece-content-12", "piece-necessity-12"}
    assert await fire(engine, transaction, keys, s.ARCHIVE_ON - s.MOMENT) == []
    assert await fire(engine, transaction, keys, s.ARCHIVE_ON) == ["archive"]
    assert await fire(engine, transaction, keys, s.DESTROY_ON - s.MOMENT) == []
    assert await fire(engine, transaction, keys, s.DESTROY_ON) == ["destroy"]
    await tell(transaction, *confirmations())
    assert (await keys.fetch([s.CASE], make=False))[s.CASE][0] is KeyStatus.READY
    assert await fire(engine, transaction, keys, s.DESTROY_ON) == ["destroy-key"]
    assert (await keys.fetch([s.CASE], make=True))[s.CASE][0] is KeyStatus.ERASED
    for table in ("cases", "pieces", "items", "journal", "access_log", "due", "held"):
        assert await rows(engine, table) == [], table
    assert await rows(engine, "inbox", "case_id IS NOT NULL") == []
    left_over = await rows(engine, "outbox")
    assert short(left_over) == ["case-erased", *["file-destroyed"] * 3]
    parties = [row for row in left_over if row.recipient]
    assert not [row for row in parties if s.CASE in str(row)], "no case number outlives the case (R106)"
    assert [(row.subject, row.key == row.recipient) for row in parties] == [(None, True)] * 3
    (link,) = await proofs_of(engine)
    assert (link.proof.ending, link.proof.confirmed_by) == (Ending.DEESCALATED, MUST_CONFIRM)
    async with engine.connect() as connection:
        counts = await store.figures(connection)
    assert list(counts.values()) == [1]


async def test_what_a_party_without_a_key_was_not_sent_does_not_lie_here_for_ever_r99_r105(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    """R105; before the erasure its letters go with the case, after it they are given up in two weeks."""
    engine, transaction = await database(fresh_database)
    await tell(transaction, close())
    assert short(await rows(engine, "outbox", "recipient IS NOT NULL")) == ["destruction-announced"]
    await fire(engine, transaction, keys, NOW + s.TERM)
    await tell(transaction, *confirmations())
    await fire(engine, transaction, keys, machine_now() + timedelta(days=9999))
    assert short(await rows(engine, "outbox", "recipient IS NOT NULL")) == ["file-destroyed"]
    for age, left in ((timedelta(days=13, hours=23), ["file-destroyed"]), (timedelta(days=14), [])):
        async with engine.begin() as connection:
            aged = sa.text("UPDATE outbox SET recorded_at = clock_timestamp() - CAST(:age AS interval)")
            await connection.execute(aged, {"age": age})
        async with engine.begin() as connection:
            await store.Records(lambda: ()).prune(connection)
        assert short(await rows(engine, "outbox", "recipient IS NOT NULL")) == left, age
    assert short(await rows(engine, "outbox")) == ["case-erased"], "what services are told waits for them"


async def test_a_clock_that_jumped_a_year_archives_first_and_then_erases(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    await tell(transaction, *until_step_1())
    assert await fire(engine, transaction, keys, s.DESTROY_ON) == ["archive", "destroy"]
    announced = [r.type.split(".")[-2] for r in await rows(engine, "outbox", "recipient IS NULL ORDER BY id")]
    assert announced == ["terms-set", "dossier-archived", "erasure-ordered"]
    (case,) = await rows(engine, "cases")
    assert case.phase == Phase.ERASING


async def test_a_case_unknown_before_its_early_end_is_erased_and_counted(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    await tell(transaction, close())
    assert await fire(engine, transaction, keys, NOW + s.TERM) == ["closing-term"]
    await tell(transaction, *confirmations())
    await fire(engine, transaction, keys, machine_now() + timedelta(days=9999))
    (letter,) = await rows(engine, "outbox", "recipient IS NOT NULL")
    assert (letter.recipient, letter.case_id, letter.subject) == (s.VENLO, None, None)
    (link,) = await proofs_of(engine)
    assert (link.proof.ending, link.proof.theme) == (Ending.OTHER_TABLE, Theme.COMPLEX_CASE)


async def test_a_crash_after_the_key_is_gone_and_before_the_proof_ends_in_one_proof_f14(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    await keys.fetch([s.CASE], make=True)
    await tell(transaction, close())
    await fire(engine, transaction, keys, NOW + s.TERM)
    await tell(transaction, *confirmations())
    (line,) = await come(engine, NOW + s.TERM)
    await fired(line, keys)  # the key is destroyed, and then the process is gone
    assert await proofs_of(engine) == []
    (case,) = await rows(engine, "cases")
    assert case.phase == Phase.DESTROYING
    both = [await fired(line, keys), await fired(line, keys)]
    fates = [
        outcomes[0].status for outcomes in await asyncio.gather(*(transaction.run([one]) for one in both))
    ]
    assert sorted(fates) == [DeliveryStatus.ACCEPTED, DeliveryStatus.REPEATED]
    assert len(await proofs_of(engine)) == 1


async def test_four_services_confirming_at_once_are_one_order_to_destroy(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    """R105."""
    engine, transaction = await database(fresh_database)
    await tell(transaction, close())
    await fire(engine, transaction, keys, NOW + s.TERM)
    transactions = [transaction_on(engine, SERVICE) for _ in range(8)]
    batches = [delivery(s.CASE, command, at=NOW) for command in confirmations() * 2]
    await asyncio.gather(*(t.run([one]) for t, one in zip(transactions, batches, strict=True)))
    assert [row.what for row in await rows(engine, "journal", "what = 'AllPurged'")] == ["AllPurged"]
    (line,) = await come(engine, NOW + s.TERM)
    assert (line.kind, line.irreversible) == ("destroy-key", True)


async def test_the_same_message_twice_has_one_effect(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    one = delivery(s.CASE, close(), at=NOW)
    fates = [o.status for o in await transaction.run([one, one])]
    assert fates + [o.status for o in await transaction.run([one])] == [
        DeliveryStatus.ACCEPTED,
        DeliveryStatus.REPEATED,
        DeliveryStatus.REPEATED,
    ]
    assert len(await come(engine, NOW + s.TERM)) == 1


@pytest.mark.clause("R105.d", refused="Een laat bericht brengt een vernietigde casus niet terug.")
async def test_an_erased_case_does_not_come_back(fresh_database: FreshDatabase, keys: KeyAuthority) -> None:
    engine, transaction = await database(fresh_database)
    await erase(engine, transaction, keys, s.CASE)
    late = c.OpenCase(by=s.by_service("intake"), case=s.taken_up())
    outcome = (await transaction.run([delivery(s.CASE, late, at=NOW)]))[0]
    assert outcome.refusal is not None
    assert (outcome.status, outcome.refusal.status) == (DeliveryStatus.REFUSED, 404)
    assert await rows(engine, "cases") == []


async def test_many_erasures_at_once_make_one_sound_chain_r106(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, _ = await database(fresh_database)
    cases = [s.number(n) for n in range(100, 112)]
    await asyncio.gather(
        *(erase(engine, transaction_on(engine, SERVICE), keys, case_id) for case_id in cases)
    )
    chain = await proofs_of(engine)
    assert [link.number for link in chain] == list(range(1, 13))
    assert first_break(chain) is None
    async with engine.connect() as connection:
        assert sum((await store.figures(connection)).values()) == 12


async def test_a_proof_can_be_added_and_never_changed_r106(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    await erase(engine, transaction, keys, s.CASE)
    for statement in ("UPDATE proofs SET month = '2020-01'", "DELETE FROM proofs", "TRUNCATE proofs"):
        with pytest.raises(DBAPIError):
            async with engine.begin() as connection:
                await connection.execute(sa.text("SET LOCAL zvh.erasing = 'on'"))
                await connection.execute(sa.text(statement))
    assert len(await proofs_of(engine)) == 1


async def test_operators_see_which_erasure_waits_for_whom_r105(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    await tell(transaction, close())
    await fire(engine, transaction, keys, NOW + s.TERM)
    await tell(transaction, *confirmations()[:3])
    async with engine.connect() as connection:
        (state,), _ = await store.under_erasure(connection, transaction.cases, after=0, most=10)
    assert (state.missing(), state.ordered_at) == (("triage",), NOW + s.TERM)


async def test_an_erasure_that_does_not_load_hides_no_other(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine, transaction = await database(fresh_database)
    for case_id in (s.CASE, s.CASE[:-1] + "d"):
        await tell(transaction, close(), case_id=case_id)
    await fire(engine, transaction, keys, NOW + s.TERM)
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE cases SET state = '{\"phase\": 1}' WHERE case_id = :id"), {"id": s.CASE}
        )
        states, _ = await store.under_erasure(connection, transaction.cases, after=0, most=10)
    assert len(states) == 1


async def erase(engine: AsyncEngine, transaction: Transaction[Any], keys: KeyAuthority, case_id: str) -> None:
    """From an early end to the proof, of this case alone."""
    await keys.fetch([case_id], make=True)
    await tell(transaction, close(), case_id=case_id)
    await fire_of(engine, transaction, keys, case_id)
    await tell(transaction, *confirmations(), case_id=case_id)
    await fire_of(engine, transaction, keys, case_id)


async def fire_of(
    engine: AsyncEngine, transaction: Transaction[Any], keys: KeyAuthority, case_id: str
) -> None:
    (line,) = [line for line in await come(engine, NOW + s.TERM) if line.case_id == case_id]
    await transaction.run([await fired(line, keys)])


async def proofs_of(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return await store.proofs(connection, first=1, most=100)
