"""One destination fails (F11) or is gone (F24): what is for it waits, and everything else goes on."""

import asyncio

from shared.contract.messages.house import MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.messages.triage import QueryIssued
from tests.story import cast
from tests.system.faults.broker import TO_WRITE_DEAD_LETTERS, Broker
from tests.system.faults.load import Scene, ask, referred, taken_up
from tests.system.faults.rig import until

NOTICED_BY_NOBODY = 10  # seconds; far below those a producer tries to write to a topic that is gone


async def test_a_dead_letter_that_cannot_be_written_waits_and_nothing_else_does_f11(scene: Scene) -> None:
    """Also on a topic to which the same producer has written before."""
    referrer, broker = scene.partner(cast.REFERRER), Broker(scene.env)
    first = await referrer.send_broken(ConsultationConfirmed())
    assert isinstance(await referrer.connector.answer(first, within=60), MessageRefused)
    await scene.rig.drained()
    broker.take_right(TO_WRITE_DEAD_LETTERS)
    try:
        message = await referrer.send_broken(ConsultationConfirmed())
        assert isinstance(await referrer.connector.answer(message, within=60), MessageRefused)
        await referred(scene)
        await until("only the dead letter to wait", lambda: scene.rig.unsent("intake") == 1)
        assert message not in {letter.message_id for letter in scene.ledger.dead("intake")}
    finally:
        broker.give_right(TO_WRITE_DEAD_LETTERS)
    await scene.rig.drained()
    assert [letter.message_id for letter in scene.ledger.dead("intake")].count(message) == 1


async def test_a_topic_that_is_gone_holds_nobody_up_and_is_written_again_when_it_is_back_f24(
    scene: Scene,
) -> None:
    """Of a party to which the same relay has written before."""
    broker, gone, there = Broker(scene.env), scene.partner(cast.PROBATION), scene.partner(cast.POLICE)
    first, second, third = [await taken_up(scene) for _ in range(3)]
    await ask(scene, first, gone.id)
    await gone.gets(QueryIssued, first.id)
    await scene.rig.drained()
    await asyncio.to_thread(broker.remove_inbox, gone.id)
    for case in (second, third):
        await ask(scene, case, gone.id)
        await ask(scene, case, there.id)
        await there.gets(QueryIssued, case.id, within=NOTICED_BY_NOBODY)
    assert scene.rig.unsent("triage") == 2
    await asyncio.to_thread(broker.make_inbox, gone.id)
    for case in (second, third):
        await gone.gets(QueryIssued, case.id, within=60)
    await scene.rig.drained()
    assert not gone.handed_twice()
