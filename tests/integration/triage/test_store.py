"""Triage on a real PostgreSQL: one message one effect, a record of its own, and forgetting for good."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.triage import commands as c
from services.triage.main import SERVICE
from services.triage.record import Record
from services.triage.store import record_of, waiting_queries
from shared.contract.content import TextRef, contents, sealed_text_ids
from shared.contract.fields import ItemStatus, Revision
from shared.contract.messages import triage as m
from shared.contract.refusal import public_refusal
from shared.core.actor import CLOCK
from shared.core.event_commands import FollowStanding
from shared.core.item_standing import Standing
from shared.core.outcome import DeliveryStatus
from shared.handling.transaction import Transaction
from shared.storage import item_ids
from shared.storage.item_ids import Claim
from tests.conftest import FreshDatabase
from tests.support.samples import triage as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

OPEN = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up())
ANSWER = s.answer(items=s.GIVEN.items)


async def house(fresh_database: FreshDatabase) -> tuple[AsyncEngine, Transaction[Any]]:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    return engine, transaction_on(engine, SERVICE)


async def do(
    transaction: Transaction[Any], *commands: Any, case: str = s.CASE, at: datetime = NOW
) -> list[DeliveryStatus]:
    return [o.status for o in await transaction.run([delivery(case, x, at=at) for x in commands])]


async def record(engine: AsyncEngine) -> Record:
    async with engine.connect() as connection:
        return await record_of(connection, s.CASE)


async def waiting(engine: AsyncEngine, party: str, after: str = "", most: int = 10) -> list[str]:
    async with engine.connect() as connection:
        found = await waiting_queries(connection, party, after=after, most=most)
    return [row.query.query_id for row in found]


async def test_the_same_answer_twice_has_one_effect(fresh_database: FreshDatabase) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue())
    one = delivery(s.CASE, ANSWER, at=NOW)
    fates = [o.status for o in await transaction.run([one, one])]
    fates += [o.status for o in await transaction.run([one])]
    assert fates == [DeliveryStatus.ACCEPTED, DeliveryStatus.REPEATED, DeliveryStatus.REPEATED]
    assert [(g.query_id, g.number) for g in (await record(engine)).given] == [("", 0), (s.TO_POLICE, 1)]
    letters = [
        (r.type.split(".")[-2], r.recipient) for r in await rows(engine, "outbox", "true ORDER BY type")
    ]
    assert letters == [
        ("items-claimed", None),
        ("message-accepted", s.POLICE),
        ("query-issued", s.POLICE),
        ("query-recorded", None),
    ]


async def test_ten_answers_at_once_are_ten_answers(fresh_database: FreshDatabase) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue())
    transactions = [transaction_on(engine, SERVICE) for _ in range(10)]
    answers = [s.answer(items=(s.item(f"{s.NEW[:-2]}{n:02}"),)) for n in range(10)]
    fates = await asyncio.gather(*(do(t, a) for t, a in zip(transactions, answers, strict=True)))
    assert fates == [[DeliveryStatus.ACCEPTED]] * 10
    assert len((await record(engine)).items) == 11


async def test_the_record_comes_back_as_it_was_given(fresh_database: FreshDatabase) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(include_bsn=True), s.issue(s.TO_CARE, s.CARE), ANSWER, s.decline())
    found = await record(engine)
    (police, care) = found.asked
    assert (police.recipient, police.query.task) == (s.POLICE, s.TASK)
    assert police.query.question == TextRef("piece-question-b1", "triage")
    assert [p.bsn for p in police.query.persons] == [TextRef("piece-bsn-1", "intake")]
    assert care.choice.reason == TextRef("piece-reason-b2", "triage")
    said = {given.query_id: given.said for given in found.given}
    assert isinstance(said[s.TO_POLICE], m.QueryAnswered)
    assert isinstance(said[s.TO_CARE], m.QueryDeclined)
    assert {i.item_id: i.contributor for i in found.items} == {
        s.REFERRED: s.VENLO,
        s.ITEM: s.POLICE,
        s.SPECIAL: s.POLICE,
    }
    stored = {TextRef(row.piece, row.sealed_by) for row in await rows(engine, "pieces")}
    assert set(contents(found)) <= stored


async def test_what_lies_in_the_record_prepares_the_round_table(fresh_database: FreshDatabase) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), ANSWER, s.conclude())
    item_ids = (await record(engine)).items
    assert await do(transaction, s.prepare(items=item_ids)) == [DeliveryStatus.ACCEPTED]
    events = [r.type.split(".")[-2] for r in await rows(engine, "outbox", "recipient IS NULL ORDER BY id")]
    assert events == [
        "items-claimed",
        "query-recorded",
        "triage-outcome-recorded",
        *["item-prepared"] * 3,
        "rto-prepared",
    ]


async def test_a_partys_own_queries_are_listed_until_it_has_replied_r34(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    again = s.issue("0192aaaa-0000-7000-8000-0000000000b9")
    await do(transaction, OPEN, s.issue(), again, s.issue(s.TO_CARE, s.CARE))
    assert await waiting(engine, s.POLICE) == [s.TO_POLICE, again.query_id]
    assert await waiting(engine, s.POLICE, most=1) == [s.TO_POLICE]
    assert await waiting(engine, s.POLICE, after=s.TO_POLICE) == [again.query_id]
    await do(transaction, ANSWER, s.decline())
    assert await waiting(engine, s.POLICE) == [again.query_id]
    assert await waiting(engine, s.CARE) == []
    await do(transaction, c.LapseQuery(by=CLOCK, query_id=again.query_id), at=s.LAPSES)
    assert await waiting(engine, s.POLICE) == []


async def test_the_terms_of_a_query_are_set_and_go_with_its_reply_r31(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), s.issue(s.TO_CARE, s.CARE))
    await do(transaction, ANSWER)
    due = [(r.kind, r.ref, r.at) for r in await rows(engine, "due", "kind LIKE 'query-%' ORDER BY at")]
    assert due == [("query-term", s.TO_CARE, s.TERM), ("query-reminder", s.TO_CARE, s.LAPSES)]


async def test_time_that_is_given_moves_both_terms_and_lists_the_query_again_r31(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(s.TO_CARE, s.CARE), s.ask_extension())
    await do(transaction, c.LapseQuery(by=CLOCK, query_id=s.TO_CARE), at=s.LAPSES)
    assert await waiting(engine, s.CARE) == []
    assert await rows(engine, "due", "kind LIKE 'query-%'") == []
    await do(transaction, s.decide_extension(s.TO_CARE), at=s.LAPSES)
    assert await waiting(engine, s.CARE) == [s.TO_CARE]
    due = [(r.kind, r.ref, r.at) for r in await rows(engine, "due", "kind LIKE 'query-%' ORDER BY at")]
    ends = s.LATER + (s.LAPSES - s.TERM)
    assert due == [("query-term", s.TO_CARE, s.LATER), ("query-reminder", s.TO_CARE, ends)]


async def test_a_query_that_ended_and_one_that_waits_again_in_one_batch_are_told_apart_r31(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(s.TO_CARE, s.CARE), s.issue(), s.ask_extension())
    await do(transaction, s.decide_extension(s.TO_CARE), s.decline(), ANSWER)
    assert (await waiting(engine, s.CARE), await waiting(engine, s.POLICE)) == ([], [])


async def test_a_query_that_has_not_left_is_taken_back_when_the_case_closes_r102(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue())
    await do(transaction, s.conclude(m.TriageOutcome.NOT_TAKEN_UP))
    letters = [r.type.split(".")[-2] for r in await rows(engine, "outbox", "recipient = :p", p=s.POLICE)]
    assert letters == ["query-lapsed"]


async def test_what_was_told_of_a_query_and_has_not_left_is_taken_back_with_it_r31(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    both = (s.ask_clarification(), s.ask_extension(), s.clarify(s.TO_CARE), s.decide_extension(s.TO_CARE))
    await do(transaction, OPEN, s.issue(s.TO_CARE, s.CARE), *both)
    ours = "recipient = :p AND type NOT LIKE '%accepted%' ORDER BY id"
    told = [r.type.split(".")[-2] for r in await rows(engine, "outbox", ours, p=s.CARE)]
    assert told == ["query-issued", "query-clarified", "query-extended"]
    await do(transaction, s.conclude(m.TriageOutcome.NOT_TAKEN_UP))
    left = [r.type.split(".")[-2] for r in await rows(engine, "outbox", ours, p=s.CARE)]
    assert left == ["query-lapsed"]


async def test_an_item_cannot_be_moved_to_another_case_r35(fresh_database: FreshDatabase) -> None:
    engine, transaction = await house(fresh_database)
    other = s.CASE[:-1] + "d"
    elsewhere = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(items=()))
    await do(transaction, OPEN, s.issue(), ANSWER)
    await do(transaction, elsewhere, s.issue(s.TO_CARE), case=other)
    moved = delivery(other, s.answer(s.TO_CARE, items=s.GIVEN.items), at=NOW)
    outcome = (await transaction.run([moved]))[0]
    assert outcome.refusal is not None
    assert (outcome.refusal.name, outcome.refusal.rule) == ("ItemNumberNotUsable", "R35")
    assert {row.case_id for row in await rows(engine, "items")} == {s.CASE}


async def test_an_item_that_is_being_claimed_for_another_case_is_refused_and_holds_nothing_r35(
    fresh_database: FreshDatabase,
) -> None:
    """What another service says of it is written, and committed only when the answer is about to be."""
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue())
    async with engine.connect() as hearing:
        await item_ids.learn(hearing, [Claim(item.item_id, s.CASE[:-1] + "d") for item in s.GIVEN.items])
        answering = asyncio.create_task(transaction.run([delivery(s.CASE, ANSWER, at=NOW)]))
        while not await rows(engine, "pg_locks", "NOT granted AND locktype = 'transactionid'"):
            assert not answering.done()
        await hearing.commit()
    (outcome,) = await answering
    assert outcome.refusal is not None
    assert (outcome.refusal.name, outcome.refusal.rule) == ("ItemNumberNotUsable", "R35")
    assert not await rows(engine, "cases", "held")


@pytest.mark.parametrize("taken", [s.REFERRED, s.ITEM], ids=["of-the-referrer", "of-itself"])
async def test_an_item_number_of_this_case_is_not_used_again_r35(
    fresh_database: FreshDatabase, taken: str
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), s.issue(query_id=s.TO_CARE, recipient=s.CARE))
    again = s.answer(s.TO_CARE, s.CARE, items=(s.item(taken),))
    fates = await do(transaction, ANSWER, again)
    fates += await do(transaction, again)
    assert fates == [DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED, DeliveryStatus.REFUSED]
    refused = await rows(engine, "journal", "rule IS NOT NULL")
    assert [(row.what, row.rule) for row in refused] == [("ItemNumberNotUsable", "R35")] * 2


async def test_a_strangers_answer_is_refused_and_told_nothing_r34(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue())
    stranger = s.answer(party=s.PROBATION)
    for case in (s.CASE, s.CASE[:-1] + "d"):
        waits = (await transaction.run([delivery(case, stranger, at=NOW, record=b"kept")]))[0]
        outcome = (await transaction.run([delivery(case, stranger, at=NOW)]))[0]
        assert (waits.status, outcome.status) == (
            DeliveryStatus.WAITING,
            DeliveryStatus.REFUSED,
        )  # alike, whatever exists
    bodies = [r.body for r in await rows(engine, "outbox", "recipient = :p", p=s.PROBATION)]
    assert len({body.split('"message_id"')[0] for body in bodies}) == 1
    assert '"name":"UnknownCase","rule":"R34"' in bodies[0]
    assert {r.what for r in await rows(engine, "journal", "party = :p", p=s.PROBATION)} == {
        "NotTheQueriedParty"
    }


async def test_cleaning_leaves_only_what_was_kept_and_who_it_is_about_r95(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), ANSWER, s.conclude())
    await do(transaction, s.prepare(items=(await record(engine)).items))
    clean = c.FollowCleaning(by=s.BY_SERVICE, kept_items=(s.ITEM,))
    fates = await do(transaction, c.FollowDeescalation(by=s.BY_SERVICE), clean)
    assert fates == [DeliveryStatus.ACCEPTED, DeliveryStatus.ACCEPTED]
    found = await record(engine)
    assert (found.asked, [i.item_id for i in found.items]) == ((), [s.ITEM])
    persons = {"piece-name-1", "piece-born-1", "piece-bsn-1", "piece-name-2", "piece-born-2"}
    kept = persons | {"piece-necessity-a1", "piece-content-a1"}
    assert {row.piece for row in await rows(engine, "pieces")} == kept


async def test_a_purged_case_leaves_no_row_and_never_comes_back_r105(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), s.issue(s.TO_CARE, s.CARE), ANSWER)
    await do(transaction, c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE))
    tables = ("cases", "pieces", "items", "journal", "access_log", "due", "held", "queries", "contributions")
    for table in tables:
        assert await rows(engine, table) == [], table
    left = [r.type.split(".")[-2] for r in await rows(engine, "outbox")]
    assert sorted(left) == ["case-purged", "items-claimed", "message-accepted"]
    late = delivery(s.CASE, s.answer(items=(s.item(s.NEW),)), at=NOW)
    outcome = (await transaction.run([late]))[0]
    assert outcome.refusal is not None
    assert (outcome.status, public_refusal(outcome.refusal).name) == (DeliveryStatus.REFUSED, "UnknownCase")
    for table in ("cases", "contributions", "items"):
        assert await rows(engine, table) == [], table


async def test_an_answer_and_the_erasure_in_one_batch_leave_nothing_r105(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue())
    await do(transaction, ANSWER, c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE))
    for table in ("cases", "pieces", "items", "queries", "contributions"):
        assert await rows(engine, table) == [], table


def told(**changes: Any) -> FollowStanding:
    """What the round table says of an item of the police."""
    given: dict[str, Any] = {"status": ItemStatus.LIVE, "number": 1}
    return FollowStanding(by=s.BY_SERVICE, standing=Standing(s.ITEM, s.POLICE, **(given | changes)))


def corrected(item_id: str = s.ITEM) -> FollowStanding:
    texts = Revision(content=TextRef("new", "rto"), necessity=TextRef("new-necessity", "rto"))
    following = told(version=2, revision=texts)
    return replace(following, standing=replace(following.standing, item_id=item_id))


async def pieces(engine: AsyncEngine) -> set[str]:
    return {row.piece for row in await rows(engine, "pieces")}


@pytest.mark.clause("R66.f", refused="Van een verbeterd gegeven blijft in de triage geen eerdere tekst.")
async def test_a_corrected_item_stands_in_the_record_in_its_new_version_alone_a22(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), ANSWER, s.conclude())
    before = await pieces(engine)
    (item,) = [x for x in (await record(engine)).items if x.item_id == s.ITEM]
    assert await do(transaction, corrected()) == [DeliveryStatus.ACCEPTED]
    after = await record(engine)
    (now,) = [x for x in after.items if x.item_id == s.ITEM]
    assert (now.version, now.content) == (2, TextRef("new", "rto"))
    assert await pieces(engine) == (before - set(sealed_text_ids(item))) | {"new", "new-necessity"}
    assert set(contents(after)) <= {TextRef(r.piece, r.sealed_by) for r in await rows(engine, "pieces")}
    assert await do(transaction, s.prepare(items=after.items)) == [DeliveryStatus.ACCEPTED]


async def test_the_texts_of_an_item_that_triage_never_had_are_not_kept_a22(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), ANSWER)
    before = await pieces(engine)
    assert await do(transaction, corrected(s.NEW)) == [DeliveryStatus.ACCEPTED]
    assert await pieces(engine) == before


@pytest.mark.clause("R66.g", refused="Van een ingetrokken gegeven blijft in de triage geen tekst.")
async def test_a_withdrawn_item_leaves_no_text_in_triage_and_does_not_go_to_the_table_r66(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await do(transaction, OPEN, s.issue(), ANSWER, corrected(), s.conclude())
    await do(transaction, told(number=2, status=ItemStatus.WITHDRAWN, is_gone=True, version=2))
    assert {"new", "new-necessity"}.isdisjoint(await pieces(engine))
    items = (await record(engine)).items
    assert await do(transaction, s.prepare(items=items, viewing_plan=())) == [DeliveryStatus.ACCEPTED]
    prepared = [r for r in await rows(engine, "outbox") if "item-prepared" in r.type]
    sent = [json.loads(r.body)["item"]["item_id"] for r in prepared]
    assert s.ITEM not in sent
    assert s.SPECIAL in sent
