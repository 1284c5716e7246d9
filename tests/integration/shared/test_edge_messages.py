"""What a party can sign, in every place of every message: a dead letter, or decided; never a data error."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from docs.generate import contract
from docs.generate.tree import load
from shared.contract.cloudevent import to_json
from shared.contract.parties import Parties
from shared.contract.registry import SERVICES, Direction, MessageType, ServiceName, all_messages
from shared.core.outcome import DeliveryStatus
from shared.handling.delivery import DeadLetter, Delivery
from shared.handling.transaction import Transaction
from shared.ids import new_id
from tests.conftest import FreshDatabase
from tests.support import awkward as a
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.samples import samples_of
from tests.support.transactions import know, rows, transaction_on

SENDING = [
    name
    for name in SERVICES
    if any(e.service == name and e.direction is Direction.FROM_PARTY for e in all_messages())
]
NOT_READ = {"does-not-fit-the-schema", "invalid-json", "too-large"}


def from_party(service: str) -> list[MessageType]:
    return [e for e in all_messages() if e.service == service and e.direction is Direction.FROM_PARTY]


class Post:
    """One service that a party sends to."""

    def __init__(self, house: House, name: ServiceName, transaction: Transaction[Any]) -> None:
        self.house, self.transaction = house, transaction
        self.receiver = house.receiver(load(name, "main").SERVICE)
        self.parties = Parties({s.VENLO: house.party})

    async def read(self, entry: MessageType, data: Any) -> tuple[list[Delivery], list[DeadLetter]]:
        """Read what the party put on its topic: this data, whatever it is, under a header in order."""
        envelope = self.house.envelope_of(entry.type)
        record = self.house.put(envelope, to_json(envelope, a.written(data)))
        return await self.receiver.receive([(record, None)], self.parties)

    async def decide(self, delivery: Delivery, state: Any) -> DeliveryStatus:
        """Decide it in a case of this state."""
        async with self.transaction.engine.begin() as connection:
            case = (await self.transaction.cases.lock(connection, [delivery.case_id]))[delivery.case_id]
            await self.transaction.cases.save(connection, [case.moved_to(state)])
        again = delivery._replace(entry=delivery.entry._replace(message_id=new_id()))
        return (await self.transaction.run([again]))[0].status


@pytest.fixture(params=SENDING)
async def post(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase, tmp_path: Path
) -> tuple[str, Post]:
    name: ServiceName = TypeAdapter(ServiceName).validate_python(request.param)
    service = load(name, "main").SERVICE
    engine, house = await fresh_database(service), House(tmp_path, name)
    await know(engine, Parties({s.VENLO: house.party}))
    return name, Post(house, name, transaction_on(engine, service))


def good(entry: MessageType) -> a.Json:
    schema = contract.schema_of(entry)
    made: a.Json = a.example(schema, schema)
    return made


async def test_each_message_as_the_schema_has_it_is_read(post: tuple[str, Post]) -> None:
    """Or the dead letters below would say nothing."""
    name, house = post
    for entry in from_party(name):
        deliveries, dead = await house.read(entry, good(entry))
        assert (len(deliveries), dead) == (1, []), entry.name


@pytest.mark.exhaustive
async def test_an_awkward_value_is_a_dead_letter_or_decided(post: tuple[str, Post]) -> None:
    name, house = post
    turns, statuses = a.in_turn(), set[DeliveryStatus]()
    samples = samples_of(name)
    states = [samples.spec().given(*history).state for history in samples.HISTORIES.values()]
    for entry in from_party(name):
        for path in a.positions(good(entry)):
            for kind, value in next(turns).items():
                about = (entry.name, path, kind)
                deliveries, dead = await house.read(entry, a.with_at(good(entry), path, value))
                assert len(deliveries) + len(dead) == 1, about
                if kind in a.CONTROL and kind != "tab":
                    assert dead, about
                assert {one.reason for one in dead} <= NOT_READ, about
                assert await house.transaction.run([], dead) == []
                for delivery in deliveries:
                    statuses |= {await house.decide(delivery, state) for state in states}
    engine = house.transaction.engine
    assert statuses <= {DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED, DeliveryStatus.WAITING}
    assert name != "intake" or DeliveryStatus.ACCEPTED in statuses  # its messages need no query or invitation
    assert await rows(engine, "held", "why <> 'waiting'") == []
    assert await rows(engine, "cases", "held") == []
