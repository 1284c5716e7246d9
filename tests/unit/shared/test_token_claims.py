"""Whoever signs in is named by claims of one form: any other token is nobody's, and never a fault of ours."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient, Response
from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from starlette.middleware import Middleware

from deploy.local.issuer import AUDIENCE, kept_signing_key, make_issuer, subject_of
from shared.contract.messages.rto import InvitationAccepted
from shared.core.actor import Role
from shared.http.app import Looking, make_app
from shared.http.entrance import Entrance
from shared.http.limits import Limits
from shared.http.oidc import Identity, Issuer, NotSignedIn
from shared.http.problem import PROBLEM
from shared.telemetry.metrics import SIGN_INS_FAILED
from tests.support import awkward as a
from tests.support.accounts import all_acknowledged

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


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt", "at+jwt2", ""])
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
    all_acknowledged(app)
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


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def with_a_secret(key: ECKey, claims: dict[str, Any]) -> dict[str, str]:
    """Tokens for whose secret a careless verifier might take the issuer's public key."""
    public, parts = (
        key.as_dict(private=False),
        (a.written({"alg": "HS256", "kid": key.kid}), a.written(claims)),
    )
    signed = ".".join(map(encoded, parts))
    secrets = {"JWK": a.written(public), "PEM": key.as_pem(private=False), "x": str(public["x"]).encode()}
    return {
        f"HS256 with the {form}": f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"
        for form, secret in secrets.items()
    }


def stolen_or_made_up(tokens: Tokens) -> dict[str, str]:
    """Every token of T5 that must be nobody's, by what is wrong with it."""
    own, now = tokens.key, int(time.time())
    claims = {"iss": URL, "aud": AUDIENCE, "exp": now + 60, **WORKER}
    stranger = ECKey.generate_key("P-256", private=True, parameters={"kid": own.kid or ""})

    def made(key: Any, content: dict[str, Any] = claims, **header: Any) -> str:
        parts = (a.written({"alg": "ES256", "kid": own.kid} | header), a.written(content))
        signed = ".".join(map(encoded, parts))
        signature = JWSRegistry.algorithms["ES256"].sign(signed.encode(), key)  # refuses no header
        return f"{signed}.{encoded(signature)}"

    none = {
        f"alg {alg}": f"{encoded(a.written({'alg': alg, 'kid': own.kid}))}.{encoded(a.written(claims))}."
        for alg in ("none", "None", "NONE", "", "nOnE")
    }
    good = tokens.token()
    head, body, signature = good.split(".")
    return {
        **none,
        **with_a_secret(own, claims),
        "signed by a stranger under our kid": made(stranger),
        "key in the header": made(stranger, jwk=stranger.as_dict(private=False)),
        "key at an address": made(stranger, jku="https://elsewhere.invalid/jwks.json"),
        "certificate in the header": made(stranger, x5c=["AAAA"], x5u="https://elsewhere.invalid"),
        "kid that is a path": made(stranger, kid="../../../../dev/null"),
        "kid that is a query": made(stranger, kid="' OR 1=1 --"),
        "crit that nobody knows": made(own, crit=["exp"], exp=now + 60),
        "another realm": tokens.token(iss=f"{URL}/realms/other"),
        "issuer with a slash": tokens.token(iss=f"{URL}/"),
        "no issuer": made(own, {name: value for name, value in claims.items() if name != "iss"}),
        "another audience": tokens.token(aud="account"),
        "no audience": made(own, {name: value for name, value in claims.items() if name != "aud"}),
        "audiences without ours": tokens.token(aud=["account", "zvh2", "ZVH"]),
        "expired": tokens.token(exp=now - 61),
        "without an end": made(own, {name: value for name, value in claims.items() if name != "exp"}),
        "not valid yet": tokens.token(nbf=now + 120),
        "issued tomorrow": tokens.token(iat=now + 86_400),
        "an id token by its nonce": tokens.token(nonce="n"),
        "an id token by its hash of a token": tokens.token(at_hash="h"),
        "an id token by what it says it is": tokens.token(typ="ID"),
        "a refresh token": tokens.token(typ="Refresh"),
        "an id token of another make": tokens.token(token_use="id"),
        "an id token whose audience asked for it": tokens.token(azp=AUDIENCE),
        "an id token with many audiences": tokens.token(aud=[AUDIENCE, "web"], client_id="web"),
        "a logout token": tokens.token(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
        "bound to a key that was not shown": tokens.token(cnf={"jkt": "x"}),
        "cut off": f"{head}.{body}.",
        "changed": f"{head}.{body}.{'A' * len(signature)}",
        "another's claims under it": f"{head}.{tokens.token(sub='person-2').split('.')[1]}.{signature}",
    }


async def asked(tokens: Tokens, token: str | None) -> Response:
    """What a page that needs a role answers to this token, through the entrance."""
    router = APIRouter()

    @router.get("/me")
    async def me(caller: Looking) -> str:
        return caller.identity.subject

    app = make_app("test", router, middleware=[Middleware(Entrance, limits=Limits())])
    app.state.issuer = tokens.issuer
    all_acknowledged(app)
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        return await client.get("/me", headers=headers)


async def test_no_stolen_or_made_up_token_gets_in_and_none_is_told_why_t5(tokens: Tokens) -> None:
    assert (await asked(tokens, tokens.token())).json() == "person-1"
    assert (await asked(tokens, tokens.token(aud=["x", AUDIENCE], azp="web", typ="Bearer"))).is_success
    without = await asked(tokens, None)
    for name, token in stolen_or_made_up(tokens).items():
        answer = await asked(tokens, token)
        assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), name
        assert (answer.content, answer.headers) == (without.content, without.headers), name


async def test_a_token_without_a_role_of_the_house_is_refused_and_not_told_which_is_missing_t5(
    tokens: Tokens,
) -> None:
    answers = [
        await asked(tokens, tokens.token(roles=roles)) for roles in ([], ["gardener"], ["PARTY-WORKER"])
    ]
    answers.append(await asked(tokens, tokens.token(roles=["service"], service="intake")))
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert "roles" not in answers[0].text
