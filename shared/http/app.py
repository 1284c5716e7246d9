"""Make the HTTP application by the Dutch API design rules: problem+json with the rule, no-store."""

import asyncio
import time
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.contract.cloudevent import trace_of
from shared.contract.fields import PartyId
from shared.contract.limits import MOST_INVALID
from shared.contract.pointers import pointers, property_names
from shared.contract.refusal import (
    NOT_YOURS,
    SEALING_IMPOSSIBLE,
    Refusal,
    Remedy,
    refusals_of,
    unreadable,
)
from shared.contract.registry import Model
from shared.core.outcome import Outcome
from shared.crypto.case_key_client import KeyAuthorityUnreachable
from shared.http.accounts import Accounts
from shared.http.caller import Caller, Refused
from shared.http.commands import CommandHandler
from shared.http.oidc import Identity, Issuer, IssuerUnreachable, NotSignedIn
from shared.http.problem import HEADERS, PROBLEM, Problem, ProblemDetails, problem
from shared.http.reading import CaseReader
from shared.storage.database import is_unavailable, sqlstate
from shared.telemetry.metrics import REQUESTS
from shared.telemetry.security import REFUSALS, SIGN_INS

log = structlog.get_logger()
API_VERSION = "1.0.0"
define = refusals_of("http")

NOT_SIGNED_IN = define("NotSignedIn", "R126", "art. 15.1, 15.2", status=401)
BAD_REQUEST = unreadable("does-not-fit-the-schema")
INVALID_JSON = unreadable("invalid-json")
NO_IDEMPOTENCY_KEY = define("NoIdempotencyKey", "R127", "art. 15.3; B4", status=400)
TOO_LARGE = replace(unreadable("too-large"), status=413)
NOT_FOUND = define("NotFound", "R34", "B3-F2", status=404)
SIGN_IN_UNAVAILABLE = define("SignInUnavailable", "R126", "art. 15.1, 15.2", Remedy.RETRY_LATER, status=503)
UNAVAILABLE = define("TemporarilyUnavailable", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=503)
FAULT = define("RequestFailed", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=500)
SHOWN_FOR = "30"  # seconds: then a browser asks again, so that what was withdrawn meanwhile is covered
EVEN = 0.05  # seconds: "there is none" is answered at a multiple of this, whatever the answer took

TOKEN = HTTPBearer(
    scheme_name="token",
    bearerFormat="JWT",
    description="An access token of the house's OpenID Connect issuer, for this audience.",
    auto_error=False,
)
IdempotencyKey = Annotated[
    str,
    Header(
        pattern=r"^[!-~]{8,64}$",
        description="Of your own making, one for each act: repeated under it, the act has one effect and "
        "gets the same answer.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        pattern=r'^"?[A-Za-z0-9_-]{1,2000}"?$',
        description="The version of what the act replaces, as it was read. No other act takes one.",
    ),
]
Trace = Annotated[str | None, Header(description="W3C trace context.")]
OnBehalfOf = Annotated[
    PartyId | None,
    Header(description="Id of the party on whose behalf somebody of the house acts."),
]


class Nothing(Model):
    """An act that needs no more words than its path."""


class Done(BaseModel):
    """The act took effect."""


class Replaced(Done):
    """The act took effect; `version` is that of what it replaced or added to, for the next If-Match."""

    version: str


SUSPECT = (403, 404)  # what is not this person's, or not there: who tries many of those is looking for more


async def signed_in(
    request: Request, token: Annotated[HTTPAuthorizationCredentials | None, Security(TOKEN)]
) -> Identity:
    """Identify the caller by the token in the request, unless the entrance has done so."""
    known: Identity | None = request.scope.get("identity")
    if known is None and token is not None and "identity" not in request.scope:
        known = await identify(request.app.state.issuer, token.credentials)
    if known is None:
        raise Refused(NOT_SIGNED_IN)
    return known


async def identify(issuer: Issuer, token: str) -> Identity | None:
    """Return whom a token stands for; None if it is not valid."""
    try:
        return await issuer.identify(token)
    except NotSignedIn as error:
        SIGN_INS.failed(str(error))
        return None


async def somebody(identity: Annotated[Identity, Depends(signed_in)]) -> Identity:
    """Identify a person with a role here, who may not have acknowledged secrecy yet."""
    if not identity.roles or identity.service:
        raise Refused(NOT_YOURS)
    return identity


async def sworn(request: Request, identity: Annotated[Identity, Depends(somebody)]) -> Identity:
    """Identify a person who has acknowledged the duty of secrecy: nobody else works here (R126)."""
    accounts: Accounts = request.app.state.accounts
    if refusal := await accounts.refusal(identity):
        raise Refused(refusal)
    return identity


async def looking(identity: Annotated[Identity, Depends(sworn)], on_behalf_of: OnBehalfOf = None) -> Caller:
    """Make the caller of a request that only reads."""
    return Caller(identity, on_behalf_of)


async def acting(
    request: Request,
    looker: Annotated[Caller, Depends(looking)],
    idempotency_key: IdempotencyKey,
    traceparent: Trace = None,
) -> Caller:
    """Make the caller of a request that acts: once, however often it is repeated."""
    return _acting(request, looker, idempotency_key, traceparent)


