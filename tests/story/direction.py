"""Play chapter 8: the plan, who leads the case, how an action progresses, and a withdrawn release."""

from shared.contract.fields import InformMoment
from shared.contract.messages.rto import (
    ActionProgress,
    ActionProgressed,
    ActionsAssigned,
    DirectionAccepted,
    DirectionOffered,
    DirectionTransferred,
    ReleaseWithdrawn,
    TakersTold,
)
from tests.story import cast
from tests.story.preparation import both_are_informed
from tests.story.round_table import sees
from tests.story.take_away import take_away, taking
from tests.story.world import World


async def direct(world: World) -> None:
    """Play R63 to R65, R71 to R75, R79, R81, R85, R104, A12, A17, A19."""
    world.telling.begin("8. The plan, and who leads")
    await _joint_record(world)
    await _another_party_leads(world)
    await _approach_and_monitoring(world)
    await _actions_of_each(world)
    await take_away(world)
    await _no_part_in_the_monitoring(world)
    await _progress(world)
    await _withdrawal(world)


async def _joint_record(world: World) -> None:
    path = f"/cases/{world.case}"
    views = [await world.worker(party).see("rto", path) for party in cast.AT_THE_TABLE]
    plans = [(set(one["plan"]["made_by"]), one["plan"]["agreements"]) for one in views]
    agreements = world.text("Wekelijks contact; de woning blijft behouden.")
    world.telling.check(
        plans == [(set(cast.AT_THE_TABLE), agreements)] * 4,
        "the plan of action is a joint record: made by the four at the table, and read by each of them (A19)",
    )


async def _another_party_leads(world: World) -> None:
    care, path = world.party(cast.MENTAL_HEALTH), f"/cases/{world.case}/direction-offers"
    before = world.director
    await before.do("rto", path, {"party": cast.MENTAL_HEALTH})
    await care.gets(DirectionOffered, case=world.case)
    unfounded = DirectionAccepted(case_director=world.text("Casusregisseur A"))
    accepted = unfounded.model_copy(update={"task": "Wvggz, art. 2:1", "basis": "AVG art. 6 lid 1 sub e"})
    refusal = await world.party(cast.POLICE).try_to_send(accepted, case=world.case)
    world.telling.refused("case direction accepted by a party that it was not offered to", refusal, "R71")
    refusal = await care.try_to_send(unfounded, case=world.case)
    world.telling.refused("case direction without a statutory task and a legal basis", refusal, "R57")
    await care.send(accepted, case=world.case)
    for name in cast.AT_THE_TABLE:
        async with world.connected(name) as party:
            moved = await party.gets(DirectionTransferred, case=world.case)
        world.telling.must(moved.leading_party == cast.MENTAL_HEALTH, f"{name} is told who leads")
    world.leading = cast.MENTAL_HEALTH
    seen = await world.director.see("rto", f"/cases/{world.case}")
    world.telling.check(
        seen["leading_party"] == cast.MENTAL_HEALTH,
        "the mental-health organisation is offered direction and accepts: it leads now, and all four are "
        "told (R71, R72)",
    )
    refusal = await before.try_to_do("rto", path, {"party": cast.POLICE})
    world.telling.refused("an act on behalf of the party that led before", refusal, "R72")


async def _actions_of_each(world: World) -> None:
    """Check the messages received by now: each executor got its own actions, others none."""
    for name, action in ((cast.MENTAL_HEALTH, "care"), (cast.HOUSING, "housing")):
        async with world.connected(name) as party:
            assigned = await party.gets(ActionsAssigned, case=world.case)
        given = [one.action_id for one in assigned.actions]
        world.telling.must(given == [world.actions[action]], f"{name} receives its own actions only")
    without = (world.party(name).has(ActionsAssigned) for name in (cast.REFERRER, cast.POLICE))
    world.telling.check(
        not any(without),
        "each of the two executors received its own actions only; Venlo and the police, who have none, "
        "received nothing: once the table has decided, and not before (A19, R64, R85)",
    )


