"""Who is let in over HTTPS: heads and bodies of each size, strangers, persons and parties in haste."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import APIRouter, Request
from httpx import ASGITransport, AsyncClient, Response
from starlette.middleware import Middleware

from shared.contract.limits import MAX_PAYLOAD
from shared.core.actor import Role
from shared.http import entrance as module
from shared.http.app import Looking, make_app
from shared.http.entrance import Entrance
from shared.http.limits import BURST, Limits, network_of
from shared.http.oidc import Identity, IssuerUnreachable, NotSignedIn
from tests.support.accounts import all_acknowledged
from tests.support.clock import Clock

WORKER = frozenset({Role.PARTY_WORKER})
PEOPLE = {
    "director": Identity("director", frozenset({Role.PROCESS_DIRECTOR})),
    "worker-1": Identity("worker-1", WORKER, "politie"),
    "worker-2": Identity("worker-2", WORKER, "politie"),
    "neighbour": Identity("neighbour", WORKER, "ggd"),
    "service": Identity("service", frozenset({Role.SERVICE}), service="intake"),
}
FEW = Limits(requests_per_stranger=1, requests_per_person=2, requests_per_party=3)


class Desk:
    """Stand for an issuer that knows people by tokens that are their names, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def identify(self, token: str) -> Identity:
        self.asked.append(token)
        if token == "unknown-key":
            raise IssuerUnreachable("no-key-to-judge-by")
        if token not in PEOPLE:
            raise NotSignedIn("bad-signature")
        return PEOPLE[token]


def a_router() -> APIRouter:
    router = APIRouter()

    @router.post("/acts")
    async def act(request: Request, caller: Looking) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.post("/services")
    async def serve(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/acts")
    async def look(caller: Looking) -> str:
        return caller.identity.subject

    @router.get("/livez")
    async def livez() -> str:
        return "alive"

    return router


class House:
    """Hold an application behind the entrance."""

    def __init__(self, limits: Limits) -> None:
        self.desk = Desk()
        self.app = make_app("test", a_router(), middleware=[Middleware(Entrance, limits=limits, now=Clock())])
        self.app.state.issuer = self.desk
        all_acknowledged(self.app)

    async def __call__(self, method: str, path: str, who: str | None = None, **more: Any) -> Response:
        address = more.pop("address", "192.0.2.1")
        headers = ({"authorization": f"Bearer {who}"} if who else {}) | more.pop("headers", {})
        transport = ASGITransport(self.app, client=(address, 1))
        async with AsyncClient(transport=transport, base_url="https://house.test") as client:
            return await client.request(method, path, headers=headers, **more)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    yield


def told(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert {"rule", "article", "remedy"} <= set(answer.json())
    return answer.status_code, answer.json()["title"]


class Endless:
    """Give a body that never ends, and knows how much of it was read."""

    def __init__(self, chunk: int = 4096) -> None:
        self.chunk, self.read = chunk, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.read < 100_000_000:
            self.read += self.chunk
            yield b"x" * self.chunk


# --- bodies ------------------------------------------------------------------------------------


async def test_a_body_in_chunks_is_read_to_the_limit_and_no_further() -> None:
    house, endless = House(Limits()), Endless()
    answer = await house("POST", "/acts", "director", content=endless)
    assert told(answer) == (413, "TooLarge")
    assert answer.headers["connection"] == "close"
    assert endless.read <= MAX_PAYLOAD + 2 * endless.chunk


async def test_of_a_strangers_body_not_one_byte_is_read() -> None:
    house = House(Limits())
    for token in (None, "nobody"):
        endless = Endless()
        assert told(await house("POST", "/acts", token, content=endless)) == (401, "NotSignedIn")
        assert endless.read == 0


async def test_a_token_that_cannot_be_judged_now_is_no_strangers_and_its_body_is_not_read() -> None:
    endless = Endless()
    answer = await House(Limits())("POST", "/acts", "unknown-key", content=endless)
    assert told(answer) == (503, "SignInUnavailable")
    assert answer.headers["retry-after"]
    assert endless.read == 0


async def test_a_body_without_its_length_is_taken_when_it_is_small() -> None:
    async def small() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * (MAX_PAYLOAD // 4)

    answer = await House(Limits())("POST", "/acts", "director", content=small())
    assert answer.json() == {"bytes": MAX_PAYLOAD}


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
async def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(more: int, status: int) -> None:
    answer = await House(Limits())("POST", "/acts", "director", content=b"x" * (MAX_PAYLOAD + more))
    assert answer.status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"content-length": "5", "transfer-encoding": "chunked"},
        {"content-length": "-5"},
        {"content-length": "5 5"},
        {"content-length": "9" * 30},
    ],
)
async def test_a_length_that_is_none_or_stands_twice_does_not_fit(headers: dict[str, str]) -> None:
    endless = Endless()
    answer = await House(Limits())("POST", "/acts", "director", content=endless, headers=headers)
    assert told(answer) == (400, "DoesNotFitTheSchema")
    assert endless.read == 0


