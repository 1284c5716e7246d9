"""Governance over HTTP, with real tokens and a real PostgreSQL; the relay is not started."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import AUDIENCE, make_issuer, write_people
from services.governance.api import router
from services.governance.handlers import membership_id
from services.governance.main import SERVICE
from shared.clock import Clock
from shared.contract.parties import Parties
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.http.app import make_app
from shared.http.oidc import Issuer
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.leaving import gate_of
from tests.support.samples import governance as s
from tests.support.transactions import attach, know, rows, transaction_on

ISSUER = "https://issuer.test"
KEY = b"k" * 32
VENLO_WORKER, POLICE_WORKER = "worker-venlo", "worker-police"
PEOPLE = {
    "secretary": ("secretary", None),
    "manager": ("manager", None),
    "director": ("process-director", None),
    "support": ("support-worker", None),
    VENLO_WORKER: ("party-worker", s.VENLO),
    POLICE_WORKER: ("party-worker", s.POLICE),
}
SIGNED = s.signatory().model_dump(mode="json") | {"member_from": "2026-02-01T00:00:00Z"}
GRANTED = {"authorisation_id": s.GRANT, "acting_body": "college", "scopes": ["screening"]}
AUTHORISATIONS = f"/parties/{s.VENLO}/authorisations"


class NoKeys:
    """Governance holds no texts, so it must never ask for a key."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        raise AssertionError(case_ids)

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


class Http:
    """People at the service, each with a token of their own."""

    def __init__(self, app: FastAPI, tokens: AsyncClient, engine: AsyncEngine) -> None:
        self._client = AsyncClient(transport=ASGITransport(app), base_url="https://governance.test")
        self._tokens = tokens
        self.engine = engine

    async def get(self, who: str, path: str) -> Response:
        return await self._client.get(path, headers=await self._headers(who))

    async def post(self, who: str, path: str, body: Any, key: str | None = None) -> Response:
        headers = await self._headers(who) | {"idempotency-key": key or new_id()}
        return await self._client.post(path, json=body, headers=headers)

    async def close(self) -> None:
        await self._client.aclose()

    async def _headers(self, who: str) -> dict[str, str]:
        form = {"grant_type": "password", "username": who, "password": who}
        answer = await self._tokens.post(f"{ISSUER}/token", data=form)
        return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
async def http(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Http]:
    engine = await fresh_database(SERVICE)
    people = {
        who: {"password": who, "roles": [role], "party": party, "name": who}
        for who, (role, party) in PEOPLE.items()
    }
    write_people(tmp_path, people, {})
    tokens = AsyncClient(transport=ASGITransport(make_issuer(ISSUER, tmp_path)))
    transaction, parties = transaction_on(engine, SERVICE), PartyReplica()
    keys = CaseKeyClient(NoKeys(), "test")
    house_keys = HouseKeys(tmp_path / "house", KEY, Clock().now)
    producer = AIOKafkaProducer()
    relay = Relay(
        engine, producer, parties, keys, SignedAndSealed(house_keys), "urn:nld:oin:test", gate_of(transaction)
    )
    app = make_app("test", router)
    app.state.issuer = Issuer(tokens, ISSUER, AUDIENCE)
    attach(app, transaction, SERVICE, parties=parties, keys=keys, relay=relay, clock=Clock(), digest_key=KEY)
    http = Http(app, tokens, engine)
    yield http
    await http.close()
    await tokens.aclose()
    await producer.stop()


async def member(http: Http) -> None:
    """Venlo is a party, and governance's own copy says so too."""
    assert (await http.post("secretary", "/signatories", SIGNED)).status_code == 200
    await know(http.engine, Parties({s.VENLO: s.record()}))


def told(response: Response) -> tuple[int, str, str]:
    return response.status_code, response.json()["title"], response.json()["rule"]


async def test_the_secretary_records_a_signatory_and_nobody_else_does_r109(http: Http) -> None:
    for who in sorted(PEOPLE.keys() - {"secretary"}):
        assert told(await http.post(who, "/signatories", SIGNED)) == (403, "NotForThisRole", "R6")
    assert (await http.post("secretary", "/signatories", SIGNED)).json() == {}


async def test_a_form_without_the_chair_is_a_problem_with_its_rule_r109(http: Http) -> None:
    form = SIGNED["form"] | {"chair_signed_on": None}
    response = await http.post("secretary", "/signatories", SIGNED | {"form": form})
    assert response.headers["content-type"] == "application/problem+json"
    assert told(response) == (409, "SignatureMissing", "R109")


async def test_what_does_not_fit_the_schema_is_400(http: Http) -> None:
    wrongs = (
        {"member_from": "2026-02-01T00:00:00"},  # a moment without a time zone
        {"source": "venlo"},
        {"party": "Gemeente Venlo"},
        {"kind": "house"},
    )
    for wrong in wrongs:
        response = await http.post("secretary", "/signatories", SIGNED | wrong)
        assert told(response)[:2] == (400, "DoesNotFitTheSchema"), wrong
        assert response.json()["invalid"] == [f"/{next(iter(wrong))}"]


