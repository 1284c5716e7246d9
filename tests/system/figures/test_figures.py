"""What each commit has to reach; how much of each stands in `tests/system/faults/sizes.py`.

In this order: after a backup was put back, what came before it is not to come again.
"""

from pathlib import Path

import pytest

from tests.system.faults import figures
from tests.system.faults.load import Scene
from tests.system.faults.sizes import CASES, MALFORMED, ROUNDS, SEED
from tests.system.faults.trouble import AT_ONCE, Trouble


async def test_in_a_load_of_cases_random_kills_lose_nothing_and_double_nothing(scene: Scene) -> None:
    """With 0 failures in N kills the 95 % bound is about 3/N."""
    trouble = Trouble(scene.rig, SEED, ROUNDS)
    try:
        await figures.random_kills(scene, trouble, CASES)
    finally:
        print(trouble)
    assert sum(map(len, trouble.killed)) == ROUNDS * AT_ONCE


async def test_each_malformed_message_gives_one_dead_letter_and_one_refusal_and_nothing_crashes_f10(
    scene: Scene,
) -> None:
    """R127; sent = accepted + dead."""
    await figures.malformed(scene, MALFORMED, SEED)


async def test_erasures_that_die_at_every_step_converge_and_are_proven_once_f14(scene: Scene) -> None:
    """R105, R106: of each step once before its commit and once after, and between the files of a key."""
    await figures.erasures(scene, CASES)


async def test_what_was_erased_since_the_backup_is_gone_and_opens_for_nobody_and_everything_else_goes_on_f23(
    scene: Scene, tmp_path: Path
) -> None:
    """R105."""
    await figures.backup_put_back(scene, tmp_path, CASES // 3)


async def test_what_was_said_in_the_cases_stands_in_no_file(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """R105."""
    await figures.silence(scene, tmp_path_factory.mktemp("files"))
