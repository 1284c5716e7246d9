"""Play chapter 9: a second round table decides to de-escalate, and the director cleans the file."""

from datetime import datetime
from typing import Any

from shared.contract.fields import InformMoment
from shared.contract.messages.retention import FileCleaned
from shared.contract.messages.rto import ActionsEnded, RtoConvened
from shared.core.calendar_terms import add_months
from shared.ids import new_id
from tests.story import cast
from tests.story.preparation import both_are_informed
from tests.story.round_table import all_accept, meeting
from tests.story.take_away import plan, taking
from tests.story.world import World


async def deescalate(world: World) -> None:
    """Play R86, R87, R95, R97, R100, A8."""
    world.telling.begin("9. De-escalation")
    await _decide(world)
    await _clean(world)


async def _decide(world: World) -> None:
    second, case = new_id(), world.case
    unprepared = meeting(world, second)
    refusal = await world.director.try_to_do("rto", f"/cases/{case}/rtos", unprepared)
    world.telling.refused("a follow-up that is not prepared", refusal, "R42")
    prepared = unprepared | {"preparation": _preparation(world)}
    await world.director.do("rto", f"/cases/{case}/rtos", prepared)
    await world.party(cast.POLICE).gets(RtoConvened, case=case, where=lambda m: m.rto_id == second)
    await all_accept(world, second)
    await world.not_shown("retention", f"/cases/{case}", world.director)
    await _a_plan_changed_after_a_release(world, second)
    ended = await world.party(cast.MENTAL_HEALTH).gets(ActionsEnded, case=case)
    world.telling.check(
        ended.action_ids == (world.actions["care"],),
        "an action of the plan ends and has a successor: its executor hears which one ended (R81)",
    )
    file = await world.director.see_until("retention", f"/cases/{case}")
    ends = tuple(datetime.fromisoformat(file[name]) for name in ("archived_on", "destroyed_on"))
    world.telling.check(
        file["leading_party"] == cast.MENTAL_HEALTH and ends == six_and_twelve_months(file),
        "a second round table decides to de-escalate: on record are the time, the leading party, and "
        "the days six and twelve months on (R86)",
    )
    for moment in (InformMoment.AFTER_RTO, InformMoment.AT_DEESCALATION):
        await both_are_informed(world, cast.MENTAL_HEALTH, moment)
    world.telling.tell(
        "the man and his mother are informed of the outcome and of the de-escalation (R83, R98)"
    )
    path, delegates = f"/cases/{case}", [world.worker(party) for party in (cast.REFERRER, cast.HOUSING)]
    await world.not_shown("rto", path, *delegates)
    await world.not_shown("retention", path, world.people("manager-a"), *delegates[:1])


def _preparation(world: World) -> dict[str, Any]:
    return {
        "goal": world.text("Vaststellen of de overlast voorbij is."),
        "decision_types": ["deescalation"],
        "themes": ["care"],
        "citizen": "informed-afterwards",
        "care_agreements": world.text("Niemand neemt gegevens van een ander mee zonder akkoord."),
        "consulted_leading_party": True,
    }


async def _a_plan_changed_after_a_release(world: World, rto: str) -> None:
    """Play R65, R69, R81: an action ends and has a successor; what was released for it goes to neither."""
    path = f"/cases/{world.case}"
    version = (await world.director.see("rto", path))["plan"]["version"]
    changed = plan(world, ("aftercare", cast.MENTAL_HEALTH, "Nazorg in de wijk."))
    changed["actions"][0]["succeeds"] = world.actions["care"]
    await world.director.do("rto", f"{path}/plan", changed, version=version)
    deescalate = {"outcome": "deescalate", "ave_level": 1}
    for action, rule in (("care", "R73"), ("aftercare", "R65")):
        along = {"take_aways": [taking(world, "withheld", action=action)]}
        refusal = await world.director.try_to_do("rto", f"{path}/rtos/{rto}/conclusion", deescalate | along)
        world.telling.refused(
            f"taking along for {'the action that ended' if action == 'care' else 'its successor'} what was "
            "released before the plan changed",
            refusal,
            rule,
        )
    await world.director.do("rto", f"{path}/rtos/{rto}/conclusion", deescalate)


async def _clean(world: World) -> None:
    """Remove what is not necessary for a relapse; the joint record stays (A8)."""
    path, kept = f"/cases/{world.case}", world.items["withheld"]
    before = await world.director.see("retention", path)
    reasoned = [{"item_id": kept, "reason": world.text("Nodig bij terugval.")}]
    led_before = world.people("process-director-a", cast.REFERRER)
    unreasoned = [{"item_id": kept, "reason": " "}]
    refusal = await led_before.try_to_do("retention", f"{path}/cleaning", {"kept_items": reasoned})
    world.telling.refused("cleaning on behalf of the party that led before", refusal, "R100")
    refusal = await world.director.try_to_do("retention", f"{path}/cleaning", {"kept_items": unreasoned})
    world.telling.refused("keeping an item without saying why it is necessary", refusal, "R95")
    await world.director.do("retention", f"{path}/cleaning", {"kept_items": reasoned})
    after = await world.director.see("retention", path)
    world.telling.check(
        _items(before) == {kept, world.items["rent"]},
        "the file holds what the table followed: neither the item that was withdrawn comes back, nor the one "
        "that its contributor never released (R66, R87)",
    )
    world.telling.check(
        _items(after) == {kept} and after["reasons"] == reasoned,
        "the director cleans the file: the one item that is necessary for a relapse stays, with the "
        "reason, and the other goes (R95)",
    )
    world.telling.check(
        after["plan"] == before["plan"]
        and {one["party"] for one in after["plan"]["participants"]} == set(cast.AT_THE_TABLE),
        "plan, agreements and participants with their roles stay (A8)",
    )
    for name in cast.AT_THE_TABLE:
        async with world.connected(name) as party:
            cleaned = await party.gets(FileCleaned, case=world.case)
        own = (kept,) if name == cast.POLICE else ()
        dates = (cleaned.archived_on, cleaned.destroyed_on)
        world.telling.must(
            cleaned.own_items_kept == own and dates == six_and_twelve_months(after),
            f"{name} hears what of its own stays, and until when",
        )
    world.telling.tell("all four participants hear what of their own stays, and until when (R97)")


def six_and_twelve_months(file: dict[str, Any]) -> tuple[datetime, datetime]:
    """Return when the file is to be archived and destroyed, as fixed at the decision (R86)."""
    decided = datetime.fromisoformat(file["decided_at"])
    return add_months(decided, 6), add_months(decided, 12)


def _items(file: dict[str, Any]) -> set[str]:
    return {item["item_id"] for item in file["items"]}
