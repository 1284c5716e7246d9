"""A neighbour that answers garbage with status 200 counts as one that does not answer, and nothing else."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared import https_client
from shared.connector import HouseUnreachable
from shared.connector.house import HouseJwks
from shared.crypto.case_key_client import (
    CaseKeyClient,
    KeyAuthorityUnreachable,
    KeyStatus,
    QuestionRefused,
    RemoteKeys,
)
from shared.crypto.jose import new_key, public_jwk
from shared.http import oidc
from shared.http.oidc import Issuer, IssuerUnreachable, ServiceToken
from shared.ids import new_id
from tests.support.garbage import GARBAGE, neighbour, whole

SOON = {"a web page", "half a document", "one byte a second", "null"}
EACH = pytest.mark.parametrize(
    "said",
    [
        pytest.param(said, id=kind, marks=() if kind in SOON else pytest.mark.exhaustive)
        for kind, said in GARBAGE.items()
    ],
)
A_TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AAAA"


class Token:
    """A token at hand."""

    forgotten = 0

    async def get(self) -> str:
        return "token"

    def forget(self) -> None:
        self.forgotten += 1


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https_client, "WITHIN", 0.6)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as made:
        yield made


def keys_from(
    client: httpx.AsyncClient, url: str, refused: list[QuestionRefused] | None = None
) -> RemoteKeys:
    return RemoteKeys(client, url, Token(), (refused if refused is not None else []).append)


@EACH
async def test_a_key_authority_that_answers_garbage_is_unreachable(
    client: httpx.AsyncClient, said: bytes | None
) -> None:
    async with neighbour(lambda request: said) as url:
        keys = keys_from(client, url)
        with pytest.raises(KeyAuthorityUnreachable):
            await keys.fetch([new_id()], make=False)
        assert not await CaseKeyClient(keys, "house").reachable()


async def check_unreachable(issuer: Issuer) -> None:
    """Check that neither a token can be judged nor one of our own be had."""
    with pytest.raises(IssuerUnreachable):
        await issuer.identify(A_TOKEN)
    with pytest.raises(IssuerUnreachable):
        await ServiceToken(issuer, "service-intake", "secret").get()


@EACH
async def test_an_issuer_that_answers_garbage_is_unreachable(
    client: httpx.AsyncClient, said: bytes | None
) -> None:
    async with neighbour(lambda request: said) as url:
        await check_unreachable(Issuer(client, url, "zvh"))


@EACH
async def test_an_issuer_whose_keys_or_token_are_garbage_is_unreachable(
    client: httpx.AsyncClient, said: bytes | None
) -> None:
    where: list[str] = []

    def answer(request: bytes) -> bytes | None:
        if b"openid-configuration" not in request:
            return said
        return whole(json.dumps({"jwks_uri": f"{where[0]}/j", "token_endpoint": f"{where[0]}/t"}).encode())

    async with neighbour(answer) as url:
        where.append(url)
        await check_unreachable(Issuer(client, url, "zvh"))


@EACH
async def test_a_service_whose_keys_are_garbage_is_unreachable_for_a_connector(
    client: httpx.AsyncClient, said: bytes | None
) -> None:
    async with neighbour(lambda request: said) as url:
        with pytest.raises(HouseUnreachable):
            await HouseJwks(client, {"intake": url}).sealing_key("intake", within=0.3)


async def test_one_key_that_cannot_be_read_costs_a_connector_no_other(client: httpx.AsyncClient) -> None:
    signing, sealing = new_key(), new_key()
    jwks = [{"use": "enc", "kty": "new"}, public_jwk(signing, "sig"), public_jwk(sealing, "enc")]
    async with neighbour(lambda request: whole(json.dumps({"keys": jwks}).encode())) as url:
        key = await HouseJwks(client, {"intake": url}).sealing_key("intake", within=5)
    assert key.kid == sealing.thumbprint()


# --- an answer of the right form that says something else ----------------------------------------


def told(**keys: dict[str, Any]) -> bytes:
    return whole(json.dumps({"keys": keys}).encode())


READY = {"status": "ready", "key": "a" * 43}


@pytest.mark.parametrize(
    "odd",
    [
        {"status": "ready"},
        {"status": "ready", "key": "YQ"},
        {"status": "ready", "key": "é" * 43},
        {"status": "erased", "key": "a" * 43},
        {"status": "perhaps"},
        {},
    ],
)
async def test_a_status_that_does_not_fit_its_key_is_no_answer(
    client: httpx.AsyncClient, odd: dict[str, Any]
) -> None:
    case = new_id()
    async with neighbour(lambda request: told(**{case: odd})) as url:
        with pytest.raises(KeyAuthorityUnreachable):
            await CaseKeyClient(keys_from(client, url), "house").get([case])


async def test_what_was_not_asked_is_ignored_and_what_is_missing_is_unavailable(
    client: httpx.AsyncClient,
) -> None:
    asked, missing, other = new_id(), new_id(), new_id()
    async with neighbour(lambda request: told(**{asked: READY, other: {"status": "erased"}})) as url:
        keys = CaseKeyClient(keys_from(client, url), "house")
        found = await keys.get([asked, missing])
        assert set(found) == {asked, missing}
        assert found[missing] is KeyStatus.UNAVAILABLE
        with pytest.raises(KeyAuthorityUnreachable):
            await keys.statuses([asked, missing])


async def test_a_refused_token_is_forgotten_and_asked_for_once_more(client: httpx.AsyncClient) -> None:
    case, token = new_id(), Token()
    answers = [b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", told(**{case: READY})]
    async with neighbour(lambda request: answers.pop(0)) as url:
        found = await RemoteKeys(client, url, token, list[QuestionRefused]().append).fetch([case], make=False)
    assert found[case][0] is KeyStatus.READY
    assert token.forgotten == 1


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_a_question_that_is_refused_is_a_bug_of_ours_and_only_its_cases_wait(
    client: httpx.AsyncClient, status: int
) -> None:
    case, refused = new_id(), list[QuestionRefused]()
    no = f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode()
    async with neighbour(lambda request: no) as url:
        found = await CaseKeyClient(keys_from(client, url, refused), "house").get([case])
    assert found == {case: KeyStatus.UNAVAILABLE}
    assert [(one.status, one.ids) for one in refused] == [(status, 1)]


def test_tokens_are_renewed_before_they_end() -> None:
    assert oidc.RENEWED_BEFORE > oidc.STILL_VALID > 0
