"""Retention over HTTP, with real tokens, a real PostgreSQL and real keys; the relay is not started."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import AUDIENCE, make_issuer, write_people
from services.retention import commands as c
from services.retention import store
from services.retention.api import router
from services.retention.key_api import key_router
from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from services.retention.main import SERVICE
from services.retention.proofs import FIRST, Ending, ProofOfDestruction, digest_of
from services.retention.state import MUST_CONFIRM
from services.retention.viewing import ONE_READING
from shared.clock import Clock, machine_now
from shared.contract.fields import Category, ItemStatus, Theme
from shared.contract.messages.rto import DrawnFrom
from shared.core.actor import Command
from shared.core.item_standing import Standing
from shared.core.outcome import DeliveryStatus
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.handling.transaction import Transaction
from shared.http.app import make_app
from shared.http.oidc import Issuer
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.leaving import gate_of
from tests.support.samples import retention as s
from tests.support.spec import NOW
from tests.support.transactions import attach, delivery, know, rows, transaction_on

ISSUER = "https://issuer.test"
KEY = b"k" * 32
DIRECTOR, OTHER_DIRECTOR, MANAGER = "director", "other-director", "manager"
CARE, VENLO, POLICE, HOUSING = (f"worker-{party}" for party in (s.CARE, s.VENLO, s.POLICE, s.HOUSING))
PEOPLE = {
    DIRECTOR: ("process-director", None),
    OTHER_DIRECTOR: ("process-director", None),
    "support": ("support-worker", None),
    MANAGER: ("manager", None),
    "other-manager": ("manager", None),
    "secretary": ("secretary", None),
    "officer": ("privacy-officer", None),
    CARE: ("party-worker", s.CARE),
    VENLO: ("party-worker", s.VENLO),
    POLICE: ("party-worker", s.POLICE),
    HOUSING: ("party-worker", s.HOUSING),
}
CASE = f"/cases/{s.CASE}"


class Http:
    """People and services at retention, each with a token of their own; `tell` is what Kafka would bring."""

    def __init__(
        self, app: FastAPI, tokens: AsyncClient, engine: AsyncEngine, transaction: Transaction[Any]
    ) -> None:
        self._client = AsyncClient(transport=ASGITransport(app), base_url="https://retention.test")
        self._tokens, self._transaction, self.engine = tokens, transaction, engine
        self.keys: CaseKeyClient = app.state.reader.keys
        self.clock_file: Path = app.state.reader.clock.file

    async def get(self, who: str, path: str, on_behalf_of: str | None = None) -> Response:
        return await self._client.get(path, headers=await self._headers(who, on_behalf_of))

    async def post(
        self, who: str, path: str, body: Any, on_behalf_of: str | None = None, *, key: str | None = None
    ) -> Response:
        headers = await self._headers(who, on_behalf_of) | {"idempotency-key": key or new_id()}
        return await self._client.post(path, json=body, headers=headers)

    async def tell(self, *commands: Command, at: datetime = NOW, case_id: str = s.CASE) -> None:
        """The commands with their texts really sealed; each must take effect."""
        key = (await self.keys.get([s.CASE], make=True))[s.CASE]
        assert isinstance(key, CaseKey)

        outcomes = await self._transaction.run([delivery(case_id, one, at=at, key=key) for one in commands])
        assert {outcome.status for outcome in outcomes} <= {DeliveryStatus.ACCEPTED}, outcomes

    async def subject(self, who: str) -> str:
        """The opaque subject in this person's token."""
        token = (await self._headers(who, None))["authorization"].split(".")[1]
        subject: str = json.loads(base64.urlsafe_b64decode(token + "=="))["sub"]
        return subject

    def moment(self) -> datetime:
        """Covenant time now."""
        return Clock(self.clock_file).now()

    def move_to(self, moment: datetime) -> None:
        """Covenant time, from now on."""
        offset = (moment - machine_now()).total_seconds()
        self.clock_file.write_text(json.dumps({"offset_seconds": offset}))

    async def close(self) -> None:
        await self._client.aclose()

    async def _headers(self, who: str, on_behalf_of: str | None) -> dict[str, str]:
        form = {"grant_type": "password", "username": who, "password": who}
        if who in ("intake", "triage"):
            form = {"grant_type": "client_credentials", "client_id": who, "client_secret": who}
        answer = await self._tokens.post(f"{ISSUER}/token", data=form)
        behalf = {"on-behalf-of": on_behalf_of} if on_behalf_of else {}
        return {"authorization": f"Bearer {answer.json()['access_token']}"} | behalf


