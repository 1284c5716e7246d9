"""The disk under PostgreSQL or Kafka is full: work waits or is told to come again, and none is lost (F12)."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.house import KAFKA, POSTGRES
from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ReferralReceived, ReferralSubmitted
from shared.ids import new_id
from tests.story import cast
from tests.story.people import Person
from tests.system.faults.disk import SmallDisk, small_disk, why_no_disk
from tests.system.faults.load import Scene, referred
from tests.system.faults.rig import until

MANY = 12  # referrals; each needs new pages, where a small change finds room in an old one
A_WHILE = 3.0  # seconds


@pytest.fixture(autouse=True)
def can_be_made(scene: Scene, tmp_path: Path) -> None:
    if why := why_no_disk(scene.rig.house, tmp_path / "scratch"):
        pytest.skip(why)


def large() -> ReferralSubmitted:
    """Make a referral of nearly 32 KiB that no compression makes small."""
    text = "".join(new_id() for _ in range(700))
    man = cast.person("Persoon A", PersonRole.SUBJECT, "1990-01-01")
    return cast.referral((man,), (cast.item(text, "college"),))


async def ready(scene: Scene, service: str) -> dict[str, bool]:
    url = scene.env["services"][service]["base_url"]
    try:
        answer = await scene.people.client.get(f"{url}/readyz")
    except httpx.TransportError:
        return {}
    return dict(answer.json()) if answer.status_code in (200, 503) else {}


async def says(scene: Scene, what: str) -> None:
    """Wait until intake says that this is what keeps it from being ready."""

    async def does() -> bool:
        return (await ready(scene, "intake")).get(what) is False

    await until(f"/readyz to name {what}", does)


async def post(person: Person, message: ReferralSubmitted, key: str) -> httpx.Response:
    """Refer over HTTP, once."""
    return await person.client.post(
        person._url("intake", "/referrals"),
        json=message.model_dump(mode="json", exclude_none=True),
        headers={"authorization": f"Bearer {await person.token()}", "idempotency-key": key},
    )


async def made_room(scene: Scene, disk: SmallDisk, server: str) -> None:
    """Make room, and start the server if it has ended for want of it, as whoever supervises it does."""
    await asyncio.to_thread(disk.make_room)
    if server not in scene.rig.house.running():
        await scene.rig.start(server)


async def test_with_a_full_disk_the_database_refuses_and_all_is_done_when_there_is_room_f12(
    scene: Scene,
) -> None:
    """R129: a connector keeps what is unanswered, a person is told to come again; each has one effect."""
    partner, worker = scene.partner(cast.REFERRER), scene.people(f"worker-{cast.REFERRER}")
    await worker.token()
    by_hand, key = large(), new_id()
    with small_disk(scene.rig, POSTGRES) as disk:
        await referred(scene)
        await scene.rig.drained()
        disk.fill()
        referrals = [large() for _ in range(MANY)]
        sent = [await partner.send(referral) for referral in referrals]
        await says(scene, "room")
        refused = await post(worker, by_hand, key)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True), refused.text
        await asyncio.sleep(A_WHILE)
        assert set(sent) & set(scene.ledger.lost()), "all of it found room"

        await made_room(scene, disk, POSTGRES)
        await scene.ledger.balanced(within=60)
        await scene.rig.drained(within=60)
        assert (await post(worker, by_hand, key)).status_code == 200
        await each_received_once(scene, referrals)


async def test_with_a_full_disk_the_broker_ends_and_all_is_done_when_it_is_back_f12(scene: Scene) -> None:
    """Kafka gives up its only log directory, so the broker ends; connectors keep what is not acknowledged."""
    partner = scene.partner(cast.REFERRER)
    with small_disk(scene.rig, KAFKA) as disk:
        await referred(scene)
        await scene.rig.drained()
        disk.fill()
        referrals = [large() for _ in range(MANY)]
        sending = [asyncio.create_task(partner.send(referral)) for referral in referrals]
        await says(scene, "broker")
        await until("the broker to have ended", lambda: KAFKA not in scene.rig.house.running())
        await asyncio.sleep(A_WHILE)

        await made_room(scene, disk, KAFKA)
        await asyncio.wait_for(asyncio.gather(*sending), 60)
        await scene.ledger.balanced(within=60)
        await scene.rig.drained(within=60)
        await each_received_once(scene, referrals)


async def each_received_once(scene: Scene, referrals: list[ReferralSubmitted]) -> None:
    """Check that each became one case."""
    partner = scene.partner(cast.REFERRER)
    for referral in referrals:
        where: Any = lambda m, id_=referral.referral_id: m.referral_id == id_  # noqa: E731
        await partner.gets(ReferralReceived, where=where)
        assert len([m for m in partner.of(ReferralReceived) if where(m)]) == 1
