"""Intake over HTTP on a real PostgreSQL: who reads the duties to inform, and what the access log keeps."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.api import DutyView, router
from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.fields import InformMoment
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.messages.triage import TriageOutcome
from shared.contract.parties import Parties
from shared.core.actor import Command, Role
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.http.app import make_app, signed_in
from shared.http.oidc import Identity
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import attach, delivery, know, now_are, rows, transaction_on

HOUSE = "test-house"
KEY = b"k" * 32
UNTIL = NOW + timedelta(days=3)
POSTPONED = c.PostponeInforming(
    by=s.by_party(), person_id=s.MAN, moment=InformMoment.TAKEN_UP, reason=s.text("reason"), until=UNTIL
)
WITH_NUMBER = (s.person(s.MAN, bsn=s.text("bsn")), s.person(s.MOTHER))
PLAYED: tuple[Command, ...] = (
    c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral(persons=WITH_NUMBER)),
    c.ConfirmConsultation(by=s.by_party()),
    c.ScreenReferral(by=s.by_director(), outcome=ScreeningOutcome.TAKEN_UP, weighing=s.text("own")),
    POSTPONED,
    c.RaiseDuties(by=s.BY_SERVICE, moment=InformMoment.AFTER_TRIAGE, round_table=s.ROUND_TABLE),
    c.RaiseDuties(by=s.BY_SERVICE, moment=InformMoment.AFTER_RTO),
)
DEESCALATED = c.FollowDeescalation(by=s.BY_SERVICE)
DIRECTION_MOVED = c.MoveDirection(by=s.BY_SERVICE, leading_party=s.POLICE, since=NOW)

REFERRER = Identity("worker-of-venlo", frozenset({Role.PARTY_WORKER}), s.VENLO)
POLICE = Identity("worker-of-police", frozenset({Role.PARTY_WORKER}), s.POLICE)
DIRECTOR = Identity(s.DIRECTOR, frozenset({Role.PROCESS_DIRECTOR}))
MANAGER = Identity(s.MANAGER, frozenset({Role.MANAGER}))
OTHER_DIRECTOR = Identity("another", frozenset({Role.PROCESS_DIRECTOR}))
SUPPORT = Identity("support", frozenset({Role.SUPPORT_WORKER}))


class OneKey:
    """Hold one key for every case, and note who asks for which."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes]]:
        self.asked += case_ids
        return dict.fromkeys(case_ids, (KeyStatus.READY, KEY))

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


class NoRelay:
    """Send nothing: there is no broker here."""

    def wake(self) -> None:
        """Wake nobody."""


@dataclass
class Office:
    """Serve intake over HTTP, with one case in it."""

    engine: AsyncEngine
    client: httpx.AsyncClient
    keys: OneKey
    clock: Path
    signed_in: list[Identity] = field(default_factory=list)

    def it_is(self, now: datetime) -> None:
        """Set the clock of the house."""
        offset = (now - machine_now()).total_seconds()
        self.clock.write_text(json.dumps({"offset_seconds": offset}))

    async def play(self, *commands: Command) -> None:
        key = CaseKey(KEY, house=HOUSE, case_id=s.CASE)
        run = transaction_on(self.engine, SERVICE).run
        outcomes = await run([delivery(s.CASE, command, at=NOW, key=key) for command in commands])
        assert [outcome.refusal for outcome in outcomes] == [None] * len(commands)

    async def look(self, who: Identity, on_behalf_of: str | None = None) -> httpx.Response:
        self.signed_in.append(who)
        headers = {"on-behalf-of": on_behalf_of} if on_behalf_of else {}
        return await self.client.get(f"/cases/{s.CASE}", headers=headers)

    async def get(self, path: str, who: Identity) -> httpx.Response:
        self.signed_in.append(who)
        return await self.client.get(path)

    async def assign(self, who: Identity, what: str, **said: str) -> httpx.Response:
        self.signed_in.append(who)
        path, headers = f"/cases/{s.CASE}/{what}", {"idempotency-key": new_id()}
        return await self.client.post(path, json={"reason": "Langdurig afwezig."} | said, headers=headers)

    async def duties(self, who: Identity, on_behalf_of: str | None = None) -> list[tuple[str, str]]:
        seen = (await self.look(who, on_behalf_of)).json()
        return [(duty["person_id"], duty["moment"]) for duty in seen["duties"]]

    async def logged(self, who: Identity) -> dict[str, tuple[bool, str, str | None]]:
        found = await rows(self.engine, "access_log", "person = :person", person=who.subject)
        return {row.thing: (row.allowed, row.rule, row.given_on_behalf_of) for row in found}


