"""How much, and for how long, is read of what a server outside answers."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from shared import https_client
from shared.https_client import Unreachable, ask
from tests.support.garbage import HEAD, neighbour, whole


class Said(BaseModel):
    text: str


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as made:
        yield made


async def kind(client: httpx.AsyncClient, said: bytes | None, **request: Any) -> str:
    async with neighbour(lambda asked: said) as url:
        try:
            return (await ask(client, "GET", url, Said, **request)).text
        except Unreachable as error:
            return error.kind


async def test_an_answer_of_the_bound_is_read_and_one_byte_more_is_not(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"text": "yes"}'
    monkeypatch.setattr(https_client, "LARGEST", len(body))
    assert await kind(client, whole(body)) == "yes"
    assert await kind(client, whole(body + b" ")) == "too-large"
    assert await kind(client, HEAD + b"\r\n" + b" " * 10_000_000) == "too-large"


async def test_an_answer_that_drips_is_given_up_as_a_whole(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time for a timeout that begins anew with every byte."""
    monkeypatch.setattr(https_client, "WITHIN", 0.6)
    assert await kind(client, None) == "TimeoutError"


@pytest.mark.parametrize("ended_by", ["the bound of connecting", "the bound of the whole"])
async def test_a_connection_whose_handshake_is_never_answered_is_closed(
    monkeypatch: pytest.MonkeyPatch, ended_by: str
) -> None:
    """Both may end at once in a process that stood still; nothing stays open until memory is tidied."""
    monkeypatch.setattr(https_client, "WITHIN", 1.0)
    of_the_whole = ended_by == "the bound of the whole"
    if of_the_whole:
        monkeypatch.setattr(https_client, "FOR_TCP_AND_FOR_TLS", 60)
    closed = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        closed.set()
        writer.close()

    gc.disable()
    try:
        async with await asyncio.start_server(say_nothing, "127.0.0.1") as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with https_client.make_client(ssl.create_default_context(), most=1) as client:
                with pytest.raises(Unreachable, match="^TimeoutError" if of_the_whole else "ConnectTimeout"):
                    await ask(client, "GET", url, Said)
                await asyncio.wait_for(closed.wait(), 5)
    finally:
        gc.enable()


async def test_what_a_server_wrote_is_in_no_error(client: httpx.AsyncClient) -> None:
    for said in (b'{"text": {"name": "Persoon A"}}', b"Persoon A"):
        assert await kind(client, whole(said)) == "not-an-answer"
    assert await kind(client, b"HTTP/1.1 503 Persoon A\r\ncontent-length: 9\r\n\r\nPersoon A") == "status-503"
