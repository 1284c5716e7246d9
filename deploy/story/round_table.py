"""Chapters 6 to 9: the round table, what may be taken away, the plan and its direction, de-escalation."""

from datetime import timedelta
from typing import Any

from deploy.story import cast
from deploy.story.people import Person
from deploy.story.world import World
from shared.ids import new_id
from shared.messages.retention import FileCleaned
from shared.messages.rto import (
    ActionProgress,
    ActionProgressed,
    ActionsAssigned,
    DirectionAccepted,
    DirectionOffered,
    DirectionTransferred,
    InvitationAccepted,
    ItemsProvided,
    ReleaseAsked,
    ReleaseGiven,
    ReleaseRefused,
    ReleaseWithdrawn,
    RtoConvened,
    TakersTold,
    Use,
)

AT_THE_TABLE = (cast.REFERRER, cast.POLICE, cast.MENTAL_HEALTH, cast.HOUSING)


def _director(world: World, party: str = cast.REFERRER) -> Person:
    return world.people("process-director-a", party)


async def convene(world: World) -> None:
    """R58 to R62, R49."""
    world.telling.begin("6. The round table")
    director, case = _director(world), world.case
    world.rto = new_id()
    await director.do_when_possible("rto", f"/cases/{case}/rtos", _meeting(world, world.rto))
    for name in AT_THE_TABLE:
        if name in world.parties:
            invitation = await world.party(name).gets(RtoConvened, case=case)
            if invitation.rto_id != world.rto:
                raise AssertionError("an invitation to another round table")
    world.telling.tell("four participants are invited; the invitation holds nothing of the case (R45)")
    early = await world.people(f"worker-{cast.MENTAL_HEALTH}").get("rto", f"/cases/{case}")
    world.refused("a delegate looks before its party has accepted", early, "R34")
    await _accept(world)
    await _look(world)


def _meeting(world: World, rto: str) -> dict[str, Any]:
    return {"rto_id": rto, "on": (world.now + timedelta(days=3)).isoformat(), "place": "Zaal 1, Venlo"}


async def _accept(world: World) -> None:
    no_mandate = InvitationAccepted(rto_id=world.rto, delegate="somebody", mandate=False)
    refusal = await world.party(cast.POLICE).try_to_send(no_mandate, case=world.case)
    world.refused("a delegate without a mandate to decide", refusal, "R59")
    await _all_accept(world, world.rto)
    world.telling.tell("all four accept, naming a delegate with a mandate (R59)")


async def _all_accept(world: World, rto: str) -> None:
    for name in AT_THE_TABLE:
        delegate = await world.subject_of(f"worker-{name}")
        accepted = InvitationAccepted(rto_id=rto, delegate=delegate, mandate=True)
        if name in world.parties:
            await world.party(name).send(accepted, case=world.case)
        else:
            path = f"/cases/{world.case}/rtos/{rto}/acceptance"
            await world.people(f"worker-{name}").do("rto", path, accepted.model_dump(mode="json"))


async def _sees(world: World, username: str) -> set[str]:
    """The short names of the items this person sees."""
    found = await world.people(username).see("rto", f"/cases/{world.case}")
    by_id = {item: name for name, item in world.items.items()}
    return {by_id[item["item_id"]] for item in found["items"] if item["item_id"] in by_id}


async def _look(world: World) -> None:
    expected = {
        cast.REFERRER: {"free"},
        cast.POLICE: {"free", "withheld", "special"},
        cast.MENTAL_HEALTH: {"free", "withheld", "special", "rent"},
        cast.HOUSING: {"free", "rent"},
    }
    for name, items in expected.items():
        seen = await _sees(world, f"worker-{name}")
        world.telling.check(seen == items, f"{name} sees: {', '.join(sorted(seen))} (R61, R62, R49)")
    path = f"/cases/{world.case}"
    other = await world.people(f"worker-{cast.POLICE}-2").get("rto", path)
    world.refused("a second worker of the police, who is not the delegate", other, "R34")
    absent = await world.people(f"worker-{cast.PROBATION}").get("rto", path)
    world.refused("a worker of a party that is not at the table", absent, "R34")
    log = await world.people("privacy-officer-a").see("rto", f"{path}/access-log")
    looks = {(entry["party"], entry["allowed"]) for entry in log["entries"]}
    world.telling.check(
        {(name, True) for name in expected} <= looks and (cast.PROBATION, False) in looks,
        f"each look stands in the access log ({len(log['entries'])} decisions)",
    )


async def take_away(world: World) -> None:
    """R63, R65, R73 to R75, R104."""
    world.telling.begin("7. What may be taken away, and the plan")
    director, case = _director(world), world.case
    world.actions = {name: new_id() for name in ("care", "housing")}
    plan = {
        "agreements": "Wekelijks contact; de woning blijft behouden.",
        "ave_level": 2,
        "actions": [
            _action(world.actions["care"], cast.MENTAL_HEALTH, "Start behandeling."),
            _action(world.actions["housing"], cast.HOUSING, "Regeling voor de huurschuld."),
        ],
    }
    await director.do("rto", f"/cases/{case}/plan", plan)
    mine = await world.party(cast.MENTAL_HEALTH).gets(ActionsAssigned, case=case)
    world.telling.check(
        [action.action_id for action in mine.actions] == [world.actions["care"]],
        "the plan of action is a joint record; each executor gets its own actions only (A19)",
    )
    taking = {
        "item_id": world.items["free"],
        "recipient": cast.MENTAL_HEALTH,
        "action_id": world.actions["care"],
    }
    path = f"/cases/{case}/take-aways"
    world.refused(
        "taking away without release", await director.post("rto", path, taking), "R65", "R73", "R63"
    )
    asking = {**taking, "use": "plan-activity", "necessity": "Nodig voor de behandeling."}
    await director.do("rto", f"/cases/{case}/release-requests", asking)
    await world.party(cast.POLICE).gets(ReleaseAsked, case=case)
    release = ReleaseGiven(
        item_id=taking["item_id"],
        use=Use.PLAN_ACTIVITY,
        recipient=cast.MENTAL_HEALTH,
        action_id=taking["action_id"],
    )
    await world.party(cast.POLICE).send(release, case=case)
    await director.do("rto", path, taking)
    provided = await world.party(cast.MENTAL_HEALTH).gets(ItemsProvided, case=case)
    world.telling.check(
        [item.content for item in provided.items] == ["Twaalf meldingen in een jaar."],
        "after the police released it for this activity, one item goes sealed to its taker (R63, R73)",
    )
    await _refused_release(world, director)
    no_role = {**taking, "recipient": cast.REFERRER}
    world.refused(
        "taking away by a participant without a role in the plan",
        await director.post("rto", path, no_role),
        "R74",
        "R73",
    )


