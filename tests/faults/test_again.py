"""Everything comes again: all topics replayed and shuffled (F7), all offsets lost (F17); no new effects."""

import asyncio
import random

from confluent_kafka import Producer

from deploy.local.environment import admin_connection
from shared.connection import Connection
from shared.message import SERVICES
from tests.faults.broker import GROUPS, Broker
from tests.faults.ledger import Taped
from tests.faults.load import Scene, check, play_all
from tests.faults.rig import until
from tests.faults.sizes import REPLAYED, REPLAYS, SEED
from tests.faults.state import differences, state_of


async def test_every_topic_replayed_and_shuffled_ten_times_gives_the_same_state_f7(scene: Scene) -> None:
    """R129; parties' messages, events and the register of parties, in any order."""
    cases, broker = await play_all(scene, 5, SEED), Broker(scene.env)
    await scene.rig.drained()
    await broker.all_read()
    before = await asyncio.to_thread(state_of, scene.env)
    dice, records = random.Random(SEED), replayable(scene)  # noqa: S311 - seeded, not secret
    assert set(map(kind, records)) == {"from", "events", "parties"}
    for _ in range(REPLAYS):
        dice.shuffle(records)
        await asyncio.to_thread(put, admin_connection(scene.env), records)
    await broker.all_read()
    await scene.rig.drained()
    assert differences(before, await asyncio.to_thread(state_of, scene.env)) == {}, f"seed {SEED}"
    await check(scene, cases)


def replayable(scene: Scene) -> list[Taped]:
    """What the services read, but records that nobody could: each of these is answered by its position.

    The register of parties and of the rest the last ones, so that a long run before this one costs nothing.
    """
    dead = {
        (letter.position.topic, letter.position.partition, letter.position.offset)
        for service in SERVICES
        for letter in scene.ledger.dead(service)
    }
    records = [record for record in list(scene.ledger.tape.records) if record[:3] not in dead]
    register = [record for record in records if kind(record) == "parties"]
    return register + [record for record in records if kind(record) in ("from", "events")][-REPLAYED:]


def kind(record: Taped) -> str:
    return record.topic.split(".")[2]


def put(connection: Connection, records: list[Taped]) -> None:
    """Once more on the same partitions, by the administrator."""
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


async def test_when_all_offsets_are_lost_everything_is_read_again_without_effect_f17(scene: Scene) -> None:
    """R129: all ten groups of the five services begin anew."""
    cases, broker = await play_all(scene, 5, SEED + 1), Broker(scene.env)
    await scene.rig.drained()
    await broker.all_read()
    before = await asyncio.to_thread(state_of, scene.env)
    await asyncio.gather(*(asyncio.to_thread(scene.rig.house.stop_one, service) for service in SERVICES))
    await until("offsets to be lost", lambda: broker.forgets(*GROUPS))
    assert sum([await broker.unread(group) for group in GROUPS]) > len(cases)
    await scene.rig.start(*SERVICES)
    await broker.all_read()
    await scene.rig.drained()
    assert differences(before, await asyncio.to_thread(state_of, scene.env)) == {}
    await check(scene, cases)
