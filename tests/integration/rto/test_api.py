"""The round table over HTTP, with real tokens, PostgreSQL and sealing; the relay is not started."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import AUDIENCE, make_issuer, write_people
from services.rto import commands as c
from services.rto.api import routers
from services.rto.main import SERVICE
from shared.clock import Clock
from shared.contract.content import SEALED_ALLOWED, SealedText, transform
from shared.contract.messages.rto import RtoConvened
from shared.contract.parties import Scope
from shared.contract.refusal import ITEM_FROZEN
from shared.contract.registry import Direction, all_messages, of_model
from shared.contract.topics import Topics
from shared.core.actor import Command
from shared.core.outcome import DeliveryStatus
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.handling.transaction import Transaction
from shared.http.app import make_app
from shared.http.oidc import Issuer
from shared.ids import new_id
from shared.messaging import relay as relay_module
from shared.messaging.relay import Relay
from shared.storage.outbox import Row
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.leaving import gate_of
from tests.support.samples import rto as s
from tests.support.spec import NOW
from tests.support.transactions import attach, delivery, know, now_are, rows, transaction_on

ISSUER = "https://issuer.test"
KEY = b"k" * 32
DIRECTOR = "director"
PEOPLE = {
    DIRECTOR: ("process-director", None),
    "other-director": ("process-director", None),
    "support": ("support-worker", None),
    "manager": ("manager", None),
    "officer": ("privacy-officer", None),
    **{party: ("party-worker", party) for party in (*s.AT_THE_TABLE, s.STRANGER)},
    "colleague": ("party-worker", s.POLICE),
    "worker-of-venlo": ("party-worker", s.VENLO),
}
CASE = f"/cases/{s.CASE}"
RTO = f"{CASE}/rtos/{s.RTO}"
NAMES = {s.FREE: "free", s.WITHHELD: "withheld", s.SPECIAL: "special", s.SILENT: "silent", s.RENT: "rent"}
MEETING = {"rto_id": s.RTO, "on": "2026-03-05T09:00:00Z", "place": "Zaal 1"}
PLAN: dict[str, Any] = {
    "agreements": "Wekelijks contact.",
    "ave_level": 2,
    "actions": [
        {"action_id": s.TREAT, "party": s.CARE, "description": "Behandelen."},
        {"action_id": s.ARRANGE, "party": s.HOUSING, "description": "Regeling."},
    ],
    "parts": [
        {"party": party, "role": "Uitvoerder.", "information_need": "Geen."} for party in s.AT_THE_TABLE
    ],
}
ADJUSTED: dict[str, Any] = {**PLAN, "actions": []}
MONITORED = {
    "outcome": "approach-and-monitoring",
    "monitoring_purpose": "Volgen.",
    "monitoring_items": [s.FREE, s.WITHHELD, s.RENT],
}
FOLLOW_UP = {
    "rto_id": s.SECOND_RTO,
    "on": "2026-04-05T09:00:00Z",
    "place": "Zaal 2",
    "preparation": {
        "goal": "Bijstellen.",
        "decision_types": ["adjust-the-plan"],
        "themes": ["care"],
        "citizen": "invited",
        "care_agreements": "Niemand neemt gegevens van een ander mee.",
        "consulted_leading_party": True,
    },
}
TAKING = {"item_id": s.FREE, "recipient": s.CARE, "action_id": s.TREAT}
EXACT = {"use": "plan-activity", "recipient": s.CARE, "action_id": s.TREAT}
ACTIVITY = {**EXACT, "secrecy": "not-bound"}
LEADS_UNDER = {"task": "Wvggz art. 2", "basis": "AVG art. 6 lid 1 sub e"}


class OneKey:
    """The key authority as the round table sees it: this case has a key."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        known = {s.CASE: (KeyStatus.READY, KEY)}
        return {case: known.get(case, (KeyStatus.UNKNOWN, None)) for case in case_ids}

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


class Http:
    """People at the round table, each with a token of their own; `tell` is what Kafka would bring."""

    def __init__(
        self, app: FastAPI, tokens: AsyncClient, engine: AsyncEngine, transaction: Transaction[Any]
    ) -> None:
        self._client = AsyncClient(transport=ASGITransport(app), base_url="https://rto.test")
        self._tokens, self._transaction, self.engine = tokens, transaction, engine
        self._keys: CaseKeyClient = app.state.reader.keys
        self.relay: Relay = app.state.commands.relay

    async def get(self, who: str, path: str = CASE, behalf: str | None = None) -> Response:
        return await self._client.get(path, headers=await self._headers(who, behalf))

    async def post(
        self,
        who: str,
        path: str,
        body: Any,
        behalf: str | None = None,
        key: str | None = None,
        version: str | None = None,
    ) -> Response:
        headers = await self._headers(who, behalf) | {"idempotency-key": key or new_id()}
        if_match = {"if-match": f'"{version}"'} if version else {}
        return await self._client.post(path, json=body, headers=headers | if_match)

    async def direct(self, path: str, body: Any, behalf: str = s.VENLO, **more: Any) -> Response:
        return await self.post(DIRECTOR, f"{CASE}/{path}", body, behalf, **more)

    async def seen(self, who: str, behalf: str | None = None) -> set[str]:
        """The items this person gets to read."""
        answer = await self.get(who, behalf=behalf)
        assert answer.status_code == 200, answer.text
        return {NAMES[item["item_id"]] for item in answer.json()["items"]}

    async def tell(self, *commands: Command) -> None:
        """The commands with their texts really sealed; each must take effect."""
        key = (await self._keys.get([s.CASE]))[s.CASE]
        assert isinstance(key, CaseKey)

        outcomes = await self._transaction.run([delivery(s.CASE, one, at=NOW, key=key) for one in commands])
        assert {outcome.status for outcome in outcomes} == {DeliveryStatus.ACCEPTED}, outcomes

    async def subject(self, who: str) -> str:
        token = (await self._headers(who, None))["authorization"].split(".")[1]
        found: str = json.loads(base64.urlsafe_b64decode(token + "=="))["sub"]
        return found

    async def close(self) -> None:
        await self._client.aclose()

    async def _headers(self, who: str, behalf: str | None) -> dict[str, str]:
        form = {"grant_type": "password", "username": who, "password": who}
        answer = await self._tokens.post(f"{ISSUER}/token", data=form)
        for_whom = {"on-behalf-of": behalf} if behalf else {}
        return {"authorization": f"Bearer {answer.json()['access_token']}"} | for_whom


