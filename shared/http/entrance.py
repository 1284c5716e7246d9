"""Let a request in only within its limits: measured, identified and read in this order, before all else.

A body is read after its sender is known, and counted while it streams. Who has not signed in has a small
share of the service, by address; after that each person and each party has one of its own.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.contract.limits import MAX_PAYLOAD
from shared.contract.refusal import Refusal, Remedy, refusals_of
from shared.core.actor import Role
from shared.http.app import BAD_REQUEST, NOT_SIGNED_IN, SIGN_IN_UNAVAILABLE, TOO_LARGE, identify
from shared.http.limits import BURST, Limits, network_of
from shared.http.oidc import Identity, IssuerUnreachable
from shared.http.problem import problem
from shared.http.startup_gate import ALWAYS_OPEN
from shared.rate import AtOnce, Rate
from shared.telemetry.metrics import LIMITED

MAX_TARGET = 2048  # bytes of path and query
MAX_HEADERS, MAX_HEADER_BYTES = 64, 12 * 1024
# At least, over all addresses, for each page that is open to all, and for all other paths; half of what one
# stranger may ask in a second where that is more: a house whose parties all come from one address lifts both.
STRANGERS_AT_ONCE = 8
PAUSE = 1.0  # seconds before a refusal for haste is sent: who does not wait, waits here
KNOWN_TOKENS = 10_000
LENGTHS = (b"content-length", b"transfer-encoding")  # what announces a body

define = refusals_of("http")
HEAD_TOO_LARGE = define("HeadTooLarge", "R127", "art. 15.3; B4", status=431)
TOO_MANY_REQUESTS = define("TooManyRequests", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=429)


class _NotLetIn(Exception):
    def __init__(self, refusal: Refusal, wait: float = 0.0) -> None:
        super().__init__(refusal.name)
        self.refusal, self.wait = refusal, wait


@dataclass(slots=True)
class _KnownTokens:
    """Remember by digest which tokens were valid lately.

    Those are checked also when their address has spent its share.
    """

    _digests: dict[bytes, None] = field(default_factory=dict)

    def add(self, token: str) -> None:
        self._digests[_digest(token)] = None
        if len(self._digests) > KNOWN_TOKENS:
            del self._digests[next(iter(self._digests))]

    def __contains__(self, token: str) -> bool:
        return _digest(token) in self._digests


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


class Entrance:
    """Refuse what is too large or too much, and identify the sender of the rest (ASGI middleware)."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        max_body: int = MAX_PAYLOAD,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        def rate(per_second: int) -> Rate:
            return Rate(per_second, per_second * BURST, now=now)

        self.app, self.max_body = app, max_body
        self.strangers, self.persons = rate(limits.requests_per_stranger), rate(limits.requests_per_person)
        self.parties = rate(limits.requests_per_party)
        self.at_once = AtOnce(limits.requests_per_person)
        self.strangers_at_once = AtOnce(max(STRANGERS_AT_ONCE, limits.requests_per_stranger // 2))
        self.known = _KnownTokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with ExitStack() as under_way:
            try:
                _check_head(scope)
                await self._admit(scope, under_way)
                reading = await self._read(scope, receive)
            except _NotLetIn as refused:
                await _refuse(refused, scope, receive, send)
                return
            await self.app(scope, reading, send)

    async def _admit(self, scope: Scope, under_way: ExitStack) -> None:
        """Identify the sender, and count the request against its share; raises `_NotLetIn`."""
        who = None if scope["path"] in ALWAYS_OPEN else await self._identified(scope)
        scope["identity"] = who
        if who is None:
            _keep_to("stranger", self.strangers.take(_address(scope)))
            what = scope["path"] if scope["path"] in ALWAYS_OPEN else "other"
            _make_room("stranger", under_way.enter_context(self.strangers_at_once.one(what)))
            if _has_body(scope):
                raise _NotLetIn(NOT_SIGNED_IN)
        elif who.service is None:
            _keep_to("person", self.persons.take(who.subject))
            if who.party is not None and Role.PARTY_WORKER in who.roles:
                _keep_to("party", self.parties.take(who.party))
            _make_room("person", under_way.enter_context(self.at_once.one(who.subject)))

    async def _identified(self, scope: Scope) -> Identity | None:
        """Return whom the token stands for, if it is valid.

        An address that has spent its share has no unknown token checked: that costs more than a refusal.
        """
        token = _bearer(scope)
        if token is None:
            return None
        if token not in self.known:
            _keep_to("stranger", self.strangers.wait(_address(scope)))
        try:
            who = await identify(scope["app"].state.issuer, token)
        except IssuerUnreachable:
            raise _NotLetIn(SIGN_IN_UNAVAILABLE) from None
        if who is not None:
            self.known.add(token)
        return who

    async def _read(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body, of at most `max_body` bytes, and return what hands it on."""
        if not _has_body(scope):
            return receive
        announced = _header(scope, b"content-length")
        if announced is not None and int(announced) > self.max_body:
            raise _NotLetIn(TOO_LARGE)
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.max_body:
                raise _NotLetIn(TOO_LARGE)
            if not message.get("more_body"):
                return _again({**message, "body": bytes(body)}, receive)


def _check_head(scope: Scope) -> None:
    """Refuse a request whose head is too large, or which says twice how long its body is (RFC 9112, 6.1)."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    target = len(scope["raw_path"]) + len(scope["query_string"])
    if (
        target > MAX_TARGET
        or len(headers) > MAX_HEADERS
        or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES
    ):
        raise _NotLetIn(HEAD_TOO_LARGE)
    lengths = [name for name, _ in headers if name in LENGTHS]
    length = _header(scope, b"content-length")
    if len(lengths) > 1 or (length is not None and not (length.isdigit() and len(length) < 19)):
        raise _NotLetIn(BAD_REQUEST)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)


def _has_body(scope: Scope) -> bool:
    length = _header(scope, b"content-length")
    return _header(scope, b"transfer-encoding") is not None or int(length or 0) > 0


def _bearer(scope: Scope) -> str | None:
    """Return the token of the Authorization header, as `HTTPBearer` reads it."""
    scheme, _, token = (_header(scope, b"authorization") or b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else "unknown"


def _keep_to(whose: str, wait: float) -> None:
    if wait:
        LIMITED.labels(whose).inc()
        raise _NotLetIn(TOO_MANY_REQUESTS, wait)


def _make_room(whose: str, room: bool) -> None:
    _keep_to(whose, 0.0 if room else PAUSE)


def _again(message: Message, receive: Receive) -> Receive:
    """Hand on what was read, and then what comes after it: that the client has gone."""
    waiting = [message]

    async def hand_on() -> Message:
        return waiting.pop() if waiting else await receive()

    return hand_on


async def _refuse(refused: _NotLetIn, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, and close the connection unless its body was read: nothing more of it is taken."""
    answer = problem(refused.refusal)
    if refused.wait:
        await asyncio.sleep(PAUSE)
        answer.headers["Retry-After"] = str(math.ceil(refused.wait))
    if any(name in LENGTHS for name, _ in scope["headers"]):
        answer.headers["Connection"] = "close"
    await answer(scope, receive, send)
