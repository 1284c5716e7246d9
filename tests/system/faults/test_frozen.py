"""Somebody takes something back while a relay, the broker or a consumer stands still (F15, F18, R66, R115).

What is promised: before the answer to who took it back, the broker has the event; from `WITHIN` seconds after
that answer nobody is shown it at any service, and nothing leaves that it forbids. No test asserts how long
anything takes: each waits for the bound, and looks then.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from deploy.local.house import KAFKA
from deploy.local.postgres import Database, run_sql
from deploy.machine.process import Process
from shared.contract.messages.governance import AuthorisationGranted
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.rto import ItemStanding, ReleaseWithdrawn
from shared.contract.messages.triage import QueryIssued
from shared.contract.parties import Scope
from shared.contract.registry import of_model
from shared.ids import new_id
from shared.messaging.currency import WITHIN
from tests.story import cast
from tests.story.people import Person
from tests.system.faults.broker import Broker
from tests.system.faults.ledger import Taped
from tests.system.faults.load import TEXT, Case, Scene, act, ask, taken_up
from tests.system.faults.phases import SHOWING
from tests.system.faults.rig import until

TO_POLICE, RTO_EVENTS = f"zvh.to.{cast.POLICE}", "zvh.rto.events"
TO_WRITE_EVENTS = AclBinding(  # of rto
    ResourceType.TOPIC,
    RTO_EVENTS,
    ResourcePatternType.LITERAL,
    "User:service-rto",
    "*",
    AclOperation.WRITE,
    AclPermissionType.ALLOW,
)
LOOKS = 5
A_MOMENT = 0.5  # seconds, for a request to reach a process that does not read it


# --- who looks, and what is taken back ---------------------------------------------------------------------


def impatient(scene: Scene, username: str, behalf: str | None = None, of: str | None = None) -> Person:
    """Return somebody who is told each answer as it comes; `of`: the process that is asked, as `triage-2`."""
    house = scene.env
    if of is not None:
        place = {of.partition("-")[0]: {"base_url": scene.rig.house.layout.url(of)}}
        house = house | {"services": house["services"] | place}
    known = scene.people(username, behalf)
    return Person(username, house, known.client, known.telling, behalf, patience=-1.0, sworn=known.sworn)


def director(scene: Scene, of: str | None = None) -> Person:
    return impatient(scene, "process-director-a", cast.REFERRER, of)


def shows(answer: httpx.Response) -> bool:
    """Tell whether the item can be read in an answer, which says what to do if there is nothing to see."""
    assert answer.status_code in (200, 503), answer.text
    if answer.status_code == 503:
        assert (answer.json()["title"], answer.json()["remedy"]) == ("NotCurrent", "retry-later")
        assert int(answer.headers["retry-after"]) > 0
    return TEXT in answer.text


async def is_hidden(scene: Scene, case: Case, service: str, of: str | None = None) -> None:
    """Wait until the file can be read again, without the item."""

    async def without_it() -> bool:
        answer = await director(scene, of).get(service, f"/cases/{case.id}")
        return not shows(answer) and answer.status_code == 200

    await until(f"{of or service} to show the rest", without_it)


def withdrawal(case: Case) -> tuple[str, ReleaseWithdrawn]:
    """Return who gave the item of this case, and what it sends to take it back."""
    ((item, party),) = case.items.items()
    return party, ReleaseWithdrawn(item_id=item)


async def takes_back(scene: Scene, case: Case) -> None:
    party, message = withdrawal(case)
    assert isinstance(await scene.partner(party).ask(message, case=case.id), MessageAccepted)


async def shown_at(scene: Scene, service: str) -> Case:
    """Return a case of which this service shows an item."""
    case = await SHOWING[service](scene)
    await scene.rig.drained()
    assert shows(await scene.director().get(service, f"/cases/{case.id}"))
    return case


# --- the relay of the round table --------------------------------------------------------------------------


def told(scene: Scene, case: Case) -> list[Taped]:
    """Return what rto has published on the standing of the items of this case."""
    type_, key = of_model(ItemStanding).type, case.id.encode()
    return [r for r in scene.ledger.tape.on(RTO_EVENTS) if r.key == key and r.headers["ce_type"] == type_]


async def test_frozen_before_the_answer_leaves_the_relay_has_told_the_others_already_f15(
    scene: Scene,
) -> None:
    """So nobody sees the item any more while its giver has yet to hear that it was taken back."""
    case = await shown_at(scene, "triage")
    _, message = withdrawal(case)
    police = scene.partner(cast.POLICE)
    scene.rig.arm("rto", "sending", of=TO_POLICE, kill=False)
    message_id = await police.send(message, case=case.id)
    await scene.rig.reached("rto")
    await until("the event to be at the broker", lambda: told(scene, case))
    await is_hidden(scene, case, "triage")
    assert message_id in scene.ledger.lost(), "it is not answered yet"
    scene.rig.house.thaw("rto")
    assert isinstance(await police.connector.answer(message_id, within=60), MessageAccepted)
    await scene.rig.drained()
    assert len({one.id for one in told(scene, case)}) == 1


async def test_while_the_relay_cannot_tell_the_others_nobody_hears_that_something_is_taken_back_f15(
    scene: Scene,
) -> None:
    """Its answer stays behind the event, which the broker does not take; it is there afterwards."""
    case, broker = await shown_at(scene, "triage"), Broker(scene.env)
    _, message = withdrawal(case)
    police = scene.partner(cast.POLICE)
    broker.take_right(TO_WRITE_EVENTS)
    try:
        message_id = await police.send(message, case=case.id)
        await until("it to be decided", lambda: unsent_of(scene, message_id))
        await asyncio.sleep(WITHIN)
        assert unsent_of(scene, message_id) == 2, "event and answer"
        assert message_id in scene.ledger.lost()
    finally:
        broker.give_right(TO_WRITE_EVENTS)
    assert isinstance(await police.connector.answer(message_id, within=60), MessageAccepted)
    await asyncio.sleep(WITHIN)
    assert not shows(await director(scene).get("triage", f"/cases/{case.id}"))
    await is_hidden(scene, case, "triage")


def unsent_of(scene: Scene, message: str) -> int:
    """Return how many rows of rto's outbox this message caused."""
    counted = f"SELECT count(*) FROM outbox WHERE causation_id = '{message}'"  # noqa: S608 - an id of ours
    return int(run_sql(Database(**scene.env["admin"]["databases"]["rto"]), counted))


