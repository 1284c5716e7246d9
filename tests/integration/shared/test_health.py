"""What a service answers about its own health when something it depends on fails half-way."""

import asyncio
from pathlib import Path
from typing import cast

import httpx
import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Postgres, run_sql
from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.house_keys import HouseKeys
from shared.runtime import health
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.receiving import OneKey


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "WITHIN", 0.5)


async def test_a_check_that_raises_is_not_passed_and_is_no_error_of_the_page(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """The database answers, and its table of revisions may not be read."""
    engine = await fresh_database(SERVICE)
    async with as_owner(engine) as connection:
        await connection.execute(sa.text(f"REVOKE ALL ON alembic_version FROM {engine.url.username}"))
    answer = await ready(engine, tmp_path)
    assert answer.status_code == 503
    assert answer.json() == {
        "database": True,
        "room": True,
        "broker": False,
        "migrations": False,
        "key_authority": True,
        "begun": False,
        "relay": True,
        "from-parties": False,
    }


async def test_a_database_that_answers_and_has_no_room_is_not_ready_f12(
    fresh_database: FreshDatabase, postgres: Postgres, tmp_path: Path
) -> None:
    """Its limit on temporary files stands for a full disk: both are refusals for want of room (class 53)."""
    engine = await fresh_database(SERVICE)
    limited = f'ALTER DATABASE "{engine.url.database}" {{}} temp_file_limit'
    await engine.dispose()  # its sessions would not know of the limit
    run_sql(postgres.administration, limited.format("SET") + " = '100kB'")
    try:
        answer = await ready(engine, tmp_path)
    finally:
        run_sql(postgres.administration, limited.format("RESET"))
        await engine.dispose()
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["room"]) == (True, False)


async def ready(engine: AsyncEngine, directory: Path) -> httpx.Response:
    """Return the answer of `/readyz` of intake, with no broker."""
    producer = AIOKafkaProducer()
    app = FastAPI()
    app.include_router(
        health.health_router(
            SERVICE,
            engine=engine,
            producer=producer,
            own_topic="zvh.intake.events",
            house_keys=HouseKeys(directory, b"r" * 32, machine_now),
            case_keys=CaseKeyClient(OneKey(), "noord-limburg"),
            started=asyncio.Event(),
            loops=lambda: {"relay": True, "from-parties": False},
        )
    )
    transport = cast(httpx.AsyncBaseTransport, httpx.ASGITransport(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        answer = await client.get("/readyz")
    await producer.stop()
    return answer
