"""Ask servers outside this process over HTTPS, and read every answer as if it were hostile.

A web page, half a document, a redirect, a body without an end or one that drips: whatever is not the answer
that was asked for counts as no answer. Nothing that such a server wrote gets into an error or a log.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, TypeVar

import anyio
import httpx
from pydantic import BaseModel, ValidationError

A = TypeVar("A", bound=BaseModel)
WITHIN = 5.0  # seconds for one question, from connecting to the last byte
# Parts of it, together below the whole, so that an error names the part.
FOR_A_FREE_CONNECTION, FOR_TCP_AND_FOR_TLS = 0.3, 0.3
LARGEST = 1_048_576  # bytes of one answer
KEPT_OPEN = 3.0  # seconds an idle connection stays; many servers close theirs after five


class Unreachable(Exception):
    """Report that no usable answer came; the argument is a kind for the log, never what was answered.

    `status` is the HTTP status of an answer that came with another one than 200.
    """

    def __init__(self, kind: str, status: int | None = None) -> None:
        super().__init__(kind)
        self.kind, self.status = kind, status


def make_client(context: ssl.SSLContext, *, most: int) -> httpx.AsyncClient:
    """Make a client for one server, with at most `most` connections that nobody else can use up."""
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEPT_OPEN)
    connect, pool = WITHIN * FOR_TCP_AND_FOR_TLS, WITHIN * FOR_A_FREE_CONNECTION
    return httpx.AsyncClient(
        verify=context, limits=limits, timeout=httpx.Timeout(WITHIN, connect=connect, pool=pool)
    )


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    answer: type[A],
    **request: Any,
) -> A:
    """Send one request and return its answer, checked against a model; raise `Unreachable`.

    `WITHIN` bounds the whole of it, `LARGEST` the body. A compressed body is refused, as its size shows only
    when it is unpacked.
    """
    try:
        async with asyncio.timeout(WITHIN):
            body = await _body(client, method, url, request)
        return answer.model_validate_json(body)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        raise Unreachable(type(error).__name__) from None
    except ValidationError:
        raise Unreachable("not-an-answer") from None


class _ClosesHalfOpen:
    """Close the connection of a question that ends while TLS is agreed, whatever ends it.

    The client leaves it open when it is cancelled then. It calls this at each step (its `trace` extension).
    """

    def __init__(self) -> None:
        self.agreeing: Any = None

    async def __call__(self, step: str, about: Mapping[str, Any]) -> None:
        if step == "connection.connect_tcp.complete":
            self.agreeing = about["return_value"]
        elif step == "connection.start_tls.complete":
            self.agreeing = None
        elif step == "connection.start_tls.failed" and self.agreeing is not None:
            with anyio.CancelScope(shield=True):
                await self.agreeing.aclose()


async def _body(client: httpx.AsyncClient, method: str, url: str, request: dict[str, Any]) -> bytes:
    headers = {**request.pop("headers", {}), "accept": "application/json", "accept-encoding": "identity"}
    steps = {"trace": _ClosesHalfOpen()}
    async with client.stream(method, url, headers=headers, extensions=steps, **request) as response:
        if response.status_code != httpx.codes.OK:
            raise Unreachable(f"status-{response.status_code}", response.status_code)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unreachable("compressed")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LARGEST:
                raise Unreachable("too-large")
    return bytes(body)
