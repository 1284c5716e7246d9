"""What triage hears of other services, on a real PostgreSQL: item numbers, and decisions it cannot follow."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncEngine

from services.triage import commands as c
from services.triage.main import SERVICE
from shared.clock import machine_now
from shared.contract.fields import ItemStatus
from shared.contract.messages.intake import ScreeningOutcome
from shared.core.actor import Command
from shared.core.item_standing import Standing
from shared.core.mandate import Mandate
from shared.core.outcome import DeliveryStatus
from shared.handling.delivery import Delivery, FromService
from shared.handling.transaction import Transaction
from shared.runtime import quarantine
from shared.storage import erasure, held_messages, item_ids
from shared.storage.item_ids import Claim
from tests.conftest import FreshDatabase
from tests.support.samples import triage as s
from tests.support.spec import NOW
from tests.support.transactions import MARKER_KEY, delivery, know, rows, transaction_on

OTHER = s.CASE[:-1] + "d"
OPEN = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up())
ANSWER = s.answer(items=s.GIVEN.items)
GIVEN = sorted(item.item_id for item in s.GIVEN.items)
NOT_FOR_TRIAGE = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(outcome=ScreeningOutcome.NOT_TAKEN_UP))
MOVED = c.MoveDirection(by=s.BY_SERVICE, leading_party=s.POLICE, since=NOW)


async def house(fresh_database: FreshDatabase) -> tuple[AsyncEngine, Transaction[Any]]:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    return engine, transaction_on(engine, SERVICE)


def event(command: Command, case: str = s.CASE, **more: Any) -> Delivery:
    """What another service decided, with the record it came in."""
    return delivery(case, command, at=NOW, record=b"as it came", **more)


async def fates(transaction: Transaction[Any], *deliveries: Delivery) -> list[DeliveryStatus]:
    return [outcome.status for outcome in await transaction.run(deliveries)]


async def learn(engine: AsyncEngine, *claims: Claim) -> None:
    async with engine.begin() as connection:
        await erasure.learn_items(connection, MARKER_KEY, claims)


async def owners(engine: AsyncEngine) -> dict[str, str]:
    return {row.item_id: row.case_id for row in await rows(engine, "items")}


async def asked(transaction: Transaction[Any]) -> None:
    await fates(transaction, event(OPEN), delivery(s.CASE, s.issue(), at=NOW))


async def log_of(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    found = await rows(engine, "access_log", "true ORDER BY entry")
    return [(x.party, x.thing, x.allowed, x.rule, x.given_on_behalf_of, x.basis, x.role) for x in found]


async def test_the_log_says_what_a_query_gives_to_whom_on_which_basis_and_that_it_did_not_leave_r129(
    fresh_database: FreshDatabase,
) -> None:
    """The query itself is of who leads; what it draws on has the basis that its contributor stated."""
    engine, transaction = await house(fresh_database)
    mandate = Mandate(party=s.VENLO, acting_body="college", basis="Wmo 2015, art. 2.1.1")
    opened = c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up(mandate=mandate))
    item = s.contributed(s.REFERRED, s.VENLO, shareable_in_query=True)
    drawing = s.issue(drawn_from=(s.REFERRED,), items=(item,))
    await fates(transaction, event(opened), delivery(s.CASE, drawing, at=NOW))
    sent = [
        (s.POLICE, f"sent/query/{s.TO_POLICE}", True, "R30", s.VENLO, mandate.basis, "party"),
        (s.POLICE, f"sent/item/{s.REFERRED}", True, "R30", s.VENLO, item.basis, "party"),
    ]
    assert await log_of(engine) == sent
    await fates(transaction, event(c.FollowClosing(by=s.BY_SERVICE)))
    stopped = (s.POLICE, f"not-sent/{s.TO_POLICE}", False, "R66", None, None, "party")
    assert await log_of(engine) == [*sent, stopped]


# --- whose an item number is ---------------------------------------------------------------------


async def test_what_a_party_gives_here_is_told_to_the_other_services_r35(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await asked(transaction)
    await fates(transaction, delivery(s.CASE, ANSWER, at=NOW))
    (letter,) = await rows(engine, "outbox", "type LIKE '%items-claimed%'")
    assert (letter.topic, letter.case_id, letter.subject) == ("zvh.triage.events", None, None)
    claims = from_json(letter.body)["claims"]
    assert sorted(claim["item_id"] for claim in claims) == GIVEN, "and nothing of what intake told itself"
    assert {(claim["case_id"], claim["contributor"]) for claim in claims} == {(s.CASE, s.POLICE)}


async def test_an_item_that_another_service_accepted_in_another_case_is_refused_here_r35(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await asked(transaction)
    await learn(engine, Claim(GIVEN[0], OTHER))
    (outcome,) = await transaction.run([delivery(s.CASE, ANSWER, at=NOW)])
    assert outcome.refusal is not None
    assert (outcome.refusal.name, outcome.refusal.rule) == ("ItemNumberNotUsable", "R35")
    fresh = s.answer(items=(s.item(s.NEW),))
    assert await fates(transaction, delivery(s.CASE, fresh, at=NOW)) == [DeliveryStatus.ACCEPTED]


async def test_a_case_taken_up_is_taken_in_though_an_item_of_it_was_given_elsewhere_meanwhile_r25(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await learn(engine, Claim(s.REFERRED, OTHER))
    assert await fates(transaction, event(OPEN)) == [DeliveryStatus.ACCEPTED]
    assert (await owners(engine))[s.REFERRED] == OTHER, "the first one keeps the number"
    again = s.answer(items=(s.item(s.REFERRED),))
    await fates(transaction, delivery(s.CASE, s.issue(), at=NOW))
    assert await fates(transaction, delivery(s.CASE, again, at=NOW)) == [DeliveryStatus.REFUSED]


async def test_what_is_learnt_of_a_case_goes_with_it_and_is_not_learnt_after_r105(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await learn(engine, Claim(s.NEW, s.CASE), Claim(s.ITEM, OTHER))
    purge = c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE)
    assert await fates(transaction, event(purge)) == [DeliveryStatus.ACCEPTED]
    assert await owners(engine) == {s.ITEM: OTHER}
    await learn(engine, Claim(s.NEW, s.CASE))
    assert await owners(engine) == {s.ITEM: OTHER}


async def test_hearing_twice_of_an_item_changes_nothing_but_tells_whose_it_is(
    fresh_database: FreshDatabase,
) -> None:
    engine, _ = await house(fresh_database)
    await learn(engine, Claim(s.NEW, s.CASE))
    await learn(engine, Claim(s.NEW, s.CASE, s.POLICE), Claim(s.NEW, OTHER, s.CARE))
    async with engine.connect() as connection:
        assert await item_ids.owners(connection, [s.NEW]) == {s.NEW: Claim(s.NEW, s.CASE, s.POLICE)}


# --- the order of what is heard ------------------------------------------------------------------


async def test_an_event_whose_number_is_not_new_is_not_followed_again(fresh_database: FreshDatabase) -> None:
    """Under another id the inbox does not know it: a restored service may say again what it said."""
    engine, transaction = await house(fresh_database)
    numbers = [("intake", 5), ("intake", 5), ("intake", 4), ("intake", 6), ("rto", 1)]
    heard = [event(OPEN, sender=source, sequence=n) for source, n in numbers]
    told, stale, again = DeliveryStatus.ACCEPTED, DeliveryStatus.STALE, DeliveryStatus.REFUSED
    assert await fates(transaction, *heard[:3]) == [told, stale, stale]
    assert len(await rows(engine, "journal")) == 1
    assert await fates(transaction, *heard[3:]) == [again, again]
    later = [event(OPEN, sender=source, sequence=n) for source, n in numbers]
    assert await fates(transaction, *later) == [stale] * 5


# --- what cannot be followed ---------------------------------------------------------------------


async def test_a_decision_of_another_service_that_cannot_be_followed_holds_its_case(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    assert await fates(transaction, event(NOT_FOR_TRIAGE), event(MOVED)) == [
        DeliveryStatus.QUARANTINED,
        DeliveryStatus.HELD,
    ]
    assert [row.why for row in await rows(engine, "held", "true ORDER BY id")] == ["parked", "queued"]
    assert await quarantine.held_cases(engine) == {s.CASE: 2}
    (line,) = await rows(engine, "journal")
    assert (line.what, line.rule, line.case_id) == ("NotTakenUpAtScreening", "R25", s.CASE)


async def test_an_operator_who_discards_it_lets_the_case_go_and_leaves_no_trace_where_there_was_none(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await fates(transaction, event(NOT_FOR_TRIAGE))
    assert await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
    async with engine.begin() as connection:
        assert await held_messages.count(connection, 100) == {}
    await quarantine.let_go(engine, MARKER_KEY, s.CASE)
    assert await rows(engine, "cases") == []
    whats = [row.what for row in await rows(engine, "journal", "true ORDER BY entry")]
    assert whats == ["NotTakenUpAtScreening", "ParkedMessageDiscarded", "HeldCaseReleased"]


async def test_a_decision_that_is_followed_already_is_journalled_and_holds_nothing(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    assert await fates(transaction, event(OPEN), event(OPEN)) == [
        DeliveryStatus.ACCEPTED,
        DeliveryStatus.REFUSED,
    ]
    assert await quarantine.held_cases(engine) == {}
    refused = await rows(engine, "journal", "rule IS NOT NULL")
    assert [row.what for row in refused] == ["AlreadyInTriage"]


async def test_a_decision_about_a_case_that_is_erased_holds_nothing_r105(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await fates(transaction, event(OPEN), event(c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE)))
    assert await fates(transaction, event(MOVED)) == [DeliveryStatus.REFUSED]
    assert await rows(engine, "cases") == await rows(engine, "held") == []


async def test_what_came_too_early_waits_for_a_day_and_holds_the_case_then(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    await fates(transaction, event(OPEN))
    early = event(MOVED)
    assert await fates(transaction, early) == [DeliveryStatus.WAITING]
    assert await quarantine.held_cases(engine) == {}
    assert await fates(transaction, await a_day_later(engine, early)) == [DeliveryStatus.QUARANTINED]
    assert await quarantine.held_cases(engine) == {s.CASE: 1}


async def test_an_event_whose_time_a_clock_that_was_ahead_has_set_does_not_wait_as_long_f13(
    fresh_database: FreshDatabase,
) -> None:
    """Thirteen months too long, and its case with it."""
    engine, transaction = await house(fresh_database)
    await fates(transaction, event(OPEN))
    early = event(MOVED)
    assert await fates(transaction, early) == [DeliveryStatus.WAITING]
    far = machine_now() + timedelta(days=396)
    assert await fates(transaction, await tried_again(engine, early, far)) == [DeliveryStatus.QUARANTINED]


async def a_day_later(engine: AsyncEngine, waiting: Delivery) -> Delivery:
    """The same delivery, as it is tried for the last time."""
    return await tried_again(engine, waiting, machine_now() - timedelta(seconds=1))


async def tried_again(engine: AsyncEngine, waiting: Delivery, until: datetime) -> Delivery:
    """Return the same delivery, as it is tried once more; it waits `until` then."""
    async with engine.connect() as connection:
        (one,) = await held_messages.waiting(connection, 10)
    last = replace(one, until=until)
    assert isinstance(waiting.origin, FromService)
    return waiting._replace(origin=waiting.origin._replace(held_message=last))


# --- what contributors decide on their items (R66, A12) -------------------------------------------


def standing(item_id: str, number: int, status: ItemStatus = ItemStatus.WITHDRAWN) -> c.FollowStanding:
    return c.FollowStanding(by=s.BY_SERVICE, standing=Standing(item_id, s.POLICE, number, status))


async def test_what_is_taken_back_is_followed_before_the_case_is_here_and_the_later_word_holds(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await house(fresh_database)
    back, live_again = standing(s.REFERRED, 1), standing(s.REFERRED, 2, ItemStatus.LIVE)
    assert await fates(transaction, event(back), event(OPEN)) == [DeliveryStatus.ACCEPTED] * 2
    (case,) = await rows(engine, "cases")
    assert case.phase == "triage"
    assert [one["status"] for one in case.state["standings"]] == ["withdrawn"]
    for late in (live_again, back):
        await fates(transaction, event(late))
    (case,) = await rows(engine, "cases")
    assert [(one["status"], one["number"]) for one in case.state["standings"]] == [("live", 2)]
