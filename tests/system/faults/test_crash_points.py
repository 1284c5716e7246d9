"""A service dies exactly where its work crosses a process boundary (F1, F2, F3); it is started again."""

import asyncio
from typing import Any

import pytest

from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ConsultationConfirmed, ReferralScreened
from shared.contract.messages.triage import QueryIssued
from tests.story import cast
from tests.system.faults.load import Scene, answer, ask, referred, screen, taken_up

TO_REFERRER = f"zvh.to.{cast.REFERRER}"
EVENTS = "zvh.intake.events"


async def test_killed_between_commit_and_publish_it_is_published_after_the_restart_f1(scene: Scene) -> None:
    case, referrer = await referred(scene), scene.partner(cast.REFERRER)
    scene.rig.arm("intake", "committed", of="ConfirmConsultation")
    message = await referrer.send(ConsultationConfirmed(), case=case.id)
    await scene.rig.died("intake")
    assert scene.rig.unsent("intake") == 1
    assert message in scene.ledger.lost()
    await scene.rig.start("intake")
    assert isinstance(await referrer.connector.answer(message, within=60), MessageAccepted)


async def test_killed_between_publish_and_deleting_its_row_a_letter_goes_twice_and_arrives_once_f2(
    scene: Scene,
) -> None:
    case, referrer = await referred(scene), scene.partner(cast.REFERRER)
    scene.rig.arm("intake", "published", of=TO_REFERRER)
    message = await referrer.send(ConsultationConfirmed(), case=case.id)
    await scene.rig.died("intake")
    assert scene.rig.unsent("intake") == 1
    await scene.rig.start("intake")
    await scene.rig.drained()
    copies = scene.ledger.tape.about(message)
    assert (len(copies), len({copy.id for copy in copies})) == (2, 1)
    assert [received.about for received in referrer.received].count(message) == 1


async def test_killed_between_publish_and_deleting_its_row_an_event_goes_twice_and_has_one_effect_f2(
    scene: Scene,
) -> None:
    case, referrer = await referred(scene), scene.partner(cast.REFERRER)
    await referrer.ask(ConsultationConfirmed(), case=case.id)
    scene.rig.arm("intake", "published", of=EVENTS)
    await screen(scene, case)
    await scene.rig.crash("intake")
    await scene.rig.drained()
    events = [
        record for record in scene.ledger.tape.on(EVENTS) if record.headers.get("ce_subject") == case.id
    ]
    assert (len(events), len({event.id for event in events})) == (2, 1)
    await ask(scene, case, cast.POLICE)
    await answer(scene, case, cast.POLICE)
    assert len(referrer.of(ReferralScreened, case.id)) == 1
    assert len(scene.partner(cast.POLICE).of(QueryIssued, case.id)) == 1


@pytest.mark.parametrize("point", ["written", "acknowledging"])
async def test_killed_before_commit_or_before_acknowledging_a_message_has_one_effect_f3(
    scene: Scene, point: str
) -> None:
    """R129; what was committed and not acknowledged is read again, and the inbox skips it."""
    case = await taken_up(scene)
    await ask(scene, case, cast.POLICE)
    await scene.partner(cast.POLICE).gets(QueryIssued, case.id)
    await scene.rig.drained()
    armed: dict[str, Any] = {"of": "AnswerQuery"} if point == "written" else {}
    scene.rig.arm("triage", point, **armed)
    await asyncio.gather(answer(scene, case, cast.POLICE), scene.rig.crash("triage"))
    seen = await scene.director().see("triage", f"/cases/{case.id}")
    assert [len(query["replies"]) for query in seen["queries"]] == [1]
