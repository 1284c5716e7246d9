"""Which topics there are and how the broker treats them (design, section 3). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.contract import registry
from shared.contract.parties import is_registrable

SERVICES: tuple[str, ...] = registry.SERVICES
OPERATOR = "operator"

DAY = 24 * 60 * 60 * 1000  # milliseconds
EVENT_PARTITIONS = 12

# The broker dates and measures every record itself, so a sender can neither backdate nor bomb.
_ALWAYS = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "131072"}
_FROM_A_PARTY = _ALWAYS | {"compression.type": "uncompressed", "retention.ms": str(30 * DAY)}
_TO_A_PARTY = _ALWAYS | {"retention.ms": str(14 * DAY)}
_EVENTS = _ALWAYS | {"retention.ms": str(30 * DAY)}
_COMPACTED = _ALWAYS | {"cleanup.policy": "compact"}


@dataclass(frozen=True)
class Topic:
    """A topic as it must be; how many copies there are is the cluster's business."""

    name: str
    partitions: int
    config: Mapping[str, str]


class NotAPartyId(ValueError):
    """Refuse an id under which no party may be registered."""


def check_party_id(party: str) -> str:
    """Return the id of a party; raise `NotAPartyId` when it may not become part of topics and logins."""
    if not is_registrable(party):
        raise NotAPartyId(party)
    return party


def from_topic(prefix: str, service: str, party: str) -> str:
    """A party's outbox to one service."""
    return f"{prefix}.{service}.from.{party}"


def to_topic(prefix: str, party: str) -> str:
    """A party's one inbox."""
    return f"{prefix}.to.{party}"


def events_topic(prefix: str, service: str) -> str:
    """What a service tells the other four."""
    return f"{prefix}.{service}.events"


def dead_topic(prefix: str, service: str) -> str:
    """What a service could not handle: ids and reasons only."""
    return f"{prefix}.{service}.dead"


def parties_topic(prefix: str) -> str:
    """The register of parties, last word per party."""
    return f"{prefix}.governance.parties"


def group_prefix(prefix: str, owner: str) -> str:
    """With the final dot: without it `politie` would cover `politie-limburg`."""
    return f"{prefix}.{owner}."


def party_topics(prefix: str, party: str) -> list[Topic]:
    """Five outboxes and one inbox."""
    outboxes = [Topic(from_topic(prefix, service, party), 1, _FROM_A_PARTY) for service in SERVICES]
    return [*outboxes, Topic(to_topic(prefix, party), 1, _TO_A_PARTY)]


def service_topics(
    prefix: str, services: Iterable[str] = SERVICES, event_partitions: int = EVENT_PARTITIONS
) -> list[Topic]:
    """Events and dead letters of each service, and governance's register."""
    topics = [Topic(parties_topic(prefix), 1, _COMPACTED)]
    for service in services:
        topics.append(Topic(events_topic(prefix, service), event_partitions, _EVENTS))
        topics.append(Topic(dead_topic(prefix, service), 1, _EVENTS))
    return topics
