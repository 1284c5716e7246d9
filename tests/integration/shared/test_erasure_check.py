"""A restored backup on a real PostgreSQL: erased cases go before a service opens, others stay (F23)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from services.retention.main import SERVICE as RETENTION
from services.retention.state import Phase
from services.triage import commands as c
from services.triage.main import SERVICE as TRIAGE
from shared.clock import Clock, machine_now
from shared.core.outcome import DeliveryStatus
from shared.crypto.case_key_client import CaseKeyClient, KeyAuthorityUnreachable, KeyStatus
from shared.handling import erasure_check
from shared.handling.erasure_check import ErasureCheck
from shared.handling.service import Service
from shared.storage import erasure, held_messages
from shared.storage.sequence_numbers import raise_sequences
from tests.conftest import FreshDatabase
from tests.support.samples import retention as of_retention
from tests.support.samples import triage as s
from tests.support.spec import NOW
from tests.support.transactions import MARKER_KEY, delivery, know, rows, transaction_on

SURVIVING, DAMAGED = s.CASE[:-1] + "d", s.CASE[:-1] + "e"
CASES = (s.CASE, SURVIVING, DAMAGED)
TABLES = ("cases", "pieces", "items", "journal", "access_log", "due", "held", "queries", "contributions")


@pytest.fixture
def keys(tmp_path: Path) -> KeyAuthority:
    store = KeyStore(tmp_path / "keys", b"r" * 32, "test")
    return KeyAuthority().use(store, Clock(), timedelta(days=30))


def forgetting(engine: AsyncEngine, keys: KeyAuthority, service: Service[Any] = TRIAGE) -> ErasureCheck:
    return ErasureCheck(engine, service, CaseKeyClient(keys, "test"), MARKER_KEY)


async def restored(fresh_database: FreshDatabase, keys: KeyAuthority) -> AsyncEngine:
    """Triage as in a backup: three cases with all that belongs to one, and a message held of each."""
    engine = await fresh_database(TRIAGE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, TRIAGE)
    await keys.fetch([DAMAGED], make=True)
    await asyncio.sleep(0.01)  # so that its file is the oldest
    await keys.fetch([s.CASE, SURVIVING], make=True)
    for n, case in enumerate(CASES):
        item = s.contributed(f"{s.NEW[:-2]}{n:02}", s.VENLO)
        opened = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(items=(item,)))
        early = c.MoveDirection(by=s.BY_SERVICE, leading_party=s.POLICE, since=NOW)
        commands = [delivery(case, x, at=NOW) for x in (opened, s.issue(f"{s.NEW[:-2]}a{n}"))]
        await transaction.run([*commands, delivery(case, early, at=NOW, record=b"as it came")])
    return engine


def damaged_key(directory: Path) -> Path:
    files = (file for file in (directory / "keys" / "keys").rglob("*") if file.is_file())
    return min(files, key=lambda file: file.stat().st_mtime_ns)


async def left(engine: AsyncEngine) -> dict[str, set[str]]:
    return {table: {row.case_id for row in await rows(engine, table)} for table in TABLES}


async def test_what_the_ledger_lists_goes_and_what_survives_stays_r105(
    fresh_database: FreshDatabase, keys: KeyAuthority, tmp_path: Path
) -> None:
    engine = await restored(fresh_database, keys)
    before = await left(engine)
    assert before["cases"] == before["held"] == before["queries"] == set(CASES)
    await keys.destroy(s.CASE)
    damaged_key(tmp_path).unlink()
    assert (await keys.fetch([DAMAGED], make=False))[DAMAGED][0] is KeyStatus.UNAVAILABLE
    await forgetting(engine, keys).run()
    expected = {table: cases - {s.CASE} for table, cases in before.items()} | {"held": before["held"]}
    assert await left(engine) == expected, "the erased one is gone, and no case is because its key is missing"
    assert {row.case_id for row in await rows(engine, "inbox")} == {None, SURVIVING, DAMAGED}


async def test_every_case_is_asked_about_some_at_a_time(
    fresh_database: FreshDatabase, keys: KeyAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of which nothing but its journal or an item's number is left here."""
    engine = await restored(fresh_database, keys)
    monkeypatch.setattr(erasure_check, "AT_ONCE", 2)
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM cases WHERE case_id = :case"), {"case": s.CASE})
    found = [some async for some in forgetting(engine, keys)._known()]
    assert [len(some) for some in found] == [2, 1]
    assert {case for some in found for case in some} == set(CASES)