@pytest.fixture
async def http(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Http]:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    people = {
        who: {"password": who, "roles": [role], "party": party, "name": who}
        for who, (role, party) in PEOPLE.items()
    }
    write_people(tmp_path, people, {})
    tokens = AsyncClient(transport=ASGITransport(make_issuer(ISSUER, tmp_path)))
    clock = Clock(tmp_path / "clock.json")
    (tmp_path / "clock.json").write_text(json.dumps({"offset_seconds": 0}))
    transaction, copy, keys = transaction_on(engine, SERVICE), PartyReplica(), CaseKeyClient(OneKey(), "test")
    house_keys = HouseKeys(tmp_path / "house", KEY, Clock().now)
    producer = AIOKafkaProducer()
    codec, gate = SignedAndSealed(house_keys), gate_of(transaction)
    relay = Relay(engine, producer, copy, keys, codec, "urn:nld:oin:test", gate, ())
    app = make_app("test", *routers())
    app.state.issuer = Issuer(tokens, ISSUER, AUDIENCE)
    attach(app, transaction, SERVICE, parties=copy, keys=keys, relay=relay, clock=clock, digest_key=KEY)
    http = Http(app, tokens, engine, transaction)
    prepared = s.preparation(director=await http.subject(DIRECTOR))
    await http.tell(
        *(c.RecordItem(by=s.BY_TRIAGE, item=item) for item in s.ITEMS),
        c.OpenPreparation(by=s.BY_TRIAGE, preparation=prepared),
    )
    yield http
    await http.close()
    await tokens.aclose()
    await producer.stop()


def told(response: Response) -> tuple[int, str, str]:
    return response.status_code, response.json()["title"], response.json()["rule"]


UNKNOWN = (404, "UnknownCase", "R34")


async def seat(http: Http) -> None:
    """Convened, and all four come."""
    assert (await http.direct("rtos", MEETING)).status_code == 200
    await all_come(http, s.RTO)


async def all_come(http: Http, rto: str) -> None:
    for party in s.AT_THE_TABLE:
        coming = {"delegate": await http.subject(party), "mandate": True}
        answer = await http.post(party, f"{CASE}/rtos/{rto}/acceptance", coming)
        assert answer.status_code == 200, answer.text


async def invitations(http: Http, who: str) -> list[dict[str, Any]]:
    answer = await http.get(who, "/invitations")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["invitations"]
    return found


async def test_an_invited_worker_reads_what_the_letter_to_its_party_says_and_no_more(http: Http) -> None:
    """R45, R59, R129."""
    assert await invitations(http, s.HOUSING) == []
    assert (await http.direct("rtos", MEETING)).status_code == 200
    (letter,) = [
        RtoConvened.model_validate_json(row.body, context=SEALED_ALLOWED)
        for row in await rows(http.engine, "outbox", "recipient = :party", party=s.HOUSING)
        if row.type == of_model(RtoConvened).type
    ]
    key = CaseKey(KEY, house="test", case_id=s.CASE)
    said = transform(letter, lambda text: key.decrypt(text) if isinstance(text, SealedText) else text)
    assert await invitations(http, s.HOUSING) == [said.model_dump(mode="json") | {"case_id": s.CASE}]
    assert said.place == MEETING["place"]
    assert (await http.get(s.HOUSING)).json()["rtos"] == [], "that opens when its party has accepted"
    for nobody in (s.STRANGER, "other-director"):
        assert (await http.get(nobody, "/invitations")).json().get("invitations", []) == []
    assert told(await http.get("manager", "/invitations"))[0] == 403
    log = (await http.get("officer", f"{CASE}/access-log")).json()["entries"]
    looks = {(x["party"], x["thing"], x["allowed"], x["rule"]) for x in log}
    assert (s.HOUSING, "invitation", True, "R45") in looks
    assert s.STRANGER not in {x["party"] for x in log}, "who is not invited does not even look"


async def test_once_a_delegate_is_named_the_invitation_is_that_ones_alone(http: Http) -> None:
    """R59: and of a party that does not come, nobody's."""
    assert (await http.direct("rtos", MEETING)).status_code == 200
    assert len(await invitations(http, "colleague")) == 1
    coming = {"delegate": await http.subject(s.POLICE), "mandate": True}
    assert (await http.post(s.POLICE, f"{RTO}/acceptance", coming)).status_code == 200
    assert await invitations(http, "colleague") == []
    assert len(await invitations(http, s.POLICE)) == 1
    assert (await http.post(s.CARE, f"{RTO}/decline", {})).status_code == 200
    assert await invitations(http, s.CARE) == []