def _action(action: str, party: str, description: str) -> dict[str, Any]:
    return {"action_id": action, "party": party, "description": description}


async def _refused_release(world: World, director: Person) -> None:
    """Another contributor refuses (R75)."""
    case = world.case
    taking = {
        "item_id": world.items["rent"],
        "recipient": cast.MENTAL_HEALTH,
        "action_id": world.actions["care"],
    }
    asking = {**taking, "use": "plan-activity", "necessity": "Nodig voor de behandeling."}
    await director.do("rto", f"/cases/{case}/release-requests", asking)
    answer = ReleaseRefused(
        item_id=taking["item_id"],
        use=Use.PLAN_ACTIVITY,
        recipient=cast.MENTAL_HEALTH,
        action_id=taking["action_id"],
    ).model_dump(mode="json")
    path = f"/cases/{case}/items/{taking['item_id']}/release-refusals"
    await world.people(f"worker-{cast.HOUSING}").do("rto", path, answer)
    world.refused(
        "taking away what its contributor did not release",
        await director.post("rto", f"/cases/{case}/take-aways", taking),
        "R75",
        "R73",
        "R65",
        "R63",
    )


async def direct(world: World) -> None:
    """R71, R72, R79, R81, A12."""
    world.telling.begin("8. Direction of the case")
    director, case = _director(world), world.case
    care = world.party(cast.MENTAL_HEALTH)
    await director.do("rto", f"/cases/{case}/direction-offers", {"party": cast.MENTAL_HEALTH})
    await care.gets(DirectionOffered, case=case)
    await care.send(DirectionAccepted(case_director="Casusregisseur A"), case=case)
    moved = await world.party(cast.REFERRER).gets(DirectionTransferred, case=case)
    world.telling.check(
        moved.leading_party == cast.MENTAL_HEALTH,
        "another party takes case direction and now leads (R71, R72)",
    )
    offer = await director.post("rto", f"/cases/{case}/direction-offers", {"party": cast.POLICE})
    world.refused("an act on behalf of the party that led before", offer, "R72")
    director = _director(world, cast.MENTAL_HEALTH)
    conclusion = {
        "outcome": "approach-and-monitoring",
        "monitoring_purpose": "Volgen of de overlast stopt.",
        "monitoring_items": [world.items["free"], world.items["withheld"]],
    }
    await director.do("rto", f"/cases/{case}/rtos/{world.rto}/conclusion", conclusion)
    progress = ActionProgressed(action_id=world.actions["care"], progress=ActionProgress.STARTED)
    other = await world.party(cast.POLICE).try_to_send(progress, case=case)
    world.refused("progress reported by a party that does not carry out the action", other, "R85", "R34")
    await care.send(progress, case=case)
    world.telling.tell("an action of the plan progresses (R81)")
    before = await _sees(world, f"worker-{cast.MENTAL_HEALTH}")
    await world.party(cast.POLICE).send(ReleaseWithdrawn(item_id=world.items["free"]), case=case)
    after = await _sees(world, f"worker-{cast.MENTAL_HEALTH}")
    told = await care.gets(TakersTold, case=case)
    world.telling.check(
        "free" in before and "free" not in after and told.item_id == world.items["free"],
        "the police withdraw a release: the item is gone for the others at once, and its taker is told (A12)",
    )


async def deescalate(world: World) -> None:
    """R86, R95, R97, A8."""
    world.telling.begin("9. De-escalation")
    director, case = _director(world, cast.MENTAL_HEALTH), world.case
    second = new_id()
    await director.do("rto", f"/cases/{case}/rtos", _meeting(world, second))
    await world.party(cast.POLICE).gets(RtoConvened, case=case)
    await _all_accept(world, second)
    path = f"/cases/{case}/rtos/{second}/conclusion"
    await director.do("rto", path, {"outcome": "deescalate"})
    world.telling.tell("a second round table decides to de-escalate (R86)")
    early = await world.people("manager-a").get("retention", f"/cases/{case}")
    world.refused("the manager looks at the file in step 1", early, "R34")
    keep = [{"item_id": world.items["withheld"], "reason": "Nodig bij terugval."}]
    await director.do_when_possible("retention", f"/cases/{case}/cleaning", {"kept_items": keep})
    cleaned = await world.party(cast.POLICE).gets(FileCleaned, case=case)
    file = await director.see("retention", f"/cases/{case}")
    world.telling.check(
        [item["item_id"] for item in file["items"]] == [world.items["withheld"]]
        and cleaned.own_items_kept == (world.items["withheld"],),
        "the director cleans the file: what is not necessary for relapse is gone, and the participants "
        "are told what stays and until when (R95, R97)",
    )
