"""Chapters 4 and 5: whom to ask what, what they answer, and how the round table is prepared."""

from datetime import timedelta
from typing import Any

from deploy.story import cast
from deploy.story.party import Party
from deploy.story.world import World
from shared.messages.triage import (
    DeclineGround,
    QueryAnswered,
    QueryDeclined,
    QueryIssued,
    TriageConcluded,
)
from shared.words import Category


async def ask(world: World) -> None:
    """R26 to R34."""
    world.telling.begin("4. Triage")
    director, case = world.people("process-director-a", cast.REFERRER), world.case
    path = f"/cases/{case}/queries"
    await director.see_until("triage", f"/cases/{case}", lambda found: True)
    blank = await director.post("triage", path, _query(world, cast.POLICE, necessity=" "))
    world.refused("a query without necessity", blank, "R27")
    world.refused(
        "a query addressed to everybody", await director.post("triage", path, _query(world, "all")), "R28"
    )
    asked = (cast.POLICE, cast.MENTAL_HEALTH, cast.HOUSING)
    # the stranger's own referral of chapter 2 is refused about now
    before = await world.records_for_others(*asked, cast.STRANGER)
    for party in asked:
        await director.do("triage", path, _query(world, party))
    police, care = world.party(cast.POLICE), world.party(cast.MENTAL_HEALTH)
    to_police = await police.gets(QueryIssued, case=case)
    to_care = await care.gets(QueryIssued, case=case)
    world.telling.check(
        to_police.on_behalf_of == cast.REFERRER
        and bool(to_police.task and to_police.purpose and to_police.necessity and to_police.reply_before),
        "the police and a mental-health organisation each get a query: on whose behalf, task, purpose, "
        "necessity, term (R26, R27)",
    )
    world.telling.check(
        await world.records_for_others(*asked, cast.STRANGER) == before,
        "nobody else received a byte: the inboxes of 26 others are as they were",
    )
    await _answer(world, police, to_police.query_id)
    await care.send(
        QueryDeclined(query_id=to_care.query_id, ground=DeclineGround.SECRECY, explanation="Beroepsgeheim."),
        case=case,
    )
    world.telling.tell("the mental-health organisation declines, on the ground of secrecy (R31)")
    await _answer_by_hand(world)
    await _who_reads(world)


def _query(world: World, recipient: str, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "recipient": recipient,
        "task": cast.TASK,
        "purpose": "Bepalen of een gezamenlijke aanpak nodig is.",
        "necessity": "Alleen deze partij kent de meldingen van het laatste jaar.",
        "question": "Is deze persoon bij u bekend, en wat kunt u bijdragen?",
        "reason": "Deze partij is in de wijk betrokken.",
        "persons": [world.man],
        "reply_before": (world.now + timedelta(days=7)).isoformat(),
    }
    return given | more


async def _answer(world: World, police: Party, query: str) -> None:
    """Three items: one free, one withheld from a named party, one special-category."""
    case, body = world.case, "eenheidsleiding"
    persons = (world.man,)
    free = cast.item("Twaalf meldingen in een jaar.", body, persons=persons, shareable_at_rto=True)
    withheld = cast.item(
        "Informatie over een lopend onderzoek.",
        body,
        persons=persons,
        shareable_at_rto=True,
        withheld_from=(cast.HOUSING,),
    )
    special = cast.item(
        "Vermoeden van verslaving.",
        body,
        persons=persons,
        shareable_at_rto=True,
        category=Category.SPECIAL,
    )
    world.items |= {"free": free.item_id, "withheld": withheld.item_id, "special": special.item_id}
    answer = QueryAnswered(query_id=query, involved=True, items=(free, withheld, special))
    wrong = world.party(cast.PROBATION).try_to_send(answer, case=case)
    world.refused_later("an answer by a party that was not asked", "R34", wrong)
    await police.send(answer, case=case)
    world.telling.tell(
        "the police answer with three items: one free, one withheld from the housing corporation, one "
        "special-category (R32)"
    )
    moved = QueryAnswered(query_id=query, involved=True, items=(free,))
    refusal = police.try_to_send(moved, case=world.second_case)
    world.refused_later("an item of one case moved to another", "R34", refusal)


