"""Define the topics and their configuration (design, section 3). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.contract.limits import MAX_RECORD
from shared.contract.parties import is_registrable
from shared.contract.registry import SERVICES
from shared.contract.topics import Topics

DAY = 24 * 60 * 60 * 1000  # milliseconds
EVENT_PARTITIONS = 12

# The broker dates and measures every record itself, so a sender can neither backdate nor bomb.
_ALWAYS = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(MAX_RECORD)}
# A broker deletes whole segments, the oldest first, when a topic holds more than this, also what nobody has
# read: an alarm comes long before (Lagging, InboxFills), and one when it has happened (DeletedUnread).
RETENTION_BYTES = 1024 * 1024 * 1024
_BOUNDED = _ALWAYS | {"retention.bytes": str(RETENTION_BYTES), "segment.bytes": str(64 * 1024 * 1024)}
_FROM_A_PARTY = _BOUNDED | {"compression.type": "uncompressed", "retention.ms": str(30 * DAY)}
_TO_A_PARTY = _BOUNDED | {"retention.ms": str(14 * DAY)}
_EVENTS = _ALWAYS | {"retention.ms": str(30 * DAY)}
_COMPACTED = _ALWAYS | {"cleanup.policy": "compact"}


@dataclass(frozen=True)
class Topic:
    """Describe a topic as it must be, but for its replication factor, which is the cluster's."""

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


def party_topics(prefix: str, party: str) -> list[Topic]:
    """List a party's topics: one outbox per service and one inbox."""
    names = Topics(prefix)
    outboxes = [Topic(names.from_party(service, party), 1, _FROM_A_PARTY) for service in SERVICES]
    return [*outboxes, Topic(names.to_party(party), 1, _TO_A_PARTY)]


def service_topics(
    prefix: str, services: Iterable[str] = SERVICES, event_partitions: int = EVENT_PARTITIONS
) -> list[Topic]:
    """List the topics of the house: events and dead letters of each service, and the registers."""
    names = Topics(prefix)
    topics = [Topic(name, 1, _COMPACTED) for name in names.registers]
    for service in services:
        topics.append(Topic(names.events(service), event_partitions, _EVENTS))
        topics.append(Topic(names.dead_letters(service), 1, _EVENTS))
    return topics
