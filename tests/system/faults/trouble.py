"""Kill at random, but seeded, so that what was found can be played again."""

import asyncio
import random
from dataclasses import dataclass, field

from deploy.local.house import SERVERS
from tests.system.faults.rig import VICTIMS, Rig

AT_ONCE = 3  # that die in one round, of seven


@dataclass
class Trouble:
    """Hold a history of kills; `killed` is what happened so far, round by round."""

    rig: Rig
    seed: int
    rounds: int
    killed: list[tuple[str, ...]] = field(default_factory=list)

    async def make(self) -> None:
        """Kill some in each round, at random times; then start them again, servers first."""
        dice = random.Random(self.seed)  # noqa: S311 - a seeded history, not a secret
        for _ in range(self.rounds):
            await asyncio.sleep(dice.uniform(0, 3))
            victims = tuple(dice.sample(VICTIMS, AT_ONCE))
            self.killed.append(victims)
            for victim in victims:
                await self.rig.kill(victim)
                await asyncio.sleep(dice.uniform(0, 1))
            await self.rig.start(*(victim for victim in victims if victim in SERVERS))
            await self.rig.start(*(victim for victim in victims if victim not in SERVERS))

    def __str__(self) -> str:
        return f"seed {self.seed}, killed {self.killed}"
