"""Governance over HTTP, with real tokens and a real PostgreSQL; the relay is not started."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import AUDIENCE, make_issuer, subject_of, write_people
from services.governance.api import routers
from services.governance.handlers import membership_id
from services.governance.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.messages.governance import SecrecyAcknowledged
from shared.contract.parties import Parties
from shared.contract.refusal import NOT_CURRENT
from shared.core.actor import Role
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.crypto.own_keys import OwnKeys
from shared.http.accounts import SECRECY_NOT_ACKNOWLEDGED, Accounts
from shared.http.app import make_app
from shared.http.oidc import Identity, Issuer
from shared.ids import new_id
from shared.messaging.currency import Currency
from shared.messaging.relay import Relay
from shared.storage import acknowledgements
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.accounts import acknowledged
from tests.support.leaving import current, gate_of
from tests.support.samples import governance as s
from tests.support.transactions import attach, know, rows, transaction_on

ISSUER = "https://issuer.test"
KEY = b"k" * 32
VENLO_WORKER, POLICE_WORKER = "worker-venlo", "worker-police"
NEW = "new-manager"  # who has not acknowledged secrecy
PEOPLE = {
    "secretary": ("secretary", None),
    "manager": ("manager", None),
    "director": ("process-director", None),
    "support": ("support-worker", None),
    VENLO_WORKER: ("party-worker", s.VENLO),
    POLICE_WORKER: ("party-worker", s.POLICE),
    "officer": ("privacy-officer", None),
    NEW: ("manager", None),
}
SIGNED = s.signatory().model_dump(mode="json") | {"member_from": "2026-02-01T00:00:00Z"}
GRANTED = {"authorisation_id": s.GRANT, "acting_body": "college", "scopes": ["screening"]}
AUTHORISATIONS = f"/parties/{s.VENLO}/authorisations"


class NoKeys:
    """Governance holds no text of a case, so it must never ask the key authority for a key."""

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
    keys = CaseKeyClient(OwnKeys(KEY, NoKeys()), "test")
    house_keys = HouseKeys(tmp_path / "house", KEY, Clock().now)
    producer = AIOKafkaProducer()
    codec, gate = SignedAndSealed(house_keys), gate_of(transaction)
    relay = Relay(engine, producer, parties, keys, codec, "urn:nld:oin:test", gate, ())
    app = make_app("test", *routers())
    app.state.issuer = Issuer(tokens, ISSUER, AUDIENCE)
    attach(
        app,
        transaction,
        SERVICE,
        parties=parties,
        keys=keys,
        relay=relay,
        clock=Clock(),
        digest_key=KEY,
        asks_secrecy=True,
    )
    http = Http(app, tokens, engine)
    for who, (_, party) in PEOPLE.items():
        if who != NEW:
            await acknowledged(engine, subject_of(who), party)
    yield http
    await http.close()
    await tokens.aclose()
    await producer.stop()


DECIDED = s.decision().model_dump(mode="json")


async def member(http: Http) -> None:
    """Venlo is a party, and governance's own copy says so too."""
    await http.post("secretary", "/decisions", DECIDED)
    assert (await http.post("secretary", "/signatories", SIGNED)).status_code == 200
    await know(http.engine, Parties({s.VENLO: s.record()}))


def told(response: Response) -> tuple[int, str, str]:
    return response.status_code, response.json()["title"], response.json()["rule"]


async def test_the_secretary_records_a_signatory_and_nobody_else_does_r109(http: Http) -> None:
    await http.post("secretary", "/decisions", DECIDED)
    for who in sorted(PEOPLE.keys() - {"secretary", NEW}):
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


# --- decisions -------------------------------------------------------------------------------------


async def test_nobody_is_recorded_as_a_party_without_the_decision_on_it_r109(http: Http) -> None:
    assert told(await http.post("secretary", "/signatories", SIGNED)) == (409, "UnknownDecision", "R121")
    assert (await http.post("manager", "/decisions", DECIDED)).status_code == 200
    assert (await http.post("secretary", "/signatories", SIGNED)).status_code == 200
    assert (await http.get("secretary", f"/parties/{s.VENLO}")).json()["decision"] == s.ACCESSION


