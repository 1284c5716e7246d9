"""Beyond so many requests under way the next is told at once to come again."""

import asyncio

from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient

from shared.http.app import make_app
from shared.http.overload import RequestLimit
from shared.http.problem import RETRY_AFTER


async def test_what_is_too_much_is_told_at_once_to_come_again_and_health_still_answers() -> None:
    go_on, begun, router = asyncio.Event(), asyncio.Semaphore(0), APIRouter()

    @router.get("/slow")
    async def slow() -> str:
        begun.release()
        await go_on.wait()
        return "done"

    @router.get("/livez")
    async def livez() -> str:
        return "alive"

    @router.post("/case-keys")
    async def keys() -> str:
        return "keys"

    app = RequestLimit(make_app("test", router), most=2)
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        served = [asyncio.create_task(client.get("/slow")) for _ in range(2)]
        for _ in served:
            await begun.acquire()
        refused = await client.get("/slow")
        assert (refused.status_code, refused.json()["title"]) == (503, "Overloaded")
        assert refused.headers["retry-after"] == RETRY_AFTER
        assert refused.json()["remedy"] == "retry-later"
        assert (await client.get("/livez")).status_code == 200
        asked = await client.post("/case-keys", json={})
        assert asked.status_code == 200, "what services ask does not wait behind people"
        go_on.set()
        assert [(await one).status_code for one in served] == [200, 200]
        assert (await client.get("/slow")).status_code == 200, "their places are free again"