@pytest.fixture
async def http(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Http]:
    engine = await fresh_database(SERVICE)
    await know(engine, s.PARTIES)
    people = {
        who: {"password": who, "roles": [role], "party": party, "name": who}
        for who, (role, party) in PEOPLE.items()
    }
    clients = {name: {"password": name, "service": name} for name in ("intake", "triage")}
    write_people(tmp_path, people, clients)
    tokens = AsyncClient(transport=ASGITransport(make_issuer(ISSUER, tmp_path)))
    clock = Clock(tmp_path / "clock.json")
    authority = KeyAuthority().use(KeyStore(tmp_path / "keys", KEY, "test"), clock, timedelta(days=30))
    transaction, parties, keys = (
        transaction_on(engine, SERVICE),
        PartyReplica(),
        CaseKeyClient(authority, "test"),
    )
    house_keys = HouseKeys(tmp_path / "house", KEY, Clock().now)
    producer = AIOKafkaProducer()
    codec, gate = SignedAndSealed(house_keys), gate_of(transaction)
    relay = Relay(engine, producer, parties, keys, codec, "urn:nld:oin:test", gate, ())
    app = make_app("test", router, key_router(authority))
    app.state.issuer = Issuer(tokens, ISSUER, AUDIENCE)
    attach(app, transaction, SERVICE, parties=parties, keys=keys, relay=relay, clock=clock, digest_key=KEY)
    http = Http(app, tokens, engine, transaction)
    http.move_to(NOW)
    yield http
    await http.close()
    await tokens.aclose()
    await producer.stop()


async def step_1(http: Http, *parts: Command, **changes: Any) -> None:
    """A case of this director, de-escalated at `NOW` with Care leading; `changes` of what its file holds."""
    director, support = await http.subject(DIRECTOR), await http.subject("support")
    file = s.file(director=director, support_workers=(support,), **changes)
    await http.tell(
        c.OpenCase(
            by=s.by_service("intake"),
            case=s.taken_up(director, support, referrer_name=s.text("referrer")),
        ),
        *(c.RecordHandedOverItem(by=s.by_service(), item=item, shown_to=(s.CARE,)) for item in s.ITEMS),
        *parts,
        c.Deescalate(by=s.by_service(), file=file),
    )


async def test_who_led_reads_the_agreements_as_long_as_it_may_what_they_drew_on_r70_a19(http: Http) -> None:
    """The rest of the joint record was drawn from nothing."""
    drawn = DrawnFrom(item_id=s.POLICES, contributor=s.POLICE, category=Category.ORDINARY, released=True)
    await step_1(http, c.RecordFilePart(by=s.by_service(), drawn_from=(drawn,)))
    led = (await http.get(CARE, CASE)).json()
    plan = led["plan"]
    assert plan["agreements"] == "piece-agreements"
    assert led["takers"] == [s.TAKER.model_dump()], "it tells the data subject who takes what (R83)"
    assert (await http.get(POLICE, CASE)).json()["takers"] == []
    limited = Standing(s.POLICES, s.POLICE, 1, ItemStatus.LIVE, (s.CARE,))
    await http.tell(c.FollowStanding(by=s.by_service(), standing=limited))
    assert (await http.get(CARE, CASE)).json()["plan"] == plan | {"agreements": None}
    assert (await http.get(DIRECTOR, CASE, s.CARE)).json()["plan"] == plan, "that withholds it from Care"
    back = Standing(s.POLICES, s.POLICE, 2, ItemStatus.WITHDRAWN, (s.CARE,))
    await http.tell(c.FollowStanding(by=s.by_service(), standing=back))
    assert (await http.get(DIRECTOR, CASE, s.CARE)).json()["plan"] == plan | {"agreements": None}


