"""The key authority gives each service the keys that its work needs, and writes down each hand-out."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import structlog
from fastapi import Request
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from services.retention.key_api import key_router
from services.retention.key_authority import KeyAuthority
from services.retention.key_needs import may_have
from services.retention.key_store import KeyStore
from services.retention.main import SERVICE
from services.retention.refusals import NO_NEED_OF_KEYS
from services.retention.state import Phase
from shared.clock import Clock
from shared.contract.registry import SERVICES
from shared.core.actor import Role
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus, QuestionRefused, RemoteKeys
from shared.http.app import make_app, signed_in
from shared.http.oidc import Identity
from shared.ids import new_id
from shared.telemetry.metrics import KEYS_GIVEN, KEYS_WITHHELD
from tests.conftest import FreshDatabase

ENDED = (Phase.ERASING, Phase.DESTROYING, Phase.ERASED)
PHASE = sa.text(
    "INSERT INTO cases (case_id, phase, version, state) VALUES (:case, :phase, 1, '{}') "
    "ON CONFLICT (case_id) DO UPDATE SET phase = excluded.phase"
)


class As:
    """The token of a service, which the test's authority believes as it is."""

    def __init__(self, service: str) -> None:
        self.service = service

    async def get(self) -> str:
        return self.service

    def forget(self) -> None:
        raise AssertionError("it is not refused")


class Keys:
    """The key authority over HTTP, asked by each service in turn."""

    def __init__(self, client: AsyncClient, engine: AsyncEngine) -> None:
        self.client, self.engine = client, engine
        self.refused = list[QuestionRefused]()

    def of(self, service: str) -> CaseKeyClient:
        remote = RemoteKeys(self.client, "https://retention.test", As(service), self.refused.append)
        return CaseKeyClient(remote, "house")

    async def given(self, service: str, case: str) -> CaseKey | KeyStatus:
        return (await self.of(service).get([case]))[case]

    async def stands(self, case: str, phase: Phase) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(PHASE, {"case": case, "phase": phase})


@pytest.fixture
async def keys(tmp_path: Path, fresh_database: FreshDatabase) -> AsyncIterator[Keys]:
    engine = await fresh_database(SERVICE)
    store = KeyStore(tmp_path / "keys", b"r" * 32, "house")
    app = make_app("test", key_router(KeyAuthority().use(store, Clock(), timedelta(days=30))))
    app.state.commands = SimpleNamespace(engine=engine)

    def caller(request: Request) -> Identity:
        service = request.headers["authorization"].removeprefix("Bearer ")
        return Identity(f"service-{service}", frozenset({Role.SERVICE}), service=service)

    app.dependency_overrides[signed_in] = caller
    async with AsyncClient(transport=ASGITransport(app)) as client:
        yield Keys(client, engine)


async def opened(keys: Keys) -> str:
    case = new_id()
    assert isinstance((await keys.of("intake").get([case], make=True))[case], CaseKey)
    return case


async def test_before_a_case_is_taken_up_only_intake_gets_its_key(keys: Keys) -> None:
    case = await opened(keys)
    assert isinstance(await keys.given("intake", case), CaseKey)
    assert [await keys.given(other, case) for other in ("triage", "rto")] == [KeyStatus.WITHHELD] * 2
    await keys.stands(case, Phase.OPEN)
    assert isinstance(await keys.given("triage", case), CaseKey)


@pytest.mark.parametrize("phase", Phase)
async def test_each_service_gets_a_key_in_the_phases_in_which_it_needs_it(keys: Keys, phase: Phase) -> None:
    case = await opened(keys)
    await keys.stands(case, phase)
    for service in ("intake", "triage", "rto"):
        assert isinstance(await keys.given(service, case), CaseKey) is may_have(service, phase)
    assert not any(may_have("governance", phase) for phase in Phase)
    assert not any(may_have(service, phase) for service in SERVICES for phase in ENDED)


async def test_governance_gets_no_key_and_learns_what_was_erased(keys: Keys) -> None:
    case = await opened(keys)
    await keys.stands(case, Phase.OPEN)
    before = KEYS_WITHHELD.labels("governance")._value.get()
    assert await keys.given("governance", case) is KeyStatus.UNAVAILABLE
    assert [error.status for error in keys.refused] == [403]
    assert (NO_NEED_OF_KEYS.name, NO_NEED_OF_KEYS.rule, NO_NEED_OF_KEYS.status) == (
        "NoNeedOfKeys",
        "R127",
        403,
    )
    assert KEYS_WITHHELD.labels("governance")._value.get() == before + 1
    assert await keys.of("governance").statuses([case]) == {case: KeyStatus.READY}
    assert await keys.of("governance").reachable()


async def test_no_key_comes_with_a_status(keys: Keys) -> None:
    case = await opened(keys)
    for service in SERVICES:
        answer = await keys.client.post(
            "https://retention.test/case-keys",
            json={"case_ids": [case], "keys": False},
            headers={"authorization": f"Bearer {service}"},
        )
        assert answer.json() == {"keys": {case: {"status": "ready"}}}


async def test_each_hand_out_is_counted_and_logged_and_no_line_holds_a_key(keys: Keys) -> None:
    case, other = await opened(keys), await opened(keys)
    await keys.stands(case, Phase.OPEN)
    before = KEYS_GIVEN.labels("rto")._value.get(), KEYS_WITHHELD.labels("rto")._value.get()
    structlog.reset_defaults()
    with capture_logs() as lines:
        found = await keys.of("rto").get([case, other, new_id()])
    told = [(line["event"], line["to"], line["number"], line["cases"]) for line in lines]
    assert told == [("case-keys-given", "rto", 1, case), ("case-keys-withheld", "rto", 1, other)]
    after = KEYS_GIVEN.labels("rto")._value.get(), KEYS_WITHHELD.labels("rto")._value.get()
    assert after == (before[0] + 1, before[1] + 1)
    assert isinstance(found[case], CaseKey)
    assert "key" not in json.dumps(lines).replace("case-keys", "")
