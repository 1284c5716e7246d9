"""Apply the tables to a broker, and return only when each change is seen to be in effect.

A broker busy making partitions takes seconds to honour a new credential (design, section 12).
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from deploy.provisioning.acls import Acl, Kind, Operation, house_acls, party_acls, permits
from deploy.provisioning.quotas import DEFAULT, Quotas, set_quotas
from deploy.provisioning.topics import (
    EVENT_PARTITIONS,
    Topic,
    check_party_id,
    party_topics,
    service_topics,
)
from shared.contract.topics import OPERATOR
from shared.kafka.connection import Connection

PATIENCE = 60.0  # seconds, for a broker that is busy
ITERATIONS = 4096  # Kafka's own; the passwords are random, so more would guard nothing


class NotInEffect(Exception):
    """Raised when the broker took the change but does not act on it yet."""


def provision_services(
    admin: Connection,
    passwords: Mapping[str, str],
    *,
    prefix: str,
    event_partitions: int = EVENT_PARTITIONS,
    replication: int = 1,
    quotas: Quotas = DEFAULT,
) -> None:
    """Create topics, rights, logins and quotas of the house.

    `passwords` by user: `service-intake`, `operator`. The quotas are those of each party, made at any time.
    """
    topics = service_topics(prefix, event_partitions=event_partitions)
    set_quotas(admin, [admin.user, *(user for user in passwords if user != OPERATOR)], quotas)
    _apply(admin, topics, passwords, house_acls(prefix), replication)


def provision_parties(
    admin: Connection,
    parties: Iterable[str],
    *,
    prefix: str,
    passwords: Mapping[str, str] | None = None,
    replication: int = 1,
) -> dict[str, str]:
    """Create topics, logins and rights of parties, in one call each; return the passwords by party.

    A party keeps the password given in `passwords`; the others get a new one.
    """
    ids = [check_party_id(party) for party in parties]
    kept = passwords or {}
    given = {party: kept.get(party) or secrets.token_urlsafe(24) for party in ids}
    topics = [topic for party in ids for topic in party_topics(prefix, party)]
    acls = [acl for party in ids for acl in party_acls(prefix, party)]
    _apply(admin, topics, given, acls, replication)
    return given


def remove_party_access(admin: Connection, party: str) -> bool:
    """Remove the rights, so that live connections stop too, then the login. Topics stay (R115).

    Returns whether there were any rights to remove.
    """
    client = AdminClient(admin.for_librdkafka())
    everything = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # any name
        ResourcePatternType.ANY,
        f"User:{check_party_id(party)}",
        None,  # type: ignore[arg-type]  # any host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    had = bool(client.describe_acls(everything).result(PATIENCE))
    results(client.delete_acls([everything]))

    def gone() -> None:
        if client.describe_acls(everything).result(PATIENCE):
            raise NotInEffect(f"rights of {party}")

    _wait_for(gone)
    deletion = UserScramCredentialDeletion(party, ScramMechanism.SCRAM_SHA_512)
    results(
        client.alter_user_scram_credentials([deletion]),
        harmless=KafkaError.RESOURCE_NOT_FOUND,
    )
    return had


def _apply(
    admin: Connection,
    topics: Sequence[Topic],
    passwords: Mapping[str, str],
    acls: Sequence[Acl],
    replication: int,
) -> None:
    client = AdminClient(admin.for_librdkafka())
    _set_passwords(client, passwords)
    _create_topics(client, topics, replication)
    results(client.create_acls([_binding(acl) for acl in acls]))
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(_wait_for_user, admin.as_user(user, password), topics, acls)
            for user, password in passwords.items()
        ]
        for done in waiting:
            done.result()


def _set_passwords(client: AdminClient, passwords: Mapping[str, str]) -> None:
    mechanism = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, mechanism, password.encode())
        for user, password in passwords.items()
    ]
    if changes:
        results(client.alter_user_scram_credentials(changes))


def _create_topics(client: AdminClient, topics: Sequence[Topic], replication: int) -> None:
    """Create the missing topics; existing ones get the table's configuration and keep their partitions."""
    present = client.list_topics(timeout=PATIENCE).topics
    missing = [topic for topic in topics if topic.name not in present]
    if missing:
        made = [
            NewTopic(topic.name, topic.partitions, replication, config=dict(topic.config))
            for topic in missing
        ]
        results(client.create_topics(made), harmless=KafkaError.TOPIC_ALREADY_EXISTS)
    kept = [topic for topic in topics if topic.name in present]
    if kept:
        results(client.incremental_alter_configs([_configuration(topic) for topic in kept]))


def _configuration(topic: Topic) -> ConfigResource:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in topic.config.items()
    ]
    return ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)


def _binding(acl: Acl) -> AclBinding:
    return AclBinding(
        ResourceType.BROKER if acl.kind is Kind.CLUSTER else ResourceType[acl.kind],
        acl.name,
        ResourcePatternType.PREFIXED if acl.prefixed else ResourcePatternType.LITERAL,
        f"User:{acl.principal}",
        "*",
        AclOperation[acl.operation],
        AclPermissionType.ALLOW,
    )


def _wait_for_user(login: Connection, topics: Sequence[Topic], acls: Sequence[Acl]) -> None:
    """Wait until this user, logged in, sees a leader for every topic the table lets it describe."""
    own = [acl for acl in acls if acl.principal == login.user]
    expected = {
        topic.name: topic.partitions
        for topic in topics
        if permits(own, login.user, Kind.TOPIC, topic.name, Operation.DESCRIBE)
    }
    client = AdminClient(login.for_librdkafka())

    def sees_all() -> None:
        seen = client.list_topics(timeout=2).topics
        ready = {
            name
            for name, topic in seen.items()
            if topic.error is None and all(part.leader >= 0 for part in topic.partitions.values())
        }
        if not expected.keys() <= ready:
            raise NotInEffect(f"{login.user}: {len(expected.keys() - ready)} topics not visible")

    _wait_for(sees_all)


def _wait_for(effect: Callable[[], None]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return effect()
        except (NotInEffect, KafkaException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def results(futures: Mapping[Any, Future[Any]], harmless: int | None = None) -> None:
    """Wait for each answer of the broker; raises `KafkaException`, unless its code is the harmless one."""
    for future in futures.values():
        try:
            future.result(PATIENCE)
        except KafkaException as refused:
            if harmless is None or refused.args[0].code() != harmless:
                raise
