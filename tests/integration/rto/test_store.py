"""The round table on a real PostgreSQL: one effect per message, letters stopped, forgetting for good."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.rto import commands as c
from services.rto.main import SERVICE
from services.rto.state import Phase
from shared.contract.fields import ItemStatus
from shared.contract.messages import rto as m
from shared.contract.refusal import UNKNOWN_CASE, public_refusal
from shared.core.actor import Command
from shared.core.outcome import DeliveryStatus, Outcome
from shared.handling.delivery import FromParty
from shared.handling.transaction import Transaction
from shared.storage import held_messages, item_ids
from shared.storage.item_ids import Claim
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.samples import rto as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

Table = tuple[AsyncEngine, Transaction[Any]]

PREPARED: tuple[Command, ...] = (
    *(c.RecordItem(by=s.BY_TRIAGE, item=item) for item in s.ITEMS),
    c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation()),
)
CONVENED = (*PREPARED, c.ConveneRto(by=s.by_director(), meeting=s.meeting()))
SEATED = (
    *CONVENED,
    *(
        c.AcceptInvitation(by=s.by_party(p), rto_id=s.RTO, delegate=s.worker(p), mandate=True)
        for p in s.AT_THE_TABLE
    ),
)
AGREED = (
    *SEATED,
    c.RecordPlan(by=s.by_director(), plan=s.plan()),
    c.GiveRelease(by=s.by_party(s.POLICE), release=s.release()),
)
CONCLUDE = c.ConcludeRto(by=s.by_director(), rto_id=s.RTO, conclusion=s.conclusion())
PROVIDED = (*AGREED, CONCLUDE, c.ProvideItem(by=s.by_director(), taking=s.taking()))


async def a_table(fresh_database: FreshDatabase) -> Table:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    return engine, transaction_on(engine, SERVICE)


async def play(transaction: Transaction[Any], *commands: Command) -> list[Outcome]:
    return await transaction.run([delivery(s.CASE, command, at=NOW) for command in commands])


async def letters(engine: AsyncEngine, kind: str) -> list[Any]:
    return [row for row in await rows(engine, "outbox") if row.type.split(".")[-2] == kind]


async def test_the_database_knows_every_phase(fresh_database: FreshDatabase) -> None:
    """Its CHECK repeats the table: a case is brought into each phase by what happens to it."""
    engine, transaction = await a_table(fresh_database)
    outcomes = await play(transaction, *PROVIDED)
    assert {outcome.status for outcome in outcomes} == {DeliveryStatus.ACCEPTED}
    seen = [(await rows(engine, "cases"))[0].phase]
    again = s.meeting(s.SECOND_RTO, preparation=s.follow_up())
    for command in (
        c.ConveneRto(by=s.by_director(), meeting=again),
        c.AcceptInvitation(by=s.by_party(s.CARE), rto_id=s.SECOND_RTO, delegate="x", mandate=True),
        c.AcceptInvitation(by=s.by_party(s.POLICE), rto_id=s.SECOND_RTO, delegate="y", mandate=True),
        c.ConcludeRto(
            by=s.by_director(),
            rto_id=s.SECOND_RTO,
            conclusion=s.conclusion(outcome=m.RtoOutcome.DEESCALATE),
        ),
        c.FollowCleaning(by=s.BY_RETENTION, kept_items=(s.FREE,)),
        c.FollowArchiving(by=s.BY_RETENTION),
    ):
        (outcome,) = await play(transaction, command)
        assert outcome.status is DeliveryStatus.ACCEPTED, outcome.refusal
        seen.append((await rows(engine, "cases"))[0].phase)
    expected = ["monitoring", *["convened"] * 3, "deescalated", "deescalated", "archived"]
    assert seen == expected


async def test_the_same_message_twice_has_one_effect(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *SEATED)
    await play(transaction, c.RecordPlan(by=s.by_director(), plan=s.plan()))
    end = delivery(s.CASE, CONCLUDE, at=NOW)
    fates = [o.status for o in await transaction.run([end, end])]
    again = [o.status for o in await transaction.run([end])]
    assert fates + again == [DeliveryStatus.ACCEPTED, DeliveryStatus.REPEATED, DeliveryStatus.REPEATED]
    assert len(await letters(engine, "actions-assigned")) == 2


async def test_the_answer_to_who_takes_an_item_back_stands_behind_what_the_others_must_know(
    fresh_database: FreshDatabase,
) -> None:
    """Also when it is sent a second time: the relay sends no answer before which an event is unsent."""
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *AGREED)
    back = delivery(s.CASE, c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.FREE), at=NOW)
    for place in ("a place", "another place"):
        await transaction.run([back._replace(entry=back.entry._replace(place=place))])
    mine = await rows(engine, "outbox", f"causation_id = '{back.entry.message_id}' ORDER BY id")
    kinds = [row.type.split(".")[-2] for row in mine]
    assert kinds == ["item-standing", "message-accepted", "message-accepted"]


async def test_ten_transactions_at_once_convene_one_rto(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PREPARED)
    convene = c.ConveneRto(by=s.by_director(), meeting=s.meeting())
    results = await asyncio.gather(
        *(transaction_on(engine, SERVICE).run([delivery(s.CASE, convene, at=NOW)]) for _ in range(10))
    )
    assert (
        sorted(result[0].status for result in results)
        == [DeliveryStatus.ACCEPTED] + [DeliveryStatus.REFUSED] * 9
    )
    assert len(await letters(engine, "rto-convened")) == len(s.AT_THE_TABLE)


async def test_an_acceptance_waits_for_its_authorisation_and_moves_the_direction_when_that_has_come_r122(
    fresh_database: FreshDatabase,
) -> None:
    """R122: it is judged by what is in force when it is tried again, and until then it goes on waiting."""
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *SEATED, c.OfferDirection(by=s.by_director(), party=s.CARE))
    accepting = s.accepting()
    message = delivery(s.CASE, accepting, at=NOW, record=b"sealed")

    async def try_with(sequence: int, accepted_at: datetime) -> DeliveryStatus:
        grant = s.authorisation().model_copy(update={"accepted_at": accepted_at})
        async with engine.begin() as connection:
            record = s.record(s.CARE, authorisations=(grant,))
            await PartyReplica().save(connection, [(sequence, record)])
            held = await held_messages.waiting(connection, 10)
        again = FromParty(s.CARE, b"sealed", held[0] if held else None)
        (outcome,) = await transaction.run([message._replace(origin=again)])
        return outcome.status

    in_an_hour, just_after = NOW + timedelta(hours=1), NOW + timedelta(microseconds=1)
    assert await try_with(2, in_an_hour) is DeliveryStatus.WAITING
    assert await try_with(3, in_an_hour) is DeliveryStatus.WAITING
    assert await try_with(4, just_after) is DeliveryStatus.ACCEPTED
    assert await rows(engine, "held") == []
    assert len(await rows(engine, "journal", "what = 'DirectionMoved'")) == 1


async def test_the_state_and_the_journal_hold_no_sealed_text(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PROVIDED)
    (case,) = await rows(engine, "cases")
    kept = json.dumps(case.state) + json.dumps([row.detail for row in await rows(engine, "journal")])
    assert '"piece"' in kept
    assert '"box"' not in kept
    pieces = {row.piece for row in await rows(engine, "pieces")}
    assert {"piece-goal", "piece-agreements", "piece-place"} <= pieces
    assert not any(piece.startswith("piece-bsn") for piece in pieces)


async def test_a_withdrawal_takes_back_the_item_that_has_not_left_a12(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PROVIDED)
    (provided,) = await letters(engine, "items-provided")
    assert (provided.item, provided.recipient) == (s.FREE, s.CARE)
    other = c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.WITHHELD)
    await play(transaction, other)
    assert await letters(engine, "items-provided")
    await play(transaction, c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.FREE))
    assert await letters(engine, "items-provided") == []
    (told,) = await letters(engine, "takers-told")
    assert told.recipient == s.CARE


async def test_a_reservation_takes_back_what_has_not_left_for_that_party_r62(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PROVIDED)
    police = s.by_party(s.POLICE)
    await play(transaction, c.LimitItem(by=police, item_id=s.FREE, withheld_from=(s.HOUSING,)))
    assert await letters(engine, "items-provided")
    await play(transaction, c.LimitItem(by=police, item_id=s.FREE, withheld_from=(s.CARE,)))
    assert await letters(engine, "items-provided") == []
    (told,) = await letters(engine, "takers-told")
    assert told.recipient == s.CARE
    (outcome,) = await transaction.run([delivery(s.CASE, PROVIDED[-1], at=NOW)])
    assert outcome.refusal is not None
    assert outcome.refusal.name == "NotReleased"


@pytest.mark.clause(
    "R66.f", refused="Een letter met de eerdere versie die nog niet weg is, vertrekt niet meer."
)
@pytest.mark.clause("R66.f", refused="Van een verbeterd gegeven blijft in het RTO geen eerdere tekst.")
async def test_a_correction_stops_the_earlier_version_and_leaves_no_text_of_it_a22(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PROVIDED)
    before = {row.piece for row in await rows(engine, "pieces")}
    await play(transaction, s.correct())
    assert await letters(engine, "items-provided") == []
    (told,) = await letters(engine, "takers-told")
    assert (told.recipient, json.loads(told.body)["version"]) == (s.CARE, 2)
    number = s.FREE[-2:]
    old, new = {f"piece-content-{number}", f"piece-necessity-{number}"}, {"piece-corrected-content"}
    after = {row.piece for row in await rows(engine, "pieces")}
    assert old <= before
    assert after == (before - old) | new | {"piece-corrected-necessity"}
    (standing,) = await letters(engine, "item-standing")
    assert "box" in json.loads(standing.body)["revision"]["content"]


@pytest.mark.clause("R66.g", refused="Van een ingetrokken gegeven blijft in het RTO geen tekst.")
async def test_an_item_that_is_withdrawn_for_good_leaves_no_text_and_no_letter_r66(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PROVIDED)
    await play(transaction, s.withdraw_item())
    assert await letters(engine, "items-provided") == []
    number = s.FREE[-2:]
    pieces = {row.piece for row in await rows(engine, "pieces")}
    assert [one for one in pieces if one.endswith(number) or f"reason-{number}" in one] == []
    (told,) = await letters(engine, "takers-told")
    assert told.recipient == s.CARE


async def test_an_item_brought_in_belongs_to_its_case_for_good_r35(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *SEATED)
    brought = c.ContributeItems(by=s.by_party(s.HOUSING), rto_id=s.RTO, items=(s.own_item(s.NEW),))
    await play(transaction, brought)
    other_case = s.CASE[:-1] + "d"
    elsewhere = s.own_item(s.number("b9"))
    async with engine.begin() as connection:
        await item_ids.learn(connection, [Claim(elsewhere.item_id, other_case)])
    moved = c.ContributeItems(by=s.by_party(s.HOUSING), rto_id=s.RTO, items=(elsewhere,))
    (outcome,) = await transaction.run([delivery(s.CASE, moved, at=NOW)])
    assert outcome.refusal is not None
    assert outcome.refusal.name == "ItemNumberNotUsable"
    assert {row.item_id for row in await rows(engine, "items")} >= {s.NEW, s.FREE}


async def test_cleaning_leaves_no_piece_of_what_does_not_stay_r95(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    deescalate = s.conclusion(outcome=m.RtoOutcome.DEESCALATE)
    await play(
        transaction,
        *AGREED,
        c.ConcludeRto(by=s.by_director(), rto_id=s.RTO, conclusion=deescalate),
        c.FollowCleaning(by=s.BY_RETENTION, kept_items=(s.WITHHELD,)),
    )
    contents = {row.piece for row in await rows(engine, "pieces") if row.piece.startswith("piece-content")}
    assert contents == {f"piece-content-{s.WITHHELD[-2:]}"}
    handed = [json.loads(row.body)["item"] for row in await letters(engine, "item-handed-over")]
    assert all("box" in item["content"] for item in handed)


async def test_a_purged_case_leaves_no_row_in_any_table_r105(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    await play(transaction, *PROVIDED, c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE))
    for table in ("cases", "pieces", "items", "journal", "access_log", "due", "held"):
        assert await rows(engine, table) == [], table
    assert await rows(engine, "inbox", "case_id IS NOT NULL") == []
    left = await rows(engine, "outbox", "case_id IS NULL")
    assert {row.type.split(".")[-2] for row in left} == {"message-accepted", "case-purged"}
    assert await rows(engine, "outbox", "case_id IS NOT NULL") == []
    late = c.GiveRelease(by=s.by_party(s.POLICE), release=s.release())
    (outcome,) = await transaction.run([delivery(s.CASE, late, at=NOW)])
    assert outcome.refusal is not None
    assert public_refusal(outcome.refusal) == UNKNOWN_CASE
    assert await rows(engine, "cases") == []
    assert [row.case_id for row in await rows(engine, "journal")] == ["erased"]


async def test_a_service_that_never_knew_the_case_confirms_its_purge_r105(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await a_table(fresh_database)
    (outcome,) = await play(transaction, c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE))
    assert outcome.status is DeliveryStatus.ACCEPTED
    assert len(await letters(engine, "case-purged")) == 1
    assert await rows(engine, "cases") == []


async def test_an_answer_that_overtakes_the_preparation_waits(fresh_database: FreshDatabase) -> None:
    engine, transaction = await a_table(fresh_database)
    early = c.FollowCleaning(by=s.BY_RETENTION, kept_items=())
    await play(transaction, *SEATED)
    (outcome,) = await transaction.run([delivery(s.CASE, early, at=NOW, record=b"kept")])
    assert outcome.status is DeliveryStatus.WAITING
    assert (await rows(engine, "cases"))[0].phase == Phase.CONVENED


async def test_in_triage_a_contributor_takes_back_what_this_service_has_only_heard_of_a12(
    fresh_database: FreshDatabase,
) -> None:
    """The number of its item came with triage's claim; it is nobody else's, and the others hear it once."""
    engine, transaction = await a_table(fresh_database)
    async with engine.begin() as connection:
        await item_ids.learn(connection, [Claim(s.FREE, s.CASE, s.POLICE), Claim(s.RENT, s.CASE, s.HOUSING)])
    somebody_elses = c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.RENT)
    never_was = c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.NEW)
    outcomes = await play(transaction, somebody_elses, never_was)
    assert [outcome.refusal for outcome in outcomes] == [UNKNOWN_CASE] * 2, "as a message they would wait"
    assert await rows(engine, "cases") == []
    back = c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.FREE)
    first, again = await play(transaction, back, back)
    assert (first.status, again.status) == (DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED)
    (told,) = await letters(engine, "item-standing")
    standing = m.ItemStanding.model_validate_json(told.body)
    assert standing == m.ItemStanding(
        item_id=s.FREE, contributor=s.POLICE, number=1, status=ItemStatus.WITHDRAWN
    )
    await play(transaction, *PREPARED)
    (case,) = await rows(engine, "cases")
    assert case.phase == "prepared"
    given = {x["key"]["item_id"] for x in case.state["releases"] if x["status"] == "given"}
    assert s.FREE not in given
    assert s.WITHHELD in given
