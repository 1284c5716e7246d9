"""Whoever has no business in a case cannot tell by the time an answer takes whether there is one.

Over real HTTP and on a real PostgreSQL, 300 pairs: one request about a case that is here, one about a number
that nobody has, in an order that chance decides. If time told nothing, the first would be the slower one in
half of the pairs, give or take; `SURE` standard deviations from that happen by chance in one of 10,000 runs
of a test. No time is asserted.
"""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import httpx
import pytest
import uvicorn

from services.intake.api import router
from services.intake.main import SERVICE
from shared.clock import Clock
from shared.contract.parties import Parties
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient
from shared.http.app import make_app, signed_in
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.integration.intake.test_api import HOUSE, KEY, PLAYED, POLICE, NoRelay, OneKey
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import attach, delivery, know, transaction_on

PAIRS, AT_ONCE = 300, 4
SURE = 3.89
KEY_TAKES = 0.005  # seconds, as from another process
Ask = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


class FarKeys(OneKey):
    """Answer as slowly as the key authority."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Any:
        await asyncio.sleep(KEY_TAKES)
        return await super().fetch(case_ids, make=make)


@pytest.fixture
async def intake(fresh_database: FreshDatabase) -> AsyncIterator[str]:
    """The address of intake, with one case in it, to a worker of a party that has no part in the case."""
    engine = await fresh_database(SERVICE)
    await know(engine, Parties({s.VENLO: s.venlo(), s.POLICE: s.venlo(party=s.POLICE)}))
    transaction, key = transaction_on(engine, SERVICE), CaseKey(KEY, house=HOUSE, case_id=s.CASE)
    await transaction.run([delivery(s.CASE, command, at=NOW, key=key) for command in PLAYED])
    app = make_app("zvh-intake", router)
    attach(
        app,
        transaction,
        SERVICE,
        parties=PartyReplica(),
        keys=CaseKeyClient(FarKeys(), HOUSE),
        relay=cast(Relay, NoRelay()),
        clock=Clock(None),
        digest_key=b"d" * 32,
    )
    app.dependency_overrides[signed_in] = lambda: POLICE
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


async def act(client: httpx.AsyncClient, case: str) -> httpx.Response:
    headers, body = {"idempotency-key": new_id()}, {"remark": "Besproken met het team."}
    return await client.post(f"/cases/{case}/consultation", json=body, headers=headers)


async def look(client: httpx.AsyncClient, case: str) -> httpx.Response:
    return await client.get(f"/cases/{case}")


async def took(client: httpx.AsyncClient, ask: Ask, case: str) -> float:
    began = time.perf_counter()
    answer = await ask(client, case)
    taken = time.perf_counter() - began
    assert answer.status_code == 404, answer.text
    return taken


async def pairs(address: str, ask: Ask, chance: random.Random) -> list[tuple[float, float]]:
    """Seconds about the case that is here and about none, each pair in an order of its own."""
    found = list[tuple[float, float]]()
    async with httpx.AsyncClient(base_url=address) as client:
        for _ in range(20):
            await took(client, ask, new_id())
        for _ in range(PAIRS // AT_ONCE):
            order = [s.CASE, new_id()]
            chance.shuffle(order)
            seconds = {case: await took(client, ask, case) for case in order}
            there = seconds.pop(s.CASE)
            found += [(there, nowhere) for nowhere in seconds.values()]
    return found


@pytest.mark.exhaustive
@pytest.mark.parametrize("ask", [act, look])
async def test_three_hundred_pairs_tell_no_more_than_a_guess(intake: str, ask: Ask) -> None:
    chances = [random.Random(n) for n in range(AT_ONCE)]  # noqa: S311 - an order, no secret
    each = await asyncio.gather(*(pairs(intake, ask, chance) for chance in chances))
    measured = [pair for some in each for pair in some]
    assert len(measured) == PAIRS
    slower = sum(there > nowhere for there, nowhere in measured)
    assert abs(slower - PAIRS / 2) < SURE * (PAIRS / 4) ** 0.5, f"the one that is here is slower in {slower}"
    assert abs(rank_sum(measured)) < SURE


def rank_sum(measured: list[tuple[float, float]]) -> float:
    """How many standard deviations the ranks of both kinds lie apart (Mann and Whitney)."""
    n = len(measured)
    ranked = sorted((seconds, kind) for pair in measured for kind, seconds in enumerate(pair))
    ranks = sum(rank for rank, (_, kind) in enumerate(ranked, 1) if kind == 0)
    return float((ranks - n * (2 * n + 1) / 2) / (n * n * (2 * n + 1) / 12) ** 0.5)


def test_a_difference_would_be_seen() -> None:
    chance = random.Random(20261127)  # noqa: S311 - a measurement, no secret
    alike = [(chance.gauss(5, 1), chance.gauss(5, 1)) for _ in range(PAIRS)]
    apart = [(there + 0.5, nowhere) for there, nowhere in alike]
    assert abs(rank_sum(alike)) < SURE < abs(rank_sum(apart))
