"""Remove from the servers what a service that is no more had there: the reverse of provisioning it.

Refused while the registry of services still names it; its processes must have ended.
"""

from confluent_kafka import KafkaError
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
)

from deploy.provisioning.acls import service_user
from deploy.provisioning.databases import owner_of
from deploy.provisioning.provision import PATIENCE, results
from deploy.provisioning.server import Server
from shared.contract.registry import SERVICES
from shared.contract.topics import Topics
from shared.kafka.connection import Connection


class StillAService(ValueError):
    """Say that the registry (shared/contract/registry.py) still names this service."""


def check_removed(service: str) -> None:
    """Raise `StillAService` for a service that the registry names."""
    if service in SERVICES:
        raise StillAService(service)


def remove_from_broker(admin: Connection, service: str, *, prefix: str) -> list[str]:
    """Delete the service's login, rights, consumer groups and topics; return what was deleted.

    With its topics go the rights that parties and the other services have on them. Repeating does no harm.
    Raises `StillAService`, and `KafkaException` when the broker refuses.
    """
    check_removed(service)
    client, own = AdminClient(admin.for_librdkafka()), Topics(prefix).group_prefix(service)
    user = service_user(service)
    rights = [
        acl for acl in every_right(client) if acl.principal == f"User:{user}" or acl.name.startswith(own)
    ]
    results(client.delete_acls([_filter_of(acl) for acl in rights]))
    groups = [group.group_id for group in client.list_consumer_groups().result(PATIENCE).valid]
    gone = [group for group in groups if group.startswith(own)]
    results(client.delete_consumer_groups(gone) if gone else {})
    topics = [topic for topic in client.list_topics(timeout=PATIENCE).topics if topic.startswith(own)]
    results(client.delete_topics(topics) if topics else {})
    deletion = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
    results(client.alter_user_scram_credentials([deletion]), harmless=KafkaError.RESOURCE_NOT_FOUND)
    return [*topics, *gone, f"{len(rights)} rights"]


async def remove_database(server: Server, password: str, service: str) -> None:
    """Drop the service's database, whoever is connected to it, and both logins; raises `StillAService`."""
    check_removed(service)
    connection = await server.connect(password)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{service}" WITH (FORCE)')
        await connection.execute(f'DROP ROLE IF EXISTS "{service}", "{owner_of(service)}"')
    finally:
        await connection.close()


def every_right(client: AdminClient) -> list[AclBinding]:
    """Return every line of the broker's table of rights."""
    everything = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # any name
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]  # any principal
        None,  # type: ignore[arg-type]  # any host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    found: list[AclBinding] = client.describe_acls(everything).result(PATIENCE)
    return found


def _filter_of(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype,
        acl.name,
        acl.resource_pattern_type,
        acl.principal,
        acl.host,
        acl.operation,
        acl.permission_type,
    )
