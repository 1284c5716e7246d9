"""On a running house: a director who is gone is replaced everywhere, and what nobody does is told and ends.

The clock of the house goes two months further here, so this is the last file of the flows.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.contract.fields import Step
from shared.contract.messages.house import CaseLapsed, TermPassed
from shared.contract.messages.retention import DestructionAnnounced, FileDestroyed
from shared.core.policy import TERMS
from tests.story import cast
from tests.story.people import Person
from tests.story.world import World
from tests.system.flows.cases import ask, referred, taken_up

SECONDS = 5.0  # within which every service has followed
MINUTE = timedelta(minutes=1)


async def test_another_director_takes_over_in_every_service_and_the_former_finds_no_case(
    founded: World,
) -> None:
    case = await taken_up(founded)
    path = f"/cases/{case}"
    former = founded.people("process-director-a", cast.REFERRER)
    other = founded.people("process-director-b", cast.REFERRER)
    support = founded.people("support-worker-a", cast.REFERRER)
    await ask(founded, case, cast.POLICE)
    for service in ("intake", "triage"):
        await former.see(service, path)
        await founded.not_shown(service, path, other, support)
    manager = founded.people("manager-a")
    reason = {"reason": "De procesregisseur is langdurig afwezig."}
    new = {"person": await founded.subject_of("process-director-b")}
    await manager.do("intake", f"{path}/director", new | reason)
    new = {"person": await founded.subject_of("support-worker-a")}
    await manager.do("intake", f"{path}/support-workers", new | reason)
    await founded.not_shown("intake", path, former)
    for service in ("intake", "triage"):
        for reader in (other, support):
            await reader.see_until(service, path, within=SECONDS)
    await founded.not_shown("triage", path, former)
    concluded = {"outcome": "not-taken-up", "advice": "Het wijkteam pakt dit zelf op."}
    assert (await former.post("triage", f"{path}/conclusion", concluded)).status_code == 404
    await other.do("triage", f"{path}/conclusion", concluded)
    for service in ("intake", "triage", "retention"):
        await other.see_until(service, path, is_closing, within=SECONDS)
        await founded.not_shown(service, path, former, support)


def is_closing(found: Any) -> bool:
    return bool(found["phase"] == "closing")


def page_of(case: str) -> str:
    """Return the page of the list that begins with this case: there are many in a house of other tests."""
    return f"/overdue?after={UUID(int=UUID(case).int - 1)}"


def listed(case: str, told: str) -> Callable[[Any], bool]:
    return lambda found: (case, told) in {(one["case_id"], one["told"]) for one in found["cases"]}


async def test_a_referral_that_nobody_looks_at_is_listed_told_and_ended(founded: World) -> None:
    """The manager sees it first, as nobody has it; its referrer hears of it, and at last that it ended."""
    referrer, manager = founded.party(cast.REFERRER), founded.people("manager-a")
    term = TERMS[Step.CONSULTATION]
    assert term.end is not None
    case = await referred(founded)
    founded.move_clock_to(founded.now + term.remind + MINUTE)
    page = page_of(case)
    await manager.see_until("intake", page, listed(case, "director"))
    founded.move_clock_to(founded.now + term.tell + MINUTE)
    told = await referrer.gets(TermPassed, case=case)
    assert (told.step, told.ends_on is not None) == (Step.CONSULTATION, True)
    await manager.see_until("intake", page, listed(case, "manager"))
    await nobody_else_sees_the_list(founded)
    founded.move_clock_to(founded.now + term.end + MINUTE)
    lapsed = await referrer.gets(CaseLapsed, case=case)
    assert lapsed.step is Step.CONSULTATION
    announced = await referrer.gets(DestructionAnnounced, case=case)
    under = announced.reference  # nobody was informed of it, so it goes at once (R102)
    await referrer.gets(FileDestroyed, where=lambda m: m.reference == under)
    director: Person = founded.people("process-director-a", cast.REFERRER)
    for service in ("intake", "retention"):
        await founded.not_shown(service, f"/cases/{case}", director)
    found = await manager.see("intake", page)
    assert case not in {one["case_id"] for one in found["cases"]}


async def nobody_else_sees_the_list(world: World) -> None:
    for service in ("intake", "triage", "rto"):
        for who in (world.worker(cast.REFERRER), world.people("support-worker-a", cast.REFERRER)):
            assert (await who.get(service, "/overdue")).status_code == 403
