"""A stranger's bad tokens, and an issuer that hangs, cost nobody with a good token anything."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc import jwt

from shared import https_client
from shared.crypto.case_key_client import KeyAuthorityUnreachable, QuestionRefused, RemoteKeys
from shared.crypto.jose import new_key
from shared.http import oidc
from shared.http.oidc import Issuer, IssuerUnreachable, NotSignedIn, ServiceToken
from shared.ids import new_id
from tests.support.garbage import neighbour, whole

KEY, STRANGERS = new_key(), new_key()
BAD_TOKENS = 150


class House:
    """An issuer on a real socket, which counts how often it is asked, and can be made to hang."""

    def __init__(self) -> None:
        self.url, self.named, self.asked, self.hangs = "", "", list[str](), False
        self.jwks: list[Any] = [KEY.as_dict(private=False) | {"kid": KEY.thumbprint()}]
        self.token_ends_in = 600.0

    def answer(self, request: bytes) -> bytes | None:
        path = request.split(b" ")[1].decode()
        self.asked.append(path)
        if self.hangs:
            return None
        match path:
            case "/jwks":
                return whole(json.dumps({"keys": self.jwks}).encode())
            case "/token":
                given = {"access_token": f"token-{len(self.asked)}", "expires_in": self.token_ends_in}
                return whole(json.dumps(given).encode())
            case "/gone":
                return whole(b"{}")
            case _:
                found = {
                    "issuer": self.named or self.url,
                    "jwks_uri": f"{self.url}/jwks",
                    "token_endpoint": f"{self.url}/token",
                }
                return whole(json.dumps(found).encode())

    def times(self, path: str) -> int:
        return self.asked.count(path)

    def token(self, key: object = KEY, kid: str = "", changes: Any = None) -> str:
        header = {"alg": "ES256", "kid": kid or KEY.thumbprint()}
        claims = {"iss": self.url, "aud": "zvh", "sub": "somebody", "exp": int(time.time()) + 60, "roles": []}
        claims |= changes or {}
        return jwt.encode(header, claims, key, algorithms=["ES256"])  # type: ignore[arg-type]


@pytest.fixture
async def there() -> AsyncIterator[House]:
    house = House()
    async with neighbour(house.answer) as house.url:
        yield house


@pytest.fixture
async def issuer(there: House) -> AsyncIterator[Issuer]:
    async with httpx.AsyncClient() as client:
        issuer = Issuer(client, there.url, "zvh")
        yield issuer
        if issuer._refreshing is not None:
            issuer._refreshing.cancel()


async def outcome(issuer: Issuer, token: str) -> str:
    try:
        return (await issuer.identify(token)).subject
    except (NotSignedIn, IssuerUnreachable) as error:
        return type(error).__name__


async def test_bad_tokens_ask_the_issuer_once_and_are_no_token(there: House, issuer: Issuer) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    issuer._asked_at -= oidc.PAUSE
    bad = [there.token(STRANGERS, f"kid-{n}") for n in range(BAD_TOKENS)]
    assert {await outcome(issuer, token) for token in bad} == {"NotSignedIn"}
    assert set(await asyncio.gather(*(outcome(issuer, token) for token in bad))) == {"NotSignedIn"}
    assert there.times("/jwks") == 2
    assert await outcome(issuer, there.token(STRANGERS)) == "NotSignedIn", "signed with another key"


async def test_a_hanging_issuer_costs_a_good_token_nothing_and_a_bad_one_is_neither_right_nor_wrong(
    there: House, issuer: Issuer
) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    issuer._asked_at -= oidc.PAUSE
    there.hangs = True
    bad = [
        asyncio.create_task(outcome(issuer, there.token(STRANGERS, f"kid-{n}"))) for n in range(BAD_TOKENS)
    ]
    await asyncio.sleep(0)
    began = time.monotonic()
    assert await outcome(issuer, there.token()) == "somebody"
    assert time.monotonic() - began < oidc.OTHER_KEYS_WITHIN, "it waits for nobody"
    assert set(await asyncio.gather(*bad)) == {"IssuerUnreachable"}
    assert time.monotonic() - began < https_client.WITHIN, "nor do they wait as long as the issuer hangs"
    assert there.times("/jwks") == 2


async def test_a_new_key_is_fetched_and_one_that_is_withdrawn_goes(there: House, issuer: Issuer) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    issuer._asked_at -= oidc.PAUSE
    there.jwks = [STRANGERS.as_dict(private=False) | {"kid": "new"}]
    assert await outcome(issuer, there.token(STRANGERS, "new")) == "somebody"
    issuer._asked_at -= oidc.PAUSE
    assert await outcome(issuer, there.token()) == "NotSignedIn"


async def test_keys_are_fetched_anew_beside_the_requests_when_they_have_served_long(
    there: House, issuer: Issuer
) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    issuer._asked_at, issuer._fetched_at = 0.0, time.monotonic() - oidc.KEYS_SERVE - 1
    assert await outcome(issuer, there.token()) == "somebody"
    assert issuer._refreshing is not None
    await issuer._refreshing
    assert there.times("/jwks") == 2


async def test_a_withdrawn_key_is_trusted_no_longer_than_its_greatest_age_though_nothing_forces_a_fetch(
    there: House, issuer: Issuer
) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    there.jwks = [STRANGERS.as_dict(private=False) | {"kid": "new"}]
    aged(issuer, oidc.KEYS_LAPSE + 1)
    assert await outcome(issuer, there.token()) == "NotSignedIn"
    assert await outcome(issuer, there.token(STRANGERS, "new")) == "somebody"


async def test_keys_lapse_while_the_issuer_is_away_and_serve_again_when_it_is_back(
    there: House, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https_client, "WITHIN", 0.3)
    assert await outcome(issuer, there.token()) == "somebody"
    there.hangs = True
    aged(issuer, oidc.KEYS_LAPSE - 60)
    assert await outcome(issuer, there.token()) == "somebody", "they serve until then"
    await asyncio.gather(*filter(None, [issuer._refreshing]))
    aged(issuer, 61 + oidc.FIRST_PAUSE)
    for token in (there.token(), there.token(STRANGERS), there.token(STRANGERS, "new")):
        assert await outcome(issuer, token) == "IssuerUnreachable"
    assert await outcome(issuer, "a.b.c") == "NotSignedIn", "what is no token needs no key"
    there.hangs = False
    aged(issuer, oidc.FIRST_PAUSE)
    assert await outcome(issuer, there.token()) == "somebody"


def aged(issuer: Issuer, seconds: float) -> None:
    """Let what the issuer's keys are judged by lie this much further back."""
    issuer._fetched_at -= seconds
    issuer._asked_at -= seconds
    issuer._found_at -= seconds


