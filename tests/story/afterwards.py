"""Play chapter 11: afterwards, what comes too late creates nothing, and nothing leads back."""

from shared.contract.messages.triage import QueryAnswered
from tests.story import cast
from tests.story.world import World


async def afterwards(world: World) -> None:
    """Play R34, R105, A24."""
    world.telling.begin("11. Afterwards")
    await _too_late(world)
    await _nothing_is_there(world)
    await _figures(world)


async def _too_late(world: World) -> None:
    """Answer the true query, by connector and by hand: refused as for a case that never was."""
    by_police, by_housing = (
        QueryAnswered(query_id=world.queries[name], involved=True, items=(cast.item("Nagekomen.", body),))
        for name, body in ((cast.POLICE, "eenheidsleiding"), (cast.HOUSING, "bestuur"))
    )
    refusal = await world.party(cast.POLICE).try_to_send(by_police, case=world.case)
    world.telling.refused("an answer on the topic of the police that arrives late", refusal, "R34")
    path = f"/cases/{world.case}/queries/{by_housing.query_id}/answers"
    refusal = await world.worker(cast.HOUSING).try_to_do("triage", path, by_housing.model_dump(mode="json"))
    world.telling.refused("an answer over HTTP that arrives late", refusal, "R34")
    brought = {answer.items[0].item_id for answer in (by_police, by_housing)}
    left = await world.rows_gone(world.names_of_the_case | brought)
    world.telling.check(
        set(left.values()) == {0},
        "they created nothing: no row in any of the five services holds the case or what they brought",
        rows=left,
    )


async def _nothing_is_there(world: World) -> None:
    """Ask every service for the case: it exists nowhere (R34, R105)."""
    path, manager = f"/cases/{world.case}", world.people("manager-a")
    for service in ("intake", "triage", "rto", "retention"):
        await world.not_shown(service, path, world.director, world.worker(cast.MENTAL_HEALTH))
    refusal = await manager.try_to_do("retention", f"{path}/archived-file", {})
    world.telling.refused("the manager reads the archive of nothing", refusal, "R34")
    waiting = [
        (await world.worker(party).see("triage", "/queries"))["queries"]
        for party in (cast.POLICE, cast.HOUSING)
    ]
    erasures = (await manager.see("retention", "/erasures"))["erasures"]
    world.telling.check(
        waiting == [[], []] and erasures == [], "no query waits for anybody, and no erasure is under way"
    )


async def _figures(world: World) -> None:
    figures = await world.people("manager-a").see("retention", "/figures")
    counts = [cell["count"] for cell in figures["cells"]]
    world.telling.check(
        figures["total"] == 0 and bool(counts) and set(counts) == {None},
        "management figures name the year of the case, and count nothing of a year that is not over (A24)",
    )
