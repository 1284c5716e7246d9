"""A known-check in one house and with another one, whose part a party's connector plays (R13, R38, R39)."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.local import house as local
from deploy.local.environment import admin_connection
from deploy.local.house import House
from deploy.local.parties import parties_of
from deploy.machine.keys import new_encryption_key, new_signing_key
from deploy.provisioning.provision import provision_parties
from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ConsultationConfirmed, ReferralReceived
from shared.contract.messages.known_check import (
    CheckNecessity,
    KnownAnswer,
    KnownCheckAnswered,
    KnownCheckAsked,
    KnownCheckConsultationAsked,
    KnownCheckConsulted,
)
from shared.contract.parties import KeyUse
from shared.crypto.jose import load_key, public_jwk
from shared.ids import new_id
from tests.story import cast
from tests.story.founding import announce
from tests.story.party import Party
from tests.story.world import World
from tests.support.containers import chosen
from tests.system.flows.cases import TAKEN_UP
from tests.system.flows.conftest import SHORT_PATIENCE, with_parties

PARTIES = [party for party in parties_of("noord-limburg") if party.id in cast.CONNECTED]
HOUSE, SOURCE = "zvh-gelderland-zuid", "urn:nld:oin:00000099000000077000:systeem:zvh-intake"
BORN = "1988-03-21"
WHY = {"necessity": "whether-this-referral-is-a-duplicate", "reason": "Een tweede melding over dezelfde man."}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start a house of this file's own: another house on record stays there, and the clock moves."""
    directory = tmp_path_factory.mktemp("known")
    started = local.start(directory, parties=PARTIES, patience=SHORT_PATIENCE, servers=chosen().servers)
    yield started
    started.reset()


@pytest.fixture(scope="module")
async def founded(house: House) -> AsyncIterator[World]:
    """Yield it with its parties, their keys and authorisations."""
    async with with_parties(house, PARTIES) as here:
        yield here


@pytest.fixture(scope="module")
async def other_house(founded: World) -> AsyncIterator[Party]:
    """Yield another house as this one sees it: on record, with a login, a topic and keys; no party."""
    env = founded.house
    made = provision_parties(admin_connection(env), [HOUSE], prefix=env["topic_prefix"])
    keys = {"signing_key": new_signing_key(), "encryption_key": new_encryption_key()}
    own = {"source": SOURCE, "user": HOUSE, "password": made[HOUSE], **keys}
    jwk = public_jwk(load_key(keys["signing_key"]), KeyUse.SIGNING)
    body = {
        "party": HOUSE,
        "name": "Zorg- en Veiligheidshuis Gelderland-Zuid",
        "source": SOURCE,
        "connected_from": (founded.now - timedelta(days=1)).isoformat(),
        "signing_key": {"kid": jwk["kid"], "jwk": {name: jwk[name] for name in ("kty", "crv", "x", "y")}},
    }
    await founded.people("secretary-a").do("governance", "/houses", body)
    known = {**env, "parties": {**env["parties"], HOUSE: own}}
    async with Party(HOUSE, known, founded.telling) as party:
        await announce(party)
        yield party


async def referred(world: World, name: str, born: str = BORN) -> tuple[str, str]:
    """Refer somebody; return the case and the person."""
    man = cast.person(name, PersonRole.SUBJECT, born)
    referral = cast.referral((man,), ())
    venlo = world.party(cast.REFERRER)
    await venlo.send(referral)
    received = await venlo.gets(ReferralReceived, where=lambda m: m.referral_id == referral.referral_id)
    return received.case_id, man.person_id


async def checks(world: World, case: str) -> list[dict[str, Any]]:
    director = world.people("process-director-a", cast.REFERRER)
    found: list[dict[str, Any]] = (await director.see("intake", f"/cases/{case}/known-checks"))["checks"]
    return found


def asks(name: str, born: str = BORN) -> KnownCheckAsked:
    """What the other house asks about somebody."""
    return KnownCheckAsked(
        check_id=new_id(),
        case_id=new_id(),
        on_behalf_of="gemeente-nijmegen",
        acting_body="college",
        task=cast.TASK,
        necessity=CheckNecessity.COORDINATION,
        name=name,
        date_of_birth=born,
    )


