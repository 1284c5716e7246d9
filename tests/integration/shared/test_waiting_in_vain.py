"""Waiting in vain for the database is no fault: people are told to come again, and loops pause and go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.effects import INFORMING
from services.intake.main import SERVICE
from shared.clock import Clock
from shared.contract.fields import InformMoment
from shared.http.app import make_app
from shared.http.problem import RETRY_AFTER
from shared.runtime import scheduler
from shared.storage import database
from shared.storage.database import connect
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.support.scheduling import scheduler_on
from tests.support.transactions import rows

LOCK = sa.text("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE")
INSERT_DUE = sa.text(
    "INSERT INTO due (id, case_id, kind, ref, at, irreversible)"
    " VALUES ('d', 'c', :kind, :ref, '2020-01-01T00:00:00Z', false)"
)


@pytest.fixture
async def engine(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncEngine]:
    """Yield the database of a service that waits for nothing longer than moments."""
    monkeypatch.setattr(database, "POOL_WAITS", 0.2)
    monkeypatch.setattr(database, "LOCK_WAITS", 1.0)
    monkeypatch.setattr(database, "STATEMENT", 2.0)
    impatient = connect((await fresh_database(SERVICE)).url, pool_size=2)
    yield impatient
    await impatient.dispose()


@asynccontextmanager
async def all_connections(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold every connection of the pool."""
    async with AsyncExitStack() as stack:
        for _ in range(6):
            await stack.enter_async_context(engine.connect())
        yield


async def answer(engine: AsyncEngine, statement: str) -> httpx.Response:
    """Return what a request is answered that runs this statement."""
    router = APIRouter()

    @router.get("/asks")
    async def asks() -> str:
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement))
        return "done"

    transport = httpx.ASGITransport(make_app("test", router))
    async with httpx.AsyncClient(transport=transport, base_url="https://house.test") as client:
        return await client.get("/asks")


def may_come_again(response: httpx.Response) -> bool:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "TemporarilyUnavailable"
    told = (response.status_code, response.headers.get("retry-after"), response.json()["remedy"])
    return told == (503, RETRY_AFTER, "retry-later")


async def test_without_a_free_connection_a_request_may_come_again(engine: AsyncEngine) -> None:
    async with all_connections(engine):
        assert may_come_again(await answer(engine, "SELECT 1"))
    assert (await answer(engine, "SELECT 1")).status_code == 200


async def test_behind_a_lock_a_request_may_come_again(engine: AsyncEngine) -> None:
    async with engine.begin() as other:
        await other.execute(LOCK)
        assert may_come_again(await answer(engine, "SELECT * FROM cases"))
    assert (await answer(engine, "SELECT * FROM cases")).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_sleep(60)",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "DO $$ BEGIN RAISE SQLSTATE '53300'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '57P03'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '08006'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '25006'; END $$",
    ],
)
async def test_what_the_database_cannot_do_now_may_come_again(engine: AsyncEngine, statement: str) -> None:
    assert may_come_again(await answer(engine, statement))
    assert (await answer(engine, "SELECT 1")).status_code == 200


async def test_a_server_that_is_not_there_may_come_again() -> None:
    url = sa.URL.create("postgresql+asyncpg", "nobody", "nothing", "127.0.0.1", 1, "nowhere")
    engine = connect(url)
    assert may_come_again(await answer(engine, "SELECT 1"))
    await engine.dispose()


async def test_a_statement_that_is_wrong_is_a_fault(engine: AsyncEngine) -> None:
    for statement in ("SELECT * FROM no_such_table", "SELECT 1 / 0"):
        assert (await answer(engine, statement)).status_code == 500


async def test_a_server_that_stops_answering_is_waited_for_no_longer_than_the_bound(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement is longer than the client waits, and the server would let it go on."""
    monkeypatch.setattr(database, "STATEMENT", 0.0)
    monkeypatch.setattr(database, "SERVER_ANSWERS", 1.0)
    engine = connect((await fresh_database(SERVICE)).url)
    assert may_come_again(await asyncio.wait_for(answer(engine, "SELECT pg_sleep(60)"), 30))
    await engine.dispose()


async def test_the_scheduler_and_the_relay_go_on_when_connections_are_free_again(
    engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PERIOD", 0.01)
    async with scheduler_on(engine, Clock(), tmp_path) as keeper:
        async with engine.begin() as connection:
            ref = f"{s.MAN}/{InformMoment.TAKEN_UP}"
            await connection.execute(INSERT_DUE, {"kind": INFORMING, "ref": ref})
        async with all_connections(engine):
            loops = [asyncio.create_task(loop()) for loop in (keeper.run, keeper.relay.run)]
            await asyncio.sleep(1)
            assert not any(loop.done() for loop in loops)
        for _ in range(1000):
            if any(loop.done() for loop in loops) or not await rows(engine, "due"):
                break
            await asyncio.sleep(0.01)
        assert not any(loop.done() for loop in loops)
        assert not await rows(engine, "due"), "the deadline has acted"
        assert keeper.turns.seconds_since()["scheduler"] < 10
        assert keeper.relay.turns.seconds_since()["relay"] < 10
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