async def test_each_delegate_sees_exactly_what_is_allowed_and_each_look_is_logged(http: Http) -> None:
    """R42, R49, R59, R61, R62, R65, R129."""
    await seat(http)
    assert await http.seen(s.VENLO) == {"free"}
    assert await http.seen(s.POLICE) == {"free", "withheld", "special", "silent"}
    assert await http.seen(s.CARE) == {"free", "withheld", "special", "rent"}
    assert await http.seen(s.HOUSING) == {"free", "rent"}
    assert await http.seen(DIRECTOR, s.VENLO) == {"free", "withheld", "silent", "rent"}, "R21"
    assert told(await http.get("colleague")) == UNKNOWN
    assert told(await http.get(s.STRANGER)) == UNKNOWN
    assert told(await http.get("manager")) == UNKNOWN
    assert told(await http.get("other-director", behalf=s.VENLO)) == UNKNOWN
    log = (await http.get("officer", f"{CASE}/access-log")).json()["entries"]
    looks = {(x["party"], x["thing"], x["allowed"], x["rule"]) for x in log}
    assert {
        (s.CARE, f"item/{s.FREE}", True, "R61"),
        (s.HOUSING, f"item/{s.WITHHELD}", False, "R62"),
        (s.HOUSING, f"item/{s.SPECIAL}", False, "R49"),
        (s.POLICE, "case", False, "R59"),
        (s.STRANGER, "case", False, "R61"),
    } <= looks
    (given,) = {
        x["given_on_behalf_of"] for x in log if (x["party"], x["thing"]) == (s.CARE, f"item/{s.RENT}")
    }
    assert given == s.HOUSING


async def test_of_two_plans_at_once_one_is_told_what_it_would_have_lost(http: Http) -> None:
    await seat(http)
    first = await http.direct("plan", PLAN)
    assert first.status_code == 200
    without = await http.direct("plan", ADJUSTED)
    assert (without.status_code, without.json()["name"]) == (428, "VersionRequired")
    version = (await http.get(DIRECTOR, behalf=s.VENLO)).json()["plan"]["version"]
    assert version == first.json()["version"]
    changed, key = {**ADJUSTED, "ave_level": 3}, new_id()
    answers = await asyncio.gather(
        *(http.direct("plan", changed, version=version, key=one) for one in (key, new_id()))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (lost,) = (answer.json() for answer in answers if answer.status_code == 412)
    assert lost["name"] == "ChangedMeanwhile"
    assert {"ave_level", "agreements"} <= set(lost["changed"])
    assert "made_by" not in lost["changed"]
    assert datetime.fromisoformat(lost["changed_at"]) > NOW - timedelta(days=1)
    (done,) = (answer.json() for answer in answers if answer.status_code == 200)
    again = await http.direct("plan", changed, version=version, key=key)
    if answers[0].status_code == 200:
        assert again.json() == done
    after = (await http.direct("plan", {**ADJUSTED, "ave_level": 4}, version=done["version"])).status_code
    assert after == 200


async def test_adding_to_the_viewing_plan_needs_no_version_and_replacing_in_it_does(http: Http) -> None:
    await seat(http)
    entry = {"item_id": s.RENT, "participant": s.POLICE, "reason": "Nodig voor de regeling."}
    before = (await http.get(DIRECTOR, behalf=s.VENLO)).json()["viewing_plan_version"]
    added = await http.direct("viewing-entries", {"entries": [entry]})
    assert added.status_code == 200
    assert (await http.direct("viewing-entries", {"entries": [entry]})).status_code == 428
    old = await http.direct("viewing-entries", {"entries": [entry]}, version=before)
    assert (old.status_code, old.json()["changed"]) == (412, [s.POLICE])
    new = await http.direct("viewing-entries", {"entries": [entry]}, version=added.json()["version"])
    assert new.status_code == 200


async def test_a_version_is_shown_to_who_may_replace_and_to_nobody_else(http: Http) -> None:
    await seat(http)
    await http.direct("plan", PLAN)
    for worker in (s.CARE, s.POLICE, s.VENLO):
        seen = (await http.get(worker)).json()
        assert seen["viewing_plan_version"] is None
        assert (seen["plan"] or {}).get("version") is None


async def test_an_act_that_replaces_nothing_takes_no_version(http: Http) -> None:
    await seat(http)
    acts: tuple[tuple[str, dict[str, str]], ...] = (
        ("release-withdrawal", {}),
        ("releases", {"use": "rto"}),
        ("release-refusals", {"use": "rto"}),
    )
    for act, body in acts:
        answer = await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/{act}", body, version="1")
        assert (answer.status_code, answer.json()["name"]) == (400, "VersionNotTaken"), act


async def test_a_page_that_is_open_is_asked_for_again_within_half_a_minute_f15(http: Http) -> None:
    """By the browser itself: what was withdrawn meanwhile is covered. An act is not done again."""
    await seat(http)
    assert (await http.get(s.CARE)).headers["refresh"] == "30"
    assert "refresh" not in (await http.get(s.STRANGER)).headers
    assert "refresh" not in (await http.direct("plan", PLAN)).headers


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("release-withdrawal", {}),
        ("reservations", {"withheld_from": [s.CARE]}),
        ("terms", {"withheld_from": [s.CARE]}),
        ("withdrawal", {}),
    ],
)
async def test_who_takes_something_back_is_answered_when_the_others_are_sure_to_hear_of_it_f15(
    http: Http, monkeypatch: pytest.MonkeyPatch, act: str, body: dict[str, Any]
) -> None:
    """Here it counts at once; the same request is answered as soon as the broker has the event (R66, R62)."""
    monkeypatch.setattr(relay_module, "TOLD_WITHIN", 0.1)
    http.relay.announces = (Topics().events("rto"),)
    await seat(http)
    assert "free" in await http.seen(s.CARE)
    asked = s.POLICE, f"{CASE}/items/{s.FREE}/{act}", body
    answer = await http.post(*asked, key="a-key-of-this-act")
    assert (answer.status_code, answer.json()["name"]) == (503, "NotYetKnownElsewhere")
    assert (answer.headers["retry-after"], answer.json()["remedy"]) == ("5", "retry-later")
    assert "free" not in await http.seen(s.CARE)
    assert (await http.post(*asked, key="a-key-of-this-act")).status_code == 503
    async with http.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox WHERE recipient IS NULL"))
    assert (await http.post(*asked, key="a-key-of-this-act")).status_code == 200


