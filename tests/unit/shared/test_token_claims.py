"""Whoever signs in is named by claims of one form: any other token is nobody's, and never a fault of ours."""

import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient
from joserfc import jws
from joserfc.jwk import ECKey

from deploy.local.issuer import AUDIENCE, kept_signing_key, make_issuer, subject_of
from shared.contract.messages.rto import InvitationAccepted
from shared.core.actor import Role
from shared.http.app import Looking, make_app
from shared.http.oidc import Identity, Issuer, NotSignedIn
from shared.telemetry.metrics import SIGN_INS_FAILED
from tests.support import awkward as a

URL = "https://issuer.test"
WORKER = {"sub": "person-1", "roles": ["party-worker"], "party": a.VENLO, "name": "Persoon A"}
IDENTITY = Identity("person-1", frozenset({Role.PARTY_WORKER}), a.VENLO, None, "Persoon A")


class Tokens:
    """Sign any token with the key of an issuer, and present it."""

    def __init__(self, key: ECKey, issuer: Issuer) -> None:
        self.key, self.issuer = key, issuer

    def signed(self, payload: bytes, **header: Any) -> str:
        full = {"alg": "ES256", "kid": self.key.kid} | header
        return jws.serialize_compact(full, payload, self.key, algorithms=["ES256"])

    def token(self, **changes: Any) -> str:
        claims = {"iss": URL, "aud": AUDIENCE, "exp": int(time.time()) + 60, **WORKER, **changes}
        return self.signed(a.written(claims))

    async def identify(self, **changes: Any) -> Identity:
        return await self.issuer.identify(self.token(**changes))


@pytest.fixture
async def tokens(tmp_path: Path) -> AsyncIterator[Tokens]:
    async with AsyncClient(transport=ASGITransport(make_issuer(URL, tmp_path))) as client:
        yield Tokens(kept_signing_key(tmp_path), Issuer(client, URL, AUDIENCE))


async def test_a_token_in_order_names_a_person_or_a_service(tokens: Tokens) -> None:
    assert await tokens.identify() == IDENTITY
    assert (await tokens.identify(party=None, roles=["process-director"])).party is None
    assert (await tokens.identify(roles=["party-worker", "of another application"])) == IDENTITY
    assert (await tokens.identify(roles=["service"], service="intake")).service == "intake"


@pytest.mark.parametrize("claim", ["sub", "party", "roles", "name", "service", "iss", "aud", "exp"])
async def test_a_claim_of_another_type_or_form_is_nobodys(tokens: Tokens, claim: str) -> None:
    kinds: dict[str, Any] = {
        **{kind: value for kind, value in a.ALL.items() if kind not in ("nothing", "empty", "list")},
        "flag": True,
        "list of lists": [["party-worker"]],
        "list of numbers": [1],
        "list of nothing": [None],
        "list with a control character": ["party-worker", "\0"],
        "10 kB": "x" * 10_000,
        "many": ["x"] * 1_000,
    }
    days = {"day in year 0", "last day"}
    lawful = {"sub": {*days, "year 0", "year 10000", "end of time"}, "party": days}
    lawful["name"] = {*days, "year 0", "year 10000", "no zone", "far zone"}
    lawful["name"] |= {"end of time", "no character", "beyond the first plane"}
    lawful["exp"] = {"huge", "beyond floats"}  # long from now: what an issuer says, and no fault of ours
    for kind, value in kinds.items():
        if kind in lawful.get(claim, ()):
            continue
        with pytest.raises(NotSignedIn):
            await tokens.identify(**{claim: value})


@pytest.mark.parametrize("sub", ["Persoon A", " person-1", "person-1\n", "a@b.nl", "", "x" * 65, "é", "a b"])
async def test_only_an_opaque_subject_signs_in_and_it_is_taken_as_it_is(tokens: Tokens, sub: str) -> None:
    with pytest.raises(NotSignedIn):
        await tokens.identify(sub=sub)


@pytest.mark.parametrize(
    "sub", ["x" * 64, subject_of("somebody"), "auth0|5f7c8ec7c33c6c004bbafe82", "f:1:2", "a_b.c-d"]
)
async def test_every_subject_that_signs_in_can_be_named_as_a_delegate(tokens: Tokens, sub: str) -> None:
    found = (await tokens.identify(sub=sub)).subject
    assert InvitationAccepted(rto_id=a.CASE, delegate=found, mandate=True).delegate == sub


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"5", b"null", b"", b"{", b"\xff", b'"x"', b"[" * 5_000, b"[" * 50_000 + b"]" * 50_000],
    ids=range(9),
)
async def test_what_is_signed_and_no_object_is_nobodys(tokens: Tokens, payload: bytes) -> None:
    with pytest.raises(NotSignedIn):
        await tokens.issuer.identify(tokens.signed(payload))


ODD: tuple[Any, ...] = (["ES256"], None, {}, 5, "none", "HS256", "\ud800", [["x"]])
HEADERS: tuple[Any, ...] = (
    *({"alg": "ES256", member: value} for member in ("alg", "kid", "crit", "typ") for value in ODD),
    {"alg": "ES256", "b64": False, "crit": ["b64"]},
    [],
    "x",
    5,
    None,
)


async def test_no_header_that_a_stranger_writes_is_a_fault_of_ours(tokens: Tokens) -> None:
    for header in HEADERS:
        parts = (a.written(header), a.written(WORKER), bytes(64))
        token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        with pytest.raises(NotSignedIn):
            await tokens.issuer.identify(token)
    for token in ("", ".", "..", "a.b.c", "a.b.c.d.e", "\xe9.\xe9.\xe9", "\0", "x" * 10_000):
        with pytest.raises(NotSignedIn):
            await tokens.issuer.identify(token)


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt"])
async def test_a_token_of_another_kind_does_not_sign_in(tokens: Tokens, typ: str) -> None:
    claims = json.loads(base64.urlsafe_b64decode(tokens.token().split(".")[1] + "=="))
    assert await tokens.issuer.identify(tokens.signed(a.written(claims), typ="at+jwt")) == IDENTITY
    with pytest.raises(NotSignedIn):
        await tokens.issuer.identify(tokens.signed(a.written(claims), typ=typ))


async def test_over_http_such_a_token_is_401_and_says_nothing_of_it(tokens: Tokens) -> None:
    router = APIRouter()

    @router.get("/me")
    async def me(caller: Looking) -> str:
        return caller.identity.subject

    app = make_app("test", router)
    app.state.issuer = tokens.issuer
    failed = SIGN_INS_FAILED.labels("claim-party")._value
    before = failed.get()
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        for party in ([a.VENLO], {a.VENLO: 1}, 5, "\0", f"{a.MARK}\ud800"):
            answer = await client.get("/me", headers={"authorization": f"Bearer {tokens.token(party=party)}"})
            assert (answer.status_code, answer.json()["title"]) == (401, "NotSignedIn")
            assert a.MARK not in answer.text
        assert failed.get() == before + 5, "each is counted, by what is wrong with it"
        answer = await client.get("/me", headers={"authorization": f"Bearer {tokens.token()}"})
        assert answer.json() == "person-1"
