"""Play the story, chapter by chapter, under the numbers of what it has to show."""

from typing import Any

from tests.story import (
    afterwards,
    deescalation,
    direction,
    early_end,
    exclusion,
    founding,
    preparation,
    referral,
    retention,
    round_table,
    screening,
    take_away,
    triage,
)
from tests.story.telling import StoryFailed, Telling
from tests.story.world import World, world


async def play(house: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Play it on a running house; return what is left of its cases, or raise `StoryFailed`."""
    async with world(house, telling) as here:
        await founding.found(here)
        await until_cleaned(here)
        await until_forgotten(here)
        return await left_of(here)


async def until_cleaned(here: World) -> None:
    """Play chapters 2 to 9: from the referral to a cleaned file."""
    await referral.refer(here)
    await screening.screen(here)
    await triage.ask(here)
    await preparation.prepare(here)
    await round_table.convene(here)
    await take_away.agree(here)
    await direction.direct(here)
    await deescalation.deescalate(here)


async def until_forgotten(here: World) -> None:
    """Play chapters 10 to 13: half a year, a year, a case that ends early, and one whose leader goes."""
    await retention.let_time_pass(here)
    await afterwards.afterwards(here)
    await early_end.end_early(here)
    await exclusion.exclude(here)


async def left_of(here: World) -> dict[str, Any]:
    """Count rows in the five databases that lead to a case of the story, and destroyed case keys."""
    rows = await here.rows_gone(here.names_of_the_case | {here.neighbour, here.early, here.third})
    if any(rows.values()):
        raise StoryFailed(f"rows that lead to a case are left: {rows}")
    return {"rows": rows, "case keys destroyed": here.keys[1]}