async def test_a_body_of_no_bytes_is_no_body() -> None:
    assert told(await House(Limits())("POST", "/acts", headers={"content-length": "0"}))[0] == 401
    answer = await House(Limits())("POST", "/acts", "director", headers={"content-length": "0"})
    assert answer.json() == {"bytes": 0}


# --- heads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/acts?" + "q" * module.MAX_TARGET, {}),
        ("/" + "p" * module.MAX_TARGET, {}),
        ("/acts", {f"x-{n}": "1" for n in range(module.MAX_HEADERS)}),
        ("/acts", {"x": "1" * module.MAX_HEADER_BYTES}),
    ],
)
async def test_a_head_that_is_too_large_is_refused_before_the_token_is_looked_at(
    path: str, headers: dict[str, str]
) -> None:
    house = House(Limits())
    assert told(await house("GET", path, "director", headers=headers)) == (431, "HeadTooLarge")
    assert house.desk.asked == []


async def test_a_head_of_ordinary_size_is_let_in() -> None:
    headers = {f"x-{n}": "1" for n in range(40)} | {"cookie": "c" * 4000}
    assert (
        await House(Limits())("GET", f"/acts?{'q' * 1500}", "director", headers=headers)
    ).status_code == 200


# --- shares ------------------------------------------------------------------------------------


async def test_a_person_in_haste_is_told_how_long_to_wait_and_another_is_not_touched() -> None:
    house = House(FEW)
    statuses = [(await house("GET", "/acts", "director")).status_code for _ in range(2 * BURST + 1)]
    assert statuses == [200] * (2 * BURST) + [429]
    answer = await house("GET", "/acts", "director")
    assert told(answer) == (429, "TooManyRequests")
    assert int(answer.headers["retry-after"]) == 1
    assert (await house("GET", "/acts", "neighbour")).status_code == 200


async def test_two_workers_of_a_party_share_what_the_party_has() -> None:
    house = House(FEW)
    statuses = [
        (await house("GET", "/acts", f"worker-{1 + n % 2}")).status_code for n in range(3 * BURST + 2)
    ]
    assert statuses == [200] * (3 * BURST) + [429] * 2
    assert (await house("GET", "/acts", "neighbour")).status_code == 200


async def test_a_stranger_in_haste_is_refused_without_a_look_at_his_token_and_only_at_his_address() -> None:
    house = House(FEW)
    statuses = [(await house("GET", "/acts", f"bad-{n}")).status_code for n in range(BURST + 3)]
    assert statuses == [401] * BURST + [429] * 3
    assert len(house.desk.asked) == BURST
    assert (await house("GET", "/acts", "bad", address="198.51.100.7")).status_code == 401
    assert (await house("GET", "/livez", address="198.51.100.7")).status_code == 200


async def test_who_signed_in_lately_is_let_in_from_an_address_that_a_stranger_floods() -> None:
    house = House(FEW)
    assert (await house("GET", "/acts", "director")).status_code == 200
    for n in range(BURST + 1):
        await house("GET", "/acts", f"bad-{n}")
    assert (await house("GET", "/acts", "director")).status_code == 200
    assert (await house("GET", "/acts", "neighbour")).status_code == 429


async def test_open_pages_count_against_the_share_of_a_stranger_too() -> None:
    house = House(FEW)
    assert [(await house("GET", "/livez")).status_code for _ in range(BURST + 1)] == [200] * BURST + [429]


async def test_a_service_of_the_house_is_not_held_up_in_its_work() -> None:
    house = House(FEW)
    answers = [await house("POST", "/services", "service", content=b"{}") for _ in range(20 * BURST)]
    assert {answer.status_code for answer in answers} == {200}


async def test_one_person_has_so_many_requests_under_way_and_no_more() -> None:
    house, go_on = House(Limits(requests_per_person=2)), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await go_on.wait()
        yield b"x"

    waiting = [asyncio.create_task(house("POST", "/acts", "director", content=slow())) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert told(await house("GET", "/acts", "director")) == (429, "TooManyRequests")
    assert (await house("GET", "/acts", "neighbour")).status_code == 200
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]
    assert (await house("GET", "/acts", "director")).status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "unknown"),
    ],
)
def test_one_subscriber_is_one_sender(address: str, network: str) -> None:
    assert network_of(address) == network