async def test_what_is_held_of_a_case_forgotten_again_is_answered_and_not_lost(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine = await restored(fresh_database, keys)
    await keys.destroy(s.CASE)
    await forgetting(engine, keys).run()
    async with engine.connect() as connection:
        waits = [one for one in await held_messages.waiting(connection, 100) if one.case_id == s.CASE]
    (one,) = waits
    assert one.until is not None
    assert one.until <= machine_now()
    late = delivery(s.CASE, s.answer(f"{s.NEW[:-2]}a0"), at=NOW, record=b"as it came", held=one)
    (outcome,) = await transaction_on(engine, TRIAGE).run([late])
    assert (outcome.status, outcome.refusal and outcome.refusal.name) == (
        DeliveryStatus.REFUSED,
        "ErasedCase",
    )
    assert s.CASE not in {row.case_id for row in await rows(engine, "held")}


async def test_after_a_restore_what_comes_about_a_case_that_came_and_went_since_creates_nothing_f23(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    """The backup is older than the case, and its events are read again; without a restore nobody asks."""
    engine = await fresh_database(TRIAGE)
    await know(engine, s.parties())
    await keys.fetch([s.CASE, SURVIVING], make=True)
    await keys.destroy(s.CASE)
    unaware = forgetting(engine, keys)
    await unaware.run()
    assert unaware.unsure([s.CASE]) == []
    assert await raise_sequences(engine, machine_now())
    aware = forgetting(engine, keys)
    await aware.run()
    opened = [c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up()) for _ in range(2)]
    deliveries = [
        delivery(case, x, at=NOW, record=b"as it came")
        for case, x in zip((s.CASE, SURVIVING), opened, strict=True)
    ]
    outcomes = await replace(transaction_on(engine, TRIAGE), erasure_check=aware).run(deliveries)
    assert [outcome.status for outcome in outcomes] == [DeliveryStatus.REFUSED, DeliveryStatus.ACCEPTED]
    assert {row.case_id for row in await rows(engine, "cases")} == {SURVIVING}
    assert await rows(engine, "held") == []
    assert aware.unsure([SURVIVING]) == []


async def test_what_comes_after_about_a_case_forgotten_again_creates_nothing(
    fresh_database: FreshDatabase, keys: KeyAuthority
) -> None:
    engine = await restored(fresh_database, keys)
    await keys.destroy(s.CASE)
    assert await forgetting(engine, keys).once() == 1
    assert await forgetting(engine, keys).once() == 0
    async with engine.connect() as connection:
        assert await erasure.find_erased(connection, MARKER_KEY, CASES) == {s.CASE}
    late = delivery(s.CASE, s.answer(f"{s.NEW[:-2]}a0"), at=NOW)
    (outcome,) = await transaction_on(engine, TRIAGE).run([late])
    assert outcome.status is DeliveryStatus.REFUSED
    assert s.CASE not in {row.case_id for row in await rows(engine, "cases")}


async def test_while_the_key_authority_does_not_answer_nothing_goes(
    fresh_database: FreshDatabase, keys: KeyAuthority, tmp_path: Path
) -> None:
    engine = await restored(fresh_database, keys)
    before = await left(engine)
    await keys.destroy(s.CASE)
    away = (tmp_path / "keys").rename(tmp_path / "away")
    with pytest.raises(KeyAuthorityUnreachable):
        await forgetting(engine, keys).once()
    assert await left(engine) == before
    away.rename(tmp_path / "keys")
    assert await forgetting(engine, keys).once() == 1


async def test_a_service_that_knows_no_case_asks_nobody(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(TRIAGE)
    unopened = KeyAuthority()
    with pytest.raises(KeyAuthorityUnreachable):
        await unopened.fetch([s.CASE], make=False)
    assert await forgetting(engine, unopened).once() == 0


@pytest.mark.parametrize("phase", [Phase.STEP_2, Phase.ERASING, Phase.DESTROYING])
async def test_retention_forgets_all_but_the_case_whose_end_it_is_proving_r106(
    fresh_database: FreshDatabase, keys: KeyAuthority, phase: Phase
) -> None:
    """Where the key is gone and the proof not yet written, the deadline that writes it must find its case."""
    engine = await fresh_database(RETENTION)
    cases = transaction_on(engine, RETENTION).cases
    state = of_retention.spec().given(*of_retention.HISTORIES[phase]).state
    async with engine.begin() as connection:
        case = (await cases.lock(connection, [of_retention.CASE]))[of_retention.CASE]
        await cases.save(connection, [case.moved_to(state)])
    await keys.fetch([of_retention.CASE], make=True)
    await keys.destroy(of_retention.CASE)
    await forgetting(engine, keys, RETENTION).run()
    assert len(await rows(engine, "cases")) == (1 if phase is Phase.DESTROYING else 0)
