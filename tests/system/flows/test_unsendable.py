"""On the running house: a message too large for Kafka costs its case alone; what does not open stays.

The row that is too large is put there by hand: no message of the house can be that large.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.contract.limits import MAX_RECORD
from shared.contract.messages.governance import AuthorisationRevoked
from shared.contract.messages.house import MessageRefused
from shared.ids import new_id
from shared.kafka.admin import KafkaAdmin, Partition
from shared.kafka.connection import Connection
from tests.story.party import Party
from tests.story.world import World
from tests.support.running import client_settings, produce
from tests.system.flows.cases import referred, taken_up
from tests.system.flows.test_metrics import scraped
from tests.system.flows.test_quarantine import held

QUIET = "moveoo"  # a party that has no part in any case here
TYPE = "nl.veiligheidscasussen.items-claimed.v1"


async def test_an_event_that_is_too_large_holds_its_case_and_everything_else_goes_on(
    founded: World, house: House
) -> None:
    case = await referred(founded)
    large = put(house, case, f"repeat('x', {2 * MAX_RECORD})", about=f"'{case}'")
    behind = put(house, case, "'{\"claims\": []}'", about=f"'{case}'")
    neighbour = put(house, case, "'{\"claims\": []}'", about="NULL")  # of no case, in the same partition
    await until(lambda: unsent(house) == [large, behind])
    assert neighbour not in unsent(house)
    assert await gauge(founded, "zvh_outbox_letters", state="unreadable") == 1
    assert await gauge(founded, "zvh_held_cases") == 1
    await taken_up(founded)

    place = number(house, large)
    assert await held(house) == [
        f"{case}: held, 0 messages",
        f"{case}: outbox message {place} ({TYPE}) cannot be sent",
    ]
    await held(house, "--retry", case)
    await until(lambda: number(house, large, "retry_at = 'infinity'") != "")
    assert unsent(house) == [large, behind], "tried again, it is as large as before"

    told = await held(house, "--discard", case)
    assert told == ["discarded", "handled 0; free again"]
    await until(lambda: unsent(house) == [])
    assert await gauge(founded, "zvh_outbox_letters", state="unreadable") == 0


async def test_a_letter_that_cannot_be_opened_keeps_its_place_and_those_behind_it_arrive(
    founded: World, house: House
) -> None:
    """It would be deleted once the party had acknowledged it."""
    own, topic = house.env["admin"]["kafka"], f"zvh.to.{QUIET}"
    producer = Producer(client_settings(house.env, own["user"], own["password"]))
    async with founded.connected(QUIET) as party:
        assert await answered(party)
        place = await asyncio.to_thread(produce, producer, topic, b"nothing that opens", [])
        for _ in range(2):
            assert await answered(party)
    login = Connection(
        house.env["kafka"]["bootstrap"], Path(house.env["ca_file"]), own["user"], own["password"]
    )
    committed = await KafkaAdmin(login).committed_offsets(f"zvh.{QUIET}.connector")
    assert committed[Partition(topic, 0)] <= place
    async with founded.connected(QUIET) as started_again:
        for _ in range(2):
            await started_again.gets(MessageRefused)


async def answered(party: Party) -> bool:
    """Ask for something that is not there: the answer is a letter like any other."""
    answer = await party.ask(AuthorisationRevoked(authorisation_id=new_id()))
    return isinstance(answer, MessageRefused)


def put(house: House, key: str, body: str, *, about: str) -> str:
    """Put an event of intake into its outbox; return its id. Body and case are SQL."""
    event_id = new_id()
    statement = (
        "INSERT INTO outbox (event_id, topic, key, type, body, case_id, subject)"  # noqa: S608 - our own
        f" VALUES ('{event_id}', 'zvh.intake.events', '{key}', '{TYPE}', {body}, {about}, '{key}')"
    )
    run_sql(intake(house), statement)
    return event_id


def unsent(house: House) -> list[str]:
    return run_sql(intake(house), "SELECT event_id FROM outbox ORDER BY id").split()


def number(house: House, event_id: str, that: str = "true") -> str:
    """Return the place of a row that is so, or nothing."""
    query = f"SELECT id FROM outbox WHERE event_id = '{event_id}' AND {that}"  # noqa: S608 - our own
    return run_sql(intake(house), query).strip()


def intake(house: House) -> Database:
    return Database(**house.env["admin"]["databases"]["intake"])


async def gauge(world: World, name: str, **labels: str) -> float:
    families = text_string_to_metric_families((await scraped(world, "intake")).text)
    samples = [sample for family in families for sample in family.samples]
    return next(one.value for one in samples if one.name == name and one.labels == labels)


async def until(holds: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
