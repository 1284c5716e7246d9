"""Publish the registers once more: a copy that lost or could not read a record follows again."""

from services.governance import commands as c
from services.governance.handlers import membership_id
from services.governance.state import State
from services.governance.store import all_records
from shared.clock import machine_now
from shared.contract.limits import in_parts
from shared.core.actor import OPERATOR
from shared.core.outcome import DeliveryStatus
from shared.handling.delivery import Delivery, FromPerson
from shared.handling.transaction import Transaction
from shared.ids import new_id
from shared.storage.inbox import InboxEntry

AT_ONCE = 500  # records in one transaction


async def publish_anew(
    transaction: Transaction[State], digest_key: bytes, party: str = ""
) -> dict[str, DeliveryStatus]:
    """Publish the record of one party, or all records of parties, policy and accounts.

    Returns what became of each, by party id or else by its own. Each is decided on its locked row, so no
    older record overtakes a newer one.
    """
    found = {membership_id(digest_key, party): party} if party else await _all_records(transaction)
    done = dict[str, DeliveryStatus]()
    for some in in_parts(list(found), AT_ONCE):
        outcomes = await transaction.run([_delivery(one) for one in some])
        done |= {found[one]: outcome.status for one, outcome in zip(some, outcomes, strict=True)}
    return done


async def _all_records(transaction: Transaction[State]) -> dict[str, str]:
    async with transaction.engine.connect() as connection:
        return await all_records(connection, transaction.cases)


def _delivery(membership: str) -> Delivery:
    now = machine_now()
    return Delivery(
        entry=InboxEntry("operator", new_id(), b"", now, membership),
        by=OPERATOR,
        command=c.PublishAnew(by=OPERATOR),
        received_at=now,
        origin=FromPerson(),
    )