async def _approach_and_monitoring(world: World) -> None:
    """Play R79: purpose and items are agreed; what is not agreed does not stay."""
    nothing_yet = not any(party.has(ActionsAssigned, world.case) for party in world.parties.values())
    conclusion = {
        "outcome": "approach-and-monitoring",
        "monitoring_purpose": world.text("Volgen of de overlast stopt."),
        "monitoring_items": [world.items[name] for name in ("free", "withheld", "rent")],
    }
    await world.director.do("rto", f"/cases/{world.case}/rtos/{world.rto}/conclusion", conclusion)
    await both_are_informed(world, cast.MENTAL_HEALTH, InformMoment.AFTER_RTO)
    (care,) = await sees(world, cast.MENTAL_HEALTH)
    world.telling.check(
        nothing_yet and care == {"free", "withheld", "rent"},
        "the table agrees on an approach, and on the three items that stay for its monitoring (R79)",
    )


async def _no_part_in_the_monitoring(world: World) -> None:
    """Play R64, R79, A17: the consultation is over for who carries nothing out."""
    path = f"/cases/{world.case}"
    views = [await world.worker(party).see("rto", path) for party in cast.AT_THE_TABLE]
    venlo = views[cast.AT_THE_TABLE.index(cast.REFERRER)]
    (own, of_housing) = await sees(world, cast.REFERRER, cast.HOUSING)
    world.telling.check(
        own == {"report"} and of_housing == {"rent"} and venlo["persons"] == [],
        "Venlo, which carries nothing out, reads neither items of others nor persons any more; the "
        "corporation reads nothing that was not released for its action (R64, A17)",
    )
    world.telling.check(
        {one["monitoring"]["purpose"] for one in views} == {world.text("Volgen of de overlast stopt.")},
        "what the approach is followed for is read by all four (R79)",
    )


async def _progress(world: World) -> None:
    started = ActionProgressed(
        action_id=world.actions["care"], progress=ActionProgress.STARTED, remark=world.text("Intake gepland.")
    )
    refusal = await world.party(cast.POLICE).try_to_send(started, case=world.case)
    world.telling.refused("progress reported by a party that does not carry out the action", refusal, "R85")
    before = (await world.director.see("rto", f"/cases/{world.case}"))["progress"]
    await world.party(cast.MENTAL_HEALTH).send(started, case=world.case)
    done = ActionProgressed(
        action_id=world.actions["care"],
        progress=ActionProgress.DONE,
        goals_reached=world.text("De intake is geweest."),
    )
    await world.party(cast.MENTAL_HEALTH).send(done, case=world.case)
    after = (await world.director.see("rto", f"/cases/{world.case}"))["progress"]
    world.telling.check(
        before == []
        and [(one["action_id"], one["progress"]) for one in after]
        == [(started.action_id, "started"), (started.action_id, "done")],
        "an action of the plan progresses: that it is done, with the goals reached, does not take the place "
        "of that it was started (R81, R85)",
    )


async def _withdrawal(world: World) -> None:
    """Play A12: viewing stops at once, the taker is told, and nothing more is taken."""
    before, seen_before = await world.inboxes(), await sees(world, cast.MENTAL_HEALTH)
    await world.party(cast.POLICE).send(ReleaseWithdrawn(item_id=world.items["free"]), case=world.case)
    *seen_after, own = await sees(world, cast.MENTAL_HEALTH, cast.POLICE)
    world.telling.check(
        all("free" in seen for seen in (*seen_before, own))
        and not any("free" in seen for seen in seen_after),
        "the police withdraw a release: the item is gone at once for the party that monitors (A12)",
    )
    for service in ("intake", "triage"):
        elsewhere = await world.director.see(service, f"/cases/{world.case}")
        known = {item["item_id"] for item in elsewhere["items"]}
        world.telling.must(world.items["free"] not in known, f"{service} does not show it either")
    world.telling.tell("nor does any other service show it (A12)")
    told = await world.party(cast.MENTAL_HEALTH).gets(TakersTold, case=world.case)
    world.telling.check(
        told.item_id == world.items["free"]
        and await world.sent_only_to(cast.POLICE, cast.MENTAL_HEALTH, since=before),
        "its taker is told, and nobody who did not take it (A12)",
    )
    refusal = await world.director.try_to_do("rto", f"/cases/{world.case}/take-aways", taking(world, "free"))
    world.telling.refused("taking it away once more", refusal, "R65")
