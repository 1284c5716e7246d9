"""Serve HTTPS to a bounded number of connections, none of which may make the server wait for long.

uvicorn bounds neither how many connections one address opens nor how long it waits for a TLS handshake, a
head or a body: connections are accepted here, and its protocol gets deadlines.
"""

import asyncio
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.http.app import BAD_REQUEST
from shared.http.limits import BURST, Limits, network_of
from shared.http.problem import problem
from shared.rate import Rate
from shared.telemetry.metrics import LIMITED

log = structlog.get_logger()
HANDSHAKE_WITHIN, GOODBYE_WITHIN = 5.0, 2.0  # seconds, of TLS
# Seconds, by what the server waits for; a drop now and then does not prolong them.
WITHIN = {"head": 10.0, "body": 15.0, "reader": 30.0}
MAX_HEAD = 16 * 1024  # bytes that are kept of a head that has no end yet
# OpenSSL's names, of TLS 1.2; those of TLS 1.3 are all of this kind: an ephemeral key, and no CBC.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
ACCEPT_PAUSE = 0.1  # seconds, when the process has no file descriptor left


class Door:
    """Count connections, in total and by address, and say whether there is room for one more."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self.limits, self._open, self._total = limits, Counter[str](), 0
        new = limits.new_connections_per_address
        self._new = Rate(new, new * BURST, now=now)

    def let_in(self, address: str) -> bool:
        """Count one more connection of the address, if there is room; it must `leave` then."""
        turned_away = self._turned_away(address)
        if turned_away:
            LIMITED.labels(turned_away).inc()
            return False
        self._open[address] += 1
        self._total += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self._total -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def _turned_away(self, address: str) -> str | None:
        if self._total >= self.limits.connections:
            return "connections"
        if address in self.limits.trusted_proxies:
            return None
        most = self.limits.connections_per_address
        return "address" if self._open[address] >= most or self._new.take(address) else None


class BoundedProtocol(H11Protocol):
    """Close a connection that keeps the server waiting for a head, a body, or for its answer to be read."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lost = asyncio.Event()
        self._waits_for: tuple[str | None, int] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._cancel_deadline()
        self.lost.set()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as every refusal is answered, and close."""
        answer = problem(BAD_REQUEST)
        headers = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\n%bconnection: close\r\n\r\n%b" % (headers, bytes(answer.body))
        )
        self.transport.close()

    def _watch(self) -> None:
        """Start the deadline of what is waited for now, unless it runs already."""
        waits_for = self._waiting_for(), id(self.cycle)
        if waits_for == self._waits_for:
            return
        self._waits_for = waits_for
        self._cancel_deadline()
        if waits_for[0] is not None:
            self._deadline = self.loop.call_later(WITHIN[waits_for[0]], self._too_slow)

    def _waiting_for(self) -> str | None:
        if self.flow.write_paused:
            return "reader"
        if self.cycle is None or self.cycle.response_complete:
            return "head"
        return "body" if self.cycle.more_body else None

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        LIMITED.labels("slow").inc()
        self.transport.abort()


class BoundedServer(uvicorn.Server):
    """Accept connections for uvicorn's protocol, within `limits`."""

    def __init__(self, config: uvicorn.Config, limits: Limits) -> None:
        config.ssl_ciphers = CIPHERS
        super().__init__(config)
        self.door = Door(limits)
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connected: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and then listen; ends the process when the address cannot be had."""
        await super().startup(sockets=sockets or [])
        try:
            self._listening = self._listen()
        except OSError as error:
            log.error("cannot-listen", kind=type(error).__name__, reason=error.strerror)
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)
        self._accepting = asyncio.create_task(self._accept(self._listening), name="accept")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end the connections, and then the application."""
        if self._accepting is not None:
            self._accepting.cancel()
        if self._listening is not None:
            self._listening.close()
        await super().shutdown(sockets)
        for task in self._connected:
            task.cancel()
        await asyncio.gather(*self._connected, return_exceptions=True)

    def _listen(self) -> socket.socket:
        host, port = self.config.host, self.config.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=self.config.backlog)
        listening.setblocking(False)
        return listening

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, peer = await asyncio.get_running_loop().sock_accept(listening)
            except OSError as error:  # no descriptor left, or the client has gone already
                log.warning("not-accepted", kind=type(error).__name__, reason=error.strerror)
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            address = network_of(peer[0])
            if self.door.let_in(address):
                task = asyncio.create_task(self._connect(connection, address))
                self._connected.add(task)
                task.add_done_callback(self._connected.discard)
            else:
                connection.close()

    async def _connect(self, connection: socket.socket, address: str) -> None:
        """Shake hands, and count the connection until it is lost."""
        protocol = BoundedProtocol(self.config, self.server_state, self.lifespan.state)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self.config.ssl,
                ssl_handshake_timeout=HANDSHAKE_WITHIN,
                ssl_shutdown_timeout=GOODBYE_WITHIN,
            )
            await protocol.lost.wait()
        except (OSError, ssl.SSLError):  # no TLS, or not in time
            connection.close()
        finally:
            self.door.leave(address)
