"""A query reaches the parties that were selected, and nobody else by a byte (T2)."""

import random

import pytest

from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import ask, taken_up

SEEDS = (1, 20, 300, 4_000)  # one that fails is kept here


@pytest.mark.parametrize("seed", SEEDS)
async def test_whoever_was_not_selected_gets_nothing_t2(founded: World, seed: int) -> None:
    """R26: of thirty parties any number but all; with the same case, director and words for each."""
    dice = random.Random(seed)  # noqa: S311 - a seeded history, not a secret
    others = [
        party
        for party in founded.house["parties"]
        if party not in (cast.REFERRER, cast.STRANGER, cast.HOUSING)
    ]
    selected = dice.sample(others, dice.randint(1, 6))
    case = await taken_up(founded)
    before = await founded.inboxes()
    for party in selected:
        await ask(founded, case, party)
    assert await founded.sent_only_to(*selected, since=before), (seed, selected)
