"""Unusual strings put in as name, number and text are found in no file, neither before nor after."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from deploy.story import cast
from deploy.story.world import World
from shared.messages.intake import ConsultationConfirmed, ReferralReceived
from shared.messages.retention import FileDestroyed
from shared.messages.triage import QueryAnswered, QueryIssued
from shared.words import PersonRole
from tests.canary import search

NAME = "Kanarievogel-Wq8Zx3Lm"
NUMBER = "999994927-Kq5Tn8"
TEXTS = [f"Kanarietekst-{letter}7Rv2Yp{letter}" for letter in "ABCDEFGH"]
WORDS = [NAME, NUMBER, *TEXTS]


def places(house: House) -> list[Path]:
    """Every file of PostgreSQL, Kafka, the services' keys and all logs."""
    layout = house.layout
    postgres = (
        (layout.postgres / "data").resolve() if (layout.postgres / "data").is_symlink() else layout.postgres
    )
    return [layout.directory, postgres]


async def test_no_file_holds_what_was_said(founded: World, house: House) -> None:
    case = await _a_case(founded)
    assert await asyncio.to_thread(_flushed_search, house) == {}
    await _ended(founded, case)
    assert await asyncio.to_thread(_flushed_search, house) == {}


def _flushed_search(house: House) -> dict[str, Any]:
    """After a checkpoint, so that PostgreSQL's pages are on disk."""
    admin = house.env["admin"]["postgres"]
    run_sql(Database(**admin), "CHECKPOINT")
    return search(places(house), WORDS)


async def _a_case(world: World) -> str:
    """A referral, a screening, a query and an answer, full of canaries."""
    referrer, police = world.party(cast.REFERRER), world.party(cast.POLICE)
    person = cast.person(NAME, PersonRole.SUBJECT, "1990-01-01").model_copy(update={"bsn": NUMBER})
    item = cast.item(TEXTS[0], "college", necessity=TEXTS[1], persons=(person.person_id,))
    await referrer.send(cast.referral((person,), (item,), weighing=TEXTS[2]))
    case = (await referrer.gets(ReferralReceived)).case_id
    await referrer.send(ConsultationConfirmed(remark=TEXTS[3]), case=case)
    director = world.people("process-director-a", cast.REFERRER)
    await director.do("intake", f"/cases/{case}/screening", {"outcome": "taken-up", "advice": TEXTS[4]})
    query = {
        "recipient": cast.POLICE,
        "task": cast.TASK,
        "purpose": TEXTS[5],
        "necessity": "Nodig.",
        "question": TEXTS[6],
        "reason": "Betrokken.",
        "persons": [person.person_id],
        "reply_before": (world.now + timedelta(days=7)).isoformat(),
    }
    await director.do_when_possible("triage", f"/cases/{case}/queries", query)
    issued = await police.gets(QueryIssued, case=case)
    assert issued.question == TEXTS[6]
    assert issued.persons[0].name == NAME
    answered = cast.item(TEXTS[7], "eenheidsleiding", shareable_at_rto=True)
    await police.send(QueryAnswered(query_id=issued.query_id, involved=True, items=(answered,)), case=case)
    seen = await director.see("triage", f"/cases/{case}")
    assert TEXTS[7] in [found["content"] for found in seen["items"]]
    return case


async def _ended(world: World, case: str) -> None:
    director = world.people("process-director-a", cast.REFERRER)
    body = {"outcome": "not-taken-up", "advice": "Naar het wijkteam."}
    await director.do("triage", f"/cases/{case}/conclusion", body)
    await director.see_until("retention", f"/cases/{case}", lambda found: found["phase"] == "closing")
    world.move_clock_to(world.now + timedelta(days=14, hours=1))
    await world.party(cast.REFERRER).gets(FileDestroyed, case=case)