async def step_2(http: Http) -> None:
    """The same, cleaned of all but one item of the police, and archived."""
    await step_1(http)
    assert (await clean(http, s.POLICES)).status_code == 200
    await http.tell(s.ARCHIVE, at=s.ARCHIVE_ON)
    http.move_to(s.ARCHIVE_ON)


async def clean(http: Http, *ids: str, who: str = DIRECTOR, on_behalf_of: str | None = s.CARE) -> Response:
    body = {"kept_items": [{"item_id": one, "reason": "Nodig bij terugval."} for one in ids]}
    return await http.post(who, f"{CASE}/cleaning", body, on_behalf_of)


def told(response: Response) -> tuple[int, str, str]:
    return response.status_code, response.json()["title"], response.json()["rule"]


NOBODY = (404, "UnknownCase", "R34")
STUB = {"case_id", "persons", "referrer", "case_director"}


# --- step 1 ---------------------------------------------------------------------------------------


async def test_the_director_reads_cleans_and_reads_what_is_left_r95(http: Http) -> None:
    await step_1(http)
    before = (await http.get(DIRECTOR, CASE, s.CARE)).json()
    assert {item["item_id"] for item in before["items"]} == {s.OURS, s.POLICES, s.WITHHELD}, "R21"
    assert before["items"][0]["content"] == "piece-content-11"
    assert (await clean(http, s.POLICES)).json() == {}
    after = (await http.get(DIRECTOR, CASE, s.CARE)).json()
    assert [item["item_id"] for item in after["items"]] == [s.POLICES]
    assert after["reasons"] == [{"item_id": s.POLICES, "reason": "Nodig bij terugval."}]
    assert (after["plan"]["agreements"], after["plan"]["actions"][0]["description"]) == (
        "piece-agreements",
        "piece-action",
    )
    assert {person["name"] for person in after["persons"]} == {"piece-name-2", "piece-name-3"}
    assert {person["bsn"] for person in after["persons"]} == {None}
    assert after["case_director"] == {"name": "piece-case-director", "organisation": s.CARE}
    assert datetime.fromisoformat(after["destroyed_on"]) == s.DESTROY_ON


async def test_from_whom_an_item_is_withheld_its_contributor_and_the_house_read_alone_r62(http: Http) -> None:
    await step_1(http)
    nobody: list[str] = []
    looks = ((POLICE, None, [s.HOUSING]), (CARE, None, nobody), (DIRECTOR, s.CARE, [s.HOUSING]))
    for who, behalf, expected in looks:
        items = {item["item_id"]: item for item in (await http.get(who, CASE, behalf)).json()["items"]}
        assert items[s.POLICES]["withheld_from"] == expected, who


@pytest.mark.clause(
    "R24.a",
    allowed="Van elk gegeven dat een partij te zien krijgt, wordt vastgelegd welke partij het gaf en "
    "welke het kreeg.",
)
@pytest.mark.clause(
    "R24.a", refused="Van een gegeven dat een partij niet te zien krijgt, staat er geen verstrekker."
)
async def test_each_look_is_in_the_access_log_with_whose_it_was_r129(http: Http) -> None:
    await step_1(http)
    await http.get(POLICE, CASE)
    log = await rows(http.engine, "access_log", "thing LIKE 'item/%' ORDER BY thing")
    assert [(entry.thing[-2:], entry.allowed, entry.given_on_behalf_of) for entry in log] == [
        ("11", False, None),
        ("12", True, s.POLICE),
        ("13", True, s.POLICE),
        ("14", True, s.POLICE),
        ("15", False, None),
    ]
    assert {entry.party for entry in log} == {s.POLICE}