# --- the broker --------------------------------------------------------------------------------------------


async def test_while_the_broker_is_frozen_nothing_is_shown_and_who_takes_something_back_is_not_answered_f15(
    scene: Scene,
) -> None:
    """It counts at the round table at once; the same request is answered when the others can hear of it."""
    case = await shown_at(scene, "triage")
    ((item, party),) = case.items.items()
    path, key = f"/cases/{case.id}/items/{item}/release-withdrawal", new_id()
    await scene.people(f"worker-{party}").get("rto", f"/cases/{case.id}")  # signed in, and known there
    await asyncio.to_thread(scene.rig.house.freeze, KAFKA)
    answer = await impatient(scene, f"worker-{party}").post("rto", path, {}, key=key)
    assert (answer.status_code, answer.json()["title"]) == (503, "NotYetKnownElsewhere"), answer.text
    assert int(answer.headers["retry-after"]) > 0
    await asyncio.sleep(WITHIN)
    for service in ("intake", "triage"):
        seen = await director(scene).get(service, f"/cases/{case.id}")
        assert seen.status_code == 503, f"{service}: {seen.text}"
        assert not shows(seen)
    await asyncio.to_thread(scene.rig.house.thaw, KAFKA)
    assert await again(scene, party, path, key) == 200
    await asyncio.sleep(WITHIN)
    assert not shows(await director(scene).get("triage", f"/cases/{case.id}"))
    await is_hidden(scene, case, "triage")
    await scene.rig.drained()
    assert len({one.id for one in told(scene, case)}) == 1, "it was taken back once"


async def again(scene: Scene, party: str, path: str, key: str) -> int:
    """Repeat the request until it is answered with something else than that it may not be known yet."""
    found: list[int] = []

    async def answered() -> bool:
        answer = await impatient(scene, f"worker-{party}").post("rto", path, {}, key=key)
        found.append(answer.status_code)
        return answer.status_code != 503

    await until("an answer", answered)
    return found[-1]


# --- whoever follows ---------------------------------------------------------------------------------------


