"""Play chapter 3: the screening, and who must be told."""

import asyncio
from datetime import timedelta

from shared.contract.fields import InformMoment
from shared.contract.messages.intake import (
    ConsultationConfirmed,
    InformingPostponed,
    InformingRequested,
    PersonInformed,
    ReferralScreened,
    ScreeningOutcome,
)
from tests.story import cast
from tests.story.world import World

MOMENT = InformMoment.TAKEN_UP


async def screen(world: World) -> None:
    """Play R6, R7, R11, R12b, R15, R16, R19."""
    world.telling.begin("3. The screening")
    await _read(world)
    await _decide(world)
    await _duties(world)
    await _inform(world)


async def _read(world: World) -> None:
    path = f"/cases/{world.case}"
    seen = await world.director.see("intake", path)
    world.telling.check(
        [person["person_id"] for person in seen["persons"]] == [world.man, world.mother]
        and [item["item_id"] for item in seen["items"]] == [world.items["report"]],
        "the process director reads the referral over HTTP on behalf of Venlo (R7)",
    )
    people = world.people
    usernames = ("process-director-a", "manager-a", "privacy-officer-a")
    workers = (world.worker(party) for party in (cast.POLICE, cast.SECOND_REFERRER))
    await world.not_shown("intake", path, *(people(name) for name in usernames), *workers)


async def _decide(world: World) -> None:
    """Play R11, R12b, R15: before the decision only intake stores anything, after it triage does too."""
    referrer, path = world.party(cast.REFERRER), f"/cases/{world.case}/screening"
    advice = world.text("Neem contact op met de huisarts.")
    weighing = world.text("De politie en de zorg kunnen bijdragen.")
    decision = {"outcome": ScreeningOutcome.TAKEN_UP, "advice": advice, "weighing": weighing}
    early = await world.director.try_to_do("intake", path, decision)
    world.telling.refused("a screening before the consultation", early, "R11")
    await referrer.send(ConsultationConfirmed(remark=world.text("Akkoord.")), case=world.case)
    for_nobody = await world.people("process-director-a").try_to_do("intake", path, decision)
    world.telling.refused("a screening on behalf of nobody", for_nobody, "R7")
    unweighed = await world.director.try_to_do("intake", path, {**decision, "weighing": " "})
    world.telling.refused("a screening without the director's own weighing", unweighed, "R10")
    await world.not_shown("triage", f"/cases/{world.case}", world.director)
    world.telling.tell("until it is taken up there is no lasting file: triage has nothing (R15)")
    before = await world.inboxes()
    await world.director.do("intake", path, decision)
    screened = await referrer.gets(ReferralScreened, case=world.case)
    world.telling.check(
        screened.outcome is ScreeningOutcome.TAKEN_UP
        and screened.advice == advice
        and await world.sent_only_to(cast.REFERRER, since=before),
        "after the consultation with Venlo (R11) the case is taken up (R12b), with advice to Venlo and to "
        "nobody else",
    )
    seen = (await world.worker(cast.REFERRER).see("intake", f"/cases/{world.case}"))["screening"]
    world.telling.check(
        bool(seen["weighing"]) and seen["own_weighing"] == weighing,
        "both weighings stand on record, and Venlo and the director read them (R10)",
    )
    await world.director.see_until("triage", f"/cases/{world.case}")
    world.telling.tell("only now is there a lasting file: triage has it (R15)")


async def _duties(world: World) -> None:
    referrer = world.party(cast.REFERRER)
    for person in (world.man, world.mother):
        asked = await referrer.gets(
            InformingRequested,
            case=world.case,
            where=lambda m, p=person: m.person_id == p,  # type: ignore[misc]
        )
        world.telling.must(
            (asked.moment, asked.on_behalf_of) == (MOMENT, cast.REFERRER),
            "each is to be informed that the case is taken up, on behalf of Venlo",
        )
    world.telling.check(
        await _status(world) == {world.man: "due", world.mother: "due"},
        "the duty to inform is due for the man and for his mother, each by a message of its own (R16)",
    )


async def _inform(world: World) -> None:
    referrer, case = world.party(cast.REFERRER), world.case
    until = world.now + timedelta(days=2)
    postponed = InformingPostponed(
        person_id=world.mother, moment=MOMENT, reason=world.text("Ziekenhuisopname."), until=until
    )
    await referrer.send(PersonInformed(person_id=world.man, moment=MOMENT), case=case)
    unreasoned, in_the_past = await asyncio.gather(
        referrer.try_to_send(postponed.model_copy(update={"reason": " "}), case=case),
        referrer.try_to_send(postponed.model_copy(update={"until": world.now}), case=case),
    )
    world.telling.refused("postponing without a reason", unreasoned, "R19")
    world.telling.refused("postponing to a time that has passed", in_the_past, "R19")
    await referrer.send(postponed, case=case)
    await world.a_minute_before(until)
    world.telling.check(
        await _status(world) == {world.man: "fulfilled", world.mother: "postponed"}
        and not referrer.has(InformingRequested, case),
        "the man is informed; for his mother it is postponed, and a minute before that time still is (R19)",
    )
    world.move_clock_to(until)
    await referrer.gets(InformingRequested, case=case, where=lambda m: m.person_id == world.mother)
    world.telling.check(
        await _status(world) == {world.man: "fulfilled", world.mother: "due"},
        "at that time it falls due again, for her alone (R19)",
    )
    await referrer.send(PersonInformed(person_id=world.mother, moment=MOMENT), case=case)


async def _status(world: World) -> dict[str, str]:
    """Return what became of the duty to inform each person that the case was taken up."""
    seen = await world.worker(cast.REFERRER).see("intake", f"/cases/{world.case}")
    return {duty["person_id"]: duty["status"] for duty in seen["duties"] if duty["moment"] == MOMENT}
