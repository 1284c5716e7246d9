"""The key authority is away, or dies around a call (F16): others wait, and nothing is ever called erased."""

import asyncio

import httpx
import pytest

from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralSubmitted
from tests.story import cast
from tests.system.faults.load import NAME, Scene, referred

A_WHILE = 3.0  # seconds


def referral() -> ReferralSubmitted:
    return cast.referral((cast.person("Persoon K", PersonRole.SUBJECT, "1990-01-01"),), ())


@pytest.mark.parametrize("frozen", [False, True], ids=["killed", "frozen"])
async def test_while_the_key_authority_is_away_others_wait_and_no_case_is_called_erased_f16(
    scene: Scene, frozen: bool
) -> None:
    """R105."""
    case, referrer, house = await referred(scene), scene.partner(cast.REFERRER), scene.rig.house
    await asyncio.to_thread(house.freeze if frozen else house.kill, "retention")
    message = await referrer.send(referral())
    await asyncio.sleep(A_WHILE)
    assert message in scene.ledger.lost()
    assert await status_of(scene, case.id) in (200, 503), "with the key at hand, or it cannot be shown"
    await scene.rig.kill("intake")
    starting = asyncio.create_task(scene.rig.start("intake"))
    statuses = {await status_of(scene, case.id)}
    await asyncio.sleep(A_WHILE)
    statuses.add(await status_of(scene, case.id))
    assert statuses == {503}, "it cannot be shown, and nobody says that it is not there"
    if frozen:
        house.thaw("retention")
    else:
        await scene.rig.start("retention")
    await starting
    assert isinstance(await referrer.connector.answer(message, within=60), MessageAccepted)
    assert await status_of(scene, case.id) == 200


async def status_of(scene: Scene, case: str) -> int:
    """Return the status of a look, once the service listens."""
    worker = scene.people(f"worker-{cast.REFERRER}")
    url = scene.env["services"]["intake"]["base_url"]
    headers = {"authorization": f"Bearer {await worker.token()}"}
    while True:
        try:
            return (await scene.people.client.get(f"{url}/cases/{case}", headers=headers)).status_code
        except httpx.TransportError:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("service", "point"),
    [("intake", "asking-keys"), ("intake", "keys-at-hand"), ("retention", "named"), ("retention", "marked")],
)
async def test_killed_around_a_key_call_the_case_has_one_key_and_its_texts_open_f16(
    scene: Scene, service: str, point: str
) -> None:
    scene.rig.arm(service, point)
    case, _ = await asyncio.gather(referred(scene), scene.rig.crash(service))
    seen = await scene.people(f"worker-{cast.REFERRER}").see("intake", f"/cases/{case.id}")
    assert seen["persons"][0]["name"] == NAME