async def test_what_is_read_is_opened_and_says_no_more_than_is_ones_own(http: Http) -> None:
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    care = (await http.get(s.CARE)).json()
    items = {item["item_id"]: item for item in care["items"]}
    assert items[s.WITHHELD]["content"] == f"piece-content-{s.WITHHELD[-2:]}"
    assert items[s.WITHHELD]["withheld_from"] == []
    assert care["plan"]["agreements"] == "Wekelijks contact."
    assert care["preparation"]["goal"] == "piece-goal"
    assert [x["party"] for x in care["rtos"][0]["participants"]] == list(s.AT_THE_TABLE)
    assert care["rtos"][0]["place"] == "Zaal 1"
    assert {person["bsn"] for person in care["persons"]} == {None}
    police = (await http.get(s.POLICE)).json()
    own = {item["item_id"]: item for item in police["items"]}
    assert own[s.WITHHELD]["withheld_from"] == [s.HOUSING]


async def test_the_log_says_who_gave_who_used_and_on_which_basis_r129(http: Http) -> None:
    await seat(http)
    await http.get(s.CARE)
    await http.get(DIRECTOR, behalf=s.VENLO)
    log = (await http.get("officer", f"{CASE}/access-log")).json()["entries"]
    item = s.item(s.FREE)
    looks = {(x["role"], x["thing"]): x for x in log}
    taken = looks["party-worker", f"item/{s.FREE}"]
    assert (taken["basis"], taken["given_by_body"]) == (item.basis, item.acting_body)
    assert (taken["given_on_behalf_of"], taken["viewed_for_body"]) == (item.contributor, None)
    shown = looks["process-director", f"item/{s.FREE}"]
    assert (shown["basis"], shown["given_by_body"]) == (item.basis, item.acting_body)
    case = looks["process-director", "case"]
    assert (case["basis"], case["given_by_body"]) == ("authorisation: rto", None)
    persons = [x for x in log if x["thing"].startswith("person/") and x["role"] == "party-worker"]
    assert persons, "a party looks at more than items"
    assert all(x["basis"] for x in persons if x["allowed"])


async def test_the_access_log_is_for_the_privacy_officer_alone(http: Http) -> None:
    await seat(http)
    for who in ("manager", s.CARE, "support"):
        assert told(await http.get(who, f"{CASE}/access-log", s.VENLO)) == UNKNOWN
    assert told(await http.get(DIRECTOR, f"{CASE}/access-log", s.VENLO)) == UNKNOWN
    first = (await http.get("officer", f"{CASE}/access-log")).json()
    assert first["next"] is None
    last = first["entries"][-1]["entry"]
    later = (await http.get("officer", f"{CASE}/access-log?after={last}")).json()
    assert [x["role"] for x in later["entries"]] == ["privacy-officer"]


async def test_nobody_looks_before_its_party_has_accepted_r59(http: Http) -> None:
    assert (await http.direct("rtos", MEETING)).status_code == 200
    assert told(await http.get(s.CARE)) == UNKNOWN
    without = {"delegate": await http.subject(s.CARE), "mandate": False}
    assert told(await http.post(s.CARE, f"{RTO}/acceptance", without)) == (409, "NoMandate", "R59")
    named = {"delegate": "Persoon A", "mandate": True}
    assert (await http.post(s.CARE, f"{RTO}/acceptance", named)).status_code == 400
    assert (await http.post(s.CARE, f"{RTO}/decline", {"reason": "Geen tijd."})).status_code == 200
    assert told(await http.post(s.STRANGER, f"{RTO}/decline", {})) == UNKNOWN


async def test_an_item_goes_away_with_one_participant_for_one_activity(http: Http) -> None:
    """R63, R65, R73 to R75, R104."""
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert told(await http.direct("take-aways", TAKING)) == (409, "TableHasNotDecided", "R64")
    asking = {**TAKING, "use": "plan-activity", "necessity": "Nodig."}
    assert (await http.direct("release-requests", asking)).status_code == 200
    item = f"{CASE}/items/{s.FREE}"
    assert told(await http.post(s.CARE, f"{item}/releases", ACTIVITY)) == UNKNOWN
    unweighed = await http.post(s.POLICE, f"{item}/releases", EXACT)
    assert told(unweighed) == (409, "SecrecyNotWeighed", "R76")
    weighed = {**EXACT, "secrecy": "with-consent"}
    assert (await http.post(s.POLICE, f"{item}/releases", weighed)).status_code == 200
    assert told(await http.direct("take-aways", TAKING)) == (409, "TableHasNotDecided", "R64")
    assert await sent(http, "actions-assigned", "items-provided") == []
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    assert await sent(http, "actions-assigned") == [s.CARE, s.HOUSING]
    assert (await http.direct("take-aways", TAKING)).status_code == 200
    unreleased = {**TAKING, "item_id": s.WITHHELD}
    assert told(await http.direct("take-aways", unreleased)) == (409, "NotReleased", "R65")
    no_role = {**TAKING, "recipient": s.VENLO}
    assert told(await http.direct("take-aways", no_role)) == (409, "NoRoleInThePlan", "R74")
    rent = f"{CASE}/items/{s.RENT}/release-refusals"
    assert (await http.post(s.HOUSING, rent, {**EXACT, "reason": "Niet nodig."})).status_code == 200
    refused = await http.direct("take-aways", {**TAKING, "item_id": s.RENT})
    assert told(refused) == (409, "ReleaseRefused", "R75")
    takers = (await http.get(DIRECTOR, behalf=s.VENLO)).json()["takers"]
    taker = {"party": s.CARE, "item_id": s.FREE, "action_id": s.TREAT}
    assert takers == [{**taker, "version": 1, "must": []}]
    assert (await http.get(s.VENLO)).json()["takers"] == takers, "who leads informs the data subject (R83)"
    assert (await http.get(s.HOUSING)).json()["takers"] == []
    provided = [x for x in await rows(http.engine, "outbox") if "items-provided" in x.type]
    assert [(x.recipient, x.item) for x in provided] == [(s.CARE, s.FREE)]
    log = (await http.get("officer", f"{CASE}/access-log")).json()["entries"]
    (given,) = [x for x in log if x["thing"].startswith("sent/")]
    free, told_to = s.item(s.FREE), (given["role"], given["party"], given["rule"])
    assert told_to == ("party", s.CARE, "R73"), "R129: who received"
    assert (given["thing"], given["given_on_behalf_of"]) == (f"sent/item/{s.FREE}", free.contributor)
    assert (given["basis"], given["given_by_body"]) == (free.basis, free.acting_body)
    (journalled,) = await rows(http.engine, "journal", "what = 'ReleaseGiven'")
    assert "with-consent" in json.dumps(journalled.detail), "R76: how secrecy was weighed is on record"


