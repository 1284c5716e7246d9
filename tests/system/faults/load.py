"""Play cases at the same time, from referral to answered queries, and check what came of them."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed, InformingRequested, ReferralReceived
from shared.contract.messages.triage import QueryAnswered, QueryIssued
from shared.ids import new_id
from tests.story import cast, clock
from tests.story.people import People, Person
from tests.system.faults.ledger import Ledger
from tests.system.faults.partner import ANSWERED_WITHIN, Partner
from tests.system.faults.rig import DidNotHappen, Rig

REFERRERS = (cast.REFERRER, cast.SECOND_REFERRER)
ASKED = (cast.POLICE, cast.MENTAL_HEALTH)
NAME, TEXT = "Persoon Wq8Zx3Lm", "Sinds het voorjaar bekend: Kanarievogel-7Rv2Yp."  # found nowhere else


@dataclass(frozen=True)
class Scene:
    """Hold a house that can be broken, its parties' recording programs, and the ledger between them."""

    rig: Rig
    ledger: Ledger
    people: People
    partners: dict[str, Partner]

    @property
    def env(self) -> dict[str, Any]:
        return self.people.house

    def partner(self, name: str) -> Partner:
        return self.partners[name]

    def forget(self) -> None:
        """Forget what came out right by now, but which cases there are."""
        self.ledger.forget()
        for partner in self.partners.values():
            partner.received[:] = [x for x in partner.received if isinstance(x.message, ReferralReceived)]

    def director(self, referrer: str = cast.REFERRER) -> Person:
        return self.people("process-director-a", referrer)


@dataclass
class Case:
    """Record what was done in one case."""

    referrer: str
    id: str = ""
    referral: str = ""
    person: str = ""
    items: dict[str, str] = field(default_factory=dict)


async def act(person: Person, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Retry until it is done: with the same key while nobody answers, with a new one after a refusal."""
    deadline, key = asyncio.get_running_loop().time() + ANSWERED_WITHIN, new_id()
    while True:
        try:
            response = await person.post(service, path, body, key=key)
        except httpx.TransportError as error:
            said = type(error).__name__
        else:
            if response.is_success:
                done: dict[str, Any] = response.json()
                return done
            said = response.text
            key = key if response.is_server_error else new_id()
        if asyncio.get_running_loop().time() > deadline:
            raise DidNotHappen(f"{person.username} POST {service}{path}: {said}")
        await asyncio.sleep(0.3)


async def referred(scene: Scene, referrer: str = cast.REFERRER, *, told: bool = False) -> Case:
    """Refer a case, and wait until it is on record; `told`: its data subject was informed beforehand."""
    man = cast.person(NAME, PersonRole.SUBJECT, "1990-01-01")
    knew = (man.person_id,) if told else ()
    referral, partner = cast.referral((man,), (), informed_beforehand=knew), scene.partner(referrer)
    assert isinstance(await partner.ask(referral), MessageAccepted)
    received = await partner.gets(ReferralReceived, where=lambda m: m.referral_id == referral.referral_id)
    return Case(referrer, received.case_id, referral.referral_id, man.person_id)


async def taken_up(scene: Scene, referrer: str = cast.REFERRER) -> Case:
    """Refer a case, and take it up to triage."""
    case = await referred(scene, referrer)
    assert isinstance(
        await scene.partner(referrer).ask(ConsultationConfirmed(), case=case.id), MessageAccepted
    )
    await screen(scene, case)
    return case


async def screen(scene: Scene, case: Case) -> None:
    decision = {"outcome": "taken-up", "advice": "Geen.", "weighing": "Politie en zorg kunnen bijdragen."}
    await act(scene.director(case.referrer), "intake", f"/cases/{case.id}/screening", decision)


async def ask(scene: Scene, case: Case, party: str) -> None:
    """Put a query to this party as the director, on behalf of the referrer."""
    now = clock.covenant_now(scene.rig.house.layout.clock_file)
    query = cast.query(party, now + timedelta(days=1), persons=[])
    await act(scene.director(case.referrer), "triage", f"/cases/{case.id}/queries", query)


async def answer(scene: Scene, case: Case, party: str, times: int = 1) -> None:
    """Answer as the party, with one item."""
    partner, item = scene.partner(party), cast.item(TEXT, BODY[party])
    query = await partner.gets(QueryIssued, case.id)
    message = QueryAnswered(query_id=query.query_id, involved=True, items=(item,))
    assert isinstance(await partner.ask(message, case=case.id, times=times), MessageAccepted)
    case.items[item.item_id] = party


BODY = {cast.POLICE: "eenheidsleiding", cast.MENTAL_HEALTH: "bestuur"}


async def play(scene: Scene, seed: str, last: float) -> Case:
    """Play one case from referral to two answers, with repetitions and mistakes, over some `last` seconds."""
    dice = random.Random(seed)  # noqa: S311 - a seeded history, not a secret

    async def pause() -> None:
        await asyncio.sleep(dice.uniform(0, last / 3))

    await pause()
    case = await referred(scene, dice.choice(REFERRERS))
    referrer = scene.partner(case.referrer)
    if dice.random() < 0.3:
        await referrer.send_broken(ConsultationConfirmed())
    confirmed = await referrer.ask(ConsultationConfirmed(), case=case.id, times=dice.choice((1, 1, 2)))
    assert isinstance(confirmed, MessageAccepted)
    if dice.random() < 0.3:
        assert isinstance(await referrer.ask(ConsultationConfirmed(), case=case.id), MessageRefused)
    await pause()
    await screen(scene, case)
    for party in ASKED:
        await ask(scene, case, party)
    await pause()
    await asyncio.gather(*(answer(scene, case, party, dice.choice((1, 1, 2))) for party in ASKED))
    return case


async def play_all(scene: Scene, cases: int, seed: int, last: float = 0) -> list[Case]:
    """Play so many at the same time."""
    return list(await asyncio.gather(*(play(scene, f"{seed}-{n}", last) for n in range(cases))))


async def check(scene: Scene, cases: list[Case]) -> None:
    """Check over HTTP and at every partner that each act of each case had one effect."""
    await asyncio.gather(*(_check(scene, case) for case in cases))
    assert not any(partner.handed_twice() for partner in scene.partners.values())


async def _check(scene: Scene, case: Case) -> None:
    director, referrer = scene.director(case.referrer), scene.partner(case.referrer)
    at_intake = await director.see("intake", f"/cases/{case.id}")
    assert (at_intake["phase"], len(at_intake["duties"])) == ("taken-up", 1)
    at_triage = await director.see("triage", f"/cases/{case.id}")
    asked = {query["recipient"]: len(query["replies"]) for query in at_triage["queries"]}
    assert len(at_triage["queries"]) == len(asked)
    assert asked == dict.fromkeys(ASKED, 1)
    assert Counter(item["item_id"] for item in at_triage["items"]) == Counter(case.items.keys())
    received = [m for m in referrer.of(ReferralReceived) if m.referral_id == case.referral]
    assert [m.case_id for m in received] == [case.id]
    assert [m.person_id for m in referrer.of(InformingRequested, case.id)] == [case.person]
    for party in ASKED:
        assert len(scene.partner(party).of(QueryIssued, case.id)) == 1
