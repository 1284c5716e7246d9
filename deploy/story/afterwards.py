"""Chapters 10 to 12: half a year, a year, and a case that ended early."""

from datetime import datetime, timedelta

from deploy.story import cast
from deploy.story.world import World
from shared.messages.intake import ConsultationConfirmed, ReferralScreened, ScreeningOutcome
from shared.messages.retention import FileArchived, FileDestroyed
from shared.messages.triage import QueryAnswered
from shared.terms import add_months

SERVICES = ("intake", "triage", "rto", "retention")


async def end_early(world: World) -> None:
    """R12a, R14, R102."""
    world.telling.begin("10. A second case ends early")
    case, party = world.second_case, world.party(cast.SECOND_REFERRER)
    director = world.people("process-director-a", cast.SECOND_REFERRER)
    await party.send(ConsultationConfirmed(), case=case)
    decision = {
        "outcome": ScreeningOutcome.NOT_TAKEN_UP,
        "reason": "Een keten volstaat.",
        "advice": "Naar het wijkteam.",
    }
    await director.do("intake", f"/cases/{case}/screening", decision)
    screened = await party.gets(ReferralScreened, case=case)
    world.telling.check(
        screened.outcome is ScreeningOutcome.NOT_TAKEN_UP,
        "a second case is not taken up; its referrer gets advice",
    )
    seen = await director.see("intake", f"/cases/{case}")
    world.telling.check(
        seen["phase"] == "closing", "it is closing: only director and referrer read it (R102)"
    )
    await world.people("process-director-a", cast.SECOND_REFERRER).see_until(
        "retention", f"/cases/{case}", lambda found: True
    )
    world.move_clock_to(world.now + timedelta(days=14, hours=1))
    await party.gets(FileDestroyed, case=case)
    for service in SERVICES:
        answer = await director.get(service, f"/cases/{case}")
        if answer.status_code != 404:
            raise AssertionError(f"{service} still shows the second case")
    world.telling.tell("after the closing term it is gone from all services (R14, R102)")


async def half_a_year(world: World) -> datetime:
    """R88 to R90."""
    world.telling.begin("11. Half a year later")
    case, director = world.case, world.people("process-director-a", cast.MENTAL_HEALTH)
    file = await director.see("retention", f"/cases/{case}")
    decided = datetime.fromisoformat(file["decided_at"])
    world.move_clock_to(add_months(decided, 6) + timedelta(minutes=1))
    await world.party(cast.POLICE).gets(FileArchived, case=case)
    stub = await director.see("retention", f"/cases/{case}")
    four = {"case_id", "persons", "referrer", "case_director"}
    shown = {name for name, value in stub.items() if value} - {"phase", "version"}
    world.telling.check(
        shown == four, f"six months on, four things are visible: {', '.join(sorted(shown))} (R89)"
    )
    for username in (f"worker-{cast.MENTAL_HEALTH}", f"worker-{cast.REFERRER}"):
        answer = await world.people(username).get("retention", f"/cases/{case}")
        world.refused(f"{username} looks at the archived case", answer, "R34")
    manager = world.people("manager-a")
    path = f"/cases/{case}"
    locked = await manager.post("retention", f"{path}/archived-file", {})
    world.refused("the manager reads the archived file without a decision", locked, "R90", "R34")
    blank = await manager.post("retention", f"{path}/inspections", {"reason": " "})
    world.refused("an inspection without a reason", blank, "R90")
    await manager.do("retention", f"{path}/inspections", {"reason": "Melding van terugval."})
    archived = await manager.do("retention", f"{path}/archived-file", {})
    world.telling.check(bool(archived["items"]), "the manager inspects once, with a reason on record (R90)")
    again = await manager.post("retention", f"{path}/archived-file", {})
    world.refused("and a second time on the same decision", again, "R90", "R34")
    return decided


async def a_year(world: World, decided: datetime) -> None:
    """R91, R97, R99, R105, R106, A24."""
    world.telling.begin("12. A year later")
    case = world.case
    director = world.people("process-director-a", cast.MENTAL_HEALTH)
    world.move_clock_to(add_months(decided, 12) + timedelta(minutes=1))
    care = await world.party(cast.MENTAL_HEALTH).gets(FileDestroyed, case=case)
    police = await world.party(cast.POLICE).gets(FileDestroyed, case=case)
    world.telling.check(
        care.inform_data_subject
        and bool(care.takers)
        and not police.inform_data_subject
        and not police.takers,
        "twelve months on the file is destroyed; the party that led it informs the data subject "
        "and has the list of takers (R91, R97, R99, R104)",
    )
    for service in SERVICES:
        answer = await director.get(service, f"/cases/{case}")
        world.refused(f"reading the case in {service}", answer, "R34")
    late = QueryAnswered(query_id=world.items["free"], involved=True)
    refusal = await world.party(cast.POLICE).try_to_send(late, case=case)
    world.refused("an answer that arrives late", refusal, "R34")
    await _what_is_left(world)


async def _what_is_left(world: World) -> None:
    manager = world.people("manager-a")
    proofs = await manager.see("retention", "/proofs")
    text = str(proofs)
    world.telling.check(
        len(proofs["proofs"]) == 2 and world.case not in text and world.man not in text,
        "two proofs of destruction, with nothing in them that leads to a person or a case (R106)",
    )
    confirmed = {service for proof in proofs["proofs"] for service in proof["confirmed_by"]}
    world.telling.check(
        confirmed >= {"intake", "triage", "rto", "governance"} and proofs["broken_at"] is None,
        "each names the services that confirmed before the key went, and their chain is whole (R105)",
    )
    erasures = await manager.see("retention", "/erasures")
    world.telling.check(erasures == [], "the archive of nothing is empty: no erasure is under way")
    figures = await manager.see("retention", "/figures")
    small = [cell["count"] for cell in figures["cells"]]
    world.telling.check(
        figures["total"] == 2 and all(count is None or count >= 5 for count in small),
        "management figures count both cases, and no cell below five is shown (A24)",
    )
