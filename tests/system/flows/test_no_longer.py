"""On the running house: who is no party any more gets nothing more, and nothing of it is taken (R115)."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from deploy.local import house as local
from deploy.local.house import House
from deploy.local.parties import parties_of
from shared.contract.messages.triage import QueryAnswered
from tests.story import cast
from tests.story.party import Party
from tests.story.world import World
from tests.support.containers import chosen
from tests.system.flows.cases import asked, taken_up
from tests.system.flows.conftest import SHORT_PATIENCE, with_parties

WITHIN = 5.0  # seconds after the answer to who excluded it
EVERY = 0.05  # seconds
LEAVES = cast.OTHER_MENTAL_HEALTH
PARTIES = [party for party in parties_of("noord-limburg") if party.id in cast.CONNECTED]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start a house of this file's own: a party that has left does not come back."""
    directory = tmp_path_factory.mktemp("left")
    started = local.start(directory, parties=PARTIES, patience=SHORT_PATIENCE, servers=chosen().servers)
    yield started
    started.reset()


@pytest.fixture(scope="module")
async def founded(house: House) -> AsyncIterator[World]:
    """Yield it with its parties, their keys and authorisations."""
    async with with_parties(house, PARTIES) as here:
        yield here


class Sent:
    """Collect the ids of what was sent, and wait for more of them."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._more = asyncio.Event()

    def add(self, message_id: str) -> None:
        self.ids.append(message_id)
        self._more.set()

    async def until(self, number: int) -> str:
        """Wait until so many have been sent; return the last."""
        async with asyncio.timeout(60):
            while len(self.ids) < number:
                self._more.clear()
                await self._more.wait()
        return self.ids[-1]


@asynccontextmanager
async def answering_on_and_on(party: Party, case: str, query: str) -> AsyncIterator[Sent]:
    """Let the party answer its query again and again."""
    sent = Sent()

    async def send() -> None:
        for n in itertools.count():
            answer = QueryAnswered(query_id=query, involved=True, plan_contribution=f"Bijdrage {n}.")
            sent.add(await party.connector.send(answer, case=case))
            await asyncio.sleep(EVERY)

    task = asyncio.create_task(send())
    try:
        yield sent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_under_way_when_a_party_is_excluded_is_not_taken_and_it_is_sent_nothing_f18(
    founded: World,
) -> None:
    """Nor does anybody of it see anything; its last letter says that it is a party no more."""
    case = await taken_up(founded)
    query, party, worker = await asked(founded, case, LEAVES), founded.party(LEAVES), founded.worker(LEAVES)
    director, path = founded.people("process-director-a", cast.REFERRER), f"/cases/{case}"
    assert (await worker.get("triage", path)).status_code == 200
    async with answering_on_and_on(party, case, query.query_id) as sent:
        assert await party.connector.answer(await sent.until(10), within=30)
        ending, why = f"/parties/{LEAVES}/ending", {"reason": "exclusion"}
        await founded.people("secretary-a").do("governance", ending, why)
        await founded.people("manager-a").do("governance", f"{ending}/confirmation", why)
        await asyncio.sleep(WITHIN)
        seen = [(await worker.get(service, path)).status_code for service in ("intake", "triage", "rto")]
        assert seen == [404, 404, 404]
        already, taken = len(sent.ids), (await director.see("triage", path))["queries"]
        stood = (await founded.inboxes())[LEAVES]
        await sent.until(already + 40)
    late = await founded.party(cast.REFERRER).connector.send(
        QueryAnswered(query_id=query.query_id, involved=False), case=case
    )
    assert await founded.party(cast.REFERRER).connector.answer(late, within=30), "all before it was decided"
    assert (await director.see("triage", path))["queries"] == taken
    assert (await founded.inboxes())[LEAVES] == stood