async def _answer_by_hand(world: World) -> None:
    """A party without a connector answers over HTTP."""
    worker, case = world.people(f"worker-{cast.HOUSING}"), world.case
    found = await worker.see_until("triage", "/queries", lambda page: bool(page["queries"]))
    query = found["queries"][0]["query_id"]
    rent = cast.item("Huurachterstand van drie maanden.", "bestuur", shareable_at_rto=True)
    world.items["rent"] = rent.item_id
    answer = QueryAnswered(query_id=query, involved=True, items=(rent,)).model_dump(mode="json")
    await worker.do("triage", f"/cases/{case}/queries/{query}/answers", answer)
    world.telling.tell("a housing corporation without a connector answers over HTTP by its worker")


async def _who_reads(world: World) -> None:
    """R33, R34."""
    path = f"/cases/{world.case}"
    director = await world.people("process-director-a", cast.REFERRER).see("triage", path)
    referrer = await world.people(f"worker-{cast.REFERRER}").see("triage", path)
    own = await world.people(f"worker-{cast.POLICE}").see("triage", path)
    answered = {world.items[name] for name in ("free", "withheld", "special", "rent")}
    world.telling.check(
        answered <= {item["item_id"] for item in director["items"]}
        and answered <= {item["item_id"] for item in referrer["items"]},
        "the answers are read by the director and the leading party (R33)",
    )
    mine = {item["item_id"] for item in own["items"]}
    world.telling.check(
        mine == {world.items[name] for name in ("free", "withheld", "special")},
        "the police read their own answers and nothing of others (R34)",
    )


async def prepare(world: World) -> None:
    """R42 to R50."""
    world.telling.begin("5. The preparation of the round table")
    director, case = world.people("process-director-a", cast.REFERRER), world.case
    await director.do("triage", f"/cases/{case}/conclusion", {"outcome": "rto-needed"})
    concluded = await world.party(cast.REFERRER).gets(TriageConcluded, case=case)
    world.telling.tell(f"triage concludes: {concluded.outcome.value} (R50 ii)")
    plan = _preparation(world)
    undecided = {**plan, "citizen": None}
    answer = await director.post("triage", f"/cases/{case}/preparation", undecided)
    world.refused("a preparation that does not say how the citizen takes part", answer, "R46", "R127")
    unreasoned = {**plan, "viewing_plan": [{**plan["viewing_plan"][0], "reason": " "}]}
    answer = await director.post("triage", f"/cases/{case}/preparation", unreasoned)
    world.refused("a viewing plan with an item without a reason", answer, "R42")
    await director.do("triage", f"/cases/{case}/preparation", plan)
    world.telling.tell(
        "goal, themes, four participants with their roles, and per participant which item with which reason "
        "(R42); the housing corporation's processing test is recorded (R49)"
    )


def _preparation(world: World) -> dict[str, Any]:
    def entry(item: str, participant: str) -> dict[str, str]:
        reason = "Nodig voor de rol aan tafel."
        return {"item_id": world.items[item], "participant": participant, "reason": reason}

    def participant(party: str, role: str) -> dict[str, Any]:
        return {"party": party, "role": role, "contribution": "Toelichting op de eigen inzet."}

    return {
        "goal": "Een gezamenlijk plan dat de overlast stopt.",
        "decision_types": ["plan-of-action"],
        "themes": ["housing", "care"],
        "participants": [
            participant(cast.REFERRER, "executor"),
            participant(cast.POLICE, "informant"),
            participant(cast.MENTAL_HEALTH, "executor"),
            {**participant(cast.HOUSING, "executor"), "passed_processing_test": False},
        ],
        "viewing_plan": [
            entry("free", cast.REFERRER),
            entry("free", cast.MENTAL_HEALTH),
            entry("free", cast.HOUSING),
            entry("withheld", cast.MENTAL_HEALTH),
            entry("withheld", cast.HOUSING),
            entry("special", cast.MENTAL_HEALTH),
            entry("special", cast.HOUSING),
            entry("rent", cast.MENTAL_HEALTH),
        ],
        "citizen": "informed-afterwards",
        "care_agreements": "Niemand neemt gegevens van een ander mee zonder akkoord.",
        "consulted_leading_party": True,
    }
