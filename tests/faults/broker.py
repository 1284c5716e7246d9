"""What only the broker's administrator can look at, take away and give back."""

import re
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AclBinding, AclBindingFilter, AdminClient, OffsetSpec

from tests.faults.ledger import admin_connection

PATIENCE = 30  # seconds


class Broker:
    """Of one house."""

    def __init__(self, house: Mapping[str, Any]) -> None:
        self._client = AdminClient(admin_connection(house).settings())

    def acknowledged(self, group: str) -> dict[tuple[str, int], int]:
        """Up to where this group has acknowledged each partition."""
        asked = self._client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        places: list[TopicPartition] = _one(asked).topic_partitions
        return {(place.topic, place.partition): place.offset for place in places if place.offset >= 0}

    def unread(self, group: str) -> int:
        """How many records it has not acknowledged, on all topics it reads."""
        _, service, what = group.split(".")
        metadata = self._client.list_topics(timeout=PATIENCE).topics
        read = re.compile(
            rf".*\.{service}\.from\..*" if what == "from" else rf".*\.(?!{service}\.)\w+\.events|.*\.parties"
        )
        places = [
            TopicPartition(name, number)
            for name, topic in metadata.items()
            if read.fullmatch(name)
            for number in topic.partitions
        ]
        first = self._ends(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        last = self._ends(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        done = self.acknowledged(group)
        return sum(end - max(done.get(place, 0), first[place]) for place, end in last.items())

    def _ends(self, places: list[TopicPartition], which: OffsetSpec) -> dict[tuple[str, int], int]:
        found = self._client.list_offsets(dict.fromkeys(places, which), request_timeout=PATIENCE)
        return {(place.topic, place.partition): future.result().offset for place, future in found.items()}

    def forgets(self, *groups: str) -> bool:
        """Their offsets are lost; False while somebody is still in one of them."""
        try:
            _all(self._client.delete_consumer_groups(list(groups), request_timeout=PATIENCE))
        except KafkaException as refused:
            code = refused.args[0].code()
            if code not in (KafkaError.NON_EMPTY_GROUP, KafkaError.GROUP_ID_NOT_FOUND):
                raise
            return bool(code == KafkaError.GROUP_ID_NOT_FOUND)
        return True

    def remove_topic(self, topic: str) -> None:
        _all(self._client.delete_topics([topic], operation_timeout=PATIENCE))

    def has_topic(self, topic: str) -> bool:
        return topic in self._client.list_topics(timeout=PATIENCE).topics

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


def _one(futures: Mapping[Any, Future[Any]]) -> Any:
    (future,) = futures.values()
    return future.result(PATIENCE)


def _all(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        future.result(PATIENCE)
