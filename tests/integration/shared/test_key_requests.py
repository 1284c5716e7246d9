"""Callers ask for keys in parts that the key authority takes, by its own HTTP side and its own limits."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from services.retention.key_api import Wanted, key_router
from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from services.retention.main import SERVICE as RETENTION
from shared.clock import Clock
from shared.contract.limits import MAX_PAYLOAD
from shared.core.actor import Role
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import MOST_IDS, CaseKeyClient, KeyStatus, QuestionRefused, RemoteKeys
from shared.http.app import make_app, signed_in
from shared.http.oidc import Identity
from shared.https_client import LARGEST
from shared.ids import new_id
from tests.conftest import FreshDatabase

INTAKE = Identity("service-intake", frozenset({Role.SERVICE}), service="intake")
MANY = 2_400  # what two parties may send at once


class Token:
    """A token at hand."""

    async def get(self) -> str:
        return "token"

    def forget(self) -> None:
        raise AssertionError("it is not refused")


@pytest.fixture
def refused() -> list[QuestionRefused]:
    return []


@pytest.fixture
async def remote(
    tmp_path: Path, refused: list[QuestionRefused], fresh_database: FreshDatabase
) -> AsyncIterator[RemoteKeys]:
    store = KeyStore(tmp_path / "keys", b"r" * 32, "house")
    app = make_app("test", key_router(KeyAuthority().use(store, Clock(), timedelta(days=30))))
    app.state.commands = SimpleNamespace(engine=await fresh_database(RETENTION))
    app.dependency_overrides[signed_in] = lambda: INTAKE
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        yield RemoteKeys(client, "https://retention.test", Token(), refused.append)


async def test_the_keys_of_more_cases_than_one_request_takes_are_made_and_given(
    remote: RemoteKeys, refused: list[QuestionRefused]
) -> None:
    keys, cases = CaseKeyClient(remote, "house"), [new_id() for _ in range(MANY)]
    made = await keys.get(cases, make=True)
    assert all(isinstance(key, CaseKey) for key in made.values())
    statuses = await CaseKeyClient(remote, "house").statuses([*cases, *(new_id() for _ in range(MANY))])
    assert len(statuses) == 2 * MANY
    assert all(statuses[case] is KeyStatus.READY for case in cases)
    assert list(statuses.values()).count(KeyStatus.UNKNOWN) == MANY
    assert refused == []


async def test_what_is_no_case_number_costs_no_other_its_key(
    remote: RemoteKeys, refused: list[QuestionRefused]
) -> None:
    case, garbage = new_id(), ["", "x" * 5000, "né", new_id().upper()]
    found = await CaseKeyClient(remote, "house").get([case, *garbage], make=True)
    assert isinstance(found[case], CaseKey)
    assert {found[one] for one in garbage} == {KeyStatus.UNAVAILABLE}
    assert refused == []


def test_the_largest_question_and_its_answer_are_below_what_each_side_takes() -> None:
    ids = [new_id() for _ in range(MOST_IDS)]
    assert Wanted(case_ids=ids, make=True).case_ids == ids
    with pytest.raises(ValueError, match="at most"):
        Wanted(case_ids=[*ids, new_id()])
    assert len(json.dumps({"case_ids": ids, "make": False})) <= MAX_PAYLOAD
    answer = {one: {"status": "unavailable", "key": "a" * 43} for one in ids}
    assert len(json.dumps({"keys": answer})) <= LARGEST
