"""Play cases through a house by its public doors, step by step; of this version or of the one before.

As a script, `python played.py ENV_FILE KEPT_FILE` with the tree of the version before on PYTHONPATH, it plays
cases into every phase of a house of that version, and writes down which. What only this version asks for goes
along there too, and is ignored.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.local.parties import parties_of
from shared.contract.fields import InformMoment, PersonRole
from shared.contract.messages import intake as im
from shared.contract.messages import rto as m
from shared.contract.messages import triage as tm
from shared.ids import new_id
from tests.story import cast, founding
from tests.story.cast import MENTAL_HEALTH as CARE
from tests.story.cast import POLICE, REFERRER, SECOND_REFERRER
from tests.story.people import Person
from tests.story.telling import Telling
from tests.story.world import World, world

AT_THE_TABLE = (REFERRER, POLICE, CARE)
MEMBERS = {*AT_THE_TABLE, SECOND_REFERRER, cast.PROBATION, cast.OTHER_MENTAL_HEALTH}
# What the police give: one released, one withheld from care, one never released, one to be refused, one to be
# taken back at the table and one in phase 4.
GIVEN: dict[str, dict[str, Any]] = {
    "free": {"shareable_at_rto": True},
    "withheld": {"shareable_at_rto": True, "withheld_from": (CARE,)},
    "silent": {},
    "refused": {},
    "back": {"shareable_at_rto": True},
    "late": {"shareable_at_rto": True},
}
UNTIL_KNOWN = 20.0  # seconds


@dataclass(slots=True)
class Case:
    """Hold the numbers of one case, and who leads it."""

    case_id: str
    persons: list[str]
    items: dict[str, str]
    leading: str
    query: str = ""
    waiting_query: str = ""
    rto: str = ""
    actions: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/cases/{self.case_id}"

    @property
    def names(self) -> set[str]:
        """Return whatever leads to the case or to somebody in it."""
        numbers = {*self.persons, *self.items.values(), *self.actions.values()}
        return {self.case_id, *numbers} | {self.query, self.waiting_query, self.rto} - {""}

    def ids(self, *names: str) -> set[str]:
        return {self.items[name] for name in names}


def director(here: World, case: Case) -> Person:
    return here.people("process-director-a", case.leading)


# --- phases 1 and 2 ----------------------------------------------------------------------------------


async def refer(here: World, referrer: str = REFERRER) -> Case:
    man = cast.person("Persoon A", PersonRole.SUBJECT, "1990-01-01")
    mother = cast.person("Persoon B", PersonRole.PARENT, "1960-01-01")
    report = cast.item("Meldingen van overlast.", "college", shareable_at_rto=True)
    referral = cast.referral((man, mother), (report,))
    await here.party(referrer).send(referral)
    received = await here.party(referrer).gets(
        im.ReferralReceived, where=lambda message: message.referral_id == referral.referral_id
    )
    persons = [man.person_id, mother.person_id]
    return Case(received.case_id, persons, {"report": report.item_id}, referrer)


async def take_up(here: World, case: Case, **more: Any) -> None:
    """Take a case up; `more`: what the version on which this is played asks besides."""
    await here.party(case.leading).send(im.ConsultationConfirmed(), case=case.case_id)
    decision = {"outcome": "taken-up", "advice": "Geen."} | more
    await director(here, case).do("intake", f"{case.path}/screening", decision)


async def postpone(here: World, case: Case, until: datetime) -> None:
    """Put off informing the mother that the case was taken up."""
    postponed = im.InformingPostponed(
        person_id=case.persons[1], moment=InformMoment.TAKEN_UP, reason="Ziekenhuisopname.", until=until
    )
    await here.party(case.leading).send(postponed, case=case.case_id)


async def ask(here: World, case: Case) -> None:
    """Ask the police and care; the police answer, care does not yet."""
    for recipient in (POLICE, CARE):
        asked = cast.query(recipient, here.now, persons=case.persons[:1])
        asked |= {"referrer_estimate": "Deze partij kent het gezin."}
        await director(here, case).do_when_possible("triage", f"{case.path}/queries", asked)
    case.query, case.waiting_query = [
        (await here.party(party).gets(tm.QueryIssued, case=case.case_id)).query_id for party in (POLICE, CARE)
    ]
    items = [cast.item(f"Over {name}.", "eenheidsleiding", **more) for name, more in GIVEN.items()]
    case.items |= {name: item.item_id for name, item in zip(GIVEN, items, strict=True)}
    answer = tm.QueryAnswered(query_id=case.query, involved=True, items=tuple(items))
    await here.party(POLICE).send(answer, case=case.case_id)


async def decline(here: World, case: Case) -> None:
    declined = tm.QueryDeclined(query_id=case.waiting_query, ground=tm.DeclineGround.SECRECY)
    await here.party(CARE).send(declined, case=case.case_id)


async def conclude(here: World, case: Case, outcome: str = "rto-needed") -> None:
    said = {
        "parties": [POLICE, CARE],
        "plan_contribution": "Kennis van de wijk.",
        "execution_contribution": "Toezicht en zorg.",
        "information": "Meldingen; de partij wil ze inbrengen.",
    }
    more = {"picture": said} if outcome == "rto-needed" else {}
    await director(here, case).do("triage", f"{case.path}/conclusion", {"outcome": outcome} | more)


async def prepare(here: World, case: Case, **more: Any) -> None:
    """Prepare the table: care is to see all that the police gave, and Venlo what is free; `more` as above."""
    planned = [(name, CARE) for name in GIVEN] + [("free", REFERRER), ("report", POLICE)]
    body = {
        "goal": "Een gezamenlijk plan.",
        "decision_types": ["plan-of-action"],
        "themes": ["care"],
        "participants": [
            {"party": party, "role": "executor", "contribution": "Eigen inzet."} for party in AT_THE_TABLE
        ],
        "viewing_plan": [
            {"item_id": case.items[name], "participant": party, "reason": "Nodig aan tafel."}
            for name, party in planned
        ],
        "citizen": "informed-afterwards",
        "care_agreements": "Niemand neemt gegevens van een ander mee zonder akkoord.",
        "consulted_leading_party": True,
    }
    await director(here, case).do("triage", f"{case.path}/preparation", body | more)


# --- phase 3 -----------------------------------------------------------------------------------------


async def convene(here: World, case: Case, preparation: dict[str, Any] | None = None) -> None:
    """Convene a table, to which all three come."""
    case.rto = new_id()
    on = (here.now + timedelta(days=3)).isoformat()
    meeting: dict[str, Any] = {"rto_id": case.rto, "on": on, "place": "Zaal 1"}
    meeting |= {"preparation": preparation} if preparation else {}
    await director(here, case).do_when_possible("rto", f"{case.path}/rtos", meeting)
    for party in AT_THE_TABLE:
        delegate = await here.subject_of(f"worker-{party}")
        accepted = m.InvitationAccepted(rto_id=case.rto, delegate=delegate, mandate=True)
        await here.party(party).send(accepted, case=case.case_id)


async def agree(here: World, case: Case, **more: Any) -> None:
    """Record a plan; the police release one item for it, refuse one for the table, and take one back.

    `more`: what is said with the release.
    """
    police = here.party(POLICE)
    await police.send(m.ReleaseRefused(item_id=case.items["refused"], use=m.Use.RTO), case=case.case_id)
    await police.send(m.ReleaseWithdrawn(item_id=case.items["back"]), case=case.case_id)
    case.actions = {"treat": new_id(), "watch": new_id()}
    plan: dict[str, Any] = {
        "agreements": "Wekelijks contact.",
        "ave_level": 2,
        "actions": [
            {"action_id": case.actions["treat"], "party": CARE, "description": "Intake."},
            {"action_id": case.actions["watch"], "party": POLICE, "description": "Toezicht."},
        ],
        "parts": [
            {"party": party, "role": "Uitvoerder.", "information_need": "De voortgang."}
            for party in AT_THE_TABLE
        ],
    }
    await director(here, case).do("rto", f"{case.path}/plan", plan)
    use = {"item_id": case.items["free"], "recipient": CARE, "action_id": case.actions["treat"]}
    asked = use | {"use": "plan-activity", "necessity": "Nodig voor de intake."}
    await director(here, case).do("rto", f"{case.path}/release-requests", asked)
    await police.gets(m.ReleaseAsked, case=case.case_id)
    await police.send(m.ReleaseGiven(use=m.Use.PLAN_ACTIVITY, **use, **more), case=case.case_id)


def taking(case: Case) -> dict[str, str]:
    return {"item_id": case.items["free"], "recipient": CARE, "action_id": case.actions["treat"]}


async def take_away(here: World, case: Case) -> None:
    await director(here, case).do("rto", f"{case.path}/take-aways", taking(case))
    await here.party(CARE).gets(m.ItemsProvided, case=case.case_id)


async def move_direction(here: World, case: Case, **more: Any) -> None:
    await director(here, case).do("rto", f"{case.path}/direction-offers", {"party": CARE})
    await here.party(CARE).gets(m.DirectionOffered, case=case.case_id)
    accepted = m.DirectionAccepted(case_director="Casusregisseur A", **more)
    await here.party(CARE).send(accepted, case=case.case_id)
    case.leading = CARE


async def monitor(here: World, case: Case) -> None:
    conclusion = {
        "outcome": "approach-and-monitoring",
        "monitoring_purpose": "Volgen of de overlast stopt.",
        "monitoring_items": [case.items["free"], case.items["withheld"]],
    }
    await director(here, case).do("rto", f"{case.path}/rtos/{case.rto}/conclusion", conclusion)
    started = m.ActionProgressed(action_id=case.actions["treat"], progress=m.ActionProgress.STARTED)
    await here.party(CARE).send(started, case=case.case_id)


async def deescalate(here: World, case: Case) -> dict[str, Any]:
    """De-escalate at the table that sits; return the file as the director reads it."""
    body = {"outcome": "deescalate"}
    await director(here, case).do("rto", f"{case.path}/rtos/{case.rto}/conclusion", body)
    file: dict[str, Any] = await director(here, case).see_until("retention", case.path)
    return file


async def clean(here: World, case: Case) -> None:
    kept = [{"item_id": case.items["free"], "reason": "Nodig bij terugval."}]
    await director(here, case).do_when_possible("retention", f"{case.path}/cleaning", {"kept_items": kept})


# --- a house of the version before -------------------------------------------------------------------


async def into_every_phase(here: World) -> dict[str, Case]:
    """Play a case into every phase; the archived one first, as half a year passes over it."""
    cases = {"archived": await _archived(here)}
    names = ("referred", "asked", "prepared", "table", "monitoring", "step_1", "closing")
    made = await _all(_until(here, name) for name in names)
    cases |= dict(zip(names, made, strict=True))
    cases["leaderless"] = await _of_a_party_that_leaves(here)
    return cases


async def _archived(here: World) -> Case:
    case = await _until(here, "step_1")
    await clean(here, case)
    file = await director(here, case).see("retention", case.path)
    here.move_clock_to(datetime.fromisoformat(file["archived_on"]))
    await director(here, case).see_until("retention", case.path, lambda seen: "items" not in seen)
    return case


async def _until(here: World, phase: str) -> Case:
    """Play a case up to this phase."""
    case = await refer(here)
    if phase == "referred":
        return case
    await take_up(here, case)
    await ask(here, case)
    if phase == "asked":
        await postpone(here, case, here.now + timedelta(days=2))
        return case
    if phase == "closing":
        await conclude(here, case, "not-taken-up")
        await director(here, case).see_until("retention", case.path, lambda seen: "removed_on" in seen)
        return case
    await conclude(here, case)
    await prepare(here, case)
    if phase == "prepared":
        return case
    await convene(here, case)
    await agree(here, case)
    if phase == "table":
        return case
    await take_away(here, case)
    await move_direction(here, case)
    if phase == "monitoring":
        await monitor(here, case)
        return case
    await deescalate(here, case)
    await here.party(POLICE).send(m.ReleaseWithdrawn(item_id=case.items["late"]), case=case.case_id)
    return case


async def _of_a_party_that_leaves(here: World) -> Case:
    """Let a party refer a case, and then be excluded: the end is proposed by one and confirmed by another."""
    case = await refer(here, SECOND_REFERRER)
    await take_up(here, case)
    path, reason = f"/parties/{SECOND_REFERRER}/ending", {"reason": "exclusion"}
    await here.people("secretary-a").do("governance", path, reason)
    await here.people("manager-a").do("governance", f"{path}/confirmation", reason)
    await director(here, case).try_to_see("triage", case.path, UNTIL_KNOWN)
    return case


async def _all(doing: Iterable[Awaitable[Case]]) -> list[Case]:
    return list(await asyncio.gather(*doing))


async def played(house: dict[str, Any]) -> dict[str, Case]:
    """Make some of the thirty a party, and play the cases."""
    signatories = [one for one in parties_of(house["house"]) if one.id in MEMBERS]
    async with world(house, Telling()) as here:
        await founding.record(here, signatories)
        await founding.join(here, signatories, without=())
        return await into_every_phase(here)


if __name__ == "__main__":
    made = asyncio.run(played(json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps({name: asdict(case) for name, case in made.items()}))