async def test_an_authorisation_goes_from_grant_to_acceptance_to_revocation_r122(http: Http) -> None:
    await member(http)
    assert (await http.post(VENLO_WORKER, AUTHORISATIONS, GRANTED)).status_code == 200
    one = f"{AUTHORISATIONS}/{s.GRANT}"
    refused = await http.post("director", f"{one}/acceptance", {})
    assert told(refused) == (409, "ProcessorAgreementMissing", "R123")
    agreed = {"processor_agreement": True}
    assert told(await http.post(VENLO_WORKER, f"{one}/acceptance", agreed))[0] == 403
    assert (await http.post("director", f"{one}/acceptance", agreed)).status_code == 200
    (shown,) = (await http.get("director", f"/parties/{s.VENLO}")).json()["authorisations"]
    assert shown["accepted_at"] is not None
    assert (await http.post(VENLO_WORKER, f"{one}/revocation", None)).status_code == 200
    (shown,) = (await http.get("director", f"/parties/{s.VENLO}")).json()["authorisations"]
    assert shown["revoked_at"] is not None


async def test_one_idempotency_key_does_not_accept_two_authorisations(http: Http) -> None:
    await member(http)
    for number in (s.GRANT, s.OTHER_GRANT):
        await http.post(VENLO_WORKER, AUTHORISATIONS, GRANTED | {"authorisation_id": number})
    agreed, key = {"processor_agreement": True}, new_id()
    first = await http.post("director", f"{AUTHORISATIONS}/{s.GRANT}/acceptance", agreed, key)
    again = await http.post("director", f"{AUTHORISATIONS}/{s.GRANT}/acceptance", agreed, key)
    other = await http.post("director", f"{AUTHORISATIONS}/{s.OTHER_GRANT}/acceptance", agreed, key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert told(other)[1] == "MessageIdReused"
    entries = await rows(http.engine, "journal", "what = 'AuthorisationAccepted'")
    assert [entry.detail["authorisation_id"] for entry in entries] == [s.GRANT]
    assert entries[0].person is not None


async def test_a_worker_of_another_party_grants_and_revokes_nothing_r122(http: Http) -> None:
    await member(http)
    await http.post(VENLO_WORKER, AUTHORISATIONS, GRANTED)
    other = GRANTED | {"authorisation_id": s.OTHER_GRANT}
    assert told(await http.post(POLICE_WORKER, AUTHORISATIONS, other))[:2] == (404, "UnknownCase")
    revoking = await http.post(POLICE_WORKER, f"{AUTHORISATIONS}/{s.GRANT}/revocation", None)
    assert told(revoking)[:2] == (404, "UnknownCase")
    assert [row.what for row in await rows(http.engine, "journal", "rule = 'R122'")] == ["NotYourParty"] * 2


async def test_a_worker_who_belongs_to_no_party_reads_nothing_r115(http: Http) -> None:
    await member(http)
    assert told(await http.get(POLICE_WORKER, "/parties"))[0] == 403
    assert told(await http.get(POLICE_WORKER, f"/parties/{s.VENLO}"))[:2] == (404, "UnknownCase")
    register = (await http.get(VENLO_WORKER, "/parties")).json()
    assert [(entry["party"], entry["name"]) for entry in register["parties"]] == [(s.VENLO, "Gemeente Venlo")]
    ending = f"/parties/{s.VENLO}/ending"
    assert (await http.post("secretary", ending, {"reason": "exclusion"})).status_code == 200
    assert (await http.get("manager", f"/parties/{s.VENLO}")).json()["ending_proposed"] == "exclusion"
    alone = await http.post("secretary", f"{ending}/confirmation", {"reason": "exclusion"})
    assert told(alone) == (403, "SecondPersonNeeded", "R115")
    assert (await http.get(VENLO_WORKER, "/parties")).status_code == 200
    assert (await http.post("manager", f"{ending}/confirmation", {"reason": "exclusion"})).status_code == 200
    assert told(await http.get(VENLO_WORKER, "/parties"))[0] == 403
    assert (await http.get("support", "/parties")).json()["parties"][0]["member_until"] is not None


async def test_each_look_at_an_authorisation_is_written_down_before_it_is_shown_r122(http: Http) -> None:
    await member(http)
    await http.post(VENLO_WORKER, AUTHORISATIONS, GRANTED)
    assert (await http.get("support", f"/parties/{s.VENLO}")).json()["authorisations"] == []
    assert len((await http.get("manager", f"/parties/{s.VENLO}")).json()["authorisations"]) == 1
    looks = await rows(http.engine, "access_log", "thing LIKE 'authorisation/%'")
    assert [(look.role, look.allowed, look.rule) for look in looks] == [
        ("support-worker", False, "R122"),
        ("manager", True, "R122"),
    ]
    assert {look.case_id for look in looks} == {membership_id(KEY, s.VENLO)}


async def test_what_was_signed_is_shown_to_the_secretary_and_not_to_a_director_r110(http: Http) -> None:
    await member(http)
    assert (await http.get("secretary", f"/parties/{s.VENLO}")).json()["form"]["seat"] == "Venlo"
    assert (await http.get("director", f"/parties/{s.VENLO}")).json()["form"] is None


async def test_of_an_unknown_party_there_is_nothing(http: Http) -> None:
    assert told(await http.get("director", "/parties/gemeente-nergens"))[0] == 404
    ending = await http.post("secretary", "/parties/gemeente-nergens/ending", {"reason": "withdrawal"})
    assert told(ending) == (409, "UnknownParty", "R109")
