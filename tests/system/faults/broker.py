"""Inspect, remove and restore what only the broker's administrator can."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from deploy.local.environment import admin_connection
from deploy.provisioning.provision import provision_parties
from shared.contract.registry import SERVICES
from shared.contract.topics import Topics
from shared.kafka.admin import KafkaAdmin, Partition
from tests.system.faults.rig import until

PATIENCE = 30  # seconds
EVENTS = [f"zvh.{service}.events" for service in SERVICES]
GROUPS = [*EVENTS, *(f"zvh.{service}.from" for service in SERVICES)]
TO_WRITE_DEAD_LETTERS = AclBinding(  # of intake
    ResourceType.TOPIC,
    "zvh.intake.dead",
    ResourcePatternType.LITERAL,
    "User:service-intake",
    "*",
    AclOperation.WRITE,
    AclPermissionType.ALLOW,
)


class Broker:
    """Administer the broker of one house."""

    def __init__(self, house: Mapping[str, Any]) -> None:
        self._admin = admin_connection(house)
        self._client, self._office = AdminClient(self._admin.for_librdkafka()), KafkaAdmin(self._admin)
        self._passwords = {party: login["password"] for party, login in house["parties"].items()}
        self._prefix = house["topic_prefix"]

    async def acknowledged(self, group: str) -> dict[Partition, int]:
        """Return the committed offset of this group on each partition."""
        return await self._office.committed_offsets(group)

    async def unread(self, group: str) -> int:
        """Return how many records it has not acknowledged, on all topics it reads."""
        _, service, what = group.rsplit(".", 2)
        others = rf"^{self._prefix}\.((?!{service}\.)[a-z]+\.events|governance\.parties)$"
        places = await self._office.partitions(
            others if what == "events" else rf"^{self._prefix}\.{service}\.from\..+$"
        )
        first, last = await self._office.start_offsets(places), await self._office.end_offsets(places)
        done = await self.acknowledged(group)
        return sum(last[place] - max(done.get(place, 0), first[place]) for place in places)

    async def all_read(self, within: float = 120.0) -> None:
        """Wait until every group has acknowledged everything."""

        async def nothing_left() -> bool:
            return not any([await self.unread(group) for group in GROUPS])

        await until("all groups at the end", nothing_left, within)

    def forgets(self, *groups: str) -> bool:
        """Delete their offsets; returns False while a group has a member."""
        try:
            _all(self._client.delete_consumer_groups(list(groups), request_timeout=PATIENCE))
        except KafkaException as refused:
            code = refused.args[0].code()
            if code not in (KafkaError.NON_EMPTY_GROUP, KafkaError.GROUP_ID_NOT_FOUND):
                raise
            return bool(code == KafkaError.GROUP_ID_NOT_FOUND)
        return True

    def keep_inboxes(self) -> None:
        """Hold back deletion on inboxes, by a group of each party that never reads on, for the tape."""
        kept = [
            ConsumerGroupTopicPartitions(
                f"{self._prefix}.{party}.tape", [TopicPartition(Topics(self._prefix).to_party(party), 0, 0)]
            )
            for party in self._passwords
        ]
        for one in kept:  # librdkafka takes one group at a time
            _all(self._client.alter_consumer_group_offsets([one], request_timeout=PATIENCE))

    def remove_inbox(self, party: str) -> None:
        """Delete a party's inbox, with all that is on it."""
        _all(self._client.delete_topics([Topics(self._prefix).to_party(party)]))

    def make_inbox(self, party: str) -> None:
        """Create it again, empty, as an operator does."""
        provision_parties(self._admin, [party], prefix=self._prefix, passwords=self._passwords)

    def take_right(self, right: AclBinding) -> None:
        fields = (
            "restype",
            "name",
            "resource_pattern_type",
            "principal",
            "host",
            "operation",
            "permission_type",
        )
        _all(self._client.delete_acls([AclBindingFilter(*(getattr(right, field) for field in fields))]))

    def give_right(self, right: AclBinding) -> None:
        _all(self._client.create_acls([right]))


def _all(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        future.result(PATIENCE)
