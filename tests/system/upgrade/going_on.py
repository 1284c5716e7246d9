"""Go on with the cases of the version before in a house of this one, and say what must hold."""

import asyncio
from datetime import timedelta
from typing import Any

from shared.contract.fields import InformMoment
from shared.contract.messages import intake as im
from shared.contract.messages import retention as m4
from shared.contract.messages import rto as m
from shared.contract.messages import triage as tm
from tests.story.cast import MENTAL_HEALTH as CARE
from tests.story.cast import POLICE, REFERRER, SECOND_REFERRER
from tests.story.people import Person
from tests.story.world import World
from tests.system.upgrade import played as p
from tests.system.upgrade.played import GIVEN, Case, director

Cases = dict[str, Case]
WHOLE = {"report", *GIVEN}
FOUR = {"case_id", "persons", "referrer", "case_director"}
DAY = timedelta(days=1)
WEIGHING = "De politie en de zorg kunnen bijdragen."
MANDATE = {"task": "Wvggz, art. 5:1", "basis": "AVG art. 6 lid 1 sub e"}
WHILE_REPLACED = ("goes on", "beside")  # referred while intake was replaced


async def items(case: Case, who: Person, service: str) -> set[str]:
    """Return the items that somebody is shown, by their short names."""
    seen = await who.see(service, case.path)
    by_number = {number: name for name, number in case.items.items()}
    return {by_number[item["item_id"]] for item in seen["items"]}


async def hidden(here: World, service: str, case: Case, *people: Person) -> None:
    await here.not_shown(service, case.path, *people)


# --- right after the upgrade -------------------------------------------------------------------------


async def read(here: World, cases: Cases) -> None:
    """Read each case: nobody sees what its contributor refused, never released or took back (R65, R66)."""
    await _before_the_table(here, cases)
    await _at_the_table(here, cases)
    await _in_phase_4(here, cases)
    left = cases["leaderless"]
    for service in ("intake", "triage"):
        await hidden(here, service, left, director(here, left), here.worker(SECOND_REFERRER))


async def _before_the_table(here: World, cases: Cases) -> None:
    venlo, police = here.worker(REFERRER), here.worker(POLICE)
    referred, asked, prepared = cases["referred"], cases["asked"], cases["prepared"]
    for who in (director(here, referred), venlo):
        assert await items(referred, who, "intake") == {"report"}
    for who in (director(here, asked), venlo):
        assert await items(asked, who, "triage") == WHOLE
    assert await items(asked, police, "triage") == set(GIVEN)
    duties = (await venlo.see("intake", asked.path))["duties"]
    assert {one["person_id"]: one["status"] for one in duties}[asked.persons[1]] == "postponed"
    assert await items(prepared, venlo, "triage") == {"report"}, "the table shows the rest (R61)"
    for who in (director(here, prepared), venlo):
        assert await items(prepared, who, "rto") == WHOLE
    closing = cases["closing"]
    for service in ("intake", "triage", "retention"):
        await director(here, closing).see(service, closing.path)
        await hidden(here, service, closing, police, here.worker(CARE))


async def _at_the_table(here: World, cases: Cases) -> None:
    table, monitored = cases["table"], cases["monitoring"]
    care, venlo, police = (here.worker(party) for party in (CARE, REFERRER, POLICE))
    assert await items(table, care, "rto") == {"free", "late"}
    assert await items(table, venlo, "rto") == {"report", "free"}
    assert await items(table, police, "rto") == WHOLE
    assert await items(table, director(here, table), "rto") == WHOLE - {"back"}
    assert await items(monitored, care, "rto") == {"free"}
    assert await items(monitored, venlo, "rto") == {"report"}
    assert await items(monitored, director(here, monitored), "rto") == {"free", "withheld"}
    takers = (await care.see("rto", monitored.path))["takers"]
    assert [taker["item_id"] for taker in takers] == [monitored.items["free"]]


async def _in_phase_4(here: World, cases: Cases) -> None:
    """Wait until the round table has told again what was released (R87)."""
    open_file, archived = cases["step_1"], cases["archived"]
    shown = open_file.ids("report", "free", "withheld")

    def told(file: dict[str, Any]) -> bool:
        found = {item["item_id"] for item in file["items"]}
        assert not found - shown, "nothing else is ever shown, also not before it was told"
        return found == shown

    await director(here, open_file).see_until("retention", open_file.path, told)
    assert await items(open_file, here.worker(CARE), "retention") == {"free"}
    stub = await director(here, archived).see("retention", archived.path)
    assert set(stub) == FOUR
    await hidden(here, "retention", archived, here.worker(CARE), here.worker(POLICE))
    manager, reason = here.people("manager-a"), {"reason": "Melding van terugval."}
    await manager.do("retention", f"{archived.path}/inspections", reason)
    file = await manager.do("retention", f"{archived.path}/archived-file", {})
    assert {item["item_id"] for item in file["items"]} == archived.ids("free")


# --- on to phase 4, or to an early end ---------------------------------------------------------------


async def go_on(here: World, cases: Cases) -> None:
    """Bring each case on from where it was."""
    await asyncio.gather(
        _from_its_referral(here, cases["referred"]),
        _from_triage(here, cases["asked"]),
        _from_its_preparation(here, cases["prepared"]),
        _from_an_open_table(here, cases["table"]),
        _from_monitoring(here, cases["monitoring"]),
        p.clean(here, cases["step_1"]),
        *(_from_the_day_itself(here, cases[name]) for name in WHILE_REPLACED),
    )


async def _from_its_referral(here: World, case: Case) -> None:
    await p.take_up(here, case, weighing=WEIGHING)
    await director(here, case).see_until("triage", case.path)
    await p.conclude(here, case, "not-taken-up")