CORRECTION = {"content": "Verbeterd.", "necessity": "Nodig.", "use_conditions": "Alleen mondeling."}


@pytest.mark.clause("R66.f", allowed="Na de verbetering ziet wie het gegeven zag, de nieuwe versie.")
@pytest.mark.clause("R66.f", refused="Na de verbetering ziet niemand de eerdere versie nog.")
async def test_a_corrected_item_is_read_in_its_new_version_by_whoever_read_the_earlier_one_a22(
    http: Http,
) -> None:
    await seat(http)
    before = (await http.get(s.CARE)).text
    assert f"piece-content-{s.FREE[-2:]}" in before
    item = f"{CASE}/items/{s.FREE}"
    assert (await http.post(s.POLICE, f"{item}/correction", CORRECTION)).status_code == 200
    for reader in (s.CARE, s.POLICE, s.VENLO):
        answer = await http.get(reader)
        (shown,) = [one for one in answer.json()["items"] if one["item_id"] == s.FREE]
        assert (shown["version"], shown["content"]) == (2, "Verbeterd.")
        assert shown["use_conditions"] == "Alleen mondeling."
        assert f"piece-content-{s.FREE[-2:]}" not in answer.text
    other = {"use_conditions": "Niet doorgeven."}
    assert (await http.post(s.POLICE, f"{item}/terms", other)).status_code == 200
    (shown,) = [one for one in (await http.get(s.CARE)).json()["items"] if one["item_id"] == s.FREE]
    assert (shown["version"], shown["content"], shown["use_conditions"]) == (
        3,
        "Verbeterd.",
        "Niet doorgeven.",
    )
    for act, body in (("correction", CORRECTION), ("terms", other), ("withdrawal", {})):
        assert told(await http.post(s.CARE, f"{item}/{act}", body)) == UNKNOWN
    assert told(await http.post(s.POLICE, f"{item}/terms", {})) == (409, "TermsNotSaid", "R67")


async def test_a_taker_reads_what_it_is_to_do_with_what_it_took_r104_a22(http: Http) -> None:
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    item = f"{CASE}/items/{s.FREE}"
    assert (await http.post(s.POLICE, f"{item}/releases", ACTIVITY)).status_code == 200
    monitored = {**MONITORED, "take_aways": [TAKING]}
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", monitored)).status_code == 200

    async def must() -> list[tuple[int, list[str]]]:
        return [(one["version"], one["must"]) for one in (await http.get(s.CARE)).json()["takers"]]

    assert await must() == [(1, [])]
    assert (await http.post(s.POLICE, f"{item}/terms", {"use_conditions": "Kort."})).status_code == 200
    assert await must() == [(1, ["keep-to-new-terms"])]
    assert (await http.post(s.POLICE, f"{item}/correction", CORRECTION)).status_code == 200
    assert await must() == [(1, ["use-no-longer", "correct-own-record"])]
    assert (await http.post(s.POLICE, f"{item}/releases", ACTIVITY)).status_code == 200
    assert (await http.direct("take-aways", TAKING)).status_code == 200
    assert await must() == [(1, ["keep-to-new-terms"]), (3, [])]
    assert (await http.post(s.POLICE, f"{item}/withdrawal", {})).status_code == 200
    assert await must() == [(1, ["use-no-longer"]), (3, ["use-no-longer"])]


async def sent(http: Http, *kinds: str) -> list[str]:
    """The recipients of the letters of these kinds."""
    letters = await rows(http.engine, "outbox")
    return sorted(x.recipient for x in letters if x.type.split(".")[-2] in kinds)