async def test_a_person_is_known_here_and_between_two_houses_and_nobody_hears_more(
    founded: World, other_house: Party
) -> None:
    """R13, R38, R39: yes or no and a director; every answer to another house at the end of its term."""
    venlo = founded.party(cast.REFERRER)
    director = founded.people("process-director-a", cast.REFERRER)
    case, man = await referred(founded, "Quirijn van der Berg")
    await venlo.send(ConsultationConfirmed(), case=case)
    await director.do("intake", f"/cases/{case}/screening", TAKEN_UP)

    again, _ = await referred(founded, "BERG, Quïrijn v.d.", "21-3-1988")
    await director.do("intake", f"/cases/{again}/known-checks", WHY)
    (found,) = await checks(founded, again)
    whose = await founded.subject_of("process-director-a")
    assert (found["answer"], found["director"]) == ("yes", whose)
    brother, _ = await referred(founded, "Willem van der Berg")
    await director.do("intake", f"/cases/{brother}/known-checks", WHY)
    assert [one["answer"] for one in await checks(founded, brother)] == ["no"]
    refused = await founded.worker(cast.REFERRER).try_to_see("intake", f"/cases/{again}/known-checks")
    assert refused.rule == "R34"

    about_him, about_nobody = asks("van der Berg, Quirijn"), asks("Persoon Niemand")
    for one in (about_him, about_nobody, silent := asks("Quirijn van der Berg", "1988")):
        await other_house.send(one)
    waiting = (await director.see("intake", "/known-checks"))["checks"]
    numbers = {one["case_id"]: one["check"] for one in waiting if one["house"] == HOUSE}
    number = numbers[case]
    await director.do("intake", f"/known-checks/{number}/consultation-request", {})
    asked = await venlo.gets(KnownCheckConsultationAsked, case=number)
    assert (asked.case_id, asked.person_id, asked.house) == (case, man, HOUSE)
    await venlo.send(KnownCheckConsulted(may_be_answered=True), case=number)
    await director.do("intake", f"/known-checks/{number}/decision", {"answer": "yes"})
    for one in waiting:
        if one["case_id"] is None:
            await director.do("intake", f"/known-checks/{one['check']}/decision", {"answer": "no"})
    assert not other_house.has(KnownCheckAnswered)

    ask_there = {"person_id": man, "house": HOUSE, "necessity": "whether-approaches-must-be-coordinated"}
    await director.do("intake", f"/cases/{case}/known-checks", {**ask_there, "reason": "Hij woont daar."})
    from_here = await other_house.gets(KnownCheckAsked, case=case)
    assert (from_here.name, from_here.date_of_birth) == ("Quirijn van der Berg", BORN)
    assert (from_here.on_behalf_of, from_here.case_id) == (cast.REFERRER, case)
    theirs = KnownCheckAnswered(
        check_id=from_here.check_id, answer=KnownAnswer.YES, director="their-director"
    )
    await other_house.send(theirs, case=case)
    (answered,) = await checks(founded, case)
    assert (answered["answer"], answered["director"]) == ("yes", "their-director")
    assert (await other_house.try_to_send(theirs, case=case)).name == "KnownCheckIsOver"
    own = cast.referral((cast.person("Persoon X", PersonRole.SUBJECT, BORN),), ())
    assert (await other_house.try_to_send(own)).name == "NotAParty"

    await founded.a_minute_before(founded.now + timedelta(days=7))
    founded.move_clock_to(founded.now + timedelta(minutes=2))
    answers = {
        one.case_id: await other_house.gets(KnownCheckAnswered, case=one.case_id)
        for one in (about_him, about_nobody, silent)
    }
    assert [(one.answer, one.director) for one in answers.values()] == [
        (KnownAnswer.YES, whose),
        (KnownAnswer.NO, None),
        (KnownAnswer.NO_ANSWER, None),
    ]
    log = await founded.people("privacy-officer-a").see("intake", f"/cases/{case}/access-log")
    of_checks = [
        (one["thing"], one["rule"], one["basis"]) for one in log["entries"] if "known" in one["thing"]
    ]
    assert ("known-check", "R13", WHY["necessity"]) in of_checks
    assert ("known-check", "R39", CheckNecessity.COORDINATION.value) in of_checks
