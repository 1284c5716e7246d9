"""Take part as a party with a connector, and keep every message that it received."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from aiokafka.errors import KafkaConnectionError

from shared.connector import Answer, Connector, ReceivedMessage, from_house_file
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.registry import Model, of_model
from tests.story.telling import TOOK_EFFECT, WITHIN, Refusal, StoryFailed, Telling

M = TypeVar("M", bound=Model)


@dataclass(slots=True)
class Party:
    """Hold one party's connector, and the messages that it received."""

    id: str
    house: dict[str, Any]
    telling: Telling
    received: list[ReceivedMessage] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _connector: Connector | None = None

    async def __aenter__(self) -> Self:
        """Connect, and retry while no broker answers, as a supervisor would."""
        deadline = asyncio.get_running_loop().time() + WITHIN
        while self._connector is None:
            try:
                connector = Connector(from_house_file(self.house, self.id), self._keep)
                self._connector = await connector.__aenter__()
            except KafkaConnectionError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connector.__aexit__(kind, error, trace)

    @property
    def connector(self) -> Connector:
        """Return the connector, once entered."""
        if self._connector is None:
            raise StoryFailed(f"{self.id} has not been connected")
        return self._connector

    async def ask(self, message: Model, *, case: str | None = None, within: float = WITHIN) -> Answer:
        """Send, and wait for the house's answer."""
        return await self.connector.ask(message, case=case, within=within)

    async def send(self, message: Model, *, case: str | None = None) -> None:
        """Send something that must be accepted."""
        answer = await self.ask(message, case=case)
        if not isinstance(answer, MessageAccepted):
            raise StoryFailed(f"{self.id} sent {type(message).__name__}, and it was refused: {answer}")
        self.telling.count(of_model(type(message)).name, TOOK_EFFECT)

    async def try_to_send(self, message: Model, *, case: str | None = None) -> Refusal:
        """Send something that must be refused."""
        answer = await self.ask(message, case=case)
        if not isinstance(answer, MessageRefused):
            raise StoryFailed(f"{self.id} sent {type(message).__name__}, and it was not refused")
        return Refusal(of_model(type(message)).name, answer.name, answer.rule, answer.article)

    async def gets(
        self,
        kind: type[M],
        *,
        case: str | None = None,
        where: Callable[[M], bool] = lambda message: True,
        within: float = WITHIN,
    ) -> M:
        """Take the first received message of this kind, or wait for it; raises `StoryFailed`."""

        def found() -> ReceivedMessage | None:
            for incoming in self.received:
                if (
                    isinstance(incoming.message, kind)
                    and case in (None, incoming.case)
                    and where(incoming.message)
                ):
                    return incoming
            return None

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: found() is not None), within)
            except TimeoutError:
                raise StoryFailed(f"{self.id} waited in vain for {kind.__name__}") from None
        incoming = found()
        if incoming is None or not isinstance(incoming.message, kind):
            raise StoryFailed(f"{self.id} lost a message")
        self.received.remove(incoming)
        return incoming.message

    def has(self, kind: type[Model], case: str | None = None) -> bool:
        """Tell whether such a message was received."""
        return any(isinstance(x.message, kind) and case in (None, x.case) for x in self.received)

    async def _keep(self, incoming: ReceivedMessage) -> None:
        async with self._news:
            self.received.append(incoming)
            self._news.notify_all()
