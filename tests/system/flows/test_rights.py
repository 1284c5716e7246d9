"""Thirty parties, strangers, the operator and five services: every topic and group, all operations (T1).

What the running broker itself answers, against the table of design section 3 as it is written here, apart
from the one that provisioning uses.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer, TopicCollection
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.local.house import House
from deploy.provisioning.acls import service_user
from shared.contract.registry import SERVICES
from shared.contract.topics import Topics
from tests.support.running import client_settings

Operations = frozenset[AclOperation]
NOTHING: Operations = frozenset()
READS = frozenset({AclOperation.READ, AclOperation.DESCRIBE})
WRITES = frozenset({AclOperation.WRITE, AclOperation.DESCRIBE})
DELETES = READS | {AclOperation.DELETE}
KEEPS_INBOXES = WRITES | {AclOperation.DELETE}
STRANGER = "somebody-without-rights"
OPERATOR = "operator"


@dataclass(frozen=True)
class Principal:
    """Who logs in; `owner` is the name in its topics and groups."""

    owner: str
    user: str
    password: str


def principals(house: House) -> list[Principal]:
    """Everybody with a login, and one whom nothing was ever granted to."""
    env = house.env
    operator = env["operator"]
    return [
        *(Principal(party, own["user"], own["password"]) for party, own in env["parties"].items()),
        *(Principal(s, service_user(s), _service_password(house, s)) for s in SERVICES),
        Principal(OPERATOR, operator["user"], operator["password"]),
        Principal(STRANGER, STRANGER, "a-password"),
    ]


def _service_password(house: House, service: str) -> str:
    return house.layout.secrets(service).kafka_password_file.read_text()


def on_topic(owner: str, topic: str) -> Operations:
    """Design, section 3; whoever is none of these may do nothing."""
    if owner in SERVICES:
        return _of_service(owner, topic)
    if owner == OPERATOR:
        return READS if topic in {f"zvh.{service}.dead" for service in SERVICES} else NOTHING
    if topic in {f"zvh.{service}.from.{owner}" for service in SERVICES}:
        return WRITES
    return READS if topic == f"zvh.to.{owner}" else NOTHING


def _of_service(owner: str, topic: str) -> Operations:
    """Return what a service may do: read its outboxes, fill inboxes, write its events, read the others'."""
    if topic in Topics("zvh").registers:
        return READS | WRITES if owner == "governance" else READS
    if topic.startswith(f"zvh.{owner}.from."):
        return DELETES
    if topic in {f"zvh.{other}.events" for other in SERVICES if other != owner}:
        return READS
    if topic.startswith("zvh.to."):
        return KEEPS_INBOXES if owner == "governance" else WRITES
    return WRITES if topic in (f"zvh.{owner}.events", f"zvh.{owner}.dead") else NOTHING


def on_group(owner: str, group_of: str) -> Operations:
    """Its own groups; governance sees how far a party has read, and joins none."""
    if owner == STRANGER:
        return NOTHING
    if owner == group_of:
        return READS
    return frozenset({AclOperation.DESCRIBE}) if owner == "governance" else NOTHING


@pytest.fixture(scope="module")
def admin(house: House) -> Iterator[AdminClient]:
    """Return the broker's administrator, with the stranger's login made for as long as these tests take."""
    kafka = house.env["admin"]["kafka"]
    client = AdminClient(client_settings(house.env, kafka["user"], kafka["password"]))
    made = UserScramCredentialUpsertion(
        STRANGER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"a-password"
    )
    for future in client.alter_user_scram_credentials([made]).values():
        future.result(30)
    yield client


def all_topics(admin: AdminClient) -> list[str]:
    return sorted(t for t in admin.list_topics(timeout=30).topics if t.startswith("zvh."))


async def test_every_topic_for_everybody_and_every_operation(house: House, admin: AdminClient) -> None:
    topics = all_topics(admin)
    everybody = principals(house)
    assert (len(topics), len(everybody)) == (30 * 6 + 5 * 2 + 3, 30 + 5 + 2)
    wrong: dict[tuple[str, str], Operations] = {}
    for who in everybody:
        found = await asyncio.to_thread(_topics_as_the_broker_says, house, who, topics)
        wrong |= {(who.owner, t): found[t] for t in topics if found[t] != on_topic(who.owner, t)}
    assert wrong == {}


def _topics_as_the_broker_says(house: House, who: Principal, topics: list[str]) -> dict[str, Operations]:
    """Nothing where the broker does not even describe it."""
    client = AdminClient(client_settings(house.env, who.user, who.password))
    futures = client.describe_topics(
        TopicCollection(topics), include_authorized_operations=True, request_timeout=30
    )
    return {topic: _operations(future) for topic, future in futures.items()}


def _operations(future: Any) -> Operations:
    try:
        return frozenset(future.result().authorized_operations or ())
    except KafkaException:
        return NOTHING


async def test_every_group_for_everybody_and_every_operation(house: House, admin: AdminClient) -> None:
    everybody = principals(house)
    owners = [who.owner for who in everybody]
    wrong: dict[tuple[str, str], Operations] = {}
    for who in everybody:
        found = await asyncio.to_thread(_groups_as_the_broker_says, house, who, owners)
        wrong |= {(who.owner, of): found[of] for of in owners if found[of] != on_group(who.owner, of)}
    assert wrong == {}


def _groups_as_the_broker_says(house: House, who: Principal, owners: list[str]) -> dict[str, Operations]:
    client = AdminClient(client_settings(house.env, who.user, who.password))
    groups = {f"zvh.{owner}.of-nobody": owner for owner in owners}
    futures = client.describe_consumer_groups(
        list(groups), include_authorized_operations=True, request_timeout=30
    )
    return {groups[group]: _operations(future) for group, future in futures.items()}


async def test_nobody_but_the_administrator_makes_topics_or_acts_on_the_cluster(
    house: House, admin: AdminClient
) -> None:
    """Neither creating a topic of one's own nor one of the house's form, nor a transaction."""
    for who in principals(house):
        found = await asyncio.to_thread(_on_the_cluster, house, who)
        assert found == (NOTHING, ["TOPIC_AUTHORIZATION_FAILED"] * 2, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED")


def _on_the_cluster(house: House, who: Principal) -> tuple[Operations, list[str], str]:
    settings = client_settings(house.env, who.user, who.password)
    client = AdminClient(settings)
    cluster = client.describe_cluster(include_authorized_operations=True, request_timeout=30).result()
    wanted = [NewTopic(f"zvh.to.{who.owner}-2", 1, 1), NewTopic("elsewhere", 1, 1)]
    made = client.create_topics(wanted, operation_timeout=30).values()
    producer = Producer({**settings, "transactional.id": f"zvh.{who.owner}.x"})
    return (
        frozenset(cluster.authorized_operations or ()),
        [_refusal(future.result) for future in made],
        _refusal(lambda: producer.init_transactions(10)),
    )


def _refusal(act: Any) -> str:
    try:
        act()
    except KafkaException as error:
        return str(error.args[0].name())
    return "done"


async def test_without_a_login_there_is_not_even_a_list(house: House) -> None:
    """A wrong password and an unknown name are told the same."""
    party = next(iter(house.env["parties"]))
    for user in (party, "nobody-at-all"):
        client = AdminClient(client_settings(house.env, user, "not the password"))
        with pytest.raises(KafkaException):
            await asyncio.to_thread(client.list_topics, timeout=5)
