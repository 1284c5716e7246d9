"""Play chapter 5: triage concludes, and the round table is prepared."""

import asyncio
from typing import Any

from shared.contract.fields import InformMoment
from shared.contract.messages.intake import InformingRequested, PersonInformed
from shared.contract.messages.triage import TriageConcluded
from tests.story import cast
from tests.story.world import World

ON_THE_VIEWING_PLAN = {
    cast.REFERRER: ("free",),
    cast.MENTAL_HEALTH: ("free", "withheld", "special", "unreleased", "rent"),
    cast.HOUSING: ("free", "withheld", "special", "unreleased"),
}


async def prepare(world: World) -> None:
    """Play R42 to R50."""
    world.telling.begin("5. The preparation of the round table")
    before = await world.inboxes()
    path, outcome = f"/cases/{world.case}/conclusion", {"outcome": "rto-needed"}
    bare = await world.director.try_to_do("triage", path, outcome)
    world.telling.refused("a triage that ends in a round table without its four points", bare, "R37")
    picture = cast.picture(cast.POLICE, cast.MENTAL_HEALTH, cast.HOUSING)
    written = {name: world.text(said) for name, said in picture.items() if name != "parties"}
    await world.director.do("triage", path, outcome | {"picture": picture | written})
    concluded = await world.party(cast.REFERRER).gets(TriageConcluded, case=world.case)
    world.telling.check(
        concluded.outcome.value == "rto-needed" and await world.sent_only_to(cast.REFERRER, since=before),
        "triage concludes: a round table is needed, which Venlo alone is told (R50 ii)",
    )
    await _refused_preparations(world)
    await _prepared(world)
    await _said_to_the_data_subjects(world)


async def _said_to_the_data_subjects(world: World) -> None:
    """Play R56: what they are told is fixed only now, and goes along with the request."""
    plan = _preparation(world)
    for asked in await both_are_informed(world, cast.REFERRER, InformMoment.AFTER_TRIAGE):
        world.telling.must(
            (asked.outcome, asked.goal, list(asked.themes)) == ("rto-needed", plan["goal"], plan["themes"])
            and list(asked.participants) == [one["party"] for one in plan["participants"]],
            "the request says the outcome, the goal, the themes and who takes part",
        )
    world.telling.tell("now Venlo is asked to inform both of outcome, goal, themes and participants (R56)")


async def both_are_informed(world: World, leading: str, moment: InformMoment) -> list[InformingRequested]:
    """Let the leading party inform the man and his mother, as it is asked; return what it was asked (R16)."""
    party, requests = world.party(leading), []
    for person in (world.man, world.mother):
        asked = await party.gets(
            InformingRequested,
            case=world.case,
            where=lambda m, p=person: (m.person_id, m.moment) == (p, moment),  # type: ignore[misc]
        )
        await party.send(PersonInformed(person_id=person, moment=moment, duty=asked.duty), case=world.case)
        requests.append(asked)
    return requests


def _preparation(world: World) -> dict[str, Any]:
    def participant(party: str, role: str) -> dict[str, Any]:
        return {"party": party, "role": role, "contribution": world.text("Toelichting op de eigen inzet.")}

    return {
        "goal": world.text("Een gezamenlijk plan dat de overlast stopt."),
        "decision_types": ["plan-of-action"],
        "themes": ["housing", "care"],
        "participants": [
            participant(cast.REFERRER, "executor"),
            participant(cast.POLICE, "informant"),
            {**participant(cast.MENTAL_HEALTH, "executor"), "address_reason": world.text("Huisbezoek.")},
            {**participant(cast.HOUSING, "executor"), "passed_processing_test": False},
        ],
        "viewing_plan": [
            {
                "item_id": world.items[item],
                "participant": party,
                "reason": world.text("Nodig voor de rol aan tafel."),
            }
            for party, items in ON_THE_VIEWING_PLAN.items()
            for item in items
        ],
        "citizen": "informed-afterwards",
        "care_agreements": world.text(
            "Alleen voor dit overleg, daarna vernietigd, en niemand neemt gegevens mee zonder akkoord."
        ),
        "care_subjects": ["purpose-and-use", "keeping-and-destroying", "taking-along-with-consent-only"],
        "consulted_leading_party": True,
    }


def _by_item(of: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((one["item_id"], one["participant"], one["reason"]) for one in of["viewing_plan"])


async def _refused_preparations(world: World) -> None:
    plan = _preparation(world)
    untested = [{**one, "passed_processing_test": None} for one in plan["participants"]]
    without_role = [{**one, "role": None} for one in plan["participants"]]
    unreasoned = [{**plan["viewing_plan"][0], "reason": " "}]
    bad: dict[str, tuple[str, dict[str, Any]]] = {
        "a preparation without a goal": ("R42", {"goal": " "}),
        "a preparation without themes": ("R42", {"themes": []}),
        "a participant without a role": ("R60", {"participants": without_role}),
        "a viewing plan with an item without a reason": ("R42", {"viewing_plan": unreasoned}),
        "special-category data planned for a party that was not tested": ("R49", {"participants": untested}),
        "a preparation that does not say how the citizen takes part": ("R46", {"citizen": None}),
        "care agreements that say nothing on keeping": ("R47", {"care_subjects": ["purpose-and-use"]}),
    }
    path = f"/cases/{world.case}/preparation"
    tried = (world.director.try_to_do("triage", path, {**plan, **change}) for _, change in bad.values())
    for (what, (rule, _)), refusal in zip(bad.items(), await asyncio.gather(*tried), strict=True):
        world.telling.refused(what, refusal, rule)


async def _prepared(world: World) -> None:
    """Check that the preparation reads back as it was recorded."""
    plan = _preparation(world)
    await world.director.do("triage", f"/cases/{world.case}/preparation", plan)
    seen = (await world.director.see("triage", f"/cases/{world.case}"))["preparation"]
    fixed = ("goal", "themes", "decision_types", "citizen", "care_agreements", "care_subjects")
    roles = [{name: one[name] for name in ("party", "role", "contribution")} for one in plan["participants"]]
    world.telling.check(
        all(seen[name] == plan[name] for name in fixed)
        and [{name: one[name] for name in roles[0]} for one in seen["participants"]] == roles,
        "goal, themes, four participants with their roles, and that the citizen is informed afterwards, "
        "are fixed (R42, R46)",
    )
    at_the_table = await world.director.see_until("rto", f"/cases/{world.case}")
    world.telling.check(
        seen["viewing_plan"] == [] and _by_item(at_the_table) == _by_item(plan),
        "and the viewing plan, which goes to the round table with the items: this item for this participant "
        "with this reason, ten times (R42)",
    )
    tested = {one["party"]: one["passed_processing_test"] for one in seen["participants"]}
    world.telling.check(
        tested[cast.HOUSING] is False,
        "and that the housing corporation did not pass the processing test (R49)",
    )