async def test_who_has_nothing_to_do_with_the_file_is_told_what_everybody_is_of_nothing_r34(
    http: Http,
) -> None:
    await step_1(http)
    for who, behalf in (
        (MANAGER, None),
        (HOUSING, None),
        ("secretary", None),
        ("officer", None),
        (OTHER_DIRECTOR, s.CARE),
        (DIRECTOR, s.VENLO),
        (DIRECTOR, None),
    ):
        there, never = await http.get(who, CASE, behalf), await http.get(who, f"/cases/{s.RTO}", behalf)
        assert told(there) == told(never) == NOBODY
        assert there.json() == never.json()


async def test_cleaning_is_for_this_director_on_behalf_of_the_last_leader_r100(http: Http) -> None:
    await step_1(http)
    assert told(await clean(http, on_behalf_of=s.VENLO)) == (409, "NotOnBehalfOfTheLastLeadingParty", "R100")
    assert told(await clean(http, who=OTHER_DIRECTOR)) == NOBODY
    assert told(await clean(http, who=CARE, on_behalf_of=None))[0] == 403
    assert told(await clean(http, on_behalf_of=None)) == (409, "NotOnBehalfOfAnyone", "R7")
    blank = {"kept_items": [{"item_id": s.POLICES, "reason": " "}]}
    refused = await http.post(DIRECTOR, f"{CASE}/cleaning", blank, s.CARE)
    assert told(refused) == (409, "NecessityNotConfirmed", "R95")
    assert len((await http.get(DIRECTOR, CASE, s.CARE)).json()["items"]) == 3


async def test_on_the_boundary_day_the_file_is_closed_though_no_timer_has_fired_r88_a4(http: Http) -> None:
    """R88: the broker may be away, and timers wait for it."""
    await step_1(http)
    http.move_to(s.ARCHIVE_ON - timedelta(minutes=1))
    assert (await http.get(CARE, CASE)).json()["items"]
    http.move_to(s.ARCHIVE_ON)
    assert set((await http.get(DIRECTOR, CASE, s.CARE)).json()) == STUB
    assert told(await http.get(CARE, CASE)) == told(await http.get(POLICE, CASE)) == NOBODY
    assert told(await clean(http, s.POLICES)) == (409, "NotInStepOne", "R87")
    http.move_to(s.DESTROY_ON)
    for who, behalf in ((DIRECTOR, s.CARE), (MANAGER, None), (CARE, None)):
        assert told(await http.get(who, CASE, behalf)) == NOBODY


# --- step 2 ---------------------------------------------------------------------------------------


@pytest.mark.clause("R89.a", allowed="Van een gearchiveerd dossier worden precies vier dingen getoond.")
@pytest.mark.clause(
    "R89.c",
    allowed="Van een persoon in een gearchiveerd dossier worden naam, geboortedatum en adres getoond.",
)
@pytest.mark.clause(
    "R89.c", refused="De rol van een persoon in de casus wordt van een gearchiveerd dossier niet getoond."
)
@pytest.mark.clause("R89.d", refused="Was er een casusregisseur, dan staan zijn naam en zijn organisatie er.")
async def test_in_step_2_exactly_four_things_are_shown_r89(http: Http) -> None:
    await step_2(http)
    for who, behalf in ((DIRECTOR, s.CARE), ("support", s.CARE), (MANAGER, None)):
        stub = (await http.get(who, CASE, behalf)).json()
        assert set(stub) == STUB
        assert stub["case_id"] == s.CASE
        assert stub["referrer"] == {"name": "piece-referrer", "organisation": s.VENLO}
        assert all(set(one) == {"name", "date_of_birth", "address"} for one in stub["persons"]), "no role"
        assert stub["case_director"] == {"name": "piece-case-director", "organisation": s.CARE}
        assert [person["name"] for person in stub["persons"]] == ["piece-name-2", "piece-name-3"]
    for who in (CARE, VENLO, POLICE, HOUSING, "secretary", "officer"):
        assert told(await http.get(who, CASE)) == NOBODY


