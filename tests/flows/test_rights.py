"""For three principals: every topic x read, write, describe, as the running broker itself answers (T1)."""

import asyncio
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from deploy.local.house import House
from deploy.provisioning.acls import service_user
from shared.message import SERVICES
from tests.running import client_settings

OPERATIONS = (AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE)
PARTY, OTHER, SERVICE = "politie-limburg", "woonwenz", "triage"


def expected_for_party(principal: str, topic: str) -> set[AclOperation]:
    """Design, section 3: its five outboxes and its one inbox."""
    if topic in {f"zvh.{service}.from.{principal}" for service in SERVICES}:
        return {AclOperation.WRITE, AclOperation.DESCRIBE}
    if topic == f"zvh.to.{principal}":
        return {AclOperation.READ, AclOperation.DESCRIBE}
    return set()


def expected_for_service(principal: str, topic: str) -> set[AclOperation]:
    """Design, section 3: reads what parties send it and what the others publish, writes its own."""
    if topic.startswith(f"zvh.{principal}.from.") or topic == "zvh.governance.parties":
        return {AclOperation.READ, AclOperation.DESCRIBE}
    if topic in {f"zvh.{other}.events" for other in SERVICES if other != principal}:
        return {AclOperation.READ, AclOperation.DESCRIBE}
    if topic.startswith("zvh.to.") or topic in (f"zvh.{principal}.events", f"zvh.{principal}.dead"):
        return {AclOperation.WRITE, AclOperation.DESCRIBE}
    return set()


def as_the_broker_says(
    house: dict[str, Any], user: str, password: str, topics: list[str]
) -> dict[str, set[Any]]:
    """What this principal is allowed on each topic; nothing where the broker does not even describe it."""
    admin = AdminClient(client_settings(house, user, password))
    futures = admin.describe_topics(
        TopicCollection(topics), include_authorized_operations=True, request_timeout=30
    )
    return {topic: _operations(future) for topic, future in futures.items()}


def _operations(future: Any) -> set[Any]:
    try:
        return set(future.result().authorized_operations) & set(OPERATIONS)
    except KafkaException:
        return set()


def all_topics(house: dict[str, Any]) -> list[str]:
    admin = house["admin"]["kafka"]
    found = AdminClient(client_settings(house, admin["user"], admin["password"])).list_topics(timeout=30)
    return sorted(topic for topic in found.topics if topic.startswith("zvh."))


@pytest.mark.parametrize("principal", [PARTY, OTHER, SERVICE])
async def test_every_cell_of_the_matrix(house: House, principal: str) -> None:
    env = house.env
    topics = all_topics(env)
    assert len(topics) == 30 * 6 + 5 * 2 + 1
    if principal in SERVICES:
        user = service_user(principal)
        password = house.layout.secrets(principal).kafka_password_file.read_text()
    else:
        user, password = principal, env["parties"][principal]["password"]
    expected = expected_for_service if principal in SERVICES else expected_for_party
    found = await asyncio.to_thread(as_the_broker_says, env, user, password, topics)
    wrong = {t: (found[t], expected(principal, t)) for t in topics if found[t] != expected(principal, t)}
    assert wrong == {}
