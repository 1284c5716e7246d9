"""One destination fails (F11): what is for it waits, and everything else goes on."""

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from deploy.story import cast
from shared.messages.house import MessageRefused
from shared.messages.intake import ConsultationConfirmed
from tests.faults.broker import Broker
from tests.faults.load import Scene, referred
from tests.faults.rig import until

DEAD = "zvh.intake.dead"
TO_WRITE_IT = AclBinding(
    ResourceType.TOPIC,
    DEAD,
    ResourcePatternType.LITERAL,
    "User:service-intake",
    "*",
    AclOperation.WRITE,
    AclPermissionType.ALLOW,
)


async def test_a_dead_letter_that_cannot_be_written_waits_and_nothing_else_does_f11(scene: Scene) -> None:
    """Also on a topic to which the same producer has written before."""
    referrer, broker = scene.partner(cast.REFERRER), Broker(scene.env)
    first = await referrer.send_broken(ConsultationConfirmed())
    assert isinstance(await referrer.connector.answer(first, within=60), MessageRefused)
    await scene.rig.drained()
    broker.take_right(TO_WRITE_IT)
    try:
        message = await referrer.send_broken(ConsultationConfirmed())
        assert isinstance(await referrer.connector.answer(message, within=60), MessageRefused)
        await referred(scene)
        await until("only the dead letter to wait", lambda: scene.rig.unsent("intake") == 1)
        assert message not in {letter.message_id for letter in scene.ledger.dead("intake")}
    finally:
        broker.give_right(TO_WRITE_IT)
    await scene.rig.drained()
    assert [letter.message_id for letter in scene.ledger.dead("intake")].count(message) == 1
