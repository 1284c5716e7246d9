"""Replace and destroy the house keys in time, and tell the other services which are destroyed.

The whole list is published at every start and whenever it changes, so that a repetition does no harm.
"""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contract.limits import HOUSE_KEYS_PER_EVENT, in_parts
from shared.contract.messages.house import HouseKeysDestroyed
from shared.crypto.house_keys import HouseKeys
from shared.handling.outgoing import OutgoingMessages
from shared.messaging.relay import Relay
from shared.storage import outbox
from shared.storage.database import DATABASE_ERRORS, sqlstate

log = structlog.get_logger()
PERIOD = 600  # seconds between two looks


@dataclass(slots=True)
class KeyRotation:
    """Rotate the house keys of one service as long as it runs."""

    engine: AsyncEngine
    outgoing: OutgoingMessages
    keys: HouseKeys
    relay: Relay
    _said: tuple[str, ...] = ()

    async def run(self) -> None:
        """Rotate every `PERIOD` seconds until cancelled."""
        while True:
            try:
                await self.turn()
            except DATABASE_ERRORS as error:
                log.warning("key-rotation-pauses", kind=type(error).__name__, sqlstate=sqlstate(error))
            await asyncio.sleep(PERIOD)

    async def turn(self) -> None:
        """Replace and destroy what is due, and publish the list of destroyed keys if it changed."""
        await asyncio.to_thread(self.keys.rotate)
        gone = self.keys.destroyed_kids
        if gone == self._said:
            return
        parts = in_parts(gone, HOUSE_KEYS_PER_EVENT)
        messages = [self.outgoing.event(HouseKeysDestroyed(house_keys=some)) for some in parts]
        async with self.engine.begin() as connection:
            await outbox.write(connection, messages)
        self._said = gone
        self.relay.wake()
