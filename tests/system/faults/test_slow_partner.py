"""A partner that does not read, or whose inbox is away, costs nobody else anything and loses nothing (F9)."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from shared.contract.messages.governance import AuthorisationRevoked
from shared.contract.messages.house import MessageRefused
from shared.contract.messages.triage import QueryIssued, QueryLapsed, QueryReminded
from shared.ids import new_id
from tests.story import cast, clock
from tests.system.faults.broker import Broker
from tests.system.faults.load import Case, Scene, ask, taken_up
from tests.system.faults.partner import Partner
from tests.system.faults.sizes import size

ASKED = size("SLOW", 40)  # questions of another party in each of four blocks
WORSE = 0.10  # by which another's p95 may be longer
MINUTE = timedelta(minutes=1)


async def test_while_partners_are_slow_or_away_others_wait_no_longer_and_their_queries_lapse_f9(
    scene: Scene,
) -> None:
    """R31: one does not read what comes, of another the inbox is gone; a third party asks meanwhile.

    Four blocks, of peace, trouble, trouble and peace, so that a machine that grows slower or faster weighs on
    both alike. Two halves of the same peace differ too on a machine that has other things to do: by that
    much more may the trouble differ.
    """
    slow, gone = scene.partner(cast.MENTAL_HEALTH), scene.partner(cast.PROBATION)
    cases = [await taken_up(scene) for _ in range(2)]
    await scene.rig.drained()
    peace, trouble = [await times(scene)], []
    async with away(scene, slow, gone):
        for case in cases:
            for party in (slow, gone):
                await ask(scene, case, party.id)
        trouble += [await times(scene), await times(scene)]
        assert scene.rig.unsent("triage") == len(cases), "what is for the one whose inbox is gone, alone"
    for case in cases:
        for party in (slow, gone):
            await party.gets(QueryIssued, case.id)
    await scene.rig.drained()
    peace.append(await times(scene))
    differs = p95(trouble) / p95(peace)
    itself = max(p95(peace[:1]), p95(peace[1:])) / min(p95(peace[:1]), p95(peace[1:]))
    print(f"p95 in peace {p95(peace):.3f} s, in trouble {p95(trouble):.3f} s; peace differs by {itself:.2f}")
    assert differs <= (1 + WORSE) * itself
    await their_queries_lapse(scene, cases, slow, gone)


@asynccontextmanager
async def away(scene: Scene, slow: Partner, gone: Partner) -> AsyncIterator[None]:
    """Let one party's program stop in the middle of a message, and take the inbox of the other away."""
    broker = Broker(scene.env)
    async with slow.stuck():
        await asyncio.to_thread(broker.remove_inbox, gone.id)
        try:
            yield
        finally:
            await asyncio.to_thread(broker.make_inbox, gone.id)


async def times(scene: Scene) -> list[float]:
    """Return how long another party waits for each of its answers, in seconds, of all it asks in a block."""
    other, took = scene.partner(cast.POLICE), []
    for _ in range(ASKED):
        began = asyncio.get_running_loop().time()
        answer = await other.ask(AuthorisationRevoked(authorisation_id=new_id()))
        took.append(asyncio.get_running_loop().time() - began)
        assert isinstance(answer, MessageRefused)
    return took


def p95(blocks: list[list[float]]) -> float:
    return statistics.quantiles([took for block in blocks for took in block], n=20)[-1]


async def their_queries_lapse(scene: Scene, cases: list[Case], *parties: Partner) -> None:
    """Check that silence has its term all the same: a reminder, then the end, once each."""
    file = scene.rig.house.layout.clock_file
    issued = [await party.gets(QueryIssued, case.id) for case in cases for party in parties]
    clock.move_to(file, max(query.reply_before for query in issued) + MINUTE)
    again = [await party.gets(QueryReminded, case.id) for case in cases for party in parties]
    clock.move_to(file, max(query.reply_before for query in again) + MINUTE)
    for case in cases:
        for party in parties:
            await party.gets(QueryLapsed, case.id)
            assert len(party.of(QueryIssued, case.id)) == len(party.of(QueryLapsed, case.id)) == 1
