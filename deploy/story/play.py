"""The story, chapter by chapter."""

from typing import Any

from deploy.story import afterwards, founding, referral, round_table, triage
from deploy.story.telling import Telling
from deploy.story.world import World, world


async def play(house: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Play it on a running house; what is left of the case, or `StoryFailed`."""
    async with world(house, telling) as here:
        await until_cleaned(here)
        await until_forgotten(here)
        return await left_of(here)


async def until_cleaned(here: World) -> None:
    """Chapters 1 to 9: from the covenant to a cleaned file."""
    await founding.found(here)
    await referral.refer(here)
    await referral.screen(here)
    await triage.ask(here)
    await triage.prepare(here)
    await round_table.convene(here)
    await round_table.take_away(here)
    await round_table.direct(here)
    await round_table.deescalate(here)
    await here.refused_in_the_end()


async def until_forgotten(here: World) -> None:
    """Chapters 10 to 12: a case that ends early, half a year, a year."""
    await afterwards.end_early(here)
    decided = await afterwards.half_a_year(here)
    await afterwards.a_year(here, decided)


async def left_of(here: World) -> dict[str, Any]:
    """What the services still show of the case; nothing, at the end."""
    director = here.people("process-director-a", "gemeente-venlo")
    answers = {
        service: (await director.get(service, f"/cases/{here.case}")).status_code
        for service in ("intake", "triage", "rto", "retention")
    }
    return {service: "nothing" if status == 404 else status for service, status in answers.items()}
