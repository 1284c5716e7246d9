"""Play chapter 12: a second case ends at its screening, and the neighbouring one at triage."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.contract.fields import InformMoment, PersonRole
from shared.contract.messages.intake import (
    ConsultationConfirmed,
    InformingHandedOver,
    InformingRequested,
    PersonInformed,
    ReferralReceived,
    ReferralScreened,
)
from shared.contract.messages.retention import DestructionAnnounced, FileDestroyed
from tests.story import cast
from tests.story.world import World


async def end_early(world: World) -> None:
    """Play R12a, R14, R52, R102, A10, A20."""
    world.telling.begin("12. A second case ends early")
    world.leading = cast.SECOND_REFERRER
    await _at_screening(world)
    removed_on = await _at_triage(world)
    await _closing(world)
    await _as_soon_as_settled(world)
    await _gone(world, removed_on)


async def _at_screening(world: World) -> None:
    """Decline to take up the case."""
    referrer = world.party(cast.SECOND_REFERRER)
    man = cast.person("Persoon D", PersonRole.SUBJECT, "1979-09-09")
    world.informed = man.person_id
    await referrer.send(cast.referral((man,), (), informed_beforehand=(man.person_id,)))
    world.early = (await referrer.gets(ReferralReceived)).case_id
    await referrer.send(ConsultationConfirmed(), case=world.early)
    decision = {
        "outcome": "not-taken-up",
        "weighing": "Het wijkteam kan dit alleen.",
        "reason": "Een keten volstaat.",
        "advice": "Naar het wijkteam.",
    }
    await world.director.do("intake", f"/cases/{world.early}/screening", decision)
    screened = await referrer.gets(ReferralScreened, case=world.early)
    world.telling.check(
        (screened.outcome.value, screened.advice) == ("not-taken-up", "Naar het wijkteam."),
        "a second case, of Beesel, is not taken up at its screening; Beesel gets advice (R12a)",
    )


async def _at_triage(world: World) -> datetime:
    """End the case that the item was to be moved to; return when it will be removed."""
    await world.director.do("triage", f"/cases/{world.neighbour}/conclusion", {"outcome": "not-taken-up"})
    world.telling.tell("the neighbouring case is not taken up at the end of its triage (R50 i, R52)")
    return await _removed_on(world, world.neighbour)


async def _removed_on(world: World, case: str) -> datetime:
    stub = await world.director.see_until("retention", f"/cases/{case}")
    return datetime.fromisoformat(stub["removed_on"])


def _where(world: World) -> tuple[tuple[str, str], ...]:
    """Return the services that had each case."""
    return (
        ("intake", world.early),
        ("retention", world.early),
        ("intake", world.neighbour),
        ("triage", world.neighbour),
        ("retention", world.neighbour),
    )


async def _closing(world: World) -> None:
    """Check that only the director and the leading party still read it (R102)."""
    readers = (world.director, world.worker(cast.SECOND_REFERRER))
    for service, case in _where(world):
        for reader in readers:
            await reader.see_until(service, f"/cases/{case}", _is_closing)
    world.telling.tell("both are closing, and the director and Beesel still read them (R102)")
    supporter = world.people("support-worker-a", cast.SECOND_REFERRER)
    workers = (world.worker(party) for party in (cast.POLICE, cast.REFERRER))
    others = (supporter, world.people("manager-a"), *workers)
    for service, case in _where(world):
        await world.not_shown(service, f"/cases/{case}", *others)


def _is_closing(found: dict[str, Any]) -> bool:
    return bool(found["phase"] == "closing")


async def _as_soon_as_settled(world: World) -> None:
    """Play A10, R102: who had been informed of the first case hears of its end, and then it goes at once."""
    referrer, (keys, erased) = world.party(cast.SECOND_REFERRER), world.keys
    asked = await referrer.gets(
        InformingRequested, case=world.early, where=lambda m: m.moment is InformMoment.CASE_REMOVED
    )
    world.telling.must(asked.person_id == world.informed, "who had been informed is to hear of the end")
    told = PersonInformed(person_id=world.informed, moment=InformMoment.CASE_REMOVED, duty=asked.duty)
    await referrer.send(told, case=world.early)
    announced = await referrer.gets(DestructionAnnounced, case=world.early)
    await referrer.gets(FileDestroyed, where=_under(announced.reference))
    left = await world.rows_gone({world.early})
    world.telling.check(
        set(left.values()) == {0} and world.keys == (keys - 1, erased + 1),
        "who had been informed beforehand hears that the case is removed (A10), and then nothing of it is "
        "left to settle: it goes at once, from all five services, and its key with it (R14, R102)",
        rows=left,
    )


async def _gone(world: World, removed_on: datetime) -> None:
    referrer, (keys, erased) = world.party(cast.SECOND_REFERRER), world.keys
    neighbours = (await referrer.gets(DestructionAnnounced, case=world.neighbour)).reference
    await world.a_minute_before(removed_on)
    for service in ("intake", "triage", "retention"):
        await world.director.see(service, f"/cases/{world.neighbour}")
    world.telling.tell(
        "a minute before the closing term of fourteen days has passed the neighbouring case is still there: "
        "nobody has informed its data subject yet (R102)"
    )
    world.move_clock_to(removed_on)
    handed_over = await referrer.gets(InformingHandedOver)
    await referrer.gets(FileDestroyed, where=_under(neighbours))
    left = await world.rows_gone({world.neighbour})
    world.telling.check(
        handed_over.moment is InformMoment.TAKEN_UP
        and set(left.values()) == {0}
        and world.keys == (keys - 1, erased + 1),
        "at that time it goes all the same, and the duty to inform is handed over to Beesel (R102, A20)",
        rows=left,
    )
    for service, case in _where(world):
        await world.not_shown(
            service, f"/cases/{case}", *(world.director, world.worker(cast.SECOND_REFERRER))
        )


def _under(reference: str) -> Callable[[FileDestroyed], bool]:
    return lambda letter: letter.reference == reference
