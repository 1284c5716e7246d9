"""Play chapter 10: half a year and a year pass; the file is archived, then destroyed."""

from datetime import datetime
from typing import Any

from shared.contract.messages.retention import DestructionAnnounced, FileArchived, FileDestroyed
from shared.contract.messages.rto import Taker
from tests.story import cast
from tests.story.deescalation import six_and_twelve_months
from tests.story.telling import WITHIN
from tests.story.world import World

FOUR = {"case_id", "persons", "referrer", "case_director"}
HAVING_IT = ("intake", "triage", "rto", "retention")


async def let_time_pass(world: World) -> None:
    """Play R88 to R91, R97, R99, R104 to R106."""
    world.telling.begin("10. The clock moves")
    six_months, twelve_months = six_and_twelve_months(
        await world.director.see("retention", f"/cases/{world.case}")
    )
    await _archived(world, six_months)
    await _inspected(world)
    await _destroyed(world, twelve_months)
    await _proven(world)


# --- six months --------------------------------------------------------------------------------------


async def _archived(world: World, six_months: datetime) -> None:
    path = f"/cases/{world.case}"
    await world.a_minute_before(six_months)
    file = await world.director.see("retention", path)
    world.telling.check(
        file["phase"] == "step-1-cleaned"
        and [item["item_id"] for item in file["items"]] == [world.items["withheld"]]
        and not any(party.has(FileArchived, world.case) for party in world.parties.values()),
        "a minute before six months have passed the file is still open to the director (R87)",
    )
    world.move_clock_to(six_months)
    stub = await world.director.see_until("retention", path, lambda found: "items" not in found)
    world.telling.check(
        set(stub) == FOUR
        and all(stub.values())
        and cast.NAME_OF_REFERRER in stub["referrer"]["name"]
        and not any("role" in person for person in stub["persons"]),
        "at six months it is archived, and exactly four things are visible to the director: case number, "
        "identifying data, referrer, case director (R88, R89)",
    )
    await _told_all(world, FileArchived)
    others = [
        world.people("process-director-b", cast.MENTAL_HEALTH),
        *map(world.people, ("privacy-officer-a", "secretary-a")),
        *map(world.worker, (*cast.AT_THE_TABLE, cast.PROBATION)),
    ]
    await world.not_shown("retention", path, *others)
    for service in HAVING_IT[:-1]:
        await world.not_shown(service, path, world.director, world.worker(cast.MENTAL_HEALTH), within=WITHIN)


async def _told_all(world: World, kind: Any, *, about_the_case: bool = True) -> dict[str, Any]:
    """Return the message of this kind to each of the four at the table (R97)."""
    told = {}
    for name in cast.AT_THE_TABLE:
        async with world.connected(name) as party:
            told[name] = await party.gets(kind, case=world.case if about_the_case else None)
    return told


async def _inspected(world: World) -> None:
    """Play R90: inspected once per decision, with the reason on record."""
    manager, path = world.people("manager-a"), f"/cases/{world.case}"
    undecided = await manager.try_to_do("retention", f"{path}/archived-file", {})
    world.telling.refused("the manager reads the archived file without having decided to", undecided, "R90")
    blank = await manager.try_to_do("retention", f"{path}/inspections", {"reason": " "})
    world.telling.refused("an inspection without a reason", blank, "R90")
    reason = {"reason": world.text("Melding van terugval.")}
    await manager.do("retention", f"{path}/inspections", reason)
    read = await manager.do("retention", f"{path}/archived-file", {})
    world.telling.check(
        [item["item_id"] for item in read["items"]] == [world.items["withheld"]],
        "the manager decides, with a reason, and reads the file (R90)",
    )
    again = await manager.try_to_do("retention", f"{path}/archived-file", {})
    world.telling.refused("and reads it a second time on the same decision", again, "R90")


# --- twelve months -----------------------------------------------------------------------------------


async def _destroyed(world: World, twelve_months: datetime) -> None:
    path = f"/cases/{world.case}"
    await world.a_minute_before(twelve_months)
    await world.director.see("retention", path)
    names = world.names_of_the_case
    rows_before, (keys_before, erased_before) = await world.rows(names), world.keys
    world.telling.check(
        all(rows_before[service] for service in HAVING_IT)
        and not any(party.has(FileDestroyed) for party in world.parties.values()),
        "a minute before twelve months have passed four services still hold rows that lead to the case",
        rows=rows_before,
    )
    world.move_clock_to(twelve_months)
    announced = await _told_all(world, DestructionAnnounced)
    told = await _told_all(world, FileDestroyed, about_the_case=False)
    left, (keys_after, erased_after) = await world.rows_gone(names), world.keys
    world.telling.check(
        set(left.values()) == {0},
        "at twelve months it is destroyed: no row in any of the five services leads to it (R91, R105)",
        rows=left,
    )
    world.telling.check(
        (keys_after, erased_after) == (keys_before - 1, erased_before + 1),
        "and its key is gone: one file less in the key directory, one line more in the erasure ledger (R105)",
    )
    references = {one.reference for one in (*announced.values(), *told.values())}
    world.telling.check(
        len(references) == 1 and None not in references,
        "what the parties hear then names no case, only the number that was announced to them (R106)",
    )
    care, asked = told.pop(cast.MENTAL_HEALTH), announced.pop(cast.MENTAL_HEALTH)
    taker = Taker(party=cast.MENTAL_HEALTH, item_id=world.items["free"], action_id=world.actions["care"])
    world.telling.check(
        care.inform_data_subject
        and asked.inform_data_subject
        and asked.takers == (taker,)
        and not any(one.inform_data_subject or one.takers for one in (*told.values(), *announced.values())),
        "the four parties are told; the one that led is to inform the data subject, and has the list of "
        "takers (R97, R99, R104)",
    )


async def _proven(world: World) -> None:
    found = await world.people("manager-a").see("retention", "/proofs")
    said = str(found).lower()
    leads = {*world.names_of_the_case, cast.NAME_OF_MAN, cast.NAME_OF_MOTHER, *world.house["parties"]}
    world.telling.check(
        len(found["proofs"]) == 1 and not [name for name in leads if name.lower() in said],
        "there is one proof of destruction; nothing in it leads to a person, a case, an item or a party "
        "(R106)",
    )
    world.telling.check(
        set(found["proofs"][0]["confirmed_by"]) == {"intake", "triage", "rto", "governance"}
        and found["broken_at"] is None,
        "it names the four services that confirmed before the key went, and its chain is whole (R105)",
    )