async def test_what_goes_along_is_part_of_the_conclusion_r73(http: Http) -> None:
    """Also of one that de-escalates at once, after which nothing is provided here any more."""
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert (await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/releases", ACTIVITY)).status_code == 200
    path, ends = f"rtos/{s.RTO}/conclusion", {"outcome": "does-not-belong", "take_aways": [TAKING]}
    assert told(await http.direct(path, ends)) == (409, "NothingGoesAlong", "R78")
    assert (await http.direct(path, {**ends, "outcome": "deescalate"})).status_code == 200
    assert await sent(http, "items-provided") == [s.CARE]


async def test_a_plan_that_is_adjusted_leaves_an_action_what_it_was(http: Http) -> None:
    """R65, R81: what ran goes on or ends, and nothing is taken away for what ended."""
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert (await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/releases", ACTIVITY)).status_code == 200
    monitored = await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)
    assert monitored.status_code == 200
    unprepared = {name: value for name, value in FOLLOW_UP.items() if name != "preparation"}
    assert told(await http.direct("rtos", unprepared)) == (409, "GoalMissing", "R42")
    assert (await http.direct("rtos", FOLLOW_UP)).status_code == 200
    await all_come(http, s.SECOND_RTO)
    version = (await http.get(DIRECTOR, behalf=s.VENLO)).json()["plan"]["version"]
    prosecute = {"action_id": s.TREAT, "party": s.CARE, "description": "Vervolgen."}
    changed = await http.direct("plan", {**PLAN, "actions": [prosecute]}, version=version)
    assert told(changed) == (409, "ActionNeverChanges", "R65")
    successor = {**prosecute, "action_id": s.AFTERCARE, "succeeds": s.TREAT}
    adjusted = await http.direct("plan", {**PLAN, "actions": [successor]}, version=version)
    assert adjusted.status_code == 200
    ends = await http.direct(f"rtos/{s.SECOND_RTO}/conclusion", MONITORED)
    assert ends.status_code == 200
    assert await sent(http, "actions-ended") == [s.CARE]
    assert told(await http.direct("take-aways", TAKING)) == (409, "NoSuchAction", "R73")
    for_the_successor = {**TAKING, "action_id": s.AFTERCARE}
    assert told(await http.direct("take-aways", for_the_successor)) == (409, "NotReleased", "R65")
    seen = (await http.get(s.CARE)).json()
    assert [x["description"] for x in seen["ended_actions"]] == ["Behandelen."]
    assert seen["monitoring"] == {"purpose": "Volgen."}
    agreed = [rto["preparation"]["care_agreements"] for rto in seen["rtos"]]
    assert agreed == [None, "Niemand neemt gegevens van een ander mee."]


async def test_a_follow_up_shows_what_was_decided_for_it_anew_r42(http: Http) -> None:
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    planned = [{"item_id": s.FREE, "participant": s.HOUSING, "reason": "Nodig voor het vervolg."}]
    assert (await http.direct("rtos", {**FOLLOW_UP, "viewing_plan": planned})).status_code == 200
    await all_come(http, s.SECOND_RTO)
    assert await http.seen(s.HOUSING) == {"free", "rent"}
    assert await http.seen(s.CARE) == set(), "what it saw at the first one was for that one"
    more = {"entries": [{"item_id": s.WITHHELD, "participant": s.CARE, "reason": "Nodig voor de rol."}]}
    assert (await http.direct("viewing-entries", more)).status_code == 200
    assert await http.seen(s.CARE) == {"withheld"}


async def test_a_plan_of_which_an_item_was_taken_back_is_replaced_without_being_read_r70_a19(
    http: Http,
) -> None:
    await seat(http)
    drawn = {**PLAN, "drawn_from": [s.FREE]}
    assert (await http.direct("plan", drawn)).status_code == 200
    assert (await http.get(DIRECTOR, behalf=s.VENLO)).json()["plan"]["agreements"] == PLAN["agreements"]
    assert (await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/release-withdrawal", {})).status_code == 200
    shown = (await http.get(DIRECTOR, behalf=s.VENLO)).json()
    assert shown["plan"] is None
    assert {one["action_id"] for one in shown["actions"]} == {s.TREAT, s.ARRANGE}
    anew = await http.direct("plan", ADJUSTED, version=shown["plan_version"])
    assert anew.status_code == 200
    after = (await http.get(DIRECTOR, behalf=s.VENLO)).json()
    assert (after["plan"]["version"], after["plan_version"]) == (anew.json()["version"],) * 2
    assert (await http.get(s.CARE)).json()["plan_version"] is None


async def test_an_address_is_shown_where_it_is_said_why_it_is_needed_r61(http: Http) -> None:
    """Each look at one is logged apart from that at the person."""

    async def addresses(who: str, behalf: str | None = None) -> set[str | None]:
        persons = (await http.get(who, behalf=behalf)).json()["persons"]
        assert {one["person_id"] for one in persons} == {s.MAN, s.MOTHER}
        return {one["address"] for one in persons}

    known = {f"piece-address-{one[-2:]}" for one in (s.MAN, s.MOTHER)}
    await seat(http)
    assert (await addresses(s.VENLO), await addresses(DIRECTOR, s.VENLO)) == (known, known)
    assert (await addresses(s.CARE), await addresses(s.HOUSING)) == ({None}, {None})
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    table = [{"party": one, "role": "executor", "contribution": "Toelichting."} for one in s.AT_THE_TABLE]
    invited = [one | {"address_reason": "Huisbezoek."} if one["party"] == s.CARE else one for one in table]
    assert (await http.direct("rtos", {**FOLLOW_UP, "participants": invited})).status_code == 200
    await all_come(http, s.SECOND_RTO)
    assert (await addresses(s.CARE), await addresses(s.HOUSING)) == (known, {None})
    log = (await http.get("officer", f"{CASE}/access-log")).json()["entries"]
    looks = {(x["party"], x["thing"], x["allowed"], x["rule"]) for x in log}
    assert (s.CARE, f"address/{s.MAN}", True, "R61") in looks
    assert (s.HOUSING, f"address/{s.MAN}", False, "R61") in looks


async def test_direction_moves_and_monitoring_begins(http: Http) -> None:
    """R72, R79, R81, R85, A12."""
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert (await http.direct("direction-offers", {"party": s.CARE})).status_code == 200
    taking = {"case_director": "Casusregisseur A", **LEADS_UNDER}
    refused = await http.post(s.POLICE, f"{CASE}/direction/acceptance", taking)
    assert told(refused) == (409, "DirectionNotOffered", "R71")
    by_name = {"case_director": "Casusregisseur A"}
    unfounded = await http.post(s.CARE, f"{CASE}/direction/acceptance", by_name)
    assert told(unfounded) == (409, "TaskOrBasisMissing", "R57")
    assert (await http.post(s.CARE, f"{CASE}/direction/acceptance", taking)).status_code == 200
    conclusion = {**MONITORED, "monitoring_items": [s.FREE, s.WITHHELD]}
    path = f"rtos/{s.RTO}/conclusion"
    old = await http.direct(path, conclusion)
    assert told(old) == (409, "NotOnBehalfOfTheLeadingParty", "R72")
    without = {**conclusion, "monitoring_purpose": None}
    assert told(await http.direct(path, without, s.CARE))[2] == "R79"
    assert (await http.direct(path, conclusion, s.CARE)).status_code == 200
    assert await http.seen(s.CARE) == {"free", "withheld"}
    step = {"progress": "started", "remark": "Begonnen."}
    action = f"{CASE}/actions/{s.TREAT}/progress"
    assert told(await http.post(s.POLICE, action, step)) == (403, "NotTheExecutor", "R85")
    assert (await http.post(s.CARE, action, step)).status_code == 200
    done = {"progress": "done", "goals_reached": "Behandeld."}
    assert (await http.post(s.CARE, action, done)).status_code == 200
    said = (await http.get(s.CARE)).json()["progress"]
    assert [(x["progress"], x["remark"], x["goals_reached"]) for x in said] == [
        ("started", "Begonnen.", None),
        ("done", None, "Behandeld."),
    ], "the one does not take the place of the other (R81)"
    assert await http.seen(s.VENLO) == set(), "Venlo has no part in the monitoring (R64)"
    assert (await http.get(s.VENLO)).json()["persons"] == []
    withdrawal = f"{CASE}/items/{s.FREE}/release-withdrawal"
    assert told(await http.post(s.CARE, withdrawal, {})) == UNKNOWN
    assert (await http.post(s.POLICE, withdrawal, {})).status_code == 200
    assert await http.seen(s.CARE) == {"withheld"}


async def test_who_leads_follows_the_approach_also_without_a_seat_r80(http: Http) -> None:
    """Venlo was invited and does not come; its workers read nothing of the table, and then what it leads."""
    assert (await http.direct("rtos", MEETING)).status_code == 200
    await all_come(http, s.RTO)
    assert (await http.post(s.VENLO, f"{RTO}/decline", {})).status_code == 200
    parts = [one for one in PLAN["parts"] if one["party"] != s.VENLO]
    assert (await http.direct("plan", {**PLAN, "parts": parts})).status_code == 200
    assert told(await http.get(s.VENLO)) == UNKNOWN
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    assert await http.seen(s.VENLO) == {"free", "withheld", "rent"}
    seen = (await http.get(s.VENLO)).json()
    assert seen["plan"]["agreements"] == PLAN["agreements"]
    assert {one["action_id"] for one in seen["actions"]} == {s.TREAT, s.ARRANGE}


async def test_the_party_that_leads_names_its_case_director_r69_r82(http: Http) -> None:
    await seat(http)
    path, account = f"{CASE}/direction/case-director", await http.subject("worker-of-venlo")
    naming = {"case_director": "Casusregisseur A", "account": account}
    assert told(await http.post(s.CARE, path, naming)) == (403, "NotTheLeadingParty", "R71")
    assert told(await http.post(s.STRANGER, path, naming)) == UNKNOWN
    assert (await http.post(s.VENLO, path, naming)).status_code == 200
    assert (await http.direct("plan", PLAN)).status_code == 200
    assert told(await http.get("worker-of-venlo")) == UNKNOWN, "its delegate looks while the table sits"
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    for who in ("worker-of-venlo", s.VENLO):
        assert await http.seen(who) == {"free", "withheld", "rent"}
        assert (await http.get(who)).json()["plan"]["agreements"] == PLAN["agreements"]


async def test_direction_can_be_declined(http: Http) -> None:
    await seat(http)
    assert (await http.direct("direction-offers", {"party": s.CARE})).status_code == 200
    assert (await http.post(s.CARE, f"{CASE}/direction/decline", {})).status_code == 200
    assert (await http.direct("direction-offers", {"party": s.POLICE})).status_code == 200


async def test_items_brought_in_are_opened_to_participants_by_the_director(http: Http) -> None:
    """R42, R61."""
    await seat(http)
    brought = {
        "items": [{**s.own_item(s.NEW).model_dump(mode="json"), "content": "Nieuw.", "necessity": "Ja."}]
    }
    assert (await http.post(s.HOUSING, f"{RTO}/items", brought)).status_code == 200
    assert s.NEW not in {x["item_id"] for x in (await http.get(s.CARE)).json()["items"]}
    entries = {"entries": [{"item_id": s.NEW, "participant": s.CARE, "reason": "Nodig voor de rol."}]}
    assert (await http.direct("viewing-entries", entries)).status_code == 200
    found = {x["item_id"]: x["content"] for x in (await http.get(s.CARE)).json()["items"]}
    assert found[s.NEW] == "Nieuw."


async def test_after_deescalation_the_round_table_shows_nothing_r88(http: Http) -> None:
    await seat(http)
    path = f"rtos/{s.RTO}/conclusion"
    assert told(await http.direct(path, {"outcome": "deescalate"})) == (409, "PlanMissing", "R69")
    assert (await http.direct("plan", PLAN)).status_code == 200
    answer = await http.direct(path, {"outcome": "deescalate"})
    assert answer.status_code == 200
    for who, behalf in ((DIRECTOR, s.VENLO), (s.POLICE, None)):
        assert told(await http.get(who, behalf=behalf)) == UNKNOWN


async def test_one_key_stands_for_one_act(http: Http) -> None:
    """The path counts too: what differs is another act."""
    await seat(http)
    assert (await http.direct("plan", PLAN)).status_code == 200
    key = new_id()
    free = await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/releases", ACTIVITY, key=key)
    again = await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/releases", ACTIVITY, key=key)
    assert (free.status_code, again.json()) == (200, free.json())
    other = await http.post(s.POLICE, f"{CASE}/items/{s.SPECIAL}/releases", ACTIVITY, key=key)
    assert told(other)[1] == "MessageIdReused"


async def test_the_director_looks_under_an_authorisation_for_the_rto_r122(http: Http) -> None:
    await seat(http)
    assert (await http.get(DIRECTOR, behalf=s.VENLO)).status_code == 200
    async with http.engine.begin() as connection:
        record = s.record(s.VENLO, authorisations=(s.authorisation(Scope.SCREENING),))
        await PartyReplica().save(connection, [(2, record)])
    assert told(await http.get(DIRECTOR, behalf=s.VENLO)) == UNKNOWN


async def test_once_the_leader_takes_its_authorisation_back_participants_see_their_own_alone_r122(
    http: Http,
) -> None:
    """And it may refuse still, though it may give no more."""
    await seat(http)
    await http.direct("plan", PLAN)
    without = {"authorisations": (s.authorisation(Scope.MONITORING),)}
    await now_are(http.engine, s.parties(gemeente_venlo=without))
    assert await http.seen(s.HOUSING) == {"rent"}
    own = (await http.get(s.HOUSING)).json()
    assert (own["persons"], own["rtos"], own["plan"]) == ([], [], None)
    assert [one["action_id"] for one in own["actions"]] == [s.ARRANGE]
    assert await http.seen(s.POLICE) == {"free", "withheld", "special", "silent"}
    assert await http.seen(s.VENLO) == set()
    asked = await http.post(s.POLICE, f"{CASE}/items/{s.SILENT}/releases", {"use": "rto"})
    assert told(asked)[1:] == ("NoAuthorisation", "R122")
    refusal = await http.post(s.POLICE, f"{CASE}/items/{s.SILENT}/release-refusals", {"use": "rto"})
    assert refusal.status_code == 200
    await now_are(http.engine, s.parties(), 3)
    assert await http.seen(s.HOUSING) == {"free", "rent"}


async def test_what_a_party_brought_in_is_shown_and_provided_to_nobody_once_it_has_left_a11(
    http: Http,
) -> None:
    await seat(http)
    await http.direct("plan", PLAN)
    assert (await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/releases", ACTIVITY)).status_code == 200
    await now_are(http.engine, s.parties(politie_limburg={"member_until": NOW}))
    assert await http.seen(s.CARE) == {"rent"}
    assert await http.seen(DIRECTOR, s.VENLO) == {"rent"}
    shown = (await http.get(s.CARE)).json()["viewing_plan"]
    assert {entry["item_id"] for entry in shown} == {s.RENT}
    assert told(await http.get(s.POLICE)) == UNKNOWN
    await now_are(http.engine, s.parties(), 3)
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    await now_are(http.engine, s.parties(politie_limburg={"member_until": NOW}), 4)
    assert told(await http.direct("take-aways", TAKING)) == (409, "ItemFrozen", "R115")
    await now_are(http.engine, s.parties(), 5)
    assert (await http.direct("take-aways", TAKING)).status_code == 200


async def test_an_item_that_has_not_left_the_house_stays_there_once_its_contributor_has_left_a11(
    http: Http,
) -> None:
    """What lies ready for a taker is stopped; its other letters go."""
    await seat(http)
    await http.direct("plan", PLAN)
    assert (await http.post(s.POLICE, f"{CASE}/items/{s.FREE}/releases", ACTIVITY)).status_code == 200
    assert (await http.direct(f"rtos/{s.RTO}/conclusion", MONITORED)).status_code == 200
    assert (await http.direct("take-aways", TAKING)).status_code == 200
    found = await rows(http.engine, "outbox", "recipient = :party", party=s.CARE)
    letters = [Row(**{name: getattr(row, name) for name in Row._fields}) for row in found]
    gate = gate_of(transaction_on(http.engine, SERVICE))
    stopped = []
    for parties in (s.parties(), s.parties(politie_limburg={"member_until": NOW})):
        async with http.engine.begin() as connection:
            judged = await gate.judge(connection, letters, parties)
        stopped.append([(row.type, refusal) for row, refusal in judged.stopped])
    assert stopped == [[], [("nl.veiligheidscasussen.items-provided.v1", ITEM_FROZEN)]]


async def test_once_the_leader_has_left_the_director_finds_another_on_nobodys_behalf_r7_r115(
    http: Http,
) -> None:
    await seat(http)
    offer = {"party": s.CARE}
    on_nobodys = f"{CASE}/direction-offers"
    assert told(await http.post(DIRECTOR, on_nobodys, offer)) == (409, "NotOnBehalfOfAnyone", "R7")
    await now_are(http.engine, s.parties(gemeente_venlo={"member_until": NOW}))
    assert told(await http.direct("direction-offers", offer)) == (403, "NotAParty", "R1")
    for behalf in (None, s.VENLO):
        assert told(await http.get(DIRECTOR, behalf=behalf)) == UNKNOWN
    assert await http.seen(s.HOUSING) == {"rent"}, "nothing of others, in the name of who has left"
    assert told(await http.post("other-director", on_nobodys, offer)) == UNKNOWN
    assert (await http.post(DIRECTOR, on_nobodys, offer)).status_code == 200
    (noted,) = await rows(http.engine, "journal", "what = 'DirectionOffered'")
    assert (noted.role, noted.on_behalf_of, noted.party) == ("process-director", None, None)
    letters = await rows(
        http.engine, "outbox", "recipient = :party AND type LIKE '%direction%'", party=s.CARE
    )
    assert [row.type for row in letters] == ["nl.veiligheidscasussen.direction-vacant.v1"]
    taking = {"case_director": "Persoon B", "acting_body": "bestuur", **LEADS_UNDER}
    assert (await http.post(s.CARE, f"{CASE}/direction/acceptance", taking)).status_code == 200
    assert (await http.get(DIRECTOR, behalf=s.CARE)).status_code == 200


async def test_whatever_a_party_may_send_its_worker_may_also_do_over_http(http: Http) -> None:
    """Small parties run no connector (design, section 1)."""
    sent = {x.model for x in all_messages() if x.service == "rto" and x.direction is Direction.FROM_PARTY}
    assert sent <= set(SERVICE.handlers)
    paths = make_app("test", *routers()).openapi()["paths"]
    for_workers = {path for path, acts in paths.items() if acts.get("post", {}).get("tags") == ["parties"]}
    assert len(for_workers) == len(sent)