async def test_an_issuer_that_moves_its_keys_is_followed(there: House, issuer: Issuer) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    assert issuer._metadata is not None
    issuer._metadata = issuer._metadata.model_copy(update={"jwks_uri": f"{there.url}/gone"})
    there.jwks = [STRANGERS.as_dict(private=False) | {"kid": "new"}]
    aged(issuer, oidc.KEYS_LAPSE + 1)
    assert await outcome(issuer, there.token(STRANGERS, "new")) == "somebody"


async def test_the_configuration_of_another_issuer_is_none(there: House, issuer: Issuer) -> None:
    there.named = "https://elsewhere.invalid"
    assert await outcome(issuer, there.token()) == "IssuerUnreachable"


GOOD = KEY.as_dict(private=False) | {"kid": KEY.thumbprint()}
ODD: list[Any] = [
    {"kty": "AKP", "kid": "odd"},
    {"kty": "EC"},
    {"kty": ["EC"]},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": KEY.thumbprint()},
    {"kty": "oct", "k": "c2VjcmV0", "kid": KEY.thumbprint()},
    {"kty": "EC", "crv": "P-521", "kid": KEY.thumbprint()},
    GOOD | {"use": "enc", "x": STRANGERS.as_dict(private=False)["x"]},
    GOOD | {"alg": "ECDH-ES"},
    GOOD | {"key_ops": ["deriveKey"]},
    GOOD | {"key_ops": 7},
    7,
    None,
    "a text",
    [],
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:60])
async def test_an_odd_key_is_passed_over_and_the_good_ones_serve(
    there: House, issuer: Issuer, odd: Any
) -> None:
    there.jwks = [odd, *there.jwks, odd]
    assert await outcome(issuer, there.token()) == "somebody"
    assert await outcome(issuer, there.token(STRANGERS)) == "NotSignedIn"