@pytest.mark.clause(
    "R89.d",
    allowed="Was er geen casusregisseur, dan staat op die plaats de organisatie van de leidende partij.",
)
async def test_without_a_case_director_the_party_that_led_stands_in_its_place_r89_a3(http: Http) -> None:
    await step_1(http, case_director=None)
    http.move_to(s.ARCHIVE_ON)
    stub = (await http.get(DIRECTOR, CASE, s.CARE)).json()
    assert stub["case_director"] == {"name": None, "organisation": s.CARE}
    assert stub["referrer"]["organisation"] == s.VENLO, "who referred the case led it no more"


async def test_the_manager_reads_the_archived_file_once_per_decision_r90(http: Http) -> None:
    await step_2(http)
    path, reason = f"{CASE}/archived-file", {"reason": "Melding van terugval."}
    closed = (403, "NoInspectionDecided", "R90")
    assert told(await http.post(MANAGER, path, {})) == closed
    blank = await http.post(MANAGER, f"{CASE}/inspections", {"reason": " "})
    assert told(blank) == (409, "ReasonMissing", "R90")
    assert (await http.post(MANAGER, f"{CASE}/inspections", reason)).status_code == 200
    twice = await http.post(MANAGER, f"{CASE}/inspections", reason)
    assert told(twice) == (409, "InspectionStillOpen", "R90")
    assert told(await http.post("other-manager", path, {})) == closed
    key = new_id()
    file = (await http.post(MANAGER, path, {}, key=key)).json()
    assert [item["content"] for item in file["items"]] == ["piece-content-12"]
    assert file["plan"]["agreements"] == "piece-agreements"
    assert file["reasons"][0]["reason"] == "Nodig bij terugval."
    assert told(await http.post(MANAGER, path, {})) == closed
    assert (await http.post(MANAGER, path, {}, key=key)).json() == file
    http.move_to(http.moment() + ONE_READING)
    assert told(await http.post(MANAGER, path, {}, key=key)) == closed
    assert set((await http.get(MANAGER, CASE)).json()) == STUB
    decided = await rows(http.engine, "journal", "what LIKE 'Inspection%' AND rule IS NULL ORDER BY entry")
    assert [entry.what for entry in decided] == ["InspectionDecided", "InspectionUsed"]
    looked = await rows(http.engine, "access_log", "thing LIKE 'item/%/inspection-1' AND allowed")
    assert [entry.role for entry in looked] == ["manager", "manager"]  # the lost answer, given again


async def test_nobody_but_the_manager_inspects_and_nothing_but_an_archived_file_a9(http: Http) -> None:
    await step_1(http)
    reason = {"reason": "Melding van terugval."}
    assert told(await http.post(MANAGER, f"{CASE}/inspections", reason)) == NOBODY
    assert told(await http.post(MANAGER, f"{CASE}/archived-file", {})) == NOBODY
    for who, behalf in ((DIRECTOR, s.CARE), (CARE, None), ("officer", None)):
        there = await http.post(who, f"{CASE}/inspections", reason, behalf)
        assert told(there) == (403, "NotForThisRole", "R6")
        assert told(await http.post(who, f"{CASE}/archived-file", {}, behalf))[0] == 403


