"""Make cases that stand for others: referred, taken up, with a query out."""

from shared.contract.fields import Item, PersonRole
from shared.contract.messages.intake import ConsultationConfirmed, ReferralReceived
from shared.contract.messages.triage import QueryIssued
from tests.story import cast
from tests.story.world import World

TAKEN_UP = {"outcome": "taken-up", "advice": "Geen.", "weighing": "Politie en zorg kunnen bijdragen."}


async def referred(world: World, *items: Item) -> str:
    """Refer a case about one person, with these items; return its number."""
    man = cast.person("Persoon G", PersonRole.SUBJECT, "1990-01-01")
    venlo, referral = world.party(cast.REFERRER), cast.referral((man,), items)
    await venlo.send(referral)
    received = await venlo.gets(ReferralReceived, where=lambda m: m.referral_id == referral.referral_id)
    return received.case_id


async def taken_up(world: World) -> str:
    """Refer a case and take it up; return its number."""
    case = await referred(world)
    await world.party(cast.REFERRER).send(ConsultationConfirmed(), case=case)
    director = world.people("process-director-a", cast.REFERRER)
    await director.do("intake", f"/cases/{case}/screening", TAKEN_UP)
    return case


async def ask(world: World, case: str, recipient: str) -> str:
    """Put a query to a party; return its id."""
    director = world.people("process-director-a", cast.REFERRER)
    asked = await director.do_when_possible(
        "triage", f"/cases/{case}/queries", cast.query(recipient, world.now)
    )
    return str(asked["query_id"])


async def asked(world: World, case: str, recipient: str) -> QueryIssued:
    """Put a query to a party; return it as received."""
    await ask(world, case, recipient)
    return await world.party(recipient).gets(QueryIssued, case=case)
