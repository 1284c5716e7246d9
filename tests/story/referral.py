"""Play chapter 2: a municipality refers a case, and who may not."""

import asyncio

from shared.contract.fields import PersonRole, Theme
from shared.contract.messages.intake import ReferralReceived
from tests.story import cast
from tests.story.founding import accept, grant
from tests.story.world import World


async def refer(world: World) -> None:
    """Play R1, R2, R3, R4, R8, R9, and section 6 of the design on deferral."""
    world.telling.begin("2. The referral")
    man = cast.person("Persoon X", PersonRole.SUBJECT, "1990-01-01")
    unauthorised = world.party(cast.STRANGER).try_to_send(cast.referral((man,), ()))
    world.refused_later(
        "the referral of a party that has authorised nobody, after it waited in vain", "R2", unauthorised
    )
    await complete(world)
    await _incomplete(world)
    await _overtaking(world)
    await world.refused_in_the_end()


async def complete(world: World) -> None:
    """Check that everything the referrer stated is on record, for itself to read."""
    man = cast.person(
        world.text(cast.NAME_OF_MAN), PersonRole.SUBJECT, "1991-01-01", bsn=world.text(cast.BSN)
    )
    mother = cast.person(world.text(cast.NAME_OF_MOTHER), PersonRole.PARENT, "1960-01-01")
    world.man, world.mother = man.person_id, mother.person_id
    report = cast.item(
        world.text("Meldingen van overlast bij de woning."),
        "college",
        persons=(man.person_id,),
        necessity=world.text("De overlast is de aanleiding."),
    )
    world.items["report"] = report.item_id
    said = {
        "weighing": world.text("Een keten alleen lukt niet."),
        "referrer_name": world.text(cast.NAME_OF_REFERRER),
    }
    referral = cast.referral((man, mother), (report,), **said)
    await world.party(cast.REFERRER).send(referral)
    received = await world.party(cast.REFERRER).gets(
        ReferralReceived, where=lambda m: m.referral_id == referral.referral_id
    )
    world.case = received.case_id
    on_record = await world.worker(cast.REFERRER).see("intake", f"/cases/{world.case}")
    stated = referral.model_dump(mode="json")
    world.telling.check(
        all(on_record[name] == stated[name] for name in ("task", "basis", "theme", "persons"))
        and [item["necessity"] for item in on_record["items"]] == [report.necessity]
        and on_record["phase"] == "received",
        "Venlo refers a case about a man and his mother: task, theme, basis, persons and an item with its "
        "necessity are on record, provisionally (R2, R3, R8, R9)",
    )


async def _incomplete(world: World) -> None:
    """Send incomplete referrals: none is registered."""
    referrer, man = world.party(cast.REFERRER), cast.person("Persoon X", PersonRole.SUBJECT, "1990-01-01")
    without_necessity = cast.item("Tekst", "college", necessity=" ")
    incomplete = {
        "without a statutory task": ("R3", cast.referral((man,), (), task="")),
        "on behalf of a body it does not have": ("R3", cast.referral((man,), (), acting_body="bestuur")),
        "without a legal basis": ("R4", cast.referral((man,), (), basis="")),
        "with an item that does not say why it is necessary": (
            "R8",
            cast.referral((man,), (without_necessity,)),
        ),
        "that does not weigh what others could contribute": ("R10", cast.referral((man,), (), weighing=" ")),
    }
    sent = (referrer.try_to_send(referral) for _, referral in incomplete.values())
    for (what, (rule, _)), refusal in zip(incomplete.items(), await asyncio.gather(*sent), strict=True):
        world.telling.refused(f"a referral {what}", refusal, rule)
    body = cast.referral((man,), ()).model_dump(mode="json")
    refusal = await world.director.try_to_do("intake", "/referrals", body)
    world.telling.refused("a referral by a process director, whose role it is not", refusal, "R6")


async def _overtaking(world: World) -> None:
    """Send a referral just before its authorisation: it is deferred, then accepted."""
    second = world.party(cast.SECOND_REFERRER)
    authorisation = await grant(second, "college")
    sent = asyncio.create_task(neighbouring(world))
    answered, _ = await asyncio.wait({sent}, timeout=1)
    world.telling.check(not answered, "a referral that overtakes its authorisation by a second waits")
    await accept(world, cast.SECOND_REFERRER, authorisation)
    world.neighbour = await sent
    world.telling.tell("and is accepted once the authorisation is accepted")


async def neighbouring(world: World) -> str:
    """Refer the case of another municipality, for which the police will be asked too."""
    second = world.party(cast.SECOND_REFERRER)
    man = cast.person("Persoon C", PersonRole.SUBJECT, "1985-05-05")
    await second.send(cast.referral((man,), (), theme=Theme.YOUTH_AT_RISK))
    return (await second.gets(ReferralReceived)).case_id