async def test_the_house_itself_is_not_recorded_as_a_party_r124(http: Http) -> None:
    decision = s.decision(parties=("zvh-noord-limburg", s.VENLO)).model_dump(mode="json")
    assert (await http.post("secretary", "/decisions", decision)).status_code == 200
    for itself in (
        {"party": "zvh-noord-limburg"},
        {"form": SIGNED["form"] | {"name": "Zorg- en Veiligheidshuis Noord-Limburg"}},
        {"source": "urn:nld:oin:00000099000000001000:systeem:zvh-intake"},
    ):
        refused = await http.post("secretary", "/signatories", SIGNED | itself)
        assert told(refused) == (409, "HouseIsNoParty", "R124"), itself
    assert (await http.post("secretary", "/signatories", SIGNED)).status_code == 200


async def test_decisions_are_recorded_by_secretary_and_manager_and_read_by_the_house_r121(http: Http) -> None:
    for who in ("director", "support", "officer", VENLO_WORKER):
        assert told(await http.post(who, "/decisions", DECIDED))[:2] == (403, "NotForThisRole"), who
    assert (await http.post("secretary", "/decisions", DECIDED)).status_code == 200
    again = DECIDED | {"votes": {"in_favour": 8}}
    assert told(await http.post("manager", "/decisions", again)) == (409, "DecisionKnown", "R121")
    for who in ("secretary", "manager", "director", "support", "officer"):
        assert (await http.get(who, "/decisions")).json()["decisions"] == [DECIDED], who
    assert (await http.get(VENLO_WORKER, "/decisions")).status_code == 403


async def test_a_decision_that_replaces_another_names_one_that_is_there_r121(http: Http) -> None:
    tomorrow = (Clock().now() + timedelta(days=2)).date()
    correction = s.decision(number="SG-2026-9", replaces=s.ACCESSION, in_force_from=tomorrow)
    body = correction.model_dump(mode="json")
    assert told(await http.post("secretary", "/decisions", body))[1] == "UnknownDecision"
    await http.post("secretary", "/decisions", DECIDED)
    assert (await http.post("secretary", "/decisions", body)).status_code == 200
    second = body | {"number": "SG-2026-10"}
    assert told(await http.post("secretary", "/decisions", second))[1] == "DecisionReplaced"
    assert (await http.post("secretary", "/signatories", SIGNED)).status_code == 200, "until tomorrow"


async def test_a_decision_on_policy_is_published_and_no_other_is_r121(http: Http) -> None:
    tomorrow = (Clock().now() + timedelta(days=2)).date()
    policy = s.policy(taken_on=Clock().now().date(), in_force_from=tomorrow)
    await http.post("secretary", "/decisions", DECIDED)
    assert (await http.post("secretary", "/decisions", policy.model_dump(mode="json"))).status_code == 200
    (sent,) = await rows(http.engine, "outbox")
    assert (sent.topic, sent.key) == ("zvh.governance.policy", "VG-2026-3")


async def test_the_yearly_documents_are_overdue_until_they_are_decided_on_r127(http: Http) -> None:
    found = (await http.get("manager", "/yearly-documents")).json()["documents"]
    assert [(one["kind"], one["overdue"]) for one in found] == [
        ("security-policy", True),
        ("security-plan", True),
    ]
    today = Clock().now().date().isoformat()
    plan = {
        "number": "MG-2026-1",
        "organ": "manager",
        "taken_on": today,
        "in_force_from": today,
        "subject": {"kind": "security-plan"},
    }
    assert (await http.post("manager", "/decisions", plan)).status_code == 200
    found = (await http.get("officer", "/yearly-documents")).json()["documents"]
    assert [(one["decision"], one["overdue"]) for one in found] == [(None, True), ("MG-2026-1", False)]


async def test_the_name_of_who_signed_lies_sealed_and_goes_with_the_membership_r110(http: Http) -> None:
    await member(http)
    seen = (await http.get("secretary", f"/parties/{s.VENLO}")).json()["form"]
    assert (seen["officer_name"], seen["chair_name"]) == ("Persoon A", "Persoon C")
    for table in ("cases", "journal", "outbox", "pieces"):
        for one in await rows(http.engine, table):
            assert "Persoon" not in str(one), table
    assert len(await rows(http.engine, "pieces")) == 2
    ending = f"/parties/{s.VENLO}/ending"
    await http.post("secretary", ending, {"reason": "exclusion"})
    assert (await http.post("manager", f"{ending}/confirmation", {"reason": "exclusion"})).status_code == 200
    assert await rows(http.engine, "pieces") == []
    seen = (await http.get("secretary", f"/parties/{s.VENLO}")).json()["form"]
    assert (seen["officer_name"], seen["chair_name"]) == (None, None)
    assert seen["officer_function"] == "burgemeester"


