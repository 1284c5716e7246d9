"""On a real broker: one party's flood is taken by its share, and its writing is slowed down, not refused."""

import asyncio
import time
from collections import Counter
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
from shared.messaging.shares import BURST, FairConsumer, Shares
from tests.system.deploy.conftest import PREFIX
from tests.system.deploy.posting import post

FLOODS, WAITS = "a-flooder", "one-who-waits"
SERVICE = "retention"  # which nobody else here reads: what is posted stays unread
SHARE = 0.1
COST = 0.001  # seconds that a record is said to have taken: a hundred a second are its share
PER_SECOND = SHARE / COST
MANY = 3_000
MATCH_ANY = 2


@pytest.fixture(scope="module")
def parties(kafka: Kafka, logins: dict[str, Connection]) -> dict[str, Connection]:
    passwords = provision_parties(kafka.connection, [FLOODS, WAITS], prefix=PREFIX)
    return {party: kafka.connection.as_user(party, password) for party, password in passwords.items()}


def topic(party: str, service: str = SERVICE) -> str:
    return Topics().from_party(service, party)


@asynccontextmanager
async def fair(login: Connection) -> AsyncIterator[FairConsumer]:
    consumer = FairConsumer(
        Shares(Topics().from_prefix(SERVICE), SHARE),
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


async def taken(consumer: FairConsumer) -> Counter[str]:
    """Take one batch, at what its records are said to cost; return how many there were of each topic."""
    batch = await consumer.getmany(timeout_ms=500, max_records=4000)
    topics = [place.topic for place, records in batch.items() for _ in records]
    consumer._shares.took(topics, COST * len(topics))
    return Counter(topics)


async def test_a_flood_is_taken_by_its_share_and_what_comes_behind_it_is_in_the_next_batch(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    post(parties[FLOODS], topic(FLOODS), *(b"x" * 20,) * MANY)
    async with fair(logins[f"service-{SERVICE}"]) as consumer:
        began, seen, largest = time.monotonic(), Counter[str](), 0
        while seen[topic(FLOODS)] < PER_SECOND * BURST + 50:
            batch = await taken(consumer)
            largest, seen = max(largest, batch[topic(FLOODS)]), seen + batch
        assert seen[topic(FLOODS)] <= PER_SECOND * (BURST + time.monotonic() - began) + largest < MANY
        for n in range(3):
            await asyncio.to_thread(post, parties[WAITS], topic(WAITS), b"1")
            began, before = time.monotonic(), seen[topic(FLOODS)]
            while seen[topic(WAITS)] <= n:
                seen += await taken(consumer)
            passed = seen[topic(FLOODS)] - before
            assert passed <= PER_SECOND * (1 + time.monotonic() - began), "the flood does not go first"


async def test_records_are_handed_on_in_order_and_none_twice(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    post(parties[WAITS], topic(WAITS), *(b"x",) * 100)
    async with fair(logins[f"service-{SERVICE}"]) as consumer:
        offsets: list[int] = []
        while len(offsets) < 100:
            for place, records in (await consumer.getmany(timeout_ms=500, max_records=7)).items():
                assert len(records) <= 7
                offsets += [record.offset for record in records if place.topic == topic(WAITS)]
        assert offsets == list(range(len(offsets)))


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
