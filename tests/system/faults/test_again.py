"""Everything comes again: all topics replayed and shuffled (F7), all offsets lost (F17); no new effects."""

import asyncio

from shared.contract.registry import SERVICES
from tests.system.faults.again import kind, lose_offsets, replay, replayable
from tests.system.faults.broker import GROUPS, Broker
from tests.system.faults.load import Scene, check, play_all
from tests.system.faults.sizes import REPLAYS, SEED
from tests.system.faults.state import differences, state_of


async def test_every_topic_replayed_and_shuffled_ten_times_gives_the_same_state_f7(scene: Scene) -> None:
    """R129; parties' messages, events and the register of parties, in any order."""
    cases, broker = await play_all(scene, 5, SEED), Broker(scene.env)
    await scene.rig.drained()
    await broker.all_read()
    before = await asyncio.to_thread(state_of, scene.env)
    records = await replayable(scene.ledger)
    assert set(map(kind, records)) == {"from", "events", "parties"}
    await replay(scene.env, records, REPLAYS)
    await broker.all_read()
    await scene.rig.drained()
    assert differences(before, await asyncio.to_thread(state_of, scene.env)) == {}, f"seed {SEED}"
    await check(scene, cases)


async def test_when_all_offsets_are_lost_everything_is_read_again_without_effect_f17(scene: Scene) -> None:
    """R129: all ten groups of the five services begin anew."""
    cases, broker = await play_all(scene, 5, SEED + 1), Broker(scene.env)
    await scene.rig.drained()
    await broker.all_read()
    before = await asyncio.to_thread(state_of, scene.env)
    await lose_offsets(scene.rig, broker)
    assert sum([await broker.unread(group) for group in GROUPS]) > len(cases)
    await scene.rig.start(*SERVICES)
    await broker.all_read()
    await scene.rig.drained()
    assert differences(before, await asyncio.to_thread(state_of, scene.env)) == {}
    await check(scene, cases)