# --- secrecy ---------------------------------------------------------------------------------------


@pytest.mark.clause("R126.a", allowed="Wie de geheimhouding heeft erkend, kan handelen en lezen.")
@pytest.mark.clause(
    "R126.a", refused="Wie de geheimhouding niet heeft erkend, kan niets doen en niets lezen."
)
async def test_nobody_works_before_acknowledging_secrecy_whatever_the_role_r126(http: Http) -> None:
    for refused in (await http.get(NEW, "/parties"), await http.post(NEW, "/decisions", DECIDED)):
        assert told(refused) == (403, "SecrecyNotAcknowledged", "R126")
        assert "/acknowledgements" in refused.json()["detail"]
    silent = await http.post(NEW, "/acknowledgements", {})
    assert told(silent) == (409, "SecrecyNotStated", "R126")
    for _ in range(2):
        assert (await http.post(NEW, "/acknowledgements", {"secrecy": True})).status_code == 200
    (sent,) = await rows(http.engine, "outbox")
    assert sent.topic == "zvh.governance.acknowledgements"
    assert subject_of(NEW) not in sent.key
    await acknowledged(http.engine, subject_of(NEW))  # as the topic brings it back
    assert (await http.get(NEW, "/parties")).status_code == 200


@pytest.mark.clause(
    "R126.b", allowed="Wie bij een partij de geheimhouding heeft erkend, kan voor die partij werken."
)
@pytest.mark.clause(
    "R126.b",
    refused="Wie bij een partij de geheimhouding heeft erkend, kan daarmee niet voor een andere "
    "partij werken.",
)
async def test_an_account_at_one_party_says_nothing_of_one_at_another_r126(http: Http) -> None:
    entry = await rows(http.engine, "acknowledgements", "party = :party", party=s.VENLO)
    assert [row.person for row in entry] == [subject_of(VENLO_WORKER)]
    accounts = Accounts(http.engine, current())
    there = Identity(subject_of(VENLO_WORKER), frozenset({Role.PARTY_WORKER}), s.VENLO)
    assert await accounts.refusal(there) is None
    for elsewhere in (replace(there, party=s.POLICE), replace(there, party=None)):
        assert await accounts.refusal(elsewhere) is SECRECY_NOT_ACKNOWLEDGED


@pytest.mark.clause("R126.c", allowed="Wie de geheimhouding ooit erkende, hoeft dat niet nog eens.")
@pytest.mark.clause(
    "R126.c", refused="Een latere erkenning vervangt de eerste niet: die blijft staan zoals zij was."
)
async def test_an_acknowledgement_holds_for_ever_and_nothing_takes_it_back_r126(http: Http) -> None:
    long_ago = machine_now() - timedelta(days=4000)
    said = SecrecyAcknowledged(person=subject_of(NEW), party=None, acknowledged_at=long_ago)
    async with http.engine.begin() as connection:
        await acknowledgements.save(connection, [said])
    there = Identity(subject_of(NEW), frozenset({Role.MANAGER}))
    assert await Accounts(http.engine, current()).refusal(there) is None
    async with http.engine.begin() as connection:  # said again, as a topic that is read anew says it
        await acknowledgements.save(connection, [said.model_copy(update={"acknowledged_at": machine_now()})])
    (entry,) = await rows(http.engine, "acknowledgements", "person = :person", person=subject_of(NEW))
    assert entry.acknowledged_at == long_ago


async def test_while_an_acknowledgement_may_be_on_its_way_its_owner_is_asked_to_come_again_r126(
    http: Http,
) -> None:
    async def nothing_is_followed() -> None:
        return None

    behind = Accounts(http.engine, Currency(nothing_is_followed, within=0.01))
    new = Identity(subject_of(NEW), frozenset({Role.MANAGER}))
    assert await behind.refusal(new) is NOT_CURRENT
    await acknowledged(http.engine, subject_of(NEW))
    assert await behind.refusal(new) is None
