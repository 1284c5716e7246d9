"""What was asked was done, and the reply is lost (F4): it is asked again, and has one effect."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from deploy.machine.secrets import write_private_json
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ConsultationConfirmed, ReferralScreened
from shared.ids import new_id
from tests.story import cast
from tests.system.faults.load import Scene, referred
from tests.system.faults.proxy import Proxy


@pytest.fixture(scope="module")
async def proxy(scene: Scene) -> AsyncIterator[Proxy]:
    """Between intake and its database."""
    house, file = scene.rig.house, scene.rig.house.layout.settings_file("intake")
    settings = json.loads(file.read_text())
    async with Proxy(int(settings["ZVH_DATABASE_PORT"])) as between:
        write_private_json(file, settings | {"ZVH_DATABASE_PORT": str(between.port)})
        await asyncio.to_thread(house.stop_one, "intake")
        await scene.rig.start("intake")
        yield between
        write_private_json(file, settings)
        await asyncio.to_thread(house.stop_one, "intake")
        await scene.rig.start("intake")


async def test_when_the_reply_to_a_commit_is_lost_a_message_has_one_effect_f4(
    scene: Scene, proxy: Proxy
) -> None:
    case, referrer, message_id = await referred(scene), scene.partner(cast.REFERRER), new_id()
    proxy.lose_reply_to_commit_of(message_id)
    await referrer.send(ConsultationConfirmed(), case=case.id, message_id=message_id)
    await asyncio.wait_for(proxy.lost.wait(), 20)
    assert isinstance(await referrer.connector.answer(message_id, within=60), MessageAccepted)
    seen = await scene.people(f"worker-{cast.REFERRER}").see("intake", f"/cases/{case.id}")
    assert seen["phase"] == "consulted"


async def test_when_the_reply_to_a_commit_is_lost_a_request_repeated_has_one_effect_f4(
    scene: Scene, proxy: Proxy
) -> None:
    case, referrer, key = await referred(scene), scene.partner(cast.REFERRER), new_id()
    await referrer.ask(ConsultationConfirmed(), case=case.id)
    proxy.lose_reply_to_commit_of(key)
    decision = {"outcome": "taken-up", "advice": "Geen.", "weighing": "Politie en zorg kunnen bijdragen."}
    path = f"/cases/{case.id}/screening"
    done = await scene.director().post("intake", path, decision, key=key)
    assert proxy.lost.is_set()
    assert (done.status_code, done.json()) == (200, {})
    await referrer.gets(ReferralScreened, case.id)
    await scene.rig.drained()
    assert len(referrer.of(ReferralScreened, case.id)) == 1


async def test_when_the_reply_of_the_broker_is_lost_a_letter_arrives_once_f4(scene: Scene) -> None:
    """The producer asks again; a letter that stands there twice has one id, and is handed on once."""
    case, referrer = await referred(scene), scene.partner(cast.REFERRER)
    await scene.rig.drained()
    scene.rig.arm("intake", "produce-reply", lose=True)
    message_id = await referrer.send(ConsultationConfirmed(), case=case.id)
    await scene.rig.reached("intake")
    assert isinstance(await referrer.connector.answer(message_id, within=60), MessageAccepted)
    await scene.rig.drained()
    assert [received.about for received in referrer.received].count(message_id) == 1
    assert len({record.id for record in scene.ledger.tape.about(message_id)}) == 1