@pytest.mark.parametrize(("claim", "seconds"), [("iat", 1), ("nbf", 1), ("exp", -1)])
async def test_clocks_may_differ_by_a_minute_and_no_more(
    there: House, issuer: Issuer, claim: str, seconds: int
) -> None:
    now = int(time.time())
    within, beyond = now + seconds * (oidc.CLOCKS_DIFFER - 5), now + seconds * (oidc.CLOCKS_DIFFER + 5)
    assert oidc.CLOCKS_DIFFER == 60
    assert await outcome(issuer, there.token(changes={claim: within})) == "somebody"
    assert await outcome(issuer, there.token(changes={claim: beyond})) == "NotSignedIn"


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "é.b.c", "W10.e30.AA", "e30.e30.AA", "bnVsbA.e30.AA"])
async def test_what_is_no_token_is_not_signed_in(there: House, issuer: Issuer, token: str) -> None:
    assert await outcome(issuer, there.token()) == "somebody"
    assert await outcome(issuer, token) == "NotSignedIn"


async def test_nobody_waits_for_the_issuer_while_the_services_own_token_is_valid(
    there: House, issuer: Issuer
) -> None:
    there.token_ends_in = oidc.RENEWED_BEFORE - 10
    own = ServiceToken(issuer, "service-intake", "secret")
    first = await own.get()
    there.hangs = True
    began = time.monotonic()
    assert {await own.get() for _ in range(20)} == {first}
    assert time.monotonic() - began < https_client.WITHIN
    while there.times("/token") < 2:
        await asyncio.sleep(0.01)
        assert await own.get() == first
    await asyncio.sleep(0.1)
    assert there.times("/token") == 2, "one that hangs is under way, and no other"
    there.hangs = False
    own.forget()
    assert own._fetching is not None
    own._fetching.cancel()
    await asyncio.gather(own._fetching, return_exceptions=True)
    assert await own.get() != first


async def test_a_token_of_its_own_that_is_refused_is_fetched_anew_once_however_many_it_was_refused_for(
    there: House, issuer: Issuer
) -> None:
    own, refused = ServiceToken(issuer, "service-intake", "secret"), 0

    def refuse_all(request: bytes) -> bytes:
        nonlocal refused
        refused += 1
        return b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"

    async with neighbour(refuse_all) as url:
        keys = RemoteKeys(issuer.client, url, own, list[QuestionRefused]().append)
        for _ in range(5):
            with pytest.raises(KeyAuthorityUnreachable):
                await keys.fetch([new_id()], make=False)
    assert refused == 10, "each is asked again once"
    assert there.times("/token") == 2, "the issuer is asked for another one once in ten seconds"


async def test_a_token_of_its_own_that_is_refused_too_early_is_replaced_by_one_that_serves(
    there: House, issuer: Issuer
) -> None:
    own = ServiceToken(issuer, "service-intake", "secret")
    first = await own.get()

    def refuse_the_first(request: bytes) -> bytes:
        if first.encode() in request:
            return b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"
        return whole(b'{"keys": {}}')

    async with neighbour(refuse_the_first) as url:
        keys = RemoteKeys(issuer.client, url, own, list[QuestionRefused]().append)
        assert await asyncio.gather(*(keys.fetch([new_id()], make=False) for _ in range(8))) == [{}] * 8
    assert there.times("/token") == 2
