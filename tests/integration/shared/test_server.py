"""Connections over HTTPS: how many there may be, and how long each may keep the server waiting."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from deploy.machine.certificates import Certificates, make_certificates
from deploy.machine.process import LOOPBACK, free_port
from shared.http import server as module
from shared.http.limits import Limits
from shared.http.server import MAX_HEAD, BoundedProtocol, BoundedServer, Door
from tests.support.clock import Clock

REQUEST = b"GET / HTTP/1.1\r\nhost: house.test\r\n\r\n"
SOON = 0.3  # seconds of patience in these tests
LARGE = 30_000_000  # bytes, more than the kernel takes of an answer that nobody reads
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), "test")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HANDSHAKE_WITHIN", SOON)
    monkeypatch.setattr(module, "WITHIN", dict.fromkeys(module.WITHIN, SOON))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the path asks: the number of bytes sent, or a large answer."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    read, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        read, more = read + len(message["body"]), message["more_body"]
    body = b"x" * LARGE if scope["path"] == "/large" else b"%d" % read
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


class Running:
    """Hold a running server, and how to connect to it."""

    def __init__(self, server: BoundedServer, certificates: Certificates) -> None:
        self.server, self.port = server, server.config.port
        self._context = ssl.create_default_context(cafile=str(certificates.ca_file))

    async def plain(self) -> tuple[Reader, Writer]:
        return await asyncio.open_connection(LOOPBACK, self.port)

    async def connect(self) -> tuple[Reader, Writer]:
        return await asyncio.open_connection(LOOPBACK, self.port, ssl=self._context)

    async def works(self) -> bool:
        reader, writer = await self.connect()
        writer.write(REQUEST)
        answer = await reader.readuntil(b"\r\n\r\n")
        await closed(writer)
        return answer.startswith(b"HTTP/1.1 200")

    async def empty(self) -> None:
        """Wait until no connection is counted."""
        async with asyncio.timeout(10):
            while self.server.door._total:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
        assert not self.server.door._open


async def closed(writer: Writer) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def serve(certificates: Certificates) -> Serve:
    @asynccontextmanager
    async def started(**limits: Any) -> AsyncIterator[Running]:
        server = BoundedServer(
            uvicorn.Config(
                application,
                host=LOOPBACK,
                port=free_port(),
                http=BoundedProtocol,
                ws="none",
                ssl_certfile=str(certificates.certificate_file),
                ssl_keyfile=str(certificates.key_file),
                log_config=None,
                h11_max_incomplete_event_size=MAX_HEAD,
                timeout_graceful_shutdown=2,
                lifespan="on",
            ),
            Limits(**limits),
        )
        running = asyncio.create_task(server._serve())
        while server._listening is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        try:
            yield Running(server, certificates)
        finally:
            server.should_exit = True
            await running

    return started


async def lost(reader: Reader, within: float = 5.0) -> bytes:
    """Return what was read until the server closed."""
    async with asyncio.timeout(within):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def test_requests_are_served_one_after_the_other_on_one_connection(serve: Serve) -> None:
    async with serve() as house:
        reader, writer = await house.connect()
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(1) == b"5"
            await asyncio.sleep(SOON / 2)
        await closed(writer)
        await house.empty()


async def test_who_does_not_shake_hands_is_let_go(serve: Serve) -> None:
    async with serve() as house:
        reader, writer = await house.plain()
        assert await lost(reader) == b""
        await closed(writer)
        await house.empty()
        assert await house.works()


async def test_who_says_nothing_after_shaking_hands_is_let_go(serve: Serve) -> None:
    async with serve() as house:
        reader, writer = await house.connect()
        assert await lost(reader) == b""
        await closed(writer)
        await house.empty()


async def drip(writer: Writer, drops: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        for drop in drops:
            writer.write(bytes([drop]))
            await writer.drain()
            await asyncio.sleep(SOON / 4)


@pytest.mark.parametrize(
    "first", [b"", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n", REQUEST]
)
async def test_a_head_or_a_body_that_comes_in_drops_is_not_waited_for(serve: Serve, first: bytes) -> None:
    async with serve() as house:
        reader, writer = await house.connect()
        writer.write(first)
        began = time.monotonic()
        dripping = asyncio.create_task(drip(writer, b"GET /" + b"x" * 500))
        await lost(reader)
        assert time.monotonic() - began < 20 * SOON
        dripping.cancel()
        await closed(writer)
        await house.empty()


async def test_bodies_in_drops_are_not_waited_for_when_they_come_one_after_the_other(serve: Serve) -> None:
    async with serve() as house:
        reader, writer = await house.connect()
        one = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n12"
        writer.write(one + one + one[:-1])
        assert (await lost(reader)).count(b"200 OK") == 2
        await closed(writer)
        await house.empty()


async def test_who_does_not_read_its_answer_is_let_go(serve: Serve) -> None:
    async with serve() as house:
        reader, writer = await house.connect()
        cast(asyncio.Transport, writer.transport).pause_reading()
        writer.write(REQUEST.replace(b"/ ", b"/large ", 1))
        await asyncio.sleep(0)
        await house.empty()
        await closed(writer)
        del reader


@pytest.mark.parametrize(
    "sent", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"1" * 3 * MAX_HEAD]
)
async def test_what_is_no_http_is_told_so_as_every_refusal_is(serve: Serve, sent: bytes) -> None:
    async with serve() as house:
        reader, writer = await house.connect()
        writer.write(sent)
        answer = await lost(reader)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in answer
        assert b'"rule":"R127"' in answer
        await closed(writer)
        await house.empty()


async def test_an_address_has_so_many_connections_and_when_one_ends_there_is_room_again(serve: Serve) -> None:
    async with serve(connections_per_address=3) as house:
        held = [await house.connect() for _ in range(3)]
        with pytest.raises(OSError):
            await house.connect()
        for _, writer in held:
            await closed(writer)
        await house.empty()
        assert await house.works()


async def test_idle_connections_are_bounded_and_gone_after_a_while(serve: Serve) -> None:
    async with serve(connections_per_address=20, new_connections_per_address=1000) as house:
        counts: list[int] = []

        async def idle() -> None:
            with contextlib.suppress(OSError):
                reader, writer = await house.connect()
                counts.append(house.server.door._total)
                await lost(reader)
                await closed(writer)

        await asyncio.gather(*(idle() for _ in range(200)))
        assert 1 <= max(counts) <= 20
        await house.empty()
        assert await house.works()


async def test_the_server_ends_though_connections_are_open(serve: Serve) -> None:
    async with serve() as house:
        kept = [await house.connect(), await house.plain()]
    for _, writer in kept:
        await closed(writer)
    await house.empty()


async def test_a_port_that_is_taken_ends_the_process(serve: Serve, certificates: Certificates) -> None:
    async with serve() as house:
        config = uvicorn.Config(
            application, host=LOOPBACK, port=house.port, http=BoundedProtocol, log_config=None, lifespan="on"
        )
        with pytest.raises(SystemExit):
            await BoundedServer(config, Limits())._serve()


# --- the count alone ---------------------------------------------------------------------------


def test_the_total_is_bounded_whatever_the_addresses() -> None:
    door = Door(Limits(connections=5), Clock())
    assert [door.let_in(f"192.0.2.{n}") for n in range(6)] == [True] * 5 + [False]
    door.leave("192.0.2.0")
    assert door.let_in("192.0.2.9")


def test_new_connections_of_an_address_come_at_a_rate() -> None:
    door = Door(Limits(new_connections_per_address=1), Clock())
    let_in = []
    for _ in range(8):
        let_in.append(door.let_in("192.0.2.1"))
        if let_in[-1]:
            door.leave("192.0.2.1")
    assert let_in == [True] * 5 + [False] * 3
    assert door.let_in("192.0.2.2")


def test_a_trusted_proxy_brings_more_than_one_address_may() -> None:
    limits = Limits(connections_per_address=1, new_connections_per_address=1, trusted_proxies=("192.0.2.1",))
    door = Door(limits, Clock())
    assert all(door.let_in("192.0.2.1") for _ in range(50))
    assert [door.let_in("192.0.2.2") for _ in range(2)] == [True, False]


def test_nothing_is_kept_of_an_address_that_has_left() -> None:
    door = Door(Limits())
    assert door.let_in("192.0.2.1")
    door.leave("192.0.2.1")
    assert not door._open


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA"])
async def test_no_suite_with_cbc_is_agreed_on(serve: Serve, certificates: Certificates, suite: str) -> None:
    async with serve() as running:
        for ciphers, agreed in ((suite, False), ("ECDHE-ECDSA-AES256-GCM-SHA384", True)):
            context = ssl.create_default_context(cafile=str(certificates.ca_file))
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
            opening = asyncio.open_connection(LOOPBACK, running.port, ssl=context)
            if agreed:
                _, writer = await opening
                await closed(writer)
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await opening
