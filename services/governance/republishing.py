"""Publish the records of the parties once more: a copy that lost or could not read one follows again."""

from services.governance import commands as c
from services.governance.handlers import membership_id
from services.governance.state import State
from services.governance.store import all_parties
from shared.clock import machine_now
from shared.core.actor import OPERATOR
from shared.core.outcome import DeliveryStatus
from shared.handling.delivery import Delivery, FromPerson
from shared.handling.transaction import Transaction
from shared.ids import new_id
from shared.storage.inbox import InboxEntry


async def publish_anew(
    transaction: Transaction[State], digest_key: bytes, party: str = ""
) -> dict[str, DeliveryStatus]:
    """Publish the record of one party, or of all; return what became of each, by party id.

    Each is decided on the locked membership, so no older record overtakes a newer one.
    """
    parties = [party] if party else await _all_parties(transaction)
    deliveries = [_delivery(membership_id(digest_key, name)) for name in parties]
    outcomes = await transaction.run(deliveries)
    return {name: outcome.status for name, outcome in zip(parties, outcomes, strict=True)}


async def _all_parties(transaction: Transaction[State]) -> list[str]:
    async with transaction.engine.connect() as connection:
        return await all_parties(connection, transaction.cases)


def _delivery(membership: str) -> Delivery:
    now = machine_now()
    return Delivery(
        entry=InboxEntry("operator", new_id(), b"", now, membership),
        by=OPERATOR,
        command=c.PublishAnew(by=OPERATOR),
        received_at=now,
        origin=FromPerson(),
    )
