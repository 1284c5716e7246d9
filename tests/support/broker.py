"""The broker as a service's own tests see it that need none: nothing stands on any topic."""

from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from tests.support.leaving import gate_of
from tests.support.outgoing import EVENTS
from tests.support.receiving import House, OneKey
from tests.support.transactions import transaction_on


def relay_without_broker(engine: AsyncEngine, house: House, parties: PartyReplica | None = None) -> Relay:
    """Make a relay whose producer was never started: whatever it would send fails the test."""
    codec = SignedAndSealed(house.keys)
    keys = CaseKeyClient(OneKey(), "noord-limburg")
    source = "urn:nld:oin:00000099:systeem:zvh-intake"
    gate = gate_of(transaction_on(engine, SERVICE))
    return Relay(engine, AIOKafkaProducer(), parties or PartyReplica(), keys, codec, source, gate, (EVENTS,))
