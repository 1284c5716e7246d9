"""Share what all chapters need: the house from outside, the parties' connectors, people, the clock."""

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deploy.local.environment import admin_connection
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable, Partition
from tests.story import cast, clock
from tests.story.cast import CONNECTED
from tests.story.left import case_keys, keys_erased, rows_that_mention
from tests.story.party import Party
from tests.story.people import People, Person
from tests.story.telling import WITHIN, Refusal, Telling

MINUTE = timedelta(minutes=1)
TWO_LOOKS = 1.2  # seconds; each service looks twice a second what is due
ON_ITS_WAY = 0.4  # seconds between two counts of the inboxes


@dataclass(slots=True)
class World:
    """Hold what the chapters play in, and what they remember for one another."""

    house: dict[str, Any]
    telling: Telling
    people: People
    parties: dict[str, Party]
    canary: str = ""
    leading: str = cast.REFERRER
    case: str = ""
    man: str = ""
    mother: str = ""
    neighbour: str = ""
    early: str = ""
    informed: str = ""
    third: str = ""
    third_person: str = ""
    third_item: str = ""
    third_rto: str = ""
    queries: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)
    rto: str = ""
    waiting: list[tuple[str, str, asyncio.Task[Refusal]]] = field(default_factory=list)
    subjects: dict[str, str] = field(default_factory=dict)

    # --- who ----------------------------------------------------------------------------------------

    def party(self, name: str) -> Party:
        """Return one party."""
        return self.parties[name]

    @asynccontextmanager
    async def connected(self, name: str) -> AsyncIterator[Party]:
        """Yield one party, connected for as long as this takes if it has no connector of its own."""
        if name in self.parties:
            yield self.parties[name]
            return
        async with Party(name, self.house, self.telling) as party:
            yield party

    def worker(self, party: str) -> Person:
        """Return somebody who works there."""
        return self.people(f"worker-{party}")

    @property
    def director(self) -> Person:
        """Return the process director of the case, on behalf of the party that leads it now."""
        return self.people("process-director-a", self.leading)

    async def subject_of(self, username: str) -> str:
        """Return the opaque `sub` of somebody's token, by which a party names its delegate."""
        if username not in self.subjects:
            token = await self.people(username).token()
            self.subjects[username] = _claims(token)["sub"]
        return self.subjects[username]

    def text(self, dutch: str) -> str:
        """Return what somebody writes; with a canary in it, where a test searches for one."""
        return f"{dutch} {self.canary}".rstrip()

    # --- when ---------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Return covenant time."""
        return clock.covenant_now(self._clock_file)

    def move_clock_to(self, instant: datetime) -> None:
        """Move covenant time."""
        clock.move_to(self._clock_file, instant)

    async def a_minute_before(self, instant: datetime) -> None:
        """Move covenant time to a minute before, and wait until every service has checked what is due."""
        self.move_clock_to(instant - MINUTE)
        await asyncio.sleep(TWO_LOOKS)

    @property
    def _clock_file(self) -> Path:
        return Path(self.house["clock"]["file"])

    # --- what must not be -----------------------------------------------------------------------------

    async def not_shown(
        self, service: str, path: str, *people: Person, who_is: str = "", within: float = 0
    ) -> None:
        """Let each of these people look, and be told that there is nothing (R34)."""
        refusals = await asyncio.gather(*(who.try_to_see(service, path, within) for who in people))
        for who, refusal in zip(people, refusals, strict=True):
            self.telling.refused(f"{_named(who)}{who_is} looks at the case in {service}", refusal, "R34")

    def refused_later(self, what: str, rule: str, answer: Coroutine[Any, Any, Refusal]) -> None:
        """Do something whose refusal comes after deferral; the story goes on meanwhile."""
        self.waiting.append((what, rule, asyncio.create_task(answer)))

    async def refused_in_the_end(self) -> None:
        """Wait until everything that was deferred in vain has been refused."""
        for what, rule, answer in self.waiting:
            self.telling.refused(what, await answer, rule)
        self.waiting.clear()

    # --- what the administrator counts ------------------------------------------------------------------

    async def inboxes(self) -> dict[str, int]:
        """Return how many records stand on each party's inbox, when nothing is under way any more."""
        counted: dict[str, int] = {}
        while (now := await _inboxes(self.house)) != counted:
            counted = now
            await asyncio.sleep(ON_ITS_WAY)
        return counted

    async def sent_only_to(self, *parties: str, since: dict[str, int], within: float = WITHIN) -> bool:
        """Tell whether each of these was sent something after that count, and nobody else a byte."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            late = asyncio.get_running_loop().time() > deadline
            changed = {party for party, count in (await self.inboxes()).items() if count != since[party]}
            if late or changed >= set(parties):
                return changed == set(parties)

    @property
    def names_of_the_case(self) -> frozenset[str]:
        """Return whatever leads to the case or to somebody in it."""
        known = (self.queries, self.items, self.actions)
        return frozenset({self.case, self.man, self.mother, self.rto}.union(*(ids.values() for ids in known)))

    async def rows(self, names: Iterable[str]) -> dict[str, int]:
        """Return how many rows of each service's database hold any of these names."""
        return await asyncio.to_thread(rows_that_mention, self.house, names)

    async def rows_gone(self, names: Iterable[str], within: float = WITHIN) -> dict[str, int]:
        """Wait until there are no such rows; return them, or how many are left after that time (seconds)."""
        deadline = asyncio.get_running_loop().time() + within
        while sum((left := await self.rows(names)).values()):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.2)
        return left

    @property
    def keys(self) -> tuple[int, int]:
        """Return how many case keys are stored, and how many the erasure ledger says were destroyed."""
        return case_keys(self.house), keys_erased(self.house)


@asynccontextmanager
async def world(house: dict[str, Any], telling: Telling) -> AsyncIterator[World]:
    """Yield the world, with the parties' connectors running."""
    context = ssl.create_default_context(cafile=house["ca_file"])
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(verify=context, timeout=30))
        people = People(house, client, telling)
        parties = {name: await stack.enter_async_context(Party(name, house, telling)) for name in CONNECTED}
        yield World(house, telling, people, parties)


def _named(person: Person) -> str:
    return f"{person.username} for {person.on_behalf_of}" if person.on_behalf_of else person.username


def _claims(token: str) -> dict[str, Any]:
    segment = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return claims


async def _inboxes(house: dict[str, Any]) -> dict[str, int]:
    """Read the end offsets of the inboxes, and retry while the broker cannot answer."""
    places = {Partition(own["topics"]["to"], 0): party for party, own in house["parties"].items()}
    office = KafkaAdmin(admin_connection(house))
    deadline = time.monotonic() + WITHIN
    while True:
        try:
            return {places[place]: end for place, end in (await office.end_offsets(places)).items()}
        except KafkaUnreachable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(1)
