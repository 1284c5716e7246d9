"""Release a held case for an operator: try what is stored of it again in order, or discard the first.

Stored are messages on their way in, deadlines, and outbox messages that cannot be sent.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import machine_now
from shared.contract.record import from_bytes
from shared.core.actor import OPERATOR
from shared.core.outcome import DeliveryStatus
from shared.handling.transaction import Transaction
from shared.messaging.house_records import HouseRecords
from shared.messaging.receiver import Receiver
from shared.storage import held_messages, inbox, journal, outbox
from shared.storage.access_log import NOWHERE
from shared.storage.database import fetch, run
from shared.storage.held_messages import HeldMessage, HoldReason
from shared.storage.outbox import QuarantinedRow
from shared.telemetry.logs import log_bug

MOST = 1000  # shown at once to an operator, who works through them

_HELD_CASES = sa.text(
    """
    SELECT case_id, (SELECT count(*) FROM held WHERE held.case_id = resting.case_id) AS messages
    FROM (SELECT case_id FROM cases WHERE held ORDER BY case_id LIMIT :limit) AS resting ORDER BY case_id
    """
)
_IS_HELD = sa.text("SELECT case_id FROM cases WHERE case_id = :case_id AND held")
_NOTHING_THERE = sa.text("DELETE FROM cases WHERE case_id = :case_id AND version = 0 AND NOT held")
_LET_GO = sa.text(
    """
    UPDATE cases SET held = false WHERE case_id = :case_id
        AND NOT EXISTS (SELECT FROM held WHERE held.case_id = :case_id AND why <> 'waiting')
    """
)


@dataclass(frozen=True, slots=True)
class Released:
    """Say how many messages were handled, and whether the case is free again."""

    handled: int
    free: bool


async def held_cases(engine: AsyncEngine) -> dict[str, int]:
    """Return the held cases, each with the number of messages that wait in it; at most `MOST`."""
    async with engine.connect() as connection:
        return {row.case_id: row.messages for row in await fetch(connection, _HELD_CASES, limit=MOST)}


async def discard_first(engine: AsyncEngine, log_key: bytes, case_id: str) -> bool:
    """Discard the quarantined message of a case, or else its unsendable outbox message; False without either.

    The journal says so. A party that sends it again has it decided on, as it had no answer. A deadline is not
    discarded: what it is about would never end.
    """
    async with engine.begin() as connection:
        quarantined = await held_messages.first_of_case(connection, case_id, [HoldReason.QUARANTINED])
        if quarantined is not None:
            taken = await held_messages.take(connection, [quarantined.id])
            await inbox.release(connection, [key for key in taken.values() if not _is_of_the_house(key)])
            await _note(connection, log_key, case_id, "ParkedMessageDiscarded")
            return True
        if await outbox.discard_quarantined(connection, case_id):
            await _note(connection, log_key, case_id, "UnreadableLetterDiscarded")
            return True
        return False


def _is_of_the_house(key: tuple[str, str]) -> bool:
    return key[0].startswith("service:")


async def unreadable_letters(engine: AsyncEngine) -> list[QuarantinedRow]:
    """Return the first `MOST` outbox messages that the relay could not send, for a reason of their own."""
    async with engine.connect() as connection:
        return await outbox.quarantined(connection, MOST)


async def retry(
    transaction: Transaction[Any], receiver: Receiver[Any], house_records: HouseRecords, case_id: str
) -> Released:
    """Handle what is stored of the case, one by one, in the order it came; stops at the next fault.

    Its outbox messages are the relay's again: one that still cannot be sent holds the case anew.
    """
    engine, handled = transaction.engine, 0
    while (first := await _first_of_case(engine, case_id)) is not None:
        if not await _handled(first, transaction, receiver, house_records):
            return Released(handled, free=False)
        handled += 1
    await let_go(engine, transaction.marker_key, case_id)
    async with engine.connect() as connection:
        held = await fetch(connection, _IS_HELD, case_id=case_id)
    return Released(handled, free=not held)


async def let_go(engine: AsyncEngine, log_key: bytes, case_id: str) -> None:
    """Free the case when nothing of it is stored any more; where there was no case, none stays behind."""
    async with engine.begin() as connection:
        await outbox.retry_quarantined(connection, case_id)
        await run(connection, _LET_GO, case_id=case_id)
        await run(connection, _NOTHING_THERE, case_id=case_id)
        await _note(connection, log_key, case_id, "HeldCaseReleased")


async def _first_of_case(engine: AsyncEngine, case_id: str) -> HeldMessage | None:
    async with engine.connect() as connection:
        return await held_messages.first_of_case(
            connection, case_id, [HoldReason.QUARANTINED, HoldReason.QUEUED]
        )


async def _handled(
    one: HeldMessage, transaction: Transaction[Any], receiver: Receiver[Any], house_records: HouseRecords
) -> bool:
    try:
        record = from_bytes(one.record)
    except Exception as error:
        log_bug(receiver.service.name, "held-message-unreadable", error, row=one.id)
        return False
    if not await house_records.take([record]):
        await _let_go_of(one, transaction.engine)
        return True
    async with transaction.engine.connect() as connection:
        known = await house_records.parties.refresh(connection)
    deliveries, dead = await receiver.receive([(record, one)], known)
    outcomes = await transaction.run(deliveries, dead)
    return all(outcome.status is not DeliveryStatus.QUARANTINED for outcome in outcomes)


async def _let_go_of(one: HeldMessage, engine: AsyncEngine) -> None:
    """Delete a message whose content the shell itself has taken in by now."""
    async with engine.begin() as connection:
        await held_messages.take(connection, [one.id])


async def note_act(connection: AsyncConnection, log_key: bytes, what: str) -> None:
    """Write an operator's act that is about no one case into the journal."""
    await _note(connection, log_key, NOWHERE, what)


async def _note(connection: AsyncConnection, log_key: bytes, case_id: str, what: str) -> None:
    entry = journal.entry(machine_now(), case_id, what, OPERATOR, "operator")
    await journal.write(connection, log_key, [entry])