async def test_a_party_without_a_connector_reads_what_it_is_to_do_at_the_destruction_r99(http: Http) -> None:
    """R99, R104: the same as in the letter, with the number under which it hears of it afterwards."""
    await step_1(http)
    assert told(await http.get(CARE, f"{CASE}/destruction")) == NOBODY
    await http.tell(s.ARCHIVE, at=s.ARCHIVE_ON)
    http.move_to(s.ARCHIVE_ON)
    leader, police = [(await http.get(who, f"{CASE}/destruction")).json() for who in (CARE, POLICE)]
    assert leader["inform_data_subject"] is True
    assert leader["contents"] == ["file-is-destroyed", "where-to-exercise-rights"]
    assert leader["takers"] == [dict(s.TAKER)]
    assert (police["inform_data_subject"], police["contents"], police["takers"]) == (False, [], [])
    assert datetime.fromisoformat(leader["destroyed_on"]) == s.DESTROY_ON
    letters = await rows(http.engine, "outbox", "type LIKE '%destruction-announced%'")
    sent = {row.recipient: json.loads(row.body)["reference"] for row in letters}
    assert (leader["reference"], police["reference"]) == (sent[s.CARE], sent[s.POLICE])
    for who, behalf in ((HOUSING, None), (MANAGER, None), (DIRECTOR, s.CARE), ("officer", None)):
        assert told(await http.get(who, f"{CASE}/destruction", behalf)) == NOBODY
    http.move_to(s.DESTROY_ON)
    assert told(await http.get(CARE, f"{CASE}/destruction")) == NOBODY


async def test_in_step_1_the_director_takes_the_case_up_again_and_the_file_is_gone_here_a5(
    http: Http,
) -> None:
    await step_1(http)
    reason = {"reason": "Terugval; een nieuw RTO is nodig."}
    path = f"{CASE}/reactivation"
    for who, behalf in ((MANAGER, None), (OTHER_DIRECTOR, s.CARE)):
        assert (await http.post(who, path, reason, behalf)).status_code == 404
    for who in (CARE, VENLO, "officer"):
        assert (await http.post(who, path, reason)).status_code == 403
    assert told(await http.post(DIRECTOR, path, {"reason": " "}, s.CARE)) == (409, "ReasonMissing", "R90")
    assert (await http.post(DIRECTOR, path, reason, s.CARE)).status_code == 200
    assert told(await http.get(DIRECTOR, CASE, s.CARE)) == NOBODY
    assert await rows(http.engine, "due") == [], "no term runs"
    pieces = await rows(http.engine, "pieces")
    assert [row.piece for row in pieces if row.sealed_by == "rto"] == ["piece-referrer"]
    assert len(pieces) == 2, "and why it was reactivated"
    sent = [row.type.split(".")[-2] for row in await rows(http.engine, "outbox")]
    assert (sent.count("case-reactivated"), sent.count("file-reactivated")) == (1, 3)


async def test_the_leading_party_asks_and_the_manager_decides_on_an_archived_file_a9(http: Http) -> None:
    await step_2(http)
    ask, reason = f"{CASE}/reactivation-request", {"reason": "Terugval bij de betrokkene."}
    for who in (VENLO, POLICE, HOUSING):
        refused = await http.post(who, ask, reason)
        assert refused.status_code == 404
    assert (await http.get(MANAGER, "/reactivation-requests")).json()["requests"] == []
    assert (await http.post(CARE, ask, reason)).status_code == 200
    assert told(await http.post(CARE, ask, reason)) == (409, "ReactivationAlreadyAsked", "R90")
    (found,) = (await http.get(MANAGER, "/reactivation-requests")).json()["requests"]
    assert found == {"case_id": s.CASE, "leading_party": s.CARE, **reason}
    assert set((await http.get(MANAGER, CASE)).json()) == STUB, "and the stub is what it was"
    for who, behalf in ((DIRECTOR, s.CARE), (CARE, None), ("officer", None)):
        assert (await http.get(who, "/reactivation-requests", behalf)).json()["requests"] == []
    refused = await http.post(DIRECTOR, f"{CASE}/reactivation", reason, s.CARE)
    assert told(refused) == (409, "OnlyWhileActive", "R90")
    assert (await http.post(MANAGER, f"{CASE}/reactivation", reason)).status_code == 200
    assert (await http.get(MANAGER, "/reactivation-requests")).json()["requests"] == []
    assert told(await http.get(MANAGER, CASE)) == NOBODY
    (event,) = await rows(http.engine, "outbox", "type LIKE '%case-reactivated%'")
    assert (json.loads(event.body)["archived"], json.loads(event.body)["kept_items"]) == (True, [s.POLICES])


