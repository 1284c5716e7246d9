"""A stranger's bad tokens, and an issuer that hangs, cost nobody with a good token anything."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from joserfc import jwt

from shared import https_client
from shared.crypto.jose import new_key
from shared.http import oidc
from shared.http.oidc import Issuer, IssuerUnreachable, NotSignedIn, ServiceToken
from tests.support.garbage import neighbour, whole

KEY, STRANGERS = new_key(), new_key()
BAD_TOKENS = 150


class House:
    """An issuer on a real socket, which counts how often it is asked, and can be made to hang."""

    def __init__(self) -> None:
        self.url, self.asked, self.hangs = "", list[str](), False
        self.jwks = [KEY.as_dict(private=False) | {"kid": KEY.thumbprint()}]
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
            case _:
                found = {"jwks_uri": f"{self.url}/jwks", "token_endpoint": f"{self.url}/token"}
                return whole(json.dumps(found).encode())

    def times(self, path: str) -> int:
        return self.asked.count(path)

    def token(self, key: object = KEY, kid: str = "") -> str:
        header = {"alg": "ES256", "kid": kid or KEY.thumbprint()}
        claims = {"iss": self.url, "aud": "zvh", "sub": "somebody", "exp": int(time.time()) + 60, "roles": []}
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


async def test_one_odd_key_makes_the_set_not_unusable(there: House, issuer: Issuer) -> None:
    there.jwks = [{"kty": "AKP", "kid": "odd"}, {"kty": "EC"}, *there.jwks]
    assert await outcome(issuer, there.token()) == "somebody"


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
