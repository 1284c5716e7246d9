"""Triage over HTTP on a real PostgreSQL: what each person can do, and what a queried party cannot learn."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.triage import commands as c
from services.triage.api import PAGE, routers
from services.triage.main import SERVICE
from shared.clock import Clock, machine_now
from shared.core.actor import CLOCK, Role
from shared.core.outcome import DeliveryStatus
from shared.crypto import case_key_client
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.http.app import make_app, signed_in
from shared.http.oidc import Identity
from shared.http.reading import CaseReader
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.samples import triage as s
from tests.support.transactions import attach, delivery, know, now_are, rows, tables, transaction_on

HOUSE = "test-house"
KEY = b"k" * 32
PATH = f"/cases/{s.CASE}"


class OneKey:
    """A key authority that holds one key for every case."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes]]:
        return dict.fromkeys(case_ids, (KeyStatus.READY, KEY))

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


class NoRelay:
    """Nothing is sent in these tests; the outbox is what they look at."""

    def wake(self) -> None:
        """There is nobody to wake."""


@dataclass
class Person:
    """Somebody who is signed in."""

    client: httpx.AsyncClient
    become: Callable[[Identity], None]
    identity: Identity
    on_behalf_of: str | None = None

    async def get(self, path: str = PATH) -> httpx.Response:
        self.become(self.identity)
        return await self.client.get(path, headers=self._headers())

    async def post(self, path: str, body: Mapping[str, Any], **headers: str) -> httpx.Response:
        self.become(self.identity)
        own = {"idempotency-key": new_id(), **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.client.post(PATH + path, json=body, headers=self._headers() | own)

    def _headers(self) -> dict[str, str]:
        return {"on-behalf-of": self.on_behalf_of} if self.on_behalf_of else {}


@dataclass
class Office:
    """The HTTP side of triage, with one case opened in it."""

    engine: AsyncEngine
    clock: Clock
    client: httpx.AsyncClient
    become: Callable[[Identity], None]
    reader: CaseReader[Any]
    _people: dict[str, Person] = field(default_factory=dict)

    def worker(self, party: str) -> Person:
        identity = Identity(f"worker-{party}", frozenset({Role.PARTY_WORKER}), party)
        return Person(self.client, self.become, identity)

    def director(self, subject: str = s.DIRECTOR, on_behalf_of: str | None = s.VENLO) -> Person:
        return Person(
            self.client, self.become, Identity(subject, frozenset({Role.PROCESS_DIRECTOR})), on_behalf_of
        )


@asynccontextmanager
async def office_on(engine: AsyncEngine, **case: Any) -> AsyncIterator[Office]:
    clock, transaction = Clock(None), transaction_on(engine, SERVICE)
    keys = CaseKeyClient(OneKey(), HOUSE)
    app = make_app("zvh-triage", *routers())
    relay = cast(Relay, NoRelay())
    attach(
        app,
        transaction,
        SERVICE,
        parties=PartyReplica(),
        keys=keys,
        relay=relay,
        clock=clock,
        digest_key=b"d" * 32,
    )
    who: list[Identity] = []
    app.dependency_overrides[signed_in] = lambda: who[-1]
    key = CaseKey(KEY, house=HOUSE, case_id=s.CASE)
    opened = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(**case))
    await transaction.run([delivery(s.CASE, opened, at=clock.now(), key=key)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://triage") as client:
        yield Office(engine, clock, client, who.append, app.state.reader)


@pytest.fixture
async def office(fresh_database: FreshDatabase) -> AsyncIterator[Office]:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    async with office_on(engine) as made:
        yield made


MANAGER = Identity("manager", frozenset({Role.MANAGER}))


def query(office: Office, recipient: Any = s.POLICE, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "recipient": recipient,
        "task": s.TASK,
        "purpose": "Bepalen of een aanpak nodig is.",
        "necessity": "Alleen deze partij weet het.",
        "question": "Is deze persoon bekend?",
        "reason": "Betrokken in de wijk.",
        "referrer_estimate": "Kwam vaker langs.",
        "persons": [s.MAN],
        "reply_before": (office.clock.now() + timedelta(days=7)).isoformat(),
    }
    return given | changes


def answered(query_id: str, item_id: str, **changes: Any) -> dict[str, Any]:
    item = s.item(item_id, necessity="nodig", content=f"geheim {item_id}", **changes)
    return {
        "query_id": query_id,
        "involved": True,
        "plan_contribution": f"plan {item_id}",
        "items": [item.model_dump(mode="json")],
    }


PICTURE = {
    "parties": [s.POLICE],
    "plan_contribution": "Kennis.",
    "execution_contribution": "Toezicht.",
    "information": "Meldingen; bereid.",
}


def planned(item_id: str) -> dict[str, Any]:
    """A preparation in which this item is shown to one participant."""
    return {
        "goal": "Een plan.",
        "decision_types": ["plan-of-action"],
        "themes": ["housing"],
        "participants": [{"party": s.CARE, "role": "executor", "contribution": "Toelichting."}],
        "viewing_plan": [{"item_id": item_id, "participant": s.CARE, "reason": "Voor de rol."}],
        "citizen": "invited",
        "care_agreements": "Alleen voor dit overleg, daarna weg, en niemand neemt iets mee.",
        "care_subjects": ["purpose-and-use", "keeping-and-destroying", "taking-along-with-consent-only"],
        "consulted_leading_party": True,
    }


async def ask(office: Office, recipient: str, **changes: Any) -> str:
    response = await office.director().post("/queries", query(office, recipient, **changes))
    assert response.status_code == 200, response.text
    query_id: str = response.json()["query_id"]
    return query_id


async def test_a_query_is_asked_listed_answered_and_read_by_whom_it_concerns_r33_r34(
    office: Office,
) -> None:
    police, care = await ask(office, s.POLICE), await ask(office, s.CARE)
    listed = (await office.worker(s.POLICE).get("/queries")).json()
    assert [(q["query_id"], q["question"]) for q in listed["queries"]] == [
        (police, "Is deze persoon bekend?")
    ]
    assert listed["queries"][0]["persons"][0]["name"] == "piece-name-1"
    for party, query_id, item in ((s.POLICE, police, s.ITEM), (s.CARE, care, s.SPECIAL)):
        response = await office.worker(party).post(f"/queries/{query_id}/answers", answered(query_id, item))
        assert response.json() == {"query_id": query_id}
    assert (await office.worker(s.POLICE).get("/queries")).json()["queries"] == []

    for reader in (office.director(), office.worker(s.VENLO)):
        seen = (await reader.get()).json()
        assert {i["content"] for i in seen["items"]} == {
            "piece-content-0a",
            f"geheim {s.ITEM}",
            f"geheim {s.SPECIAL}",
        }
        assert [q["choice"]["reason"] for q in seen["queries"]] == ["Betrokken in de wijk."] * 2
        assert (seen["phase"], "version" in seen) == ("triage", False)

    own = await office.worker(s.POLICE).get()
    assert set(own.json()) == {"case_id", "persons", "items", "queries"}
    assert [i["item_id"] for i in own.json()["items"]] == [s.ITEM]
    assert [q["query_id"] for q in own.json()["queries"]] == [police]
    assert [i["version"] for i in own.json()["items"]] == [1], "of its own item, and not of the case"
    for secret in (s.SPECIAL, care, s.CARE, "Betrokken in de wijk", "choice"):
        assert secret not in own.text


async def test_special_data_are_read_by_and_for_a_leading_party_that_may_process_them_now_r21(
    office: Office,
) -> None:
    police = await ask(office, s.POLICE)
    special = answered(police, s.SPECIAL, category="special")
    assert (await office.worker(s.POLICE).post(f"/queries/{police}/answers", special)).status_code == 200
    readers = (office.director(), office.worker(s.VENLO))

    async def read() -> list[bool]:
        return [f"geheim {s.SPECIAL}" in (await reader.get()).text for reader in readers]

    checked = s.parties().records[s.VENLO].model_copy(update={"checked_for_special": True})
    assert await read() == [False, False]
    await now_are(office.engine, s.parties(venlo=checked))
    assert await read() == [True, True]
    concluded = {"outcome": "rto-needed", "picture": PICTURE}
    assert (await office.director().post("/conclusion", concluded)).status_code == 200
    assert (await office.director().post("/preparation", planned(s.SPECIAL))).status_code == 200
    assert await read() == [False, False], "from now on the round table shows it, to whoever may see it there"
    assert (await office.director().get()).json()["preparation"]["viewing_plan"] == []
    assert f"geheim {s.SPECIAL}" in (await office.worker(s.POLICE).get()).text


async def test_from_whom_an_item_is_withheld_its_contributor_and_the_house_read_alone_r62(
    office: Office,
) -> None:
    police = await ask(office, s.POLICE)
    reply = answered(police, s.ITEM, withheld_from=(s.HOUSING,))
    assert (await office.worker(s.POLICE).post(f"/queries/{police}/answers", reply)).status_code == 200
    for reader, expected in (
        (office.worker(s.POLICE), [s.HOUSING]),
        (office.worker(s.VENLO), []),
        (office.director(), [s.HOUSING]),
    ):
        items = {item["item_id"]: item for item in (await reader.get()).json()["items"]}
        assert items[s.ITEM]["withheld_from"] == expected
    misspelt = answered(police, s.NEW, withheld_from=("woonwens",))
    refused = await office.worker(s.POLICE).post(f"/queries/{police}/answers", misspelt)
    assert (refused.status_code, refused.json()["rule"]) == (409, "R62")


async def test_what_others_do_changes_nothing_in_what_a_queried_party_reads_r34(office: Office) -> None:
    """Not even a count: neither its view nor the answer to its own reply."""
    police, care = await ask(office, s.POLICE), await ask(office, s.CARE)
    before = (await office.worker(s.POLICE).get()).content
    response = await office.worker(s.CARE).post(f"/queries/{care}/answers", answered(care, s.SPECIAL))
    assert response.status_code == 200
    assert (await office.worker(s.POLICE).get()).content == before
    versioned = await office.worker(s.POLICE).post(
        f"/queries/{police}/answers", answered(police, s.ITEM), if_match='"1"'
    )
    assert (versioned.status_code, versioned.json()["name"]) == (400, "VersionNotTaken")
    reply = await office.worker(s.POLICE).post(f"/queries/{police}/answers", answered(police, s.ITEM))
    assert reply.json() == {"query_id": police}


async def test_what_nobody_may_know_is_one_and_the_same_answer_r34(office: Office) -> None:
    """A case that exists, one that does not, a query of another: no stranger can tell them apart."""
    police = await ask(office, s.POLICE)
    nobody = f"/cases/{s.CASE[:-1]}d"
    stranger, other_director = office.worker(s.PROBATION), office.director("another-director")
    conclusion = {"outcome": "rto-needed"}
    answers = [
        await stranger.get(),
        await stranger.get(nobody),
        await other_director.get(),
        await office.worker(s.CARE).get(),
        await stranger.post(f"/queries/{police}/answers", answered(police, s.ITEM)),
        await stranger.post(
            f"/queries/{police}/declines", {"query_id": police, "ground": "law", "explanation": "x"}
        ),
        await other_director.post("/queries", query(office)),
        await other_director.post("/conclusion", conclusion),
        await other_director.post("/preparation", {}),
    ]
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    assert answers[0].json()["rule"] == "R34"


async def test_a_director_reads_by_the_mandate_of_the_body_that_referred_and_of_no_other_r122(
    office: Office,
) -> None:
    """It was taken back: the answer is that of a stranger, and the referrer itself reads on."""
    other = s.authorisation(acting_body="burgemeester")
    await now_are(office.engine, s.parties(venlo=s.record(s.VENLO, authorisations=(other,))))
    stranger = await office.worker(s.PROBATION).get()
    seen = await office.director().get()
    assert (seen.status_code, seen.content) == (404, stranger.content)
    refused = await office.director().post("/queries", query(office))
    assert (refused.status_code, refused.json()["rule"]) == (403, "R122")
    assert (await office.worker(s.VENLO).get()).status_code == 200


async def test_the_journal_says_under_which_authorisation_something_was_done_r122(office: Office) -> None:
    """The one that covers it then, and not one of another body or for something else."""
    ids = [new_id() for _ in range(3)]
    given = (
        s.authorisation(authorisation_id=ids[0], acting_body="burgemeester"),
        s.authorisation(authorisation_id=ids[1], scopes=("screening",)),
        s.authorisation(authorisation_id=ids[2], scopes=("query",)),
    )
    await now_are(office.engine, s.parties(venlo=s.record(s.VENLO, authorisations=given)))
    await ask(office, s.POLICE)
    (asked,) = await rows(office.engine, "journal", "what = 'QueryIssued'")
    detail = asked.detail if isinstance(asked.detail, dict) else json.loads(asked.detail)
    assert (detail["under"], detail["recipient"]) == (ids[2], s.POLICE)
    (opened,) = await rows(office.engine, "journal", "what = 'CaseOpened'")
    assert "under" not in opened.detail


async def test_once_the_mandate_is_taken_back_each_party_sees_what_it_gave_itself_alone_r122(
    office: Office,
) -> None:
    """Nothing is disclosed in the name of who took it back, to itself either, until it is given anew."""
    police, care = await ask(office, s.POLICE), await ask(office, s.CARE)
    for party, query_id, item in ((s.POLICE, police, s.ITEM), (s.CARE, care, s.SPECIAL)):
        await office.worker(party).post(f"/queries/{query_id}/answers", answered(query_id, item))
    await ask(office, s.HOUSING)
    before = (await office.worker(s.VENLO).get()).json()
    taken_back = s.authorisation(revoked_at=machine_now())
    await now_are(office.engine, s.parties(venlo=s.record(s.VENLO, authorisations=(taken_back,))))
    own = (await office.worker(s.VENLO).get()).json()
    assert [one["content"] for one in own["items"]] == ["piece-content-0a"]
    assert {one["name"] for one in own["persons"]} == {one["name"] for one in before["persons"]}
    police_sees = (await office.worker(s.POLICE).get()).json()
    assert [one["item_id"] for one in police_sees["items"]] == [s.ITEM]
    assert "Is deze persoon bekend?" not in str(police_sees)
    assert (await office.worker(s.HOUSING).get("/queries")).json()["queries"] == []
    assert "Is deze persoon bekend?" not in (await office.worker(s.HOUSING).get()).text
    await now_are(office.engine, s.parties(), 3)
    assert (await office.worker(s.VENLO).get()).json() == before


async def test_while_something_may_be_unread_that_forbids_it_nobody_looks(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alike for who may and who may not, and a little later it is as before."""
    monkeypatch.setattr(office.reader.currency, "within", -1)
    for reader in (office.director(), office.worker(s.VENLO), office.worker(s.PROBATION)):
        told = await reader.get()
        assert (told.status_code, told.json()["rule"], told.headers["retry-after"]) == (503, "R115", "5")
        assert "NotCurrent" in told.text
    assert await rows(office.engine, "access_log") == []


async def test_each_decision_on_a_look_stands_in_the_access_log_r129(office: Office) -> None:
    police = await ask(office, s.POLICE)
    await office.worker(s.POLICE).get()
    await office.worker(s.PROBATION).get()
    log = {(r.party, r.thing): r.allowed for r in await rows(office.engine, "access_log")}
    assert log[s.POLICE, f"query/{police}"] is True
    assert log[s.POLICE, f"choice/{police}"] is False
    assert log[s.PROBATION, "case"] is False
    assert {party for party, _ in log} == {s.POLICE, s.PROBATION}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"necessity": " "}, "R27"),
        ({"recipient": "all"}, "R28"),
        ({"recipient": [s.POLICE, s.CARE]}, "R26"),
        ({"reason": ""}, "R28"),
        ({"referrer_estimate": " "}, "R28"),
        ({"include_address": True}, "R30"),
        ({"drawn_from": [s.REFERRED]}, "R30"),
    ],
    ids=str,
)
async def test_a_query_that_is_refused_says_why_r26_r27_r28(
    office: Office, changes: dict[str, Any], rule: str
) -> None:
    response = await office.director().post("/queries", query(office, **changes))
    assert (response.status_code, response.json()["rule"]) == (409, rule)
    assert await rows(office.engine, "outbox") == []


async def test_what_a_query_takes_along_is_said_by_the_referrer_and_the_director_r28_r30(
    fresh_database: FreshDatabase,
) -> None:
    """Its recipient gets the address it needs, and reads neither why nor on what the question draws."""
    item = s.contributed(s.REFERRED, s.VENLO, acting_body="college", shareable_in_query=True)
    man = s.person(s.MAN, address=s.text("address-1", "intake"))
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    async with office_on(engine, items=(item,), persons=(man,)) as office:
        why = {"include_address": True, "address_reason": "Om het gezin te herkennen."}
        query_id = await ask(office, s.POLICE, drawn_from=[s.REFERRED], **why)
        await ask(office, s.CARE)
        police, care = await office.worker(s.POLICE).get(), await office.worker(s.CARE).get()
        assert "piece-address-1" in police.text
        assert "piece-address-1" not in care.text
        for secret in ("Kwam vaker langs", "Om het gezin", s.REFERRED):
            assert secret not in police.text
        chosen = {q["query_id"]: q["choice"] for q in (await office.worker(s.VENLO).get()).json()["queries"]}
        choice = chosen[query_id]
        assert (choice["referrer_estimate"], choice["drawn_from"]) == ("Kwam vaker langs.", [s.REFERRED])
        assert choice["address_reason"] == "Om het gezin te herkennen."


async def test_the_same_request_twice_is_one_query(office: Office) -> None:
    body = query(office)
    first = await office.director().post("/queries", body, idempotency_key="once-and-once-only")
    again = await office.director().post("/queries", body, idempotency_key="once-and-once-only")
    assert first.json() == again.json()
    assert len(await rows(office.engine, "queries")) == 1


async def test_path_and_body_name_the_same_query(office: Office) -> None:
    police = await ask(office, s.POLICE)
    response = await office.worker(s.POLICE).post(f"/queries/{police}/answers", answered(s.NEW, s.ITEM))
    assert response.status_code == 400


async def test_only_workers_of_parties_have_a_list_of_queries(office: Office) -> None:
    assert (await office.director().get("/queries")).status_code == 403


async def test_a_long_list_comes_in_pages(office: Office) -> None:
    asked = {await ask(office, s.POLICE) for _ in range(PAGE + 1)}
    first = (await office.worker(s.POLICE).get("/queries")).json()
    assert len(first["queries"]) == PAGE
    last = (await office.worker(s.POLICE).get(f"/queries?after={first['after']}")).json()
    assert last["after"] is None
    assert {q["query_id"] for q in first["queries"] + last["queries"]} == asked


async def test_the_service_number_is_read_by_the_referrer_and_by_who_was_given_it_r22(
    office: Office,
) -> None:
    await ask(office, s.POLICE, include_bsn=True)
    await ask(office, s.CARE)
    number = "piece-bsn-1"
    assert (await office.worker(s.VENLO).get()).json()["persons"][0]["bsn"] == number
    assert number in (await office.worker(s.POLICE).get()).text
    assert number not in (await office.worker(s.CARE).get()).text
    assert number in (await office.worker(s.POLICE).get("/queries")).text
    may_not = {
        name: s.parties().records[party].model_copy(update={"may_use_bsn": False})
        for name, party in (("venlo", s.VENLO), ("police", s.POLICE))
    }
    await now_are(office.engine, s.parties(**may_not))
    for seen in (
        await office.worker(s.VENLO).get(),
        await office.director().get(),
        await office.worker(s.POLICE).get(),
        await office.worker(s.POLICE).get("/queries"),
    ):
        assert seen.status_code == 200
        assert number not in seen.text
        assert "piece-name-1" in seen.text


async def test_triage_is_concluded_and_the_round_table_prepared_r42_r50(office: Office) -> None:
    police = await ask(office, s.POLICE)
    await office.worker(s.POLICE).post(f"/queries/{police}/answers", answered(police, s.ITEM))
    director = office.director()
    bare = await director.post("/conclusion", {"outcome": "rto-needed"})
    assert (bare.status_code, bare.json()["rule"]) == (409, "R37")
    concluded = {"outcome": "rto-needed", "picture": PICTURE}
    assert (await director.post("/conclusion", concluded)).status_code == 200
    plan = planned(s.ITEM)
    undecided = await director.post("/preparation", plan | {"citizen": None})
    assert (undecided.status_code, undecided.json()["rule"]) == (409, "R46")
    assert (await director.post("/preparation", plan)).status_code == 200
    seen = (await director.get()).json()
    assert (seen["phase"], seen["preparation"]["goal"]) == ("prepared", "Een plan.")
    assert seen["conclusion"]["outcome"] == "rto-needed"
    assert seen["conclusion"]["picture"] == PICTURE
    assert (await office.worker(s.VENLO).get()).json()["conclusion"]["picture"] == PICTURE
    assert "Kennis." not in (await office.worker(s.POLICE).get()).text


async def test_the_director_finds_what_nobody_answered_among_what_waits_r31(office: Office) -> None:
    """And nobody else does: a queried party learns nothing by it, and the manager is told of terms alone."""
    director, manager = office.director(), Person(office.client, office.become, MANAGER)
    silent = await ask(office, s.POLICE)
    assert (await director.get("/overdue")).json()["cases"] == []
    lapse = c.LapseQuery(by=CLOCK, query_id=silent)
    (outcome,) = await transaction_on(office.engine, SERVICE).run(
        [delivery(s.CASE, lapse, at=office.clock.now() + timedelta(days=10))]
    )
    assert outcome.status is DeliveryStatus.ACCEPTED, outcome.refusal
    (found,) = (await director.get("/overdue")).json()["cases"]
    assert (found["case_id"], found["step"], found["unanswered"]) == (s.CASE, "triage", 1)
    for other in (manager, office.director("another-director")):
        assert (await other.get("/overdue")).json()["cases"] == []
    assert (await office.worker(s.POLICE).get("/overdue")).status_code == 403
    await ask(office, s.CARE)
    assert (await director.get("/overdue")).json()["cases"] == []


async def test_nothing_that_was_written_lies_open_in_the_database(office: Office) -> None:
    police = await ask(office, s.POLICE, question="Heel-bijzondere-woorden")
    await office.worker(s.POLICE).post(
        f"/queries/{police}/answers", answered(police, s.ITEM) | {"plan_contribution": "Heel-bijzonder"}
    )
    for table in await tables(office.engine):
        for row in await rows(office.engine, table):
            assert "Heel-bijzonder" not in str(tuple(row))
            assert "geheim" not in str(tuple(row))


# --- a text that goes while it is being read -----------------------------------------------------

_TAKE = sa.text("WITH gone AS (DELETE FROM pieces RETURNING *) SELECT * FROM gone")
_PUT = sa.text(
    "INSERT INTO pieces (case_id, piece, sealed_by, box) VALUES (:case_id, :piece, :sealed_by, :box)"
)


class KeyDuringCleaning:
    """The key authority, asked while another process cleans the case."""

    def __init__(self, engine: AsyncEngine, *, comes_back: bool) -> None:
        self.engine, self.comes_back, self.taken = engine, comes_back, list[Mapping[str, Any]]()

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes]]:
        async with self.engine.begin() as connection:
            if self.taken and self.comes_back:
                await connection.execute(_PUT, self.taken)
            elif not self.taken:
                self.taken = [dict(row) for row in (await connection.execute(_TAKE)).mappings()]
        return dict.fromkeys(case_ids, (KeyStatus.READY, KEY))

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


@pytest.mark.parametrize(("comes_back", "status"), [(True, 200), (False, 503)])
async def test_what_was_deleted_between_decision_and_reading_is_decided_anew(
    office: Office, comes_back: bool, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading never fails for it: it shows what is there a moment later, or says that it must wait."""
    await office.director().post("/queries", query(office))
    during = KeyDuringCleaning(office.engine, comes_back=comes_back)
    monkeypatch.setattr(case_key_client, "KEPT_FOR", 0)
    monkeypatch.setattr(OneKey, "fetch", during.fetch)
    before = len(await rows(office.engine, "access_log", "thing = 'case'"))
    answer = await office.director().get()
    assert during.taken
    assert answer.status_code == status, answer.text
    assert len(await rows(office.engine, "access_log", "thing = 'case'")) - before > 1
