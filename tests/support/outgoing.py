"""Rows of intake's outbox: what a party or the other services are to be sent."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contract.messages.intake import ReferralScreened, ScreeningOutcome
from shared.contract.parties import KeyUse, PublicKey
from shared.contract.registry import of_model
from shared.crypto.case_cipher import CaseKey
from shared.crypto.jose import new_key, public_jwk
from shared.ids import new_id
from shared.storage import outbox
from shared.storage.outbox import OutboxMessage

PARTY = "politie"
TO_PARTY = f"zvh.to.{PARTY}"
EVENTS = "zvh.intake.events"


def outbox_message(
    case: str | None,
    body: str | None = None,
    *,
    topic: str = TO_PARTY,
    recipient: str = PARTY,
    item: str | None = None,
) -> OutboxMessage:
    """Make a message to the party, with a sealed text in it, or an event about the case."""
    piece = CaseKey(b"k" * 32, house="noord-limburg", case_id=case or "").encrypt(
        "Advies.", piece="1", by="intake"
    )
    message = ReferralScreened(outcome=ScreeningOutcome.TAKEN_UP, advice=piece)
    return OutboxMessage(
        event_id=new_id(),
        topic=topic,
        key=case or recipient,
        type=of_model(ReferralScreened).type,
        body=body or message.model_dump_json(),
        recipient=None if topic == EVENTS else recipient,
        case_id=case,
        subject=case,
        item=item,
    )


async def write(engine: AsyncEngine, *messages: OutboxMessage) -> None:
    """Put them into the outbox, in this order."""
    async with engine.begin() as connection:
        await outbox.write(connection, messages)


async def unsent(engine: AsyncEngine) -> list[str]:
    """Return the event ids that are still in the outbox, oldest first."""
    async with engine.connect() as connection:
        return list(await connection.scalars(sa.text("SELECT event_id FROM outbox ORDER BY id")))


def sealing_key(now: datetime, until: datetime | None) -> PublicKey:
    """Make a party's key to seal to, announced yesterday."""
    jwk = public_jwk(new_key(), KeyUse.SEALING)
    since = now - timedelta(days=1)
    return PublicKey(kid=jwk["kid"], use=KeyUse.SEALING, jwk=jwk, valid_from=since, valid_until=until)
