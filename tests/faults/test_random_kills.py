"""Services, broker and database die at random while fifty cases are played: nothing lost, nothing doubled."""

import asyncio

from tests.faults.load import Scene, check, play_all
from tests.faults.sizes import CASES, ROUNDS, SEED
from tests.faults.trouble import AT_ONCE, Trouble

SECONDS_A_ROUND = 8


async def test_in_a_load_of_cases_random_kills_lose_nothing_and_double_nothing(scene: Scene) -> None:
    """With 0 failures in N kills the 95 % bound is about 3/N."""
    trouble = Trouble(scene.rig, SEED, ROUNDS)
    try:
        _, cases = await asyncio.gather(
            trouble.make(), play_all(scene, CASES, SEED, last=ROUNDS * SECONDS_A_ROUND)
        )
        await scene.rig.drained()
        await scene.ledger.balanced()
        await check(scene, cases)
    finally:
        print(trouble)
    assert sum(map(len, trouble.killed)) == ROUNDS * AT_ONCE