async def test_in_step_1_what_the_leading_party_asks_stands_in_the_file_for_the_director_a9(
    http: Http,
) -> None:
    await step_1(http)
    await http.post(CARE, f"{CASE}/reactivation-request", {"reason": "Terugval."})
    assert (await http.get(DIRECTOR, CASE, s.CARE)).json()["reactivation_asked"] == "Terugval."
    assert (await http.get(POLICE, CASE)).json()["reactivation_asked"] is None
    assert (await http.get(MANAGER, "/reactivation-requests")).json()["requests"] == []


# --- closing and what stays -----------------------------------------------------------------------


async def test_a_closing_case_shows_until_when_and_to_whom_r102(http: Http) -> None:
    await http.tell(next(x for x in s.COMMANDS if isinstance(x, c.CloseEarly)))
    expected = {"case_id": s.CASE, "phase": "closing", "leading_party": s.VENLO}
    for who, behalf in ((VENLO, None), (DIRECTOR, s.VENLO)):
        seen = (await http.get(who, CASE, behalf)).json()
        assert datetime.fromisoformat(seen.pop("removed_on")) == NOW + s.TERM
        assert seen == expected
    for who in (POLICE, MANAGER, "support"):
        assert told(await http.get(who, CASE, s.VENLO if who == "support" else None)) == NOBODY


def confirmed(service: str) -> c.ConfirmPurge:
    return c.ConfirmPurge(by=s.by_service(service), house_keys=(f"kid-of-{service}",))


async def erased(http: Http) -> None:
    await http.tell(next(x for x in s.COMMANDS if isinstance(x, c.CloseEarly)))
    await http.tell(s.ERASE, at=NOW + s.TERM)
    for service in ("intake", "triage", "rto"):
        await http.tell(confirmed(service))
    (under_way,) = (await http.get("officer", "/erasures")).json()["erasures"]
    assert (under_way["missing"], under_way["key_destroyed_next"]) == (["governance"], False)
    assert s.CASE not in str(under_way)
    await http.tell(confirmed("governance"))
    assert (await http.get(MANAGER, "/erasures")).json()["erasures"][0]["key_destroyed_next"] is True
    await http.tell(next(x for x in s.COMMANDS if isinstance(x, c.RecordKeyDestroyed)))


async def test_what_stays_is_a_proof_and_a_figure_that_lead_to_nobody_r106_a24(http: Http) -> None:
    await erased(http)
    assert (await http.get(MANAGER, "/erasures")).json() == {"erasures": [], "after": None}
    proofs = (await http.get("officer", "/proofs")).json()
    assert proofs["broken_at"] is None
    (proof,) = proofs["proofs"]
    assert proof["month"] == "2027-03"
    assert set(proof) & {"theme", "ending"} == set(), "beside the figures they would lead to the case"
    assert proof["destruction"] == {"status": "erased-in-the-services", "backups_lapse_in": "2027-04"}
    figures = (await http.get(MANAGER, "/figures")).json()
    assert (figures["total"], {cell["count"] for cell in figures["cells"]}) == (0, {None})
    http.move_to(s.DESTROY_ON + timedelta(days=365))
    assert (await http.get(MANAGER, "/figures")).json()["total"] is None, "the year is over, with one case"
    for leads in (s.CASE, s.VENLO, s.MAN):
        assert leads not in str((proofs, figures))


