"""An item number belongs to one case of the whole house, and no accepted case is left behind (R35)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.contract.fields import Item, PersonRole
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.messages.triage import QueryAnswered, QueryIssued
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import TAKEN_UP, referred


async def take_up(world: World, case: str) -> None:
    await world.party(cast.REFERRER).send(ConsultationConfirmed(), case=case)
    director = world.people("process-director-a", cast.REFERRER)
    await director.do("intake", f"/cases/{case}/screening", TAKEN_UP)


async def query(world: World, case: str) -> str:
    """Put a query to the police in this case; return its id as received."""
    director = world.people("process-director-a", cast.REFERRER)
    asked = {
        "recipient": cast.POLICE,
        "task": cast.TASK,
        "purpose": "Bepalen of een gezamenlijke aanpak nodig is.",
        "necessity": "Alleen deze partij kent de meldingen.",
        "question": "Is deze persoon bij u bekend?",
        "reason": "Deze partij is in de wijk betrokken.",
        "referrer_estimate": "Deze partij kwam vaker langs.",
        "reply_before": (world.now + timedelta(days=7)).isoformat(),
    }
    await director.do_when_possible("triage", f"/cases/{case}/queries", asked)
    return (await world.party(cast.POLICE).gets(QueryIssued, case=case)).query_id


def answer(query_id: str, *items: Item) -> QueryAnswered:
    return QueryAnswered(query_id=query_id, involved=True, items=items)


def police_item() -> Item:
    return cast.item("Meldingen.", "eenheidsleiding")


async def until(holds: Callable[[], bool], within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - a database has no event to wait for
            await asyncio.sleep(0.1)


def knows(house: House, service: str, item: Item) -> Callable[[], bool]:
    """Whether this service has heard whose the item's number is."""
    database = Database(**house.env["admin"]["databases"][service])
    count = f"SELECT count(*) FROM items WHERE item_id = '{item.item_id}'"  # noqa: S608 - an id of ours
    return lambda: run_sql(database, count) == "1"


def held(house: House, service: str) -> int:
    database = Database(**house.env["admin"]["databases"][service])
    return int(run_sql(database, "SELECT count(*) FROM cases WHERE held"))


@pytest.fixture(scope="module")
async def asked(founded: World) -> tuple[str, str]:
    """Return a case with a query to the police: (case, query)."""
    case = await referred(founded)
    await take_up(founded, case)
    return case, await query(founded, case)


async def test_an_item_given_at_triage_cannot_be_referred_in_another_case(
    founded: World, house: House, asked: tuple[str, str]
) -> None:
    case, query_id = asked
    item = police_item()
    await founded.party(cast.POLICE).send(answer(query_id, item), case=case)
    await until(knows(house, "intake", item))
    man = cast.person("Persoon F", PersonRole.SUBJECT, "1990-01-01")
    moved = cast.referral((man,), (item.model_copy(update={"acting_body": "college"}),))
    refusal = await founded.party(cast.REFERRER).try_to_send(moved)
    assert (refusal.name, refusal.rule) == ("ItemNumberNotUsable", "R35")


async def test_an_item_of_a_referral_cannot_be_given_in_answer_in_another_case(
    founded: World, house: House, asked: tuple[str, str]
) -> None:
    case, query_id = asked
    item = cast.item("Meldingen.", "college")
    await referred(founded, item)
    await until(knows(house, "triage", item))
    moved = answer(query_id, item.model_copy(update={"acting_body": "eenheidsleiding"}))
    refusal = await founded.party(cast.POLICE).try_to_send(moved, case=case)
    assert (refusal.name, refusal.rule) == ("ItemNumberNotUsable", "R35")


async def test_one_number_given_in_two_cases_at_once_leaves_neither_behind(
    founded: World, house: House, asked: tuple[str, str]
) -> None:
    """Triage is away while both are sent: neither service can have heard of the other's."""
    case, query_id = asked
    item = cast.item("Meldingen.", "college")
    await asyncio.to_thread(house.stop_one, "triage")
    try:
        given = answer(query_id, item.model_copy(update={"acting_body": "eenheidsleiding"}))
        answering = asyncio.create_task(founded.party(cast.POLICE).ask(given, case=case))
        second = await referred(founded, item)
        await take_up(founded, second)
    finally:
        await asyncio.to_thread(house.start_one, "triage")
    heard: Any = await answering
    assert isinstance(heard, MessageAccepted) or (
        isinstance(heard, MessageRefused) and heard.name == "ItemNumberNotUsable"
    )
    found = await founded.people("process-director-a", cast.REFERRER).see_until(
        "triage", f"/cases/{second}", lambda _: True
    )
    assert [each["item_id"] for each in found["items"]] == [item.item_id]
    assert {service: held(house, service) for service in ("intake", "triage", "rto", "retention")} == {
        "intake": 0,
        "triage": 0,
        "rto": 0,
        "retention": 0,
    }
