"""An old backup of a service's database: what was erased is gone before the service is ready (F23)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.clock import machine_now
from tests.story import cast
from tests.story.world import World
from tests.support.backup import key_store_of
from tests.system.flows.cases import referred


def destroy_key(house: House, case: str) -> None:
    """List the case in the erasure ledger, as after an erasure that the backup does not know of."""
    key_store_of(house).destroy(case, machine_now())


def rows_of(house: House, case: str) -> int:
    intake = Database(**house.env["admin"]["databases"]["intake"])
    return int(run_sql(intake, f"SELECT count(*) FROM cases WHERE case_id = '{case}'"))  # noqa: S608 - ours


async def looked(world: World, case: str, path: str = "") -> httpx.Response:
    director = world.people("process-director-a", cast.REFERRER)
    url = world.house["services"]["intake"]["base_url"]
    headers: dict[str, Any] = {"authorization": f"Bearer {await director.token()}"}
    return await world.people.client.get(
        f"{url}{path or f'/cases/{case}'}", headers={**headers, "on-behalf-of": cast.REFERRER}
    )


@pytest.fixture
async def cases(founded: World) -> AsyncIterator[tuple[str, str]]:
    yield await referred(founded), await referred(founded)


async def test_an_erased_case_that_a_backup_brought_back_is_gone_before_intake_is_ready(
    founded: World, house: House, cases: tuple[str, str]
) -> None:
    erased, surviving = cases
    await asyncio.to_thread(house.stop_one, "intake")
    await asyncio.to_thread(destroy_key, house, erased)
    assert rows_of(house, erased) == 1
    await asyncio.to_thread(house.start_one, "intake")
    assert rows_of(house, erased) == 0
    assert (await looked(founded, erased)).status_code == 404
    seen = await looked(founded, surviving)
    assert seen.status_code == 200
    assert seen.json()["persons"][0]["name"] == "Persoon G", "what survives opens"


async def test_while_the_key_authority_is_away_intake_is_not_ready_and_forgets_and_shows_nothing(
    founded: World, house: House, cases: tuple[str, str]
) -> None:
    erased, surviving = cases
    await asyncio.to_thread(house.stop_one, "intake")
    await asyncio.to_thread(destroy_key, house, erased)
    await asyncio.to_thread(house.stop_one, "retention")
    starting = asyncio.create_task(asyncio.to_thread(house.start_one, "intake"))
    try:
        ready = await _readiness(founded)
        assert (ready.status_code, ready.json()["begun"]) == (503, False)
        shown = await looked(founded, surviving)
        assert (shown.status_code, shown.json()["title"]) == (503, "NotOpenYet")
        assert shown.headers["content-type"] == "application/problem+json"
        assert rows_of(house, erased) == 1
    finally:
        await asyncio.to_thread(house.start_one, "retention")
        await starting
    assert rows_of(house, erased) == 0
    assert (await looked(founded, surviving)).status_code == 200


async def _readiness(world: World) -> httpx.Response:
    """Return what `/readyz` says first, as soon as the process listens."""
    while True:
        try:
            return await looked(world, "", "/readyz")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
