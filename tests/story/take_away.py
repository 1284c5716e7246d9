"""Play chapter 7: what may be taken away from the table, and by whom."""

from typing import Any

from shared.contract.messages.rto import ItemsProvided, ReleaseAsked, ReleaseGiven, ReleaseRefused, Use
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World


async def take_away(world: World) -> None:
    """Play R63, R65, R68, R73 to R75, R104."""
    world.telling.begin("7. Take-away")
    await _plan(world)
    await _not_without_release(world)
    await _released(world)
    await _refused_by_its_contributor(world)
    await _the_list_of_takers(world)


async def _plan(world: World) -> None:
    """Record an activity of the plan, for which something is taken away; chapter 8 checks it."""
    world.actions = {name: new_id() for name in ("care", "housing")}
    actions = (
        ("care", cast.MENTAL_HEALTH, "Start behandeling."),
        ("housing", cast.HOUSING, "Regeling voor de huurschuld."),
    )
    plan = {
        "agreements": world.text("Wekelijks contact; de woning blijft behouden."),
        "ave_level": 2,
        "actions": [
            {"action_id": world.actions[name], "party": party, "description": world.text(description)}
            for name, party, description in actions
        ],
    }
    await world.director.do("rto", f"/cases/{world.case}/plan", plan)


def taking(
    world: World, item: str, *, recipient: str = cast.MENTAL_HEALTH, action: str = "care"
) -> dict[str, Any]:
    """Build the taking of one item for one activity of one participant."""
    return {"item_id": world.items[item], "recipient": recipient, "action_id": world.actions[action]}


async def _not_without_release(world: World) -> None:
    """Play R65: what was released for the round table is not released for an activity."""
    bad = {
        "taking away what is released for the round table only": ("R65", taking(world, "free")),
        "taking away by a participant without a role in the plan": (
            "R74",
            taking(world, "free", recipient=cast.REFERRER),
        ),
        "taking away for an activity of another participant": (
            "R73",
            taking(world, "free", action="housing"),
        ),
    }
    for what, (rule, body) in bad.items():
        refusal = await world.director.try_to_do("rto", f"/cases/{world.case}/take-aways", body)
        world.telling.refused(what, refusal, rule)


async def _ask(world: World, item: str) -> None:
    use = {"use": Use.PLAN_ACTIVITY, "necessity": world.text("Nodig voor de behandeling.")}
    await world.director.do("rto", f"/cases/{world.case}/release-requests", taking(world, item) | use)


async def _released(world: World) -> None:
    """Release exactly this item, for this activity, to this taker and to nobody else."""
    police, care = world.party(cast.POLICE), world.party(cast.MENTAL_HEALTH)
    await _ask(world, "free")
    await police.gets(ReleaseAsked, case=world.case)
    await police.send(ReleaseGiven(use=Use.PLAN_ACTIVITY, **taking(world, "free")), case=world.case)
    before = await world.inboxes()
    await world.director.do("rto", f"/cases/{world.case}/take-aways", taking(world, "free"))
    provided = await care.gets(ItemsProvided, case=world.case)
    world.telling.check(
        [(item.item_id, item.content, item.contributor) for item in provided.items]
        == [(world.items["free"], world.text("Twaalf meldingen in een jaar."), cast.POLICE)]
        and provided.action_id == world.actions["care"]
        and await world.sent_only_to(cast.MENTAL_HEALTH, since=before),
        "after the police released it for this activity, the item goes to its taker, sealed to the taker's "
        "key, and to nobody else (R63, R65, R73)",
    )


async def _refused_by_its_contributor(world: World) -> None:
    """Play R75: refused, although shared for triage and the round table."""
    await _ask(world, "rent")
    refused = ReleaseRefused(
        use=Use.PLAN_ACTIVITY, reason=world.text("Niet nodig voor de behandeling."), **taking(world, "rent")
    )
    path = f"/cases/{world.case}/items/{world.items['rent']}/release-refusals"
    body = refused.model_dump(mode="json", exclude={"item_id"})
    await world.worker(cast.HOUSING).do("rto", path, body)
    refusal = await world.director.try_to_do("rto", f"/cases/{world.case}/take-aways", taking(world, "rent"))
    world.telling.refused("taking away what its contributor, the corporation, refuses", refusal, "R75")


async def _the_list_of_takers(world: World) -> None:
    """Show it to the director, the taker and the contributor; not to anybody else (R104)."""
    taken = {"party": cast.MENTAL_HEALTH, "item_id": world.items["free"], "action_id": world.actions["care"]}
    path = f"/cases/{world.case}"
    who = (
        world.director,
        *(world.worker(party) for party in (cast.MENTAL_HEALTH, cast.POLICE, cast.HOUSING)),
    )
    lists = [(await person.see("rto", path))["takers"] for person in who]
    world.telling.check(
        lists == [[taken], [taken], [taken], []],
        "the taker stands on the list, for the director, the taker itself and the contributor (R104)",
    )
