"""On a real broker: one party's flood is taken by its share, and its writing is slowed down, not refused."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from deploy.local.kafka import Kafka
from deploy.provisioning.acls import service_user
from deploy.provisioning.provision import provision_parties
from deploy.provisioning.quotas import DEFAULT, UNLIMITED
from deploy.provisioning.topics import party_topics
from shared.contract.registry import SERVICES
from shared.contract.topics import Topics
from shared.kafka.connection import Connection
from shared.messaging.shares import AT_ONCE, BURST, FairConsumer, Shares
from tests.system.deploy.conftest import PREFIX
from tests.system.deploy.posting import post

FLOODS, WAITS = "a-flooder", "one-who-waits"
SLOW = 100  # records a second
MANY = 3_000
MATCH_ANY = 2


@pytest.fixture(scope="module")
def parties(kafka: Kafka, logins: dict[str, Connection]) -> dict[str, Connection]:
    passwords = provision_parties(kafka.connection, [FLOODS, WAITS], prefix=PREFIX)
    return {party: kafka.connection.as_user(party, password) for party, password in passwords.items()}


def topic(party: str, service: str = "rto") -> str:
    return Topics().from_party(service, party)


@asynccontextmanager
async def fair(login: Connection, per_second: int) -> AsyncIterator[FairConsumer]:
    consumer = FairConsumer(
        Shares(Topics().from_prefix("rto"), per_second),
        topic(FLOODS),
        topic(WAITS),
        group_id=None,
        auto_offset_reset="earliest",
        **login.for_aiokafka(),
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def test_a_flood_is_taken_by_its_share_and_what_comes_behind_it_is_in_the_next_batch(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    post(parties[FLOODS], topic(FLOODS), *(b"x" * 20,) * MANY)
    async with fair(logins["service-rto"], SLOW) as consumer:
        began, taken = time.monotonic(), {FLOODS: 0, WAITS: 0}
        offsets: list[int] = []
        batches = posted = 0
        while taken[WAITS] < 3:
            batch = await consumer.getmany(timeout_ms=500, max_records=4000)
            batches += bool(batch)
            for place, records in batch.items():
                taken[FLOODS if place.topic == topic(FLOODS) else WAITS] += len(records)
                assert len(records) <= AT_ONCE
                offsets += [record.offset for record in records if place.topic == topic(FLOODS)]
            if batches > posted and posted < 3:
                posted += 1
                await asyncio.to_thread(post, parties[WAITS], topic(WAITS), b"1")
        assert offsets == list(range(len(offsets))), "in order, and none twice"
        assert taken[FLOODS] <= SLOW * (BURST + time.monotonic() - began) < MANY
        while taken[FLOODS] < SLOW * BURST + 50:
            batch = await consumer.getmany(timeout_ms=500, max_records=4000)
            taken[FLOODS] += sum(map(len, batch.values()))
        assert taken[FLOODS] <= SLOW * (BURST + time.monotonic() - began)


async def test_a_small_batch_holds_of_each_party_and_not_of_the_first_alone(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    post(parties[FLOODS], topic(FLOODS), *(b"x",) * 10)
    post(parties[WAITS], topic(WAITS), *(b"x",) * 10)
    async with fair(logins["service-rto"], 1000) as consumer:
        batch: dict[object, list[object]] = {}
        async with asyncio.timeout(30):
            while len(batch) < 2:
                await asyncio.sleep(1)  # until the records of both have been fetched
                batch = await consumer.getmany(timeout_ms=500, max_records=AT_ONCE + 5)
        assert sum(map(len, batch.values())) <= AT_ONCE + 5


async def described(admin: Connection) -> dict[tuple[str, str | None], dict[str, float]]:
    client = AIOKafkaAdminClient(**admin.for_aiokafka())
    await client.start()
    try:
        answers = [
            await client._send_to_controller(DescribeClientQuotasRequest([(kind, MATCH_ANY, None)], False))
            for kind in ("user", "ip")
        ]
    finally:
        await client.close()
    return {entity[0]: dict(values) for answer in answers for entity, values in answer.entries}


async def test_each_party_has_a_quota_and_no_service(kafka: Kafka, logins: dict[str, Connection]) -> None:
    quotas = await described(kafka.connection)
    assert quotas["user", None] == DEFAULT.of_a_login()
    assert quotas["ip", None] == {"connection_creation_rate": DEFAULT.connections}
    for login in ("admin", *map(service_user, SERVICES)):
        assert set(quotas["user", login].values()) == {UNLIMITED}
    assert {name for kind, name in quotas if kind == "user"} == {None, "admin", *map(service_user, SERVICES)}


def seconds_to_write(login: Connection, where: str, records: int, size: int) -> float:
    producer = Producer({**login.for_librdkafka(), "linger.ms": 5, "batch.size": 65_536})
    began = time.monotonic()
    for _ in range(records):
        producer.produce(where, b"x" * size)
        producer.poll(0)
    assert producer.flush(120) == 0, "everything is written in the end"
    return time.monotonic() - began


def test_a_party_that_writes_too_much_is_slowed_down_and_another_is_not(
    parties: dict[str, Connection],
) -> None:
    size, burst = 32_000, 10 * DEFAULT.written
    beyond = 4 * DEFAULT.written
    slow = seconds_to_write(parties[FLOODS], topic(FLOODS, "triage"), (burst + beyond) // size, size)
    assert slow > 2
    assert seconds_to_write(parties[WAITS], topic(WAITS, "triage"), 20, 1000) < slow


def test_a_partys_topics_are_bounded_on_the_broker(kafka: Kafka, parties: dict[str, Connection]) -> None:
    client = AdminClient(kafka.connection.for_librdkafka())
    for expected in party_topics(PREFIX, FLOODS):
        (answer,) = client.describe_configs([ConfigResource(ResourceType.TOPIC, expected.name)]).values()
        seen = answer.result(30)
        assert {name: seen[name].value for name in expected.config} == dict(expected.config)
        assert "retention.bytes" in expected.config
