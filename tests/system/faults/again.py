"""Replay and shuffle records that were handled before, and lose offsets."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Producer

from deploy.local.environment import admin_connection
from shared.contract.registry import SERVICES
from shared.kafka.connection import Connection
from tests.system.faults.broker import GROUPS, Broker
from tests.system.faults.ledger import Ledger, Taped
from tests.system.faults.rig import Rig, until
from tests.system.faults.sizes import REPLAYED, SEED

BY_THEN = 3.0  # seconds; what could not be read has its dead letter


async def replayable(ledger: Ledger) -> list[Taped]:
    """Return what the services read, without unreadable records, whose answers name their position.

    The whole register of parties, and of the rest the last ones: a long run before this one costs nothing.
    """
    records = list(ledger.tape.records)
    await asyncio.sleep(BY_THEN)
    dead = {
        (letter.position.topic, letter.position.partition, letter.position.offset)
        for service in SERVICES
        for letter in ledger.dead(service)
    }
    records = [record for record in records if record[:3] not in dead]
    register = [record for record in records if kind(record) == "parties"]
    return register + [record for record in records if kind(record) in ("from", "events")][-REPLAYED:]


def kind(record: Taped) -> str:
    return record.topic.split(".")[2]


async def replay(house: Mapping[str, Any], records: list[Taped], times: int) -> None:
    """Produce all of them again, in another order each time."""
    dice, shuffled = random.Random(SEED), list(records)  # noqa: S311 - seeded, not secret
    for _ in range(times):
        dice.shuffle(shuffled)
        await asyncio.to_thread(_put, admin_connection(house), shuffled)


def _put(connection: Connection, records: list[Taped]) -> None:
    """Produce them on the same partitions, as the administrator."""
    producer = Producer({**connection.for_librdkafka(), "linger.ms": 5})
    for record in records:
        producer.produce(
            record.topic,
            value=record.value,
            key=record.key,
            headers=list(record.raw),
            partition=record.partition,
        )
        producer.poll(0)
    assert producer.flush(60) == 0


async def lose_offsets(rig: Rig, broker: Broker) -> None:
    """Delete the offsets of all ten groups; the services are stopped, and stay so."""
    await asyncio.gather(*(asyncio.to_thread(rig.house.stop_one, service) for service in SERVICES))
    await until("offsets to be lost", lambda: broker.forgets(*GROUPS))
