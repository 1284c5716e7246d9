"""Chapters 2 and 3: a referral, the screening, and who must be told."""

import asyncio
from datetime import timedelta

from deploy.story import cast
from deploy.story.founding import accept, grant
from deploy.story.world import World
from shared.messages.house import MessageAccepted
from shared.messages.intake import (
    ConsultationConfirmed,
    InformingPostponed,
    InformingRequested,
    PersonInformed,
    ReferralReceived,
    ReferralScreened,
    ScreeningOutcome,
)
from shared.words import InformMoment, PersonRole, Theme


async def refer(world: World) -> None:
    """R1, R2, R3, R8, R9."""
    world.telling.begin("2. A referral about a man and his mother")
    man = cast.person(cast.NAME_OF_MAN, PersonRole.SUBJECT, "1991-01-01")
    mother = cast.person(cast.NAME_OF_MOTHER, PersonRole.PARENT, "1960-01-01")
    world.man, world.mother = man.person_id, mother.person_id
    items = (cast.item("Meldingen van overlast bij de woning.", "college", persons=(man.person_id,)),)
    await _refusals(world)

    referral = cast.referral((man, mother), items)
    await world.party(cast.REFERRER).send(referral)
    received = await world.party(cast.REFERRER).gets(ReferralReceived)
    world.case = received.case_id
    world.telling.check(
        received.referral_id == referral.referral_id,
        "the municipality of Venlo refers a case; it is on record, provisionally (R15)",
    )
    await _overtaking(world)


async def _refusals(world: World) -> None:
    """Nothing of these is registered."""
    man = cast.person("Persoon X", PersonRole.SUBJECT, "1990-01-01")
    stranger = world.party(cast.STRANGER)
    world.refused_later(
        "the referral of a party that authorised nobody, after it waited in vain",
        "R2",
        stranger.try_to_send(cast.referral((man,), ())),
    )
    incomplete = cast.referral((man,), (cast.item("Tekst", "college", necessity=" "),))
    answer = await world.party(cast.REFERRER).try_to_send(incomplete)
    world.refused("a referral with an item that does not say why it is necessary", answer, "R8")
    answer = await world.party(cast.REFERRER).try_to_send(cast.referral((man,), (), task=""))
    world.refused("a referral without a statutory task", answer, "R3")
    person_ = world.people("process-director-a", cast.REFERRER)
    body = cast.referral((man,), ()).model_dump(mode="json")
    http = await person_.post("intake", "/referrals", body)
    world.refused("a referral by somebody who is no party", http)


async def _overtaking(world: World) -> None:
    """A referral that overtakes its authorisation by a second is accepted after a short wait."""
    second = world.party(cast.SECOND_REFERRER)
    man = cast.person("Persoon C", PersonRole.SUBJECT, "1985-05-05")
    referral = cast.referral((man,), (), theme=Theme.YOUTH_AT_RISK)
    authorisation = await grant(world, cast.SECOND_REFERRER)
    answer = asyncio.create_task(second.ask(referral))
    await asyncio.sleep(1)
    world.telling.check(not answer.done(), "a referral that overtakes its authorisation waits")
    await accept(world, cast.SECOND_REFERRER, authorisation)
    world.telling.check(
        isinstance(await answer, MessageAccepted), "and is accepted once the authorisation is there"
    )
    world.second_case = (await second.gets(ReferralReceived)).case_id


async def screen(world: World) -> None:
    """R7, R11, R12b, R15, R16, R19."""
    world.telling.begin("3. The screening")
    director, case = world.people("process-director-a", cast.REFERRER), world.case
    referrer = world.party(cast.REFERRER)
    path = f"/cases/{case}"
    world.refused(
        "the director reads without saying on whose behalf",
        await world.people("process-director-a").get("intake", path),
        "R34",
    )
    seen = await director.see("intake", path)
    names = [person["name"] for person in seen["persons"]]
    world.telling.check(
        names == [cast.NAME_OF_MAN, cast.NAME_OF_MOTHER] and len(seen["items"]) == 1,
        "the process director reads the referral on behalf of Venlo (R7)",
    )
    for username in ("manager-a", f"worker-{cast.POLICE}"):
        answer = await world.people(username).get("intake", path)
        world.refused(f"{username} tries to read it", answer, "R34")
    decision = {"outcome": ScreeningOutcome.TAKEN_UP, "advice": "Neem contact op met de huisarts."}
    world.refused(
        "a screening before the consultation",
        await director.post("intake", f"{path}/screening", decision),
        "R11",
    )
    await referrer.send(ConsultationConfirmed(), case=case)
    await director.do("intake", f"{path}/screening", decision)
    screened = await referrer.gets(ReferralScreened, case=case)
    world.telling.check(
        screened.outcome is ScreeningOutcome.TAKEN_UP and screened.advice == decision["advice"],
        "after the consultation with Venlo (R11) the case is taken up (R12b), with advice to Venlo alone",
    )
    await _inform(world)


async def _inform(world: World) -> None:
    referrer, case = world.party(cast.REFERRER), world.case
    for person in (world.man, world.mother):
        await referrer.gets(InformingRequested, case=case, where=lambda m, p=person: m.person_id == p)  # type: ignore[misc]
    world.telling.tell("the duty to inform is due for each person separately (R16)")
    moment = InformMoment.TAKEN_UP
    await referrer.send(PersonInformed(person_id=world.man, moment=moment), case=case)
    late = InformingPostponed(person_id=world.mother, moment=moment, reason=" ", until=world.now)
    world.refused("postponing without a reason", await referrer.try_to_send(late, case=case), "R19")
    until = world.now + timedelta(days=2)
    await referrer.send(
        InformingPostponed(person_id=world.mother, moment=moment, reason="Ziekenhuisopname.", until=until),
        case=case,
    )
    world.move_clock_to(until + timedelta(minutes=1))
    await referrer.gets(InformingRequested, case=case, where=lambda m: m.person_id == world.mother)
    world.telling.tell(
        "the man is informed; for his mother it is postponed, and falls due again on the day (R19)"
    )
    await referrer.send(PersonInformed(person_id=world.mother, moment=moment), case=case)
