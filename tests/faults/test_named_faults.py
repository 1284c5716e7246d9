"""The faults that have a test each on a case of their own, in the middle of fifty cases and of the story."""

import asyncio

import pytest

from deploy.local import house as local
from deploy.story.telling import Telling
from tests.containers import chosen
from tests.faults.load import Scene, check, play_all
from tests.faults.named import FAULTS, each_once
from tests.faults.rig import LAUNCHER, Rig
from tests.faults.sizes import CASES, SEED
from tests.flows.test_story import LEFT, LONG_PATIENCE, expected, played, shown_and_refused
from tests.running import quiet_console

LAST = 200.0  # seconds over which the cases begin


async def test_in_a_load_of_cases_each_named_fault_loses_nothing_and_doubles_nothing(scene: Scene) -> None:
    happened: list[str] = []
    async with asyncio.TaskGroup() as both:
        both.create_task(each_once(scene.rig, happened))
        playing = both.create_task(play_all(scene, CASES, SEED + 1, last=LAST))
    await scene.rig.drained()
    await scene.ledger.balanced()
    await check(scene, playing.result())
    assert happened == list(FAULTS)


async def test_in_the_story_each_named_fault_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What happens later than the story lasts does not count: all of it must have."""
    directory, happened = tmp_path_factory.mktemp("named"), list[str]()
    points = directory / "points"
    points.mkdir()
    house = local.start(
        directory / "house",
        patience=LONG_PATIENCE,
        servers=chosen().servers,
        launcher=(LAUNCHER, str(points)),
    )
    trouble = asyncio.create_task(each_once(Rig(house, points), happened))
    try:
        told = await played(house, Telling(quiet_console()))
        assert trouble.done(), happened
        await trouble
        for chapter in range(1, 13):
            assert shown_and_refused(told.telling, chapter) == expected(chapter), chapter
        assert told.left == LEFT
        assert sum(told.held.values()) == sum(told.unsent.values()) == 0
    finally:
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
        await asyncio.to_thread(house.reset)
