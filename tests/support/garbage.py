"""A neighbour that answers garbage with status 200, on a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
PAGE = b"<html><body>Welcome to your new server</body></html>"


def whole(body: bytes) -> bytes:
    """A well-formed answer with this body."""
    return HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body


GARBAGE: dict[str, bytes | None] = {
    "a web page": whole(PAGE),
    "nothing": whole(b""),
    "half a document": whole(b'{"keys": {"a"'),
    "less than it promised": HEAD + b"content-length: 500\r\n\r\n{}",
    "no HTTP at all": b"\x00\x01\x02\x03" * 10,
    "a list": whole(b"[]"),
    "null": whole(b"null"),
    "a number for the keys": whole(b'{"keys": 7, "jwks_uri": 7, "access_token": 7}'),
    "keys of the wrong kind": whole(b'{"keys": [7, null, {}, {"kty": "EC"}], "access_token": {}}'),
    "deep nesting": whole(b"[" * 100_000 + b"]" * 100_000),
    "bytes that are no text": whole(b"\xff\xfe\x00"),
    "a redirect": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    "a huge body": HEAD + b"\r\n" + b" " * 3_000_000,
    "a packed body": HEAD + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00",
    "an error": b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
    "one byte a second": None,
}


@contextlib.asynccontextmanager
async def neighbour(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """Yield the URL of a server that answers each request, given as bytes, with these bytes; None drips."""
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            said = answer(await reader.readuntil(b"\r\n\r\n"))
            writer.write(HEAD + b"\r\n" if said is None else said)
            await writer.drain()
            while said is None:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.2)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        served.add(task)
        task.add_done_callback(served.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(served):
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)
