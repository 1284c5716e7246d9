"""A partner's connector and the house's published keys, when a service is away for a while."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from shared.connector import HouseUnreachable
from shared.connector.house import HouseJwks
from shared.crypto.jose import new_key, public_jwk

SIGNING, SEALING = new_key(), new_key()
JWKS = json.dumps({"keys": [public_jwk(SIGNING, "sig"), public_jwk(SEALING, "enc")]}).encode()


class Publishing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(JWKS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing on the screen."""


@contextmanager
def service_on(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), Publishing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def house(port: int) -> AsyncIterator[HouseJwks]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield HouseJwks(client, {"intake": f"http://127.0.0.1:{port}/jwks"})


async def test_a_message_waits_for_a_service_that_is_on_its_way_back(house: HouseJwks, port: int) -> None:
    asked = asyncio.create_task(house.sealing_key("intake", within=30))
    await asyncio.sleep(0.3)
    assert not asked.done()
    with service_on(port):
        assert (await asked).kid == SEALING.thumbprint()


async def test_a_service_that_stays_away_is_said_to_be_unreachable(house: HouseJwks) -> None:
    with pytest.raises(HouseUnreachable):
        await house.sealing_key("intake", within=0.5)


async def test_keys_at_hand_serve_while_the_service_is_away(house: HouseJwks, port: int) -> None:
    with service_on(port):
        await house.refresh("intake")
    house.forget("intake")
    assert (await house.sealing_key("intake", within=5)).kid == SEALING.thumbprint()
    assert house.signer("intake", SIGNING.thumbprint()) is not None
    assert house.signer("intake", SEALING.thumbprint()) is None
