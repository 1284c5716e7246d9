"""Play chapter 7, and after the table has decided in 8: what may be taken away, and by whom."""

from typing import Any

from shared.contract.messages.rto import (
    ItemsProvided,
    ReleaseAsked,
    ReleaseGiven,
    ReleaseRefused,
    Secrecy,
    Use,
)
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World


async def agree(world: World) -> None:
    """Play R64, R65, R69, R75: what is agreed while the table sits, and does not leave it yet."""
    world.telling.begin("7. The plan, and what may be taken away for it")
    await _plan(world)
    await _released(world)
    await _refused_by_its_contributor(world)
    await _nothing_leaves_the_table(world)


async def take_away(world: World) -> None:
    """Play R63, R65, R68, R73 to R75, R104: once the table has decided."""
    await _not_without_release(world)
    await _provided(world)
    await _the_list_of_takers(world)


def plan(world: World, *actions: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """Build the plan as the four make it, with these new actions: name, executor, what it does."""
    return {
        "agreements": world.text("Wekelijks contact; de woning blijft behouden."),
        "ave_level": 2,
        "actions": [
            {"action_id": world.actions[name], "party": party, "description": world.text(description)}
            for name, party, description in actions
        ],
        "parts": [
            {
                "party": party,
                "role": world.text("Toelichting op de eigen rol."),
                "information_need": world.text("Wat nodig is voor de eigen rol."),
            }
            for party in cast.AT_THE_TABLE
        ],
    } | more


async def _plan(world: World) -> None:
    """Record activities of the plan, for which something is taken away; chapter 8 checks them."""
    world.actions = {name: new_id() for name in ("care", "housing", "aftercare")}
    made = plan(
        world,
        ("care", cast.MENTAL_HEALTH, "Start behandeling."),
        ("housing", cast.HOUSING, "Regeling voor de huurschuld."),
    )
    path, without = f"/cases/{world.case}/plan", {**made, "parts": made["parts"][1:]}
    refusal = await world.director.try_to_do("rto", path, without)
    world.telling.refused("a plan that does not say what one of the four needs to know", refusal, "R69")
    await world.director.do("rto", path, made)


def taking(
    world: World, item: str, *, recipient: str = cast.MENTAL_HEALTH, action: str = "care"
) -> dict[str, Any]:
    """Build the taking of one item for one activity of one participant."""
    return {"item_id": world.items[item], "recipient": recipient, "action_id": world.actions[action]}


async def _not_without_release(world: World) -> None:
    """Play R65: what was released for the round table is not released for an activity."""
    bad = {
        "taking away what is released for the round table only": (
            "R65",
            taking(world, "free", recipient=cast.HOUSING, action="housing"),
        ),
        "taking away by a participant without a role in the plan": (
            "R74",
            taking(world, "free", recipient=cast.REFERRER),
        ),
        "taking away for an activity of another participant": (
            "R73",
            taking(world, "free", action="housing"),
        ),
    }
    bad["taking away what its contributor, the corporation, refuses"] = ("R75", taking(world, "rent"))
    for what, (rule, body) in bad.items():
        refusal = await world.director.try_to_do("rto", f"/cases/{world.case}/take-aways", body)
        world.telling.refused(what, refusal, rule)


async def _ask(world: World, item: str) -> None:
    use = {"use": Use.PLAN_ACTIVITY, "necessity": world.text("Nodig voor de behandeling.")}
    await world.director.do("rto", f"/cases/{world.case}/release-requests", taking(world, item) | use)


async def _released(world: World) -> None:
    """Release exactly these two items, for this activity, to this taker and to nobody else."""
    police = world.party(cast.POLICE)
    for item, secrecy in (("free", Secrecy.NOT_BOUND), ("withheld", Secrecy.WITH_CONSENT)):
        await _ask(world, item)
        await police.gets(
            ReleaseAsked,
            case=world.case,
            where=lambda m, i=item: m.item_id == world.items[i],  # type: ignore[misc]
        )
        given = ReleaseGiven(use=Use.PLAN_ACTIVITY, secrecy=secrecy, **taking(world, item))
        await police.send(given, case=world.case)
    world.telling.tell(
        "the police release two items for the treatment, and say how they weighed their secrecy (R65, R76)"
    )


async def _nothing_leaves_the_table(world: World) -> None:
    """Play R64, R65: released or not, and whatever the plan says now."""
    path = f"/cases/{world.case}"
    refusal = await world.director.try_to_do("rto", f"{path}/take-aways", taking(world, "free"))
    world.telling.refused("taking away what is released while the table has not decided", refusal, "R64")
    version = (await world.director.see("rto", path))["plan"]["version"]
    other = plan(world, ("care", cast.MENTAL_HEALTH, "Aangifte doen."))
    refusal = await world.director.try_to_do("rto", f"{path}/plan", other, version=version)
    world.telling.refused("another action under the number for which was released", refusal, "R65")


async def _provided(world: World) -> None:
    """Provide it now that the table has decided."""
    care, before = world.party(cast.MENTAL_HEALTH), await world.inboxes()
    await world.director.do("rto", f"/cases/{world.case}/take-aways", taking(world, "free"))
    provided = await care.gets(ItemsProvided, case=world.case)
    world.telling.check(
        [(item.item_id, item.content, item.contributor) for item in provided.items]
        == [(world.items["free"], world.text("Twaalf meldingen in een jaar."), cast.POLICE)]
        and provided.action_id == world.actions["care"]
        and await world.sent_only_to(cast.MENTAL_HEALTH, since=before),
        "the police released it for this activity and the table has decided: the item goes to its taker, "
        "sealed to the taker's key, and to nobody else (R63, R65, R73)",
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


async def _the_list_of_takers(world: World) -> None:
    """Show it to the director, the taker and the contributor; not to anybody else (R104)."""
    taken = {
        "party": cast.MENTAL_HEALTH,
        "item_id": world.items["free"],
        "action_id": world.actions["care"],
        "version": 1,
        "must": [],
    }
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
