"""The broker as a service's own tests see it that need none: nothing stands on any topic."""

from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.kafka.admin import Partition
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.support.receiving import House, OneKey


class NothingOnTopics:
    """Answers for `KafkaAdmin` where every topic has been read to its end."""

    async def places(self, pattern: str) -> list[Partition]:
        return []

    async def ends(self, places: Iterable[Partition]) -> dict[Partition, int]:
        return {}

    async def beginnings(self, places: Iterable[Partition]) -> dict[Partition, int]:
        return {}

    async def read_by(self, group: str) -> dict[Partition, int]:
        return {}


def relay_without_broker(engine: AsyncEngine, house: House, parties: PartyReplica | None = None) -> Relay:
    """Make a relay whose producer was never started: whatever it would send fails the test."""
    codec = SignedAndSealed(house.keys)
    keys = CaseKeyClient(OneKey(), "noord-limburg")
    source = "urn:nld:oin:00000099:systeem:zvh-intake"
    return Relay(engine, AIOKafkaProducer(), parties or PartyReplica(), keys, codec, source)
