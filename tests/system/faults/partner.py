"""Act as a recording partner: send until Kafka has it, note that in the ledger, keep what is received."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from aiokafka.errors import KafkaError

from shared.connector import Answer, Connector, HouseUnreachable, ReceivedMessage, from_house_file
from shared.contract.cloudevent import SEALED_BODY, to_headers
from shared.contract.registry import Model
from shared.ids import new_id
from tests.system.faults.ledger import Ledger, Sent
from tests.system.faults.rig import until

M = TypeVar("M", bound=Model)
ANSWERED_WITHIN = 120.0  # seconds, over all faults that come meanwhile


@dataclass
class Partner:
    """Run one party's program; `received` only ever grows."""

    id: str
    house: dict[str, Any]
    ledger: Ledger
    received: list[ReceivedMessage] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self.connector = Connector(from_house_file(self.house, self.id), self._keep)
        await self.connector.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connector.__aexit__(kind, error, trace)

    async def send(
        self, message: Model, *, case: str | None = None, message_id: str = "", times: int = 1
    ) -> str:
        """Send the same message as often as asked, each time until the broker has it; return its id."""
        message_id = message_id or new_id()
        for _ in range(times):
            await self._until_sent(message, case, message_id)
        return message_id

    async def ask(self, message: Model, *, case: str | None = None, times: int = 1) -> Answer:
        """Send, and wait for the one answer."""
        message_id = await self.send(message, case=case, times=times)
        return await self.connector.answer(message_id, within=ANSWERED_WITHIN)

    async def gets(
        self,
        kind: type[M],
        case: str | None = None,
        *,
        where: Callable[[M], bool] = lambda message: True,
        within: float = ANSWERED_WITHIN,
    ) -> M:
        """Wait for the message of this kind in this case; it stays in `received`."""

        def found() -> list[M]:
            return [message for message in self.of(kind, case) if where(message)]

        await until(f"{kind.__name__} at {self.id}", found, within)
        return found()[0]

    def of(self, kind: type[M], case: str | None = None) -> list[M]:
        return [
            x.message for x in list(self.received) if isinstance(x.message, kind) and case in (None, x.case)
        ]

    def handed_twice(self) -> dict[str, int]:
        """Return messages that the connector handed on more than once."""
        return {id_: n for id_, n in Counter(x.id for x in self.received).items() if n > 1}

    async def send_broken(self, message: Model) -> str:
        """Send one with valid headers and a body that cannot be decrypted."""
        message_id = new_id()
        await self._until_sent(message, None, message_id, broken=True)
        return message_id

    @asynccontextmanager
    async def stuck(self) -> AsyncIterator[None]:
        """Stop its program in the middle of the next message, as long as this lasts."""
        may_go_on = asyncio.Event()

        async def keep_later(incoming: ReceivedMessage) -> None:
            await may_go_on.wait()
            await self._keep(incoming)

        self.connector._handler = keep_later
        try:
            yield
        finally:
            self.connector._handler = self._keep
            may_go_on.set()

    async def _until_sent(
        self, message: Model, case: str | None, message_id: str, *, broken: bool = False
    ) -> None:
        while True:
            try:
                envelope, body, topic = await self.connector.seal(message, case=case, message_id=message_id)
                body = body[:-20] + b"A" * 20 if broken else body
                await self.connector.send_raw(
                    topic, case or message_id, body, to_headers(envelope, SEALED_BODY)
                )
            except (KafkaError, HouseUnreachable):
                await asyncio.sleep(0.5)
            else:
                self.ledger.note(Sent(self.id, message_id, topic, broken))
                return

    async def _keep(self, incoming: ReceivedMessage) -> None:
        self.received.append(incoming)
