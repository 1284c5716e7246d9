"""The broker or the database is killed, or frozen and woken (F5, F8); in the middle of work that goes on."""

import asyncio

import pytest

from deploy.local.house import KAFKA, POSTGRES
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ConsultationConfirmed, ReferralScreened
from shared.kafka.admin import Partition
from tests.story import cast
from tests.system.faults.broker import Broker
from tests.system.faults.load import Scene, referred, screen
from tests.system.faults.rig import until

IDS = ["killed", "frozen"]
A_WHILE = 3.0  # seconds


async def away(scene: Scene, server: str, frozen_for: float) -> None:
    await asyncio.to_thread(scene.rig.house.freeze if frozen_for else scene.rig.house.kill, server)


async def back(scene: Scene, server: str, frozen_for: float) -> None:
    if frozen_for:
        await asyncio.sleep(frozen_for - A_WHILE)
        await asyncio.to_thread(scene.rig.house.thaw, server)
    else:
        await scene.rig.start(server)


@pytest.mark.parametrize("frozen_for", [0, 30], ids=IDS)
async def test_while_the_broker_is_away_an_outbox_grows_and_after_it_drains_f5(
    scene: Scene, frozen_for: float
) -> None:
    case, referrer = await referred(scene), scene.partner(cast.REFERRER)
    assert isinstance(await referrer.ask(ConsultationConfirmed(), case=case.id), MessageAccepted)
    await scene.rig.drained()
    await away(scene, KAFKA, frozen_for)
    sending = asyncio.create_task(referrer.send(ConsultationConfirmed(), case=case.id))
    await screen(scene, case)
    await asyncio.sleep(A_WHILE)
    assert scene.rig.unsent("intake") == 3, "the decision to its referrer, a duty to inform, and the event"
    assert not referrer.of(ReferralScreened, case.id)
    await back(scene, KAFKA, frozen_for)
    await referrer.gets(ReferralScreened, case.id, within=60)
    await sending
    await scene.rig.drained()


@pytest.mark.parametrize("frozen_for", [0, 10], ids=IDS)
async def test_while_the_database_is_away_nothing_is_acknowledged_and_after_it_all_is_done_f8(
    scene: Scene, frozen_for: float
) -> None:
    case, referrer, broker = await referred(scene), scene.partner(cast.REFERRER), Broker(scene.env)
    await scene.rig.drained()
    group, place = "zvh.intake.from", Partition(f"zvh.intake.from.{cast.REFERRER}", 0)
    await asyncio.sleep(1)
    before = (await broker.acknowledged(group))[place]
    await away(scene, POSTGRES, frozen_for)
    message = await referrer.send(ConsultationConfirmed(), case=case.id)
    await asyncio.sleep(A_WHILE)
    assert (await broker.acknowledged(group))[place] == before
    assert message in scene.ledger.lost()
    await back(scene, POSTGRES, frozen_for)
    assert isinstance(await referrer.connector.answer(message, within=60), MessageAccepted)

    async def all_read() -> bool:
        return not await broker.unread(group)

    await until("it to be acknowledged", all_read, within=20)