@pytest.fixture
async def office(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Office]:
    engine = await fresh_database(SERVICE)
    await know(engine, Parties({s.VENLO: s.venlo(), s.POLICE: s.venlo(party=s.POLICE)}))
    app, keys = make_app("zvh-intake", router), OneKey()
    attach(
        app,
        transaction_on(engine, SERVICE),
        SERVICE,
        parties=PartyReplica(),
        keys=CaseKeyClient(keys, HOUSE),
        relay=cast(Relay, NoRelay()),
        clock=Clock(tmp_path / "clock"),
        digest_key=b"d" * 32,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        made = Office(engine, client, keys, tmp_path / "clock")
        made.it_is(NOW)
        app.dependency_overrides[signed_in] = lambda: made.signed_in[-1]
        await made.play(*PLAYED)
        yield made


def each(*moments: InformMoment) -> list[tuple[str, str]]:
    """Each person of the case must be told at these moments."""
    return sorted((person.person_id, moment) for person in s.referral().persons for moment in moments)


async def test_the_manager_replaces_who_works_on_a_case_and_only_those_read_it_from_then_on_r6(
    office: Office,
) -> None:
    assert (await office.look(DIRECTOR, s.VENLO)).status_code == 200
    assert (await office.look(SUPPORT, s.VENLO)).status_code == 404
    assert (await office.assign(MANAGER, "director", person="another")).status_code == 200
    assert (await office.assign(MANAGER, "support-workers", person="support")).status_code == 200
    for who, status in ((DIRECTOR, 404), (OTHER_DIRECTOR, 200), (SUPPORT, 200), (MANAGER, 404)):
        assert (await office.look(who, s.VENLO)).status_code == status
    assert (await office.assign(MANAGER, "support-workers", instead_of="support")).status_code == 200
    assert (await office.look(SUPPORT, s.VENLO)).status_code == 404


async def test_an_assignment_is_journalled_with_a_reason_and_told_to_the_other_services(
    office: Office,
) -> None:
    assert (await office.assign(MANAGER, "director", person="another")).status_code == 200
    (entry,) = await rows(office.engine, "journal", "what = 'CaseAssigned'")
    assert (entry.role, entry.person, entry.detail["director"]) == ("manager", s.MANAGER, "another")
    assert entry.detail["reason"]["piece"] in {row.piece for row in await rows(office.engine, "pieces")}
    (told,) = await rows(office.engine, "outbox", "type LIKE '%case-assigned%'")
    assert "Langdurig" not in told.body


async def test_nobody_else_assigns_and_without_a_reason_nobody_does(office: Office) -> None:
    for who in (DIRECTOR, SUPPORT, REFERRER):
        assert (await office.assign(who, "director", person="another")).status_code == 403
    refused = await office.assign(MANAGER, "director", person="another", reason=" ")
    assert (refused.status_code, refused.json()["rule"]) == (409, "R6")
    assert await rows(office.engine, "journal", "what = 'CaseAssigned'") == []


async def test_the_leading_party_and_who_acts_for_it_read_each_duty_with_its_state_r17(
    office: Office,
) -> None:
    all_of_them = each(InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE, InformMoment.AFTER_RTO)
    assert sorted(await office.duties(REFERRER)) == all_of_them
    assert sorted(await office.duties(DIRECTOR, s.VENLO)) == all_of_them
    await office.play(c.AssignSupport(by=s.BY_MANAGER, person=SUPPORT.subject, reason=s.text("why")))
    assert sorted(await office.duties(SUPPORT, s.VENLO)) == all_of_them
    shown = (await office.look(REFERRER)).json()["duties"]
    (postponed,) = [duty for duty in shown if duty["status"] == "postponed"]
    assert set(postponed) == {*DutyView.model_fields}
    assert (postponed["person_id"], postponed["moment"]) == (s.MAN, "taken-up")
    assert datetime.fromisoformat(postponed["until"]) == UNTIL


async def test_a_duty_is_shown_as_the_date_says_whether_or_not_a_timer_has_fired(office: Office) -> None:
    async def shown(now: datetime) -> list[tuple[str, bool]]:
        office.it_is(now)
        duties = (await office.look(REFERRER)).json()["duties"]
        return [(duty["status"], duty["late"]) for duty in duties if duty["moment"] == "taken-up"]

    assert await shown(UNTIL - timedelta(minutes=1)) == [("postponed", False), ("due", False)]
    assert await shown(UNTIL) == [("due", False), ("due", False)]
    assert await shown(s.DUE) == [("due", False), ("due", True)]


async def test_who_has_no_part_in_the_case_reads_no_duty(office: Office) -> None:
    for who, on_behalf_of in ((POLICE, None), (OTHER_DIRECTOR, s.VENLO), (DIRECTOR, s.POLICE)):
        assert (await office.look(who, on_behalf_of)).status_code == 404
        assert set(await office.logged(who)) == {"case"}


async def test_when_direction_has_moved_the_referrer_reads_no_later_duty_r83(office: Office) -> None:
    await office.play(DIRECTION_MOVED)
    own = each(InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE)
    assert sorted(await office.duties(REFERRER)) == own
    assert sorted(await office.duties(POLICE)) == sorted([*own, *each(InformMoment.AFTER_RTO)])
    log = await office.logged(REFERRER)
    assert log[f"duty/{s.MAN}/taken-up/1"] == (True, "R17", s.VENLO)
    assert log[f"duty/{s.MAN}/after-rto/5"] == (False, "R17", None)


async def test_a_service_number_is_read_by_and_for_a_leading_party_that_may_use_it_now_r22(
    office: Office,
) -> None:
    """The persons themselves are read without it; who referred reads its own."""
    await office.play(DIRECTION_MOVED)

    async def read(who: Identity, on_behalf_of: str | None = None) -> tuple[bool, bool]:
        shown = (await office.look(who, on_behalf_of)).text
        return "piece-name-1" in shown, "piece-bsn" in shown

    for looks in ((POLICE, None), (DIRECTOR, s.POLICE), (REFERRER, None)):
        assert await read(*looks) == (True, True)
    assert (await office.logged(POLICE))[f"bsn/{s.MAN}"] == (True, "R17", s.VENLO)
    may_not = s.venlo(party=s.POLICE, may_use_bsn=False)
    await now_are(office.engine, Parties({s.POLICE: may_not, s.VENLO: s.venlo(may_use_bsn=False)}))
    for looks in ((POLICE, None), (DIRECTOR, s.POLICE), (REFERRER, None)):
        assert await read(*looks) == (True, False)


async def test_each_decision_on_a_duty_stands_in_the_access_log_r129(office: Office) -> None:
    await office.look(DIRECTOR, s.VENLO)
    log = await office.logged(DIRECTOR)
    moments = (InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE, InformMoment.AFTER_RTO)
    about = {f"duty/{person}/{moment}" for person, moment in each(*moments)}
    labels = {thing for thing in log if thing.startswith("duty/")}
    assert {label.rpartition("/")[0] for label in labels} == about
    assert {log[label] for label in labels} == {(True, "R17", s.VENLO)}


async def test_a_request_that_came_before_its_fact_may_come_again_under_its_key(office: Office) -> None:
    """Nothing waits over HTTP, so what may be lag is not answered for good."""
    office.signed_in.append(REFERRER)
    inform = {"person_id": s.MAN, "moment": "at-deescalation"}
    headers = {"idempotency-key": "the-same-each-time"}

    async def asked() -> httpx.Response:
        return await office.client.post(f"/cases/{s.CASE}/informings", json=inform, headers=headers)

    early = (await asked()).json()
    assert (early["title"], early["remedy"]) == ("NoSuchDuty", "retry-later")
    await office.play(DEESCALATED)
    assert (await asked()).status_code == 200
    assert (await asked()).status_code == 200, "and then it has its answer"
    inform["moment"] = "case-removed"
    assert (await asked()).json()["title"] == "MessageIdReused"


async def test_whoever_may_not_know_of_a_case_is_asked_to_come_again_as_for_none(office: Office) -> None:
    """A case may be on its way; alike for one that is here, and never was (R34)."""
    office.signed_in.append(POLICE)
    withdrawal = {"reason": "Niet meer nodig."}
    told = []
    for case in (s.CASE, s.CASE[:-1] + "e"):
        headers = {"idempotency-key": f"of-{case}"}
        answers = [
            (await office.client.post(f"/cases/{case}/withdrawal", json=withdrawal, headers=headers)).json()
            for _ in range(2)
        ]
        told += answers
    assert told == [told[0]] * 4
    assert (told[0]["title"], told[0]["remedy"]) == ("UnknownCase", "retry-later")
    assert await rows(office.engine, "inbox", "sender = :sender", sender=f"person:{POLICE.subject}") == []


async def test_who_is_still_to_be_informed_is_listed_to_who_informs_and_to_the_director_r17(
    office: Office,
) -> None:
    for who in (REFERRER, DIRECTOR):
        (case,) = (await office.get("/duties", who)).json()["cases"]
        assert case["case_id"] == s.CASE
        assert [duty["duty"] for duty in case["duties"]] == [1, 2, 3, 4, 5, 6]
        assert {duty["on_behalf_of"] for duty in case["duties"]} == {s.VENLO}
    for who in (POLICE, OTHER_DIRECTOR):
        assert (await office.get("/duties", who)).json() == {"cases": [], "after": None}
    for who in (MANAGER, SUPPORT):
        assert (await office.get("/duties", who)).status_code == 403
    await office.play(DIRECTION_MOVED)
    (of_police,) = (await office.get("/duties", POLICE)).json()["cases"]
    (of_referrer,) = (await office.get("/duties", REFERRER)).json()["cases"]
    assert [duty["duty"] for duty in of_police["duties"]] == [1, 2, 3, 4, 5, 6]
    assert [duty["duty"] for duty in of_referrer["duties"]] == [1, 2, 3, 4], "its own of the phases before"


async def test_a_duty_that_is_fulfilled_leaves_the_list_also_in_phase_4(office: Office) -> None:
    await office.play(DEESCALATED)
    (case,) = (await office.get("/duties", DIRECTOR)).json()["cases"]
    assert {duty["moment"] for duty in case["duties"]} >= {"at-deescalation"}
    for duty in case["duties"]:
        body = {"person_id": duty["person_id"], "moment": duty["moment"], "duty": duty["duty"]}
        headers = {"idempotency-key": new_id()}
        office.signed_in.append(REFERRER)
        told = await office.client.post(f"/cases/{s.CASE}/informings", json=body, headers=headers)
        assert told.status_code == 200, told.text
    assert (await office.get("/duties", DIRECTOR)).json()["cases"] == []
    assert await rows(office.engine, "open_duties") == []


async def test_the_list_holds_what_the_version_before_wrote(office: Office) -> None:
    """A state without obligations, as that version writes it, is listed by the same trigger."""
    async with office.engine.begin() as connection:
        without = "jsonb_set(CAST(state AS jsonb), '{obligations}', '[]')"
        await connection.execute(sa.text(f"UPDATE cases SET state = CAST({without} AS json)"))  # noqa: S608
    (case,) = (await office.get("/duties", REFERRER)).json()["cases"]
    assert len(case["duties"]) == 6
    assert (await office.get("/duties", DIRECTOR)).json()["cases"] == [case]


async def test_criteria_and_both_weighings_are_read_by_the_referrer_and_the_director_r10(
    office: Office,
) -> None:
    for who, on_behalf_of in ((REFERRER, None), (DIRECTOR, s.VENLO)):
        seen = (await office.look(who, on_behalf_of)).json()["screening"]
        assert seen["criteria"] == s.referral().criteria.model_dump()
        assert (bool(seen["weighing"]), bool(seen["own_weighing"])) == (True, True)
        assert seen["outcome"] == "taken-up"
    await office.play(DIRECTION_MOVED)
    assert (await office.look(POLICE)).json()["screening"] is None
    assert (await office.look(DIRECTOR, s.POLICE)).json()["screening"]["own_weighing"]


async def test_the_manager_reads_the_share_of_doubt_and_no_small_number_r51_a24(office: Office) -> None:
    outcomes = [TriageOutcome.DOUBT] * 5 + [TriageOutcome.RTO_NEEDED] * 14
    await office.play(*(c.FollowTriage(by=s.BY_SERVICE, outcome=outcome) for outcome in outcomes))
    assert (await office.get("/figures", MANAGER)).json()["years"] == [], "the year is not over"
    office.it_is(NOW + timedelta(days=366))
    (year,) = (await office.get("/figures", MANAGER)).json()["years"]
    assert year == {"year": NOW.year, "concluded": 19, "doubt": 5, "share": 0.26}
    for who in (DIRECTOR, REFERRER, SUPPORT):
        assert (await office.get("/figures", who)).status_code == 403


async def test_why_a_duty_was_postponed_is_not_read_here(office: Office) -> None:
    assert "piece-reason" not in (await office.look(REFERRER)).text


async def test_no_key_is_asked_for_before_an_act_is_decided_on(office: Office) -> None:
    """Else one person could make the service ask about any number, and learn of a case by the time."""
    office.signed_in.append(REFERRER)
    nowhere = new_id()
    for case in (nowhere, s.CASE):
        answer = await office.client.post(
            f"/cases/{case}/consultation",
            json={"remark": "Besproken."},
            headers={"idempotency-key": new_id()},
        )
        assert answer.status_code == (404 if case == nowhere else 409), answer.text
    assert office.keys.asked == []
    soon = UNTIL.isoformat()
    answer = await office.client.post(
        f"/cases/{s.CASE}/postponements",
        json={"person_id": s.MOTHER, "moment": "taken-up", "reason": "Nog niet veilig.", "until": soon},
        headers={"idempotency-key": new_id()},
    )
    assert (answer.status_code, office.keys.asked) == (200, [s.CASE]), answer.text