async def _from_the_day_itself(here: World, case: Case) -> None:
    """Decline what was referred while the services were replaced."""
    assert await items(case, director(here, case), "intake") == {"report"}
    await here.party(case.leading).send(im.ConsultationConfirmed(), case=case.case_id)
    decision = {
        "outcome": "not-taken-up",
        "weighing": WEIGHING,
        "reason": "Een keten volstaat.",
        "advice": "Naar het wijkteam.",
    }
    await director(here, case).do("intake", f"{case.path}/screening", decision)


async def _from_triage(here: World, case: Case) -> None:
    await p.decline(here, case)
    await p.conclude(here, case)
    await p.prepare(here, case, care_subjects=list(tm.CareSubject))
    await p.convene(here, case)
    await p.agree(here, case, secrecy=m.Secrecy.NOT_BOUND)
    await p.move_direction(here, case, **MANDATE)
    file = await p.deescalate(here, case)
    shown = case.ids("report", "free", "withheld", "late")
    assert {item["item_id"] for item in file["items"]} == shown
    assert await items(case, here.worker(CARE), "retention") == {"free", "late"}


async def _from_its_preparation(here: World, case: Case) -> None:
    await p.convene(here, case)
    ended = {"outcome": "does-not-belong"}
    await director(here, case).do("rto", f"{case.path}/rtos/{case.rto}/conclusion", ended)


async def _from_an_open_table(here: World, case: Case) -> None:
    """Let nothing leave while it sits, however it was agreed (R64); what was sent then is not sent again."""
    care = here.party(CARE)
    refusal = await director(here, case).try_to_do("rto", f"{case.path}/take-aways", p.taking(case))
    assert refusal.rule == "R64"
    await p.move_direction(here, case, **MANDATE)
    await p.monitor(here, case)
    await p.take_away(here, case)
    assert not care.has(m.ActionsAssigned, case.case_id)
    await _ended_at_a_follow_up(here, case)


async def _from_monitoring(here: World, case: Case) -> None:
    """A release for the table that was taken back is given anew (R65); then the case ends."""
    done = m.ActionProgressed(action_id=case.actions["treat"], progress=m.ActionProgress.DONE)
    await here.party(CARE).send(done, case=case.case_id)
    progress = (await director(here, case).see("rto", case.path))["progress"]
    assert [one["progress"] for one in progress] == ["started", "done"]
    await _ended_at_a_follow_up(here, case)


async def _ended_at_a_follow_up(here: World, case: Case) -> None:
    prepared = {
        "goal": "Vaststellen of het voorbij is.",
        "decision_types": ["deescalation"],
        "themes": ["care"],
        "citizen": "informed-afterwards",
        "care_agreements": "Niemand neemt gegevens van een ander mee zonder akkoord.",
        "consulted_leading_party": True,
    }
    await p.convene(here, case, prepared)
    file = await p.deescalate(here, case)
    assert {item["item_id"] for item in file["items"]} == case.ids("free", "withheld")
    assert await items(case, here.worker(CARE), "retention") == {"free"}
    running = {action["action_id"] for action in file["plan"]["actions"]}
    assert running == set(case.actions.values())


# --- time passes -------------------------------------------------------------------------------------


async def until_all_are_gone(here: World, cases: Cases) -> None:
    """Let a year pass, and see each case go when its time has come (R88, R91, R102)."""
    began = here.now
    await _told_of_the_end(here, cases["archived"])
    here.move_clock_to(began + DAY + timedelta(hours=1))
    await _found_without_leader(here, cases["leaderless"])
    here.move_clock_to(began + 17 * DAY)
    await _informed_at_last(here, cases["asked"])
    early = [cases[name] for name in ("referred", "prepared", "closing", *WHILE_REPLACED)]
    await gone(here, *early)
    here.move_clock_to(began + 33 * DAY)
    await gone(here, cases["leaderless"])
    here.move_clock_to(began + 190 * DAY)
    for name in ("asked", "table", "monitoring", "step_1"):
        case = cases[name]
        await director(here, case).see_until("retention", case.path, lambda seen: set(seen) == FOUR)
    await gone(here, cases["archived"])
    here.move_clock_to(began + 380 * DAY)
    await gone(here, *cases.values())


async def _told_of_the_end(here: World, case: Case) -> None:
    """Under this number each party will hear of the destruction: the version before told none (R106)."""
    for party in p.AT_THE_TABLE:
        announced = await here.party(party).gets(m4.DestructionAnnounced, case=case.case_id)
        assert announced.inform_data_subject is (party == CARE)
    assert [taker.item_id for taker in announced.takers] == [case.items["free"]]


async def _found_without_leader(here: World, case: Case) -> None:
    """The party that led was excluded under the version before; the clock finds it (R115, R102)."""

    def found(page: dict[str, Any]) -> bool:
        return any(one["case_id"] == case.case_id and one.get("leader_left") for one in page["cases"])

    await here.people("manager-a").see_until("triage", "/overdue", found)


async def _informed_at_last(here: World, case: Case) -> None:
    """What was postponed under the version before falls due again to who referred the case (R16, R19)."""
    mother, moment = case.persons[1], InformMoment.TAKEN_UP
    party = here.party(REFERRER)
    await party.gets(
        im.InformingRequested,
        case=case.case_id,
        where=lambda message: (message.person_id, message.moment) == (mother, moment),
    )
    await party.send(im.PersonInformed(person_id=mother, moment=moment), case=case.case_id)


async def gone(here: World, *cases: Case) -> None:
    """Wait until no row of any service leads to these cases (R105)."""
    left = await here.rows_gone(set().union(*(case.names for case in cases)))
    assert not any(left.values()), left
