"""Run a TCP proxy that can lose a reply: the request went through, and its sender never hears so."""

import asyncio
from types import TracebackType
from typing import Self

from deploy.machine.process import LOOPBACK

CHUNK = 65_536  # bytes


class Proxy:
    """Pass bytes to one server and back."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._mark = b""
        self.lost = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._passing, LOOPBACK, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def lose_reply_to_commit_of(self, mark: str) -> None:
        """Lose once, on the connection on which these characters passed, the reply to the next COMMIT."""
        self._mark = mark.encode()
        self.lost.clear()

    async def _passing(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(LOOPBACK, self._upstream)
        deaf = asyncio.Event()
        asking = asyncio.create_task(self._ask(reader, there[1], deaf))
        await self._reply(there[0], writer, deaf)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        for side in (there[1], writer):
            side.close()

    async def _ask(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        marked = False
        while chunk := await client.read(CHUNK):
            marked = marked or bool(self._mark and self._mark in chunk)
            if marked and b"COMMIT" in chunk:
                self._mark = b""
                deaf.set()
            server.write(chunk)
            await server.drain()
        server.close()

    async def _reply(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        while chunk := await server.read(CHUNK):
            if deaf.is_set():
                self.lost.set()
                return
            client.write(chunk)
            await client.drain()