async def test_no_theme_or_ending_can_be_tried_out_on_what_a_proof_shows_r106(http: Http) -> None:
    """R106: of a bare digest all is known but these two, of which there are thirty-six together."""
    await erased(http)
    (proof,) = (await http.get("officer", "/proofs")).json()["proofs"]
    tried = {
        digest_of(
            proof["number"],
            ProofOfDestruction(
                proof_id=proof["proof_id"],
                month=proof["month"],
                theme=theme,
                ending=ending,
                confirmed_by=tuple(proof["confirmed_by"]),
                backups_lapse_in=proof["destruction"]["backups_lapse_in"],
            ),
            FIRST,
        ).hex()
        for theme in Theme
        for ending in Ending
    }
    async with http.engine.connect() as connection:
        (link,) = await store.proofs(connection, first=1, most=10)
    assert link.digest.hex() in tried, "that is how it would be done"
    assert proof["digest"] not in tried


async def status(http: Http) -> str:
    (proof,) = (await http.get("officer", "/proofs")).json()["proofs"]
    found: str = proof["destruction"]["status"]
    return found


@pytest.mark.clause(
    "R105.c",
    allowed="Zijn de laatste sleutel en de laatste reservekopie weg, dan heet de vernietiging volledig.",
)
@pytest.mark.clause(
    "R105.c",
    refused="Zolang er nog een sleutel of een reservekopie is waarmee iets te lezen is, heet de "
    "vernietiging niet volledig.",
)
async def test_a_destruction_is_complete_when_the_last_key_and_the_last_backup_are_gone_r105(
    http: Http,
) -> None:
    """R105: complete is said of what can be opened nowhere any more."""
    await erased(http)
    http.move_to(s.DESTROY_ON + timedelta(days=60))
    for service in (*MUST_CONFIRM, "retention"):
        assert await status(http) == "erased-in-the-services"
        gone = c.RecordHouseKeysDestroyed(by=s.by_service(service), house_keys=(f"kid-of-{service}",))
        await http.tell(gone, case_id=s.number(99))
    assert await status(http) == "complete"
    http.move_to(s.DESTROY_ON + timedelta(days=30))
    assert await status(http) == "erased-in-the-services", "in the month in which the last backup lapses"


async def test_registers_are_not_for_everybody_r91(http: Http) -> None:
    for path, readers in (
        ("/figures", {MANAGER, "other-manager"}),
        ("/proofs", {MANAGER, "other-manager", "officer"}),
        ("/erasures", {MANAGER, "other-manager", "officer"}),
    ):
        allowed = {who for who in PEOPLE if (await http.get(who, path)).status_code == 200}
        assert allowed == readers


# --- keys -----------------------------------------------------------------------------------------


async def test_only_intake_has_keys_made_and_another_service_gets_none_before_the_case_is_taken_up(
    http: Http,
) -> None:
    wanted = {"case_ids": [s.CASE, s.MAN], "make": True}
    assert told(await http.post("triage", "/case-keys", wanted)) == (403, "OnlyIntakeOpensCases", "R15")
    never = (await http.post("triage", "/case-keys", wanted | {"make": False})).json()
    assert never == {"keys": {s.CASE: {"status": "unknown"}, s.MAN: {"status": "unknown"}}}
    made = (await http.post("intake", "/case-keys", wanted)).json()
    assert {answer["status"] for answer in made["keys"].values()} == {"ready"}
    assert [len(base64.urlsafe_b64decode(a["key"] + "==")) for a in made["keys"].values()] == [32, 32]
    withheld = {"status": "unavailable", "withheld": True}
    answered = (await http.post("triage", "/case-keys", wanted | {"make": False})).json()
    assert answered == {"keys": {s.CASE: withheld, s.MAN: withheld}}


async def test_no_person_gets_a_key(http: Http) -> None:
    for who in PEOPLE:
        refused = await http.post(who, "/case-keys", {"case_ids": [s.CASE]})
        assert told(refused) == (403, "OnlyServicesGetKeys", "R127")
    assert (await http._client.post("/case-keys", json={"case_ids": [s.CASE]})).status_code == 401


async def test_a_service_is_no_person(http: Http) -> None:
    assert (await http.get("intake", CASE)).status_code == 403
    assert (await http.get("intake", "/figures")).status_code == 403
