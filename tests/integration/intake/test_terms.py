"""The terms of a referral on a real PostgreSQL: the clock reminds, people see the list, and then it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.fields import InformMoment
from shared.contract.messages.intake import ScreeningOutcome
from shared.core.actor import Command, Role
from shared.core.leaderless import LEADER
from shared.core.policy import Policy
from shared.core.terms import TERM
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient
from shared.handling.terms import start_missing
from shared.http import overdue
from shared.http.app import make_app, signed_in
from shared.http.oidc import Identity
from shared.messaging.relay import Relay
from shared.runtime import scheduler
from shared.storage import overdue as table
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.support.scheduling import scheduler_on
from tests.support.transactions import attach, delivery, know, now_are, rows, transaction_on

START = machine_now()
KEY = CaseKey(b"k" * 32, house="test-house", case_id=s.CASE)
MANAGER = Identity(s.MANAGER, frozenset({Role.MANAGER}))
DIRECTOR = Identity(s.DIRECTOR, frozenset({Role.PROCESS_DIRECTOR}))
OTHER = Identity("another-director", frozenset({Role.PROCESS_DIRECTOR}))
WORKER = Identity("worker-of-venlo", frozenset({Role.PARTY_WORKER}), s.VENLO)
SUBMITTED = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
CONFIRMED = c.ConfirmConsultation(by=s.by_party())
SCREENED = c.ScreenReferral(by=s.by_director(), outcome=ScreeningOutcome.TAKEN_UP, weighing=s.text("own"))
ASSIGNED = c.AssignDirector(by=s.BY_MANAGER, person=s.DIRECTOR, reason=s.text("why"))


@dataclass
class Office:
    """Serve the list over HTTP, and let the clock of the house run over one referral."""

    engine: AsyncEngine
    client: httpx.AsyncClient
    clock: Path
    directory: Path
    signed_in: list[Identity] = field(default_factory=list)

    async def play(self, *commands: Command, at: datetime = START) -> None:
        run = transaction_on(self.engine, SERVICE).run
        outcomes = await run([delivery(s.CASE, command, at=at, key=KEY) for command in commands])
        assert [outcome.refusal for outcome in outcomes] == [None] * len(commands)

    async def term(self) -> Any:
        """Return the row of the one term that runs, or None."""
        found = await rows(self.engine, "due", f"kind = '{TERM}'")
        assert len(found) <= 1
        return found[0] if found else None

    async def wait_until(self, days: float) -> None:
        """Move the clock, and let the scheduler look until nothing is due."""
        now = machine_now() + timedelta(days=days)
        async with self.at_work(days):
            for _ in range(1000):
                if not await rows(self.engine, "due", f"at <= '{now.isoformat()}'"):
                    return
                await asyncio.sleep(0.01)
        raise AssertionError("a term that has come does not pass")

    @asynccontextmanager
    async def at_work(self, days: float) -> AsyncIterator[None]:
        """Let the scheduler work so many days after the referral."""
        offset = timedelta(days=days).total_seconds()
        self.clock.write_text(json.dumps({"offset_seconds": offset}))
        async with scheduler_on(self.engine, Clock(self.clock), self.directory) as keeper:
            task = asyncio.create_task(keeper.run())
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def overdue(self, who: Identity) -> Any:
        self.signed_in.append(who)
        answer = await self.client.get("/overdue")
        return answer.json()["cases"] if answer.status_code == 200 else answer.status_code

    async def told(self, what: str) -> list[str]:
        found = await rows(self.engine, "outbox", f"type LIKE '%{what}%'")
        return [row.recipient for row in found]


@pytest.fixture
async def office(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr(scheduler, "PERIOD", 0.01)
    engine = await fresh_database(SERVICE)
    authorised = s.authorisation(
        valid_from=START - timedelta(days=10), accepted_at=START - timedelta(days=10)
    )
    member = {"member_from": START - timedelta(days=100), "authorisations": (authorised,)}
    await know(engine, s.parties(**member))
    async with serving(engine) as client:
        made = Office(engine, client, tmp_path / "clock", tmp_path)
        made.client.app.dependency_overrides[signed_in] = lambda: made.signed_in[-1]  # type: ignore[attr-defined]
        yield made


@asynccontextmanager
async def serving(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app("zvh-intake", overdue.router)
    attach(
        app,
        transaction_on(engine, SERVICE),
        SERVICE,
        parties=PartyReplica(),
        keys=cast(CaseKeyClient, None),
        relay=cast(Relay, None),
        clock=Clock(None),
        digest_key=b"d" * 32,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


async def test_a_phase_starts_its_term_and_after_the_screening_that_of_informing_runs(office: Office) -> None:
    await office.play(SUBMITTED)
    received = await office.term()
    assert (received.at, received.irreversible) == (START + timedelta(days=7), True)
    await office.play(CONFIRMED, at=START + timedelta(days=3))
    consulted = await office.term()
    assert consulted.at == START + timedelta(days=10)
    assert consulted.id != received.id, "the term of the phase before can fire no more"
    await office.play(SCREENED, at=START + timedelta(days=4))
    assert (await office.term()).at == START + timedelta(days=11)
    for person in (s.MAN, s.MOTHER):
        informed = c.RecordInforming(by=s.by_party(), person_id=person, moment=InformMoment.TAKEN_UP)
        await office.play(informed, at=START + timedelta(days=5))
    assert await office.term() is None


async def test_who_is_informed_too_late_stands_on_the_list_and_the_leading_party_is_reminded_of_each(
    office: Office,
) -> None:
    await office.play(SUBMITTED, CONFIRMED, SCREENED)
    await office.wait_until(6.99)
    assert await office.overdue(DIRECTOR) == []
    asked = len(await office.told("informing-requested"))
    await office.wait_until(7)
    (found,) = await office.overdue(DIRECTOR)
    assert (found["case_id"], found["step"], found["told"]) == (s.CASE, "informing", "director")
    assert await office.told("informing-requested") == [s.VENLO] * (asked + 2)
    assert await office.overdue(MANAGER) == []
    await office.wait_until(14)
    assert len(await office.overdue(MANAGER)) == 1
    for person in (s.MAN, s.MOTHER):
        informed = c.RecordInforming(by=s.by_party(), person_id=person, moment=InformMoment.TAKEN_UP)
        await office.play(informed, at=START + timedelta(days=15))
    assert await office.overdue(MANAGER) == await office.overdue(DIRECTOR) == []
    assert await office.told("term-passed") == []


async def test_what_is_postponed_comes_back_at_its_moment_and_has_a_term_of_its_own(office: Office) -> None:
    until = START + timedelta(days=20)
    postponed = c.PostponeInforming(
        by=s.by_party(), person_id=s.MAN, moment=InformMoment.TAKEN_UP, reason=s.text("reason"), until=until
    )
    mother = c.RecordInforming(by=s.by_party(), person_id=s.MOTHER, moment=InformMoment.TAKEN_UP)
    await office.play(SUBMITTED, CONFIRMED, SCREENED, mother, postponed)
    asked = len(await office.told("informing-requested"))
    await office.wait_until(19.99)
    assert len(await office.told("informing-requested")) == asked
    await office.wait_until(20.01)
    assert len(await office.told("informing-requested")) == asked + 1
    assert await office.overdue(DIRECTOR) == []
    await office.wait_until(27.01)
    assert len(await office.overdue(DIRECTOR)) == 1


async def test_what_is_open_at_the_erasure_leaves_with_the_last_letter_and_with_nothing_of_the_case(
    office: Office,
) -> None:
    await office.play(SUBMITTED, CONFIRMED, SCREENED)
    await office.play(c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE))
    assert await rows(office.engine, "cases") == await rows(office.engine, "open_duties") == []
    letters = await rows(office.engine, "outbox", "type LIKE '%informing-handed-over%'")
    assert [(row.recipient, row.case_id) for row in letters] == [(s.VENLO, None)] * 2
    assert {json.loads(row.body)["person_id"] for row in letters} == {s.MAN, s.MOTHER}
    assert await rows(office.engine, "outbox", "type LIKE '%informing-requested%'") == []


async def test_nobody_is_told_before_the_term_and_then_the_manager_as_long_as_nobody_has_the_case(
    office: Office,
) -> None:
    await office.play(SUBMITTED)
    await office.wait_until(6.99)
    assert await office.overdue(MANAGER) == []
    await office.wait_until(7)
    (found,) = await office.overdue(MANAGER)
    assert (found["case_id"], found["step"], found["told"]) == (s.CASE, "consultation", "director")
    assert (found["director"], found["ends_on"]) == (None, None)
    assert await office.overdue(DIRECTOR) == []
    assert await office.told("term-passed") == []


async def test_the_list_follows_an_assignment_and_then_the_leading_party_and_the_manager_are_told(
    office: Office,
) -> None:
    await office.play(SUBMITTED)
    await office.wait_until(7)
    await office.play(ASSIGNED)
    assert await office.overdue(MANAGER) == []
    assert [found["director"] for found in await office.overdue(DIRECTOR)] == [s.DIRECTOR]
    assert await office.overdue(OTHER) == []
    await office.play(c.AssignDirector(by=s.BY_MANAGER, person=OTHER.subject, reason=s.text("why")))
    assert await office.overdue(DIRECTOR) == []
    assert len(await office.overdue(OTHER)) == 1
    await office.wait_until(14)
    (told,) = await office.overdue(MANAGER)
    assert (told["told"], told["director"]) == ("manager", OTHER.subject)
    assert told["ends_on"] is not None
    assert await office.told("term-passed") == [s.VENLO]
    assert await office.overdue(WORKER) == 403
    looks = await rows(office.engine, "access_log", "thing = 'term' AND allowed")
    assert {row.person for row in looks} == {DIRECTOR.subject, OTHER.subject, MANAGER.subject}


async def test_a_referral_that_nobody_screens_ends_after_its_last_term_and_leaves_the_list(
    office: Office,
) -> None:
    await office.play(SUBMITTED)
    for days in (7, 14, 21, 28, 35, 41.9):
        await office.wait_until(days)
    assert len(await office.overdue(MANAGER)) == 1
    assert await office.told("case-lapsed") == []
    await office.wait_until(43)
    assert await office.overdue(MANAGER) == []
    assert await office.told("case-lapsed") == [s.VENLO]
    (case,) = await rows(office.engine, "cases")
    assert case.phase == "closing"
    assert len(await office.told("duties-settled")) == 1
    await office.wait_until(60)
    assert await office.term() is None, "nobody is to be informed"
    assert await rows(office.engine, "overdue") == []


async def test_a_leap_of_eight_hundred_days_gives_one_reminder_and_ends_nothing(office: Office) -> None:
    await office.play(SUBMITTED)
    await office.wait_until(800)
    assert [found["told"] for found in await office.overdue(MANAGER)] == ["director"]
    await office.wait_until(1600)
    assert await office.told("term-passed") == [s.VENLO]
    (case,) = await rows(office.engine, "cases")
    assert case.phase == "received"


async def test_a_held_case_is_reminded_of_by_nobody_and_stands_on_no_list(office: Office) -> None:
    await office.play(SUBMITTED)
    await office.wait_until(7)
    async with office.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE cases SET held = true"))
    assert await office.overdue(MANAGER) == []
    before = await office.term()
    async with office.at_work(30):
        await asyncio.sleep(0.5)
    assert (await office.term()).at == before.at


async def test_a_case_from_before_there_were_terms_gets_its_own(office: Office) -> None:
    await office.play(SUBMITTED)
    async with office.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM due"))
    async with office.at_work(1):
        for _ in range(1000):
            if (started := await office.term()) is not None:
                break
            await asyncio.sleep(0.01)
    assert timedelta(days=8) <= started.at - START < timedelta(days=8, minutes=5)
    (look,) = await rows(office.engine, "due", f"kind = '{LEADER}'")
    assert timedelta(days=2) <= look.at - START < timedelta(days=2, minutes=5)


async def test_pages_of_cases_are_walked_through_once_and_a_term_that_runs_is_left_alone(
    office: Office,
) -> None:
    await office.play(SUBMITTED)
    before = await office.term()
    terms = SERVICE.process.terms
    async with office.engine.begin() as connection:
        after = await start_missing(connection, terms, Policy(), START, after="", most=1)
        assert after == s.CASE
        assert await start_missing(connection, terms, Policy(), START, after=after, most=1) is None
    assert await office.term() == before


async def test_a_referral_of_a_party_that_has_left_is_on_the_managers_list_and_then_closes_r115(
    office: Office,
) -> None:
    """It was never late: the clock looks every day whether its referrer is a party still."""
    await office.play(SUBMITTED)
    left = START + timedelta(days=2)
    await office.wait_until(1.5)
    assert await office.overdue(MANAGER) == []
    member = {"member_from": START - timedelta(days=100), "member_until": left}
    await now_are(office.engine, s.parties(**member))
    await office.wait_until(3.5)
    (found,) = await office.overdue(MANAGER)
    assert (found["case_id"], found["told"]) == (s.CASE, "manager")
    assert datetime.fromisoformat(found["leader_left"]) == left
    ends = (datetime.fromisoformat(found["ends_on"]) - START).total_seconds() / 86_400
    assert 16 < ends < 18
    await office.wait_until(ends - 0.1)
    (case,) = await rows(office.engine, "cases")
    assert case.phase == "received"
    await office.wait_until(ends + 1.1)
    (case,) = await rows(office.engine, "cases")
    assert case.phase == "closing"
    assert {row.kind for row in await rows(office.engine, "due")} == {"term"}, "is anybody informed too late?"
    await office.wait_until(ends + 8.2)
    assert await rows(office.engine, "due") == [], "nobody is to be informed"
    assert await rows(office.engine, "journal", "what = 'LeaderLeft'") != []


async def test_the_daily_look_for_who_leads_writes_nothing_while_it_is_there(office: Office) -> None:
    await office.play(SUBMITTED)
    before = await rows(office.engine, "cases"), await rows(office.engine, "journal")
    await office.wait_until(4.5)
    assert (await rows(office.engine, "cases"), await rows(office.engine, "journal")) == before
    (look,) = await rows(office.engine, "due", f"kind = '{LEADER}'")
    assert timedelta(days=5) < look.at - START < timedelta(days=6)


async def test_operators_see_how_many_wait_and_an_erased_case_stands_on_no_list(office: Office) -> None:
    await office.play(SUBMITTED)
    await office.wait_until(7)
    async with office.engine.connect() as connection:
        assert await table.count(connection, 10) == {"director": 1}
    await office.play(c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE))
    assert await rows(office.engine, "overdue") == []
