"""Play chapter 13: the party that leads a case is excluded, and the case goes on under another."""

from typing import Any

from deploy.local.parties import parties_of
from shared.contract.fields import InformMoment, PersonRole
from shared.contract.messages.intake import (
    ConsultationConfirmed,
    InformingRequested,
    PersonInformed,
    ReferralReceived,
)
from shared.contract.messages.rto import (
    DirectionAccepted,
    DirectionTransferred,
    DirectionVacant,
    InvitationAccepted,
    RtoConvened,
)
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World

LEADER, NEXT = cast.OTHER_MENTAL_HEALTH, cast.PROBATION
BOTH = (LEADER, NEXT)


async def exclude(world: World) -> None:
    """Play R7, R71, R72, R114, R115, A11, art. 21.3."""
    world.telling.begin("13. A leader is excluded")
    world.leading = LEADER
    await _at_a_table(world)
    await _excluded(world)
    await _found_another(world)
    await _goes_on(world)


def _body(world: World, party: str) -> str:
    return next(one for one in parties_of(world.house["house"]) if one.id == party).acting_bodies[0]


async def _at_a_table(world: World) -> None:
    """Bring a third case to its round table, led by who referred it."""
    leader, body = world.party(LEADER), _body(world, LEADER)
    woman = cast.person("Persoon E", PersonRole.SUBJECT, "1982-02-02")
    world.third_person, brought = (
        woman.person_id,
        cast.item("Behandeling gestopt.", body, shareable_at_rto=True),
    )
    world.third_item = brought.item_id
    await leader.send(cast.referral((woman,), (brought,), acting_body=body))
    world.third = (await leader.gets(ReferralReceived)).case_id
    await leader.send(ConsultationConfirmed(), case=world.third)
    path, director = f"/cases/{world.third}", world.director
    screened = {"outcome": "taken-up", "weighing": "De reclassering kan bijdragen."}
    await director.do("intake", f"{path}/screening", screened)
    concluded = {"outcome": "rto-needed", "picture": cast.picture(NEXT), "without_queries": "Al bekend."}
    await director.do_when_possible("triage", f"{path}/conclusion", concluded)
    await director.do("triage", f"{path}/preparation", _preparation(world))
    for moment in (InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE):
        await _informed(world, LEADER, moment)
    world.third_rto = new_id()
    meeting = {"rto_id": world.third_rto, "on": world.now.isoformat(), "place": "Zaal 2, Venlo"}
    await director.do_when_possible("rto", f"{path}/rtos", meeting)
    for name in BOTH:
        await world.party(name).gets(RtoConvened, case=world.third)
        delegate = await world.subject_of(f"worker-{name}")
        accepted = InvitationAccepted(rto_id=world.third_rto, delegate=delegate, mandate=True)
        await world.party(name).send(accepted, case=world.third)
    seen = await world.worker(NEXT).see("rto", path)
    world.telling.check(
        [item["item_id"] for item in seen["items"]] == [world.third_item],
        "a third case sits at its round table, led by who referred it; the probation service sees the item "
        "(R61)",
    )


def _preparation(world: World) -> dict[str, Any]:
    seat = {"role": "executor", "contribution": "Toelichting op de eigen inzet."}
    return {
        "goal": "Een gezamenlijk plan.",
        "decision_types": ["plan-of-action"],
        "themes": ["care"],
        "participants": [{"party": name, **seat} for name in BOTH],
        "viewing_plan": [
            {"item_id": world.third_item, "participant": NEXT, "reason": "Nodig voor de rol aan tafel."}
        ],
        "citizen": "informed-afterwards",
        "care_agreements": "Niemand neemt gegevens van een ander mee zonder akkoord.",
        "care_subjects": ["purpose-and-use", "keeping-and-destroying", "taking-along-with-consent-only"],
        "consulted_leading_party": True,
    }


async def _excluded(world: World) -> None:
    """Exclude it by two persons: from that moment nothing is done in its name, and nothing of it is shown."""
    ending, body, path = f"/parties/{LEADER}/ending", {"reason": "exclusion"}, f"/cases/{world.third}"
    secretary = world.people("secretary-a")
    await secretary.do("governance", ending, body)
    refusal = await secretary.try_to_do("governance", f"{ending}/confirmation", body)
    world.telling.refused("an exclusion confirmed by who proposed it", refusal, "R115")
    await world.people("manager-a").do("governance", f"{ending}/confirmation", body)
    world.telling.tell("the party that leads is excluded, by two persons (R114, R115)")
    everybody = (world.director, world.worker(LEADER), world.worker(NEXT))
    await world.not_shown("rto", path, *everybody, who_is=", while nobody leads,", within=30)
    offer = {"party": NEXT}
    in_its_name = await world.director.try_to_do("rto", f"{path}/direction-offers", offer)
    world.telling.refused("an act on behalf of the party that was excluded", in_its_name, "R1")
    plan = {"agreements": "Geen.", "ave_level": 1, "actions": [], "parts": []}
    on_nobodys = await world.people("process-director-a").try_to_do("rto", f"{path}/plan", plan)
    world.telling.refused("a plan on nobody's behalf", on_nobodys, "R7")


async def _found_another(world: World) -> None:
    """Offer direction on nobody's behalf: all that the director may do until another leads (R7)."""
    path, probation = f"/cases/{world.third}/direction-offers", world.party(NEXT)
    await world.people("process-director-a").do_when_possible("rto", path, {"party": NEXT})
    asked = await probation.gets(DirectionVacant, case=world.third)
    accepted = DirectionAccepted(
        case_director="Casusregisseur B",
        acting_body=_body(world, NEXT),
        task="Reclasseringswet, art. 1",
        basis=cast.BASIS,
    )
    await probation.send(accepted, case=world.third)
    moved = await probation.gets(DirectionTransferred, case=world.third)
    world.leading = NEXT
    world.telling.check(
        moved.leading_party == NEXT and asked.left_on <= world.now,
        "the director offers direction on nobody's behalf, and the probation service takes it (R7, R71, R72)",
    )


async def _goes_on(world: World) -> None:
    """Let the table decide under its new leader, and the case end as any other (R78, R102)."""
    path = f"/cases/{world.third}"
    end = {"outcome": "does-not-belong"}
    await world.director.do("rto", f"{path}/rtos/{world.third_rto}/conclusion", end)
    for moment in (InformMoment.AFTER_RTO, InformMoment.CASE_REMOVED):
        await _informed(world, NEXT, moment)
    world.telling.tell(
        "the table decides under its new leader that the case does not belong here, and the probation "
        "service informs the data subject of that and of its removal (R78)"
    )


async def _informed(world: World, name: str, moment: InformMoment) -> None:
    party = world.party(name)
    asked = await party.gets(InformingRequested, case=world.third, where=lambda m: m.moment is moment)
    told = PersonInformed(person_id=world.third_person, moment=moment, duty=asked.duty)
    await party.send(told, case=world.third)
