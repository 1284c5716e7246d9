"""Keep a service closed until it has started: health answers, and nothing else does."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.contract.refusal import Remedy, refusals_of
from shared.http.problem import problem

ALWAYS_OPEN = frozenset({"/livez", "/readyz", "/metrics", "/.well-known/jwks.json"})
NOT_OPEN_YET = refusals_of("http")("NotOpenYet", "R105", 'B3-F4 "geheel"', Remedy.RETRY_LATER, status=503)


@dataclass(frozen=True, slots=True)
class StartupGate:
    """Refuse every request but those of health and metrics before `ready` is set (ASGI middleware)."""

    app: ASGIApp
    ready: asyncio.Event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        closed = scope["type"] == "http" and not self.ready.is_set() and scope["path"] not in ALWAYS_OPEN
        await (problem(NOT_OPEN_YET) if closed else self.app)(scope, receive, send)