async def beginning(
    request: Request,
    identity: Annotated[Identity, Depends(somebody)],
    idempotency_key: IdempotencyKey,
    traceparent: Trace = None,
) -> Caller:
    """Make the caller of the one act that is open to who has not acknowledged secrecy yet: to do so."""
    return _acting(request, Caller(identity), idempotency_key, traceparent)


def _acting(request: Request, who: Caller, idempotency_key: str, traceparent: str | None) -> Caller:
    version = request.headers.get("if-match")  # in no document: where none is taken, one is refused
    return Caller(
        who.identity,
        who.on_behalf_of,
        idempotency_key,
        version,
        trace_of(traceparent),
        request.scope["path"],
    )


async def replacing(actor: Annotated[Caller, Depends(acting)], if_match: IfMatch = None) -> Caller:
    """Make the caller of a request that may replace a shared thing, whose version it then names."""
    return replace(actor, if_match=if_match.strip('"') if if_match else None)


async def command_handler(request: Request) -> CommandHandler[Any]:
    """Return the command handler of this service."""
    handler: CommandHandler[Any] = request.app.state.commands
    return handler


async def case_reader(request: Request) -> CaseReader[Any]:
    """Return the reader of this service's cases."""
    reader: CaseReader[Any] = request.app.state.reader
    return reader


Looking = Annotated[Caller, Depends(looking)]
Acting = Annotated[Caller, Depends(acting)]
Beginning = Annotated[Caller, Depends(beginning)]
Replacing = Annotated[Caller, Depends(replacing)]
Commands = Annotated[CommandHandler[Any], Depends(command_handler)]
Reader = Annotated[CaseReader[Any], Depends(case_reader)]


def done(outcome: Outcome) -> Done:
    """Make the answer to an act that took effect."""
    return Done()


def replaced(outcome: Outcome) -> Replaced:
    """Make the answer to an act on a shared thing."""
    return Replaced(version=outcome.thing_version or "")


class HouseApp(FastAPI):
    """Publish errors in OpenAPI as what they are: problem+json."""

    _published_names: frozenset[str] = frozenset()

    def published_names(self) -> frozenset[str]:
        """Return the names of the contract's fields."""
        if not self._published_names:
            self._published_names = frozenset(property_names(self.openapi()))
        return self._published_names

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                for response in operation["responses"].values():
                    _as_problem(response.get("content", {}))
        return document


def _as_problem(content: dict[str, Any]) -> None:
    schema = content.get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").endswith(f"/{ProblemDetails.__name__}"):
        content[PROBLEM] = content.pop("application/json")


def make_app(title: str, *routers: APIRouter, **options: Any) -> FastAPI:
    """Make the HTTP application of one service; every error is problem+json and tells nothing of a case."""
    app = HouseApp(
        title=title,
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would answer with an address made of the client's own Host
        responses={"4XX": {"model": ProblemDetails}, "5XX": {"model": ProblemDetails}},
        **options,
    )
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(KeyAuthorityUnreachable, _no_keys)
    app.add_exception_handler(IssuerUnreachable, _no_issuer)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)

    @app.middleware("http")
    async def no_store(request: Request, call_next: Any) -> Response:
        began = time.monotonic()
        try:
            response: Response = await call_next(request)
        except Exception as error:  # what it says may hold values: only its kind is logged
            response = problem(_of_error(error, request.method))
        REQUESTS.labels(str(response.status_code)).inc()
        response.headers.update(HEADERS)
        response.headers["API-Version"] = API_VERSION
        if (
            request.method == "GET"
            and response.status_code == HTTPStatus.OK
            and "authorization" in request.headers
        ):
            response.headers["Refresh"] = SHOWN_FOR
        if response.status_code == NOT_FOUND.status:
            await asyncio.sleep(EVEN - (time.monotonic() - began) % EVEN)
        return response

    return app


def _of_error(error: Exception, method: str) -> Refusal:
    """Return the refusal for an exception: having waited in vain is no fault, and may be tried again."""
    kind = type(error).__name__
    if is_unavailable(error):
        log.warning("request-waited-in-vain", kind=kind, sqlstate=sqlstate(error), method=method)
        return UNAVAILABLE
    log.error("request-failed", kind=kind, method=method)
    return FAULT


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for this type
    who: Identity | None = request.scope.get("identity")
    if who is not None and error.refusal.status in SUSPECT:
        REFUSALS.refused(who.subject, "person", who.party)
    return problem(error.refusal, changed=error.changed)


async def _no_keys(request: Request, error: Exception) -> Response:
    return problem(SEALING_IMPOSSIBLE)


async def _no_issuer(request: Request, error: Exception) -> Response:
    return problem(SIGN_IN_UNAVAILABLE)


async def _invalid(request: Request, error: Exception) -> Response:
    """Say which fields and parameters do not fit, never what was in them."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    found = error.errors()
    if any(one["loc"] == ("header", "idempotency-key") for one in found):
        return problem(NO_IDEMPOTENCY_KEY)
    if any(one["type"] == "json_invalid" for one in found):
        return problem(INVALID_JSON)
    places = [one["loc"][1:] for one in found if one["loc"][0] == "body"]
    invalid = pointers(places, error.body, request.app.published_names())
    parameters = {str(one["loc"][1]) for one in found if one["loc"][0] != "body"}
    return problem(BAD_REQUEST, invalid, sorted(parameters)[:MOST_INVALID])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    if error.status_code in (404, 405):
        return Problem(NOT_FOUND)
    return problem(INVALID_JSON)  # a body that FastAPI cannot parse at all
