"""Whoever is in treatment is found by PostgreSQL's own index of the states, and by nothing else (R13, A7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake import store
from services.intake.identity import Identity
from services.intake.known_effects import ANSWER_HOUSE
from services.intake.main import SERVICE
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.messages.known_check import CheckNecessity, KnownAnswer
from shared.core.actor import CLOCK
from shared.core.outcome import DeliveryStatus, Outcome
from shared.handling.transaction import Transaction
from shared.ids import new_id
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

FIRST, SECOND = s.CASE, s.CASE[:-1] + "d"
SUBJECT, RELATIVE = Identity(s.MAN, True, "d1"), Identity(s.MOTHER, False, "d2")
UP = ScreeningOutcome.TAKEN_UP


def asking(person: str = s.MAN) -> c.AskKnownCheck:
    return c.AskKnownCheck(
        by=s.by_director(),
        check_id=new_id(),
        person_id=person,
        necessity=CheckNecessity.DUPLICATE,
        reason=s.text("why"),
    )


class Shop:
    """Intake on a database of its own, with two referrals about the same man."""

    def __init__(self, engine: AsyncEngine, transaction: Transaction[Any]) -> None:
        self.engine, self.transaction = engine, transaction

    async def does(self, case: str, command: Any, **more: Any) -> Outcome:
        (outcome,) = await self.transaction.run([delivery(case, command, at=NOW, **more)])
        assert outcome.status is DeliveryStatus.ACCEPTED, outcome
        return outcome

    async def referred(self, case: str, *identities: Identity) -> None:
        referral = s.referral(items=(), referral_id=case)
        await self.does(
            case, c.SubmitReferral(by=s.by_party(), case_id=case, referral=referral, identities=identities)
        )

    async def taken_up(self, case: str = FIRST) -> None:
        await self.does(case, c.ConfirmConsultation(by=s.by_party()))
        await self.does(case, c.ScreenReferral(by=s.by_director(), outcome=UP, weighing=s.text("own")))

    async def found(self) -> list[tuple[str, str, str]]:
        return [(row.digest, row.case_id, row.person_id) for row in await rows(self.engine, "known_persons")]

    async def asks(self, person: str = s.MAN) -> KnownAnswer | None:
        outcome = await self.does(SECOND, asking(person))
        answer: KnownAnswer | None = outcome.events[0].check.answer
        return answer


@pytest.fixture
async def shop(fresh_database: FreshDatabase) -> Shop:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    shop = Shop(engine, transaction_on(engine, SERVICE))
    await shop.referred(FIRST, SUBJECT, RELATIVE)
    await shop.referred(SECOND, SUBJECT, RELATIVE)
    return shop


async def test_the_index_follows_the_phase_of_a_case(shop: Shop) -> None:
    assert (await shop.found(), await shop.asks()) == ([], KnownAnswer.NO), "both are provisional"
    await shop.taken_up()
    assert await shop.found() == [("d1", FIRST, s.MAN)]
    assert await shop.asks() is KnownAnswer.YES
    assert await shop.asks(s.MOTHER) is KnownAnswer.NO, "a relative there"
    await shop.does(FIRST, c.FollowDeescalation(by=s.BY_SERVICE))
    assert await shop.asks() is KnownAnswer.YES
    await shop.does(FIRST, c.FollowArchiving(by=s.BY_SERVICE))
    assert (await shop.found(), await shop.asks()) == ([], KnownAnswer.NO)
    await shop.does(FIRST, c.FollowReactivation(by=s.BY_SERVICE, round=1))
    assert await shop.asks() is KnownAnswer.YES, "a case that came back"
    await shop.does(FIRST, c.FollowClosing(by=s.BY_SERVICE, round=1))
    assert (await shop.found(), await shop.asks()) == ([], KnownAnswer.NO)


async def test_an_erased_case_is_in_no_index(shop: Shop) -> None:
    await shop.taken_up()
    await shop.does(FIRST, c.PurgeCase(by=s.BY_SERVICE, case_id=FIRST))
    assert (await shop.found(), await shop.asks()) == ([], KnownAnswer.NO)


async def test_a_case_of_the_version_before_leaves_a_no_unsaid_and_no_yes(shop: Shop) -> None:
    await shop.taken_up()
    await shop.referred(s.QUERY)  # without a hash, as that version stored it
    assert await shop.asks(s.MOTHER) is KnownAnswer.NO, "as long as it is provisional"
    await shop.taken_up(s.QUERY)
    assert ("", s.QUERY, "") in await shop.found()
    assert await shop.asks(s.MOTHER) is KnownAnswer.NO_ANSWER
    assert await shop.asks() is KnownAnswer.YES


async def test_a_check_stands_in_the_log_of_both_cases_or_is_not_answered(shop: Shop) -> None:
    await shop.taken_up()
    await shop.asks()
    logged = [(x.case_id, x.thing, x.rule, x.basis, x.person) for x in await rows(shop.engine, "access_log")]
    why = CheckNecessity.DUPLICATE.value
    assert logged == [
        (SECOND, f"known-check/{s.MAN}", "R13", why, s.DIRECTOR),
        (FIRST, "known-check", "R13", why, s.DIRECTOR),
    ]
    async with as_owner(shop.engine) as connection:
        full = "ALTER TABLE access_log ADD CONSTRAINT log_is_full CHECK (entry < 3)"
        await connection.execute(sa.text(full))
    before = await rows(shop.engine, "cases")
    ask = delivery(SECOND, asking(), at=NOW)
    assert [one.status for one in await shop.transaction.run([ask])] == [DeliveryStatus.QUARANTINED]
    after = {row.case_id: row.version for row in await rows(shop.engine, "cases")}
    assert after == {row.case_id: row.version for row in before}, "nothing was answered"


async def test_a_check_of_another_house_is_listed_answered_and_forgotten(shop: Shop) -> None:
    await shop.taken_up()
    number = new_id()
    take = c.TakeKnownCheck(by=s.by_party(s.OTHER_HOUSE), check=replace(s.house_check(), digest="d1"))
    await shop.does(number, take)
    nobody = new_id()
    other = replace(s.house_check(), digest="d7", check_id=s.QUERY)
    await shop.does(nobody, c.TakeKnownCheck(by=s.by_party(s.OTHER_HOUSE), check=other))
    timers = [(x.case_id, x.kind, x.at) for x in await rows(shop.engine, "due") if x.kind == ANSWER_HOUSE]
    assert sorted(timers) == sorted([(n, ANSWER_HOUSE, NOW + timedelta(days=7)) for n in (number, nobody)])
    async with shop.engine.connect() as connection:
        mine = await store.checks_of_director(connection, s.DIRECTOR, after="", most=9)
        others = await store.checks_of_director(connection, "stranger", after="", most=9)
        assert (sorted(mine), others) == (sorted([number, nobody]), [nobody])
        assert await store.checks_of_party(connection, s.VENLO, after="", most=9) == []
    await shop.does(number, c.ConsultOnCheck(by=s.by_director()))
    async with shop.engine.connect() as connection:
        assert await store.checks_of_party(connection, s.VENLO, after="", most=9) == [number]
        (waiting,) = await store.gauges(connection, NOW)
        assert waiting.samples[0].value == 2
    await shop.does(number, c.RecordConsultation(by=s.by_party(), may_be_answered=True))
    await shop.does(number, c.DecideKnownCheck(by=s.by_director(), answer=KnownAnswer.YES))
    for case in (number, nobody):
        await shop.does(case, c.AnswerKnownCheck(by=CLOCK))
    letters = [x for x in await rows(shop.engine, "outbox") if "known-check-answered" in x.type]
    assert {(x.subject, x.key, x.case_id, x.recipient) for x in letters} == {
        (s.THEIR_CASE, s.THEIR_CASE, None, s.OTHER_HOUSE)
    }
    assert sorted('"yes"' in x.body for x in letters) == [False, True]
    left = {row.case_id for row in await rows(shop.engine, "cases")}
    assert left == {FIRST, SECOND}
    for table in ("due", "journal", "access_log"):
        assert {number, nobody}.isdisjoint({row.case_id for row in await rows(shop.engine, table)}), table
    looks = [(x.case_id, x.thing, x.allowed, x.party) for x in await rows(shop.engine, "access_log")]
    assert (FIRST, "known-check", True, s.OTHER_HOUSE) in looks
    assert ("nowhere", "known-check", False, s.OTHER_HOUSE) in looks
