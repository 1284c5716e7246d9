"""What HTTP publishes of itself, and what it says of its own faults."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient, Response
from starlette.middleware import Middleware

from docs.generate.tree import ROOT
from shared.contract.content import Content
from shared.contract.fields import Jwk
from shared.contract.messages.house import MessageRefused
from shared.contract.refusal import members_told
from shared.contract.registry import SERVICES, Model
from shared.core.actor import Role
from shared.crypto.case_key_client import KeyAuthorityUnreachable
from shared.http.app import BAD_REQUEST, NO_IDEMPOTENCY_KEY, NOT_FOUND, Acting, make_app, signed_in
from shared.http.entrance import Entrance
from shared.http.limits import Limits
from shared.http.oidc import Identity, IssuerUnreachable
from shared.http.problem import HEADERS, RETRY_AFTER, problem
from shared.http.startup_gate import StartupGate
from tests.support.accounts import all_acknowledged

EACH = pytest.mark.parametrize("service", SERVICES)
KEY = "0192aaaa-0000-7000-8000-00000000000a"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PERSON = Identity("somebody", frozenset({Role.PROCESS_DIRECTOR}))


class Told(Model):
    """What somebody wrote."""

    text: Content
    jwk: Jwk | None = None


def a_router() -> APIRouter:
    router = APIRouter()

    @router.post("/acts")
    async def act(body: Told, caller: Acting) -> dict[str, Any]:
        return {"trace": caller.traceparent}

    @router.get("/fault")
    async def fault() -> None:
        raise RuntimeError("Persoon Jansen")

    @router.get("/keys")
    async def keys() -> None:
        raise KeyAuthorityUnreachable("ConnectError")

    @router.get("/issuer")
    async def issuer() -> None:
        raise IssuerUnreachable("TimeoutError")

    return router


async def sent(method: str, path: str, *, signed: bool = True, **more: Any) -> Response:
    app = make_app("test", a_router())
    all_acknowledged(app)
    if signed:
        app.dependency_overrides[signed_in] = lambda: PERSON
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        return await client.request(method, path, **more)


# --- what it publishes -------------------------------------------------------------------------


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    document = json.loads((ROOT / "services" / service / "openapi.json").read_text())
    for path, acts in document["paths"].items():
        for method, operation in acts.items():
            yield path, method, operation, document["components"]


@EACH
def test_an_error_is_published_as_problem_json(service: str) -> None:
    for path, method, operation, components in operations(service):
        for status in ("4XX", "5XX"):
            assert set(operation["responses"][status]["content"]) == {"application/problem+json"}, (
                path,
                method,
            )
        assert {"rule", "article", "remedy"} <= set(components["schemas"]["ProblemDetails"]["required"])


@EACH
def test_each_operation_asks_for_a_token(service: str) -> None:
    for path, method, operation, components in operations(service):
        assert operation["security"] == [{"token": []}], (path, method)
        assert components["securitySchemes"]["token"]["scheme"] == "bearer"
        assert "authorization" not in {one["name"].lower() for one in operation.get("parameters", ())}


@EACH
def test_each_act_of_a_person_asks_for_an_idempotency_key(service: str) -> None:
    for path, method, operation, _ in operations(service):
        required = {one["name"] for one in operation.get("parameters", ()) if one["required"]}
        assert ("idempotency-key" in required) is (method != "get" and path != "/case-keys"), (path, method)


@EACH
def test_a_version_is_asked_for_only_where_something_is_replaced(service: str) -> None:
    """Elsewhere one is refused (`VersionNotTaken`), so no document has a place for it."""
    takes = {
        path
        for path, _, operation, _ in operations(service)
        if "if-match" in {one["name"] for one in operation.get("parameters", ())}
    }
    replacing = {"/cases/{case_id}/plan", "/cases/{case_id}/viewing-entries"}
    assert takes == (replacing if service == "rto" else set())


# --- what it answers ---------------------------------------------------------------------------


def told(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["title"]


async def test_without_a_token_nothing_else_is_looked_at() -> None:
    for headers in ({}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer"}):
        assert told(await sent("POST", "/acts", signed=False, headers=headers)) == (401, "NotSignedIn")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"idempotency-key": "1234567"},
        {"idempotency-key": "1" * 65},
        *(
            {"idempotency-key": f"12345678{wrong}9".encode("latin-1")}
            for wrong in ("\t", "\x01", "\x7f", "\x85", " ", "\xe9")
        ),
    ],
    ids=ascii,
)
async def test_an_act_without_an_idempotency_key_in_form_says_so(headers: dict[str, Any]) -> None:
    expected = (400, "NoIdempotencyKey")
    assert told(await sent("POST", "/acts", headers=headers, json={"text": "Akkoord."})) == expected
    assert told(await sent("POST", "/acts", headers=headers, json={})) == expected


@pytest.mark.parametrize("name", ["Persoon A", "\ud800", "a.b", "\0"])
async def test_a_name_of_the_clients_own_making_is_not_said_back(name: str) -> None:
    """Half a character in it could not even be written."""
    headers = {"idempotency-key": KEY, "content-type": "application/json"}
    body = json.dumps({"text": "Akkoord.", "jwk": {name: "x"}}).encode()
    answer = await sent("POST", "/acts", headers=headers, content=body)
    assert (told(answer), answer.json()["invalid"]) == ((400, "DoesNotFitTheSchema"), ["/jwk/*"])


@pytest.mark.parametrize("host", ["[", "a b", "]:x", "\xe9", ""])
async def test_a_host_that_is_none_is_no_fault_of_ours(host: str) -> None:
    headers = [(b"idempotency-key", KEY.encode()), (b"host", host.encode("latin-1"))]
    assert (await sent("POST", "/acts", headers=headers, json={"text": "Akkoord."})).status_code == 200


async def test_a_path_with_a_slash_too_many_is_not_answered_with_the_clients_own_host() -> None:
    answer = await sent("GET", "/fault/", headers={"host": "elsewhere.test"})
    assert told(answer)[0] == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("party", ["Persoon A", "politie\t", "Politie", "a_b", "x" * 61, "", "\xb2"])
async def test_on_whose_behalf_is_a_party_id_or_does_not_fit(party: str) -> None:
    headers: dict[str, Any] = {"idempotency-key": KEY, "on-behalf-of": party.encode("latin-1")}
    answer = await sent("POST", "/acts", headers=headers, json={"text": "Akkoord."})
    assert (told(answer), answer.json()["parameters"]) == ((400, "DoesNotFitTheSchema"), ["on-behalf-of"])


async def test_half_a_character_does_not_fit_the_schema() -> None:
    headers = {"idempotency-key": KEY, "content-type": "application/json"}
    for body in (rb'{"text":"\ud800"}', rb'{"text":"a\udfffb"}'):
        answer = await sent("POST", "/acts", headers=headers, content=body)
        assert (told(answer), answer.json()["invalid"]) == ((400, "DoesNotFitTheSchema"), ["/text"])
    whole = await sent("POST", "/acts", headers=headers, content=rb'{"text":"\ud83d\ude00"}')
    assert whole.status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[" * 10_000 + b"]" * 10_000, b"\xff\xfe", b""])
async def test_what_is_no_json_is_refused_as_on_kafka(body: bytes) -> None:
    headers = {"idempotency-key": KEY, "content-type": "application/json"}
    answer = await sent("POST", "/acts", headers=headers, content=body)
    assert told(answer) == (400, "InvalidJson" if body else "DoesNotFitTheSchema")
    assert answer.json()["reason"] == ("invalid-json" if body else "does-not-fit-the-schema")


async def test_a_refusal_over_http_has_the_members_of_one_on_kafka() -> None:
    headers = {"idempotency-key": KEY}
    problem = (await sent("POST", "/acts", headers=headers, json={"text": 5})).json()
    kafka = MessageRefused(**members_told(BAD_REQUEST), sentence="x").model_dump(exclude_defaults=True)
    assert {name: problem[name] for name in kafka if name != "sentence"} == {
        name: value for name, value in kafka.items() if name != "sentence"
    }
    assert (problem["reason"], problem["invalid"]) == ("does-not-fit-the-schema", ["/text"])


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        (None, "nl"),
        ("en", "en"),
        ("en-GB,en;q=0.9,nl;q=0.8", "en"),
        ("nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7", "nl"),
        ("en;q=0.5, *", "nl"),
        ("de", "nl"),
        ("nl;q=0, *", "en"),
        ("en;q=hoog, nl;q=0.1", "nl"),
        ("en;q=nan", "nl"),
    ],
)
async def test_a_refusal_speaks_the_language_that_is_asked_for(asked: str | None, language: str) -> None:
    for path, said in (("/nowhere", NOT_FOUND.said), ("/acts", NO_IDEMPOTENCY_KEY.said)):
        headers = {} if asked is None else {"accept-language": asked}
        answer = await sent("POST", path, headers=headers, json={"text": "Akkoord."})
        assert answer.json()["detail"] == getattr(said, language), path
        assert answer.headers["content-language"] == language
        assert answer.headers["vary"] == "Accept-Language"


async def test_a_path_that_is_none_is_not_taken_for_a_case() -> None:
    assert told(await sent("GET", "/nowhere")) == (404, "NotFound")


async def test_a_trace_of_another_form_than_w3cs_goes_no_further() -> None:
    for trace, kept in ((TRACE, TRACE), ("Persoon-Jansen", None), ("x" * 100, None)):
        headers = {"idempotency-key": KEY, "traceparent": trace}
        answer = await sent("POST", "/acts", headers=headers, json={"text": "Akkoord."})
        assert answer.json() == {"trace": kept}


async def test_a_fault_that_held_nothing_does_not_say_that_a_case_is_held() -> None:
    answer = await sent("GET", "/fault")
    assert told(answer) == (500, "RequestFailed")
    assert "held" not in answer.text
    assert "Jansen" not in answer.text


async def test_a_key_that_cannot_be_reached_is_said_to_be_just_that() -> None:
    answer = await sent("GET", "/keys")
    assert told(answer) == (503, "KeyUnavailable")
    assert answer.headers["retry-after"] == RETRY_AFTER


async def test_a_token_that_cannot_be_checked_is_neither_valid_nor_invalid() -> None:
    answer = await sent("GET", "/issuer")
    assert told(answer) == (503, "SignInUnavailable")
    assert answer.headers["retry-after"] == RETRY_AFTER


async def test_every_answer_bears_the_same_headers_for_browsers_whoever_made_it() -> None:
    app = make_app("test", middleware=[Middleware(Entrance, limits=Limits())])
    app.add_middleware(StartupGate, ready=(ready := asyncio.Event()))
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        answers: list[Any] = [await client.get("/cases"), problem(BAD_REQUEST)]
        ready.set()
        answers += [
            await client.get("/cases"),
            await client.get("/" + "x" * 3000),
            await client.post("/cases"),
        ]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert HEADERS["Strict-Transport-Security"].startswith("max-age=")
    assert HEADERS["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_shows_its_access_log_to_the_privacy_officer_r129(service: str) -> None:
    document = json.loads((ROOT / "services" / service / "openapi.json").read_text())
    assert "/cases/{case_id}/access-log" in document["paths"]