def is_stopped(process: object) -> bool:
    """Tell whether the kernel holds this process still (proc(5), state T)."""
    assert isinstance(process, Process)
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def stopped(scene: Scene, names: Iterable[str]) -> list[str]:
    running = scene.rig.house.running()
    return [name for name in names if is_stopped(running[name])]


@pytest.mark.parametrize("service", SHOWING)
async def test_while_the_one_that_reads_is_frozen_the_other_process_shows_nothing_that_is_taken_back_f15(
    scene: Scene, service: str
) -> None:
    """Nor does the frozen one, when it wakes with a request in hand."""
    case, both = await shown_at(scene, service), (service, f"{service}-2")
    path = f"/cases/{case.id}"
    async with scene.rig.beside(service):
        scene.rig.arm(service, "read", of=RTO_EVENTS, kill=False)
        await takes_back(scene, case)
        await asyncio.sleep(WITHIN)
        await scene.rig.reached(service)
        (frozen,) = stopped(scene, both)
        (other,) = set(both) - {frozen}
        looks = [await director(scene, other).get(service, path) for _ in range(LOOKS)]
        assert not any(map(shows, looks))
        await is_hidden(scene, case, service, other)
        waking = asyncio.create_task(director(scene, frozen).get(service, path))
        await asyncio.sleep(A_MOMENT)
        scene.rig.house.thaw(frozen)
        assert not shows(await waking)
        await is_hidden(scene, case, service, frozen)
    await scene.rig.drained()


@pytest.mark.parametrize("service", SHOWING)
async def test_who_was_frozen_after_it_had_decided_to_show_something_does_not_show_it_when_it_wakes_f15(
    scene: Scene, service: str
) -> None:
    """What it had read was taken back meanwhile: it reads again."""
    case = await shown_at(scene, service)
    scene.rig.arm(service, "looked", kill=False)
    looking = asyncio.create_task(director(scene).get(service, f"/cases/{case.id}"))
    await scene.rig.reached(service)
    await takes_back(scene, case)
    await asyncio.sleep(WITHIN)
    scene.rig.house.thaw(service)
    assert not shows(await looking)
    await is_hidden(scene, case, service)


# --- what leaves -------------------------------------------------------------------------------------------


async def test_a_letter_in_a_frozen_relay_is_not_sent_when_what_it_rests_on_was_taken_back_f18(
    scene: Scene,
) -> None:
    """It had passed the gate; nobody else leads, so nothing but its age stops it (R122)."""
    case, police = await taken_up(scene, cast.SECOND_REFERRER), scene.partner(cast.POLICE)
    await scene.rig.drained()
    scene.rig.arm("triage", "prepared", of=TO_POLICE, kill=False)
    await ask(scene, case, cast.POLICE)
    await scene.rig.reached("triage")
    await revoke(scene, cast.SECOND_REFERRER)
    await asyncio.sleep(WITHIN)
    scene.rig.house.thaw("triage")
    await scene.rig.drained()
    assert not police.of(QueryIssued, case.id)
    await authorise_again(scene, cast.SECOND_REFERRER)
    await ask(scene, case, cast.MENTAL_HEALTH)
    await scene.partner(cast.MENTAL_HEALTH).gets(QueryIssued, case.id)
    await scene.rig.drained()
    assert not police.of(QueryIssued, case.id)


async def revoke(scene: Scene, party: str) -> None:
    """Take back what this party has authorised, as its worker."""
    worker = scene.people(f"worker-{party}")
    known = (await worker.see("governance", f"/parties/{party}"))["authorisations"]
    for one in known:
        if one["revoked_at"] is None:
            path = f"/parties/{party}/authorisations/{one['authorisation_id']}/revocation"
            await act(worker, "governance", path, {})


async def authorise_again(scene: Scene, party: str) -> None:
    """Grant an authorisation for all, and accept it (R122, R123)."""
    granted = AuthorisationGranted(authorisation_id=new_id(), acting_body="college", scopes=tuple(Scope))
    assert isinstance(await scene.partner(party).ask(granted), MessageAccepted)
    path = f"/parties/{party}/authorisations/{granted.authorisation_id}/acceptance"
    await act(scene.people("process-director-a"), "governance", path, {"processor_agreement": True})
