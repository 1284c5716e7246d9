"""The faults that have a test each on a case of their own, in the middle of fifty cases and of the story."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.local import house as local
from tests.story.telling import Telling
from tests.support.containers import chosen
from tests.support.running import quiet_console
from tests.system.faults.erasing import armed_at_each_step
from tests.system.faults.load import Scene, check, play_all
from tests.system.faults.named import each_once, to_the_house, to_the_load
from tests.system.faults.rig import LAUNCHER, Rig
from tests.system.faults.sizes import CASES, SEED
from tests.system.whole_story import LONG_PATIENCE, check_whole, played

LAST = 420.0  # seconds over which the cases begin
A_STORY = 300.0  # seconds that it lasts at most


async def test_in_a_load_of_cases_each_named_fault_loses_nothing_and_doubles_nothing(scene: Scene) -> None:
    faults, happened = to_the_load(scene), list[str]()
    async with asyncio.TaskGroup() as both:
        both.create_task(each_once(faults, happened))
        playing = both.create_task(play_all(scene, CASES, SEED + 1, last=LAST))
    await scene.rig.drained()
    await scene.ledger.balanced()
    await check(scene, playing.result())
    assert happened == list(faults)


@pytest.mark.parametrize("half", [0, 1])
async def test_in_the_story_each_named_fault_changes_nothing(tmp_path: Path, half: int) -> None:
    """In two stories, as one is too short: what comes after the end of one does not count."""
    happened: list[str] = []
    with house_of_a_story(tmp_path) as rig:
        faults = dict(list(to_the_house(rig).items())[half::2])
        await same_story(rig, each_once(faults, happened), happened)


async def test_in_the_story_erasures_that_die_at_each_step_change_nothing_f14(tmp_path: Path) -> None:
    """Its three cases are erased one after the other: what is not reached in the first is in another."""
    with house_of_a_story(tmp_path) as rig:
        await same_story(rig, armed_at_each_step(rig, A_STORY), [])


@contextmanager
def house_of_a_story(directory: Path) -> Iterator[Rig]:
    points = directory / "points"
    points.mkdir()
    launcher, servers = (LAUNCHER, str(points)), chosen().servers
    house = local.start(directory / "house", patience=LONG_PATIENCE, servers=servers, launcher=launcher)
    try:
        yield Rig(house, points)
    finally:
        house.reset()


async def same_story(rig: Rig, faults: Coroutine[Any, Any, None], happened: list[str]) -> None:
    """As told in peace, with all of these faults in it."""
    trouble = asyncio.create_task(faults)
    try:
        told = await played(rig.house, Telling(quiet_console()))
        assert trouble.done(), happened
        await trouble
        check_whole(told)
    except BaseException as failed:
        failed.add_note(f"after {happened}; the faults: {trouble!r}")
        raise
    finally:
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
