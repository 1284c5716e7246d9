"""Everything the story's chapters share: the house from outside, the parties' programs, people, the clock."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.provisioning.connection import Connection
from deploy.story import clock
from deploy.story.cast import CONNECTED
from deploy.story.party import Party
from deploy.story.people import People
from deploy.story.telling import StoryFailed, Telling
from shared.messages.house import MessageRefused


@dataclass(slots=True)
class World:
    """What the chapters play in, and what they remember for one another."""

    house: dict[str, Any]
    telling: Telling
    people: People
    parties: dict[str, Party]
    case: str = ""
    man: str = ""
    mother: str = ""
    second_case: str = ""
    items: dict[str, str] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)
    rto: str = ""
    waiting: list[tuple[str, str, asyncio.Task[MessageRefused]]] = field(default_factory=list)
    subjects: dict[str, str] = field(default_factory=dict)

    def party(self, name: str) -> Party:
        """The programs of one party."""
        return self.parties[name]

    @property
    def now(self) -> datetime:
        """Covenant time."""
        return clock.covenant_now(self._clock_file)

    def move_clock_to(self, moment: datetime) -> None:
        """Covenant time jumps."""
        clock.move_to(self._clock_file, moment)

    @property
    def _clock_file(self) -> Path:
        return Path(self.house["clock"]["file"])

    async def records_for_others(self, *receivers: str) -> int:
        """How many records stand on the inboxes of all parties but these, as the broker counts them.

        Counted when nothing of before is on its way any more.
        """
        count = -1
        while (now := await asyncio.to_thread(_records_for_others, self.house, receivers)) != count:
            count = now
            await asyncio.sleep(0.5)
        return count

    def refused(self, what: str, answer: MessageRefused | httpx.Response, *rules: str) -> None:
        """Tell a refusal, which must rest on one of these rules and say nothing more than it may."""
        if isinstance(answer, MessageRefused):
            name, rule, article = answer.name, answer.rule, answer.article
        else:
            if answer.status_code < 400 or "problem+json" not in answer.headers["content-type"]:
                raise StoryFailed(f"{what}: not refused: {answer.status_code} {answer.text[:200]}")
            found = answer.json()
            name, rule, article = found["title"], found["rule"], found["article"]
        if rules and rule not in rules:
            raise StoryFailed(f"{what}: refused under {rule} ({name}) instead of {', '.join(rules)}")
        self.telling.refused(what, name, rule, article)

    def refused_later(self, what: str, rule: str, answer: Coroutine[Any, Any, MessageRefused]) -> None:
        """Something whose refusal waits for a fact that may still come; the story goes on meanwhile."""
        self.waiting.append((what, rule, asyncio.create_task(answer)))

    async def refused_in_the_end(self) -> None:
        """All that waited in vain has been refused."""
        for what, rule, answer in self.waiting:
            self.refused(what, await answer, rule)
        self.waiting.clear()

    async def subject_of(self, username: str) -> str:
        """The opaque subject in somebody's token; what a party names its delegate by."""
        if username not in self.subjects:
            token = await self.people(username).token()
            self.subjects[username] = _claims(token)["sub"]
        return self.subjects[username]


@asynccontextmanager
async def world(house: dict[str, Any], telling: Telling) -> AsyncIterator[World]:
    """The world, with the parties' connectors running."""
    context = ssl.create_default_context(cafile=house["ca_file"])
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(verify=context, timeout=30))
        people = People(house, client, telling)
        parties = {name: await stack.enter_async_context(Party(name, house, telling)) for name in CONNECTED}
        yield World(house, telling, people, parties)


def _claims(token: str) -> dict[str, Any]:
    segment = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return claims


def _records_for_others(house: dict[str, Any], receivers: tuple[str, ...]) -> int:
    admin = house["admin"]["kafka"]
    client = AdminClient(
        Connection(
            house["kafka"]["bootstrap"], Path(house["ca_file"]), admin["user"], admin["password"]
        ).settings()
    )
    topics = [own["topics"]["to"] for name, own in house["parties"].items() if name not in receivers]
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, 0): latest for topic in topics}
    return sum(future.result().offset for future in client.list_offsets(asked).values())
