"""All databases and the case keys come back from a backup that is older than some erasures (F23)."""

import asyncio
from pathlib import Path

from deploy.story import cast
from deploy.story.left import rows_that_mention
from shared.case_keys import KeyStatus
from shared.message import SERVICES
from shared.messages.house import MessageAccepted
from shared.messages.intake import ConsultationConfirmed
from tests.faults.backup import back_up, key_store_of, put_back, sealed_pieces
from tests.faults.broker import EVENTS, Broker
from tests.faults.load import Scene, answer, ask, referred, screen, taken_up
from tests.faults.rig import until
from tests.faults.test_erasure import gone, opened, term_passes, withdrawn

OF_EACH = 5  # cases that are erased, that are in triage, and that are on record


async def test_what_was_erased_since_the_backup_is_gone_and_everything_else_goes_on_f23(
    scene: Scene, tmp_path: Path
) -> None:
    """R105: as an operator does it. What was sent since then is not taken for what is sent afterwards."""
    erased, surviving, early = await asyncio.gather(
        *(asyncio.gather(*(make(scene) for _ in range(OF_EACH))) for make in (referred, taken_up, referred))
    )
    await scene.rig.drained()
    house, pieces = scene.rig.house, {case.id: sealed_pieces(scene.rig.house, case.id) for case in erased}
    await asyncio.to_thread(back_up, house, tmp_path)
    await asyncio.gather(*(withdrawn(scene, case) for case in erased))
    term_passes(scene)
    await asyncio.gather(*(gone(scene, case) for case in erased))
    await ask(scene, surviving[0], cast.POLICE)
    await answer(scene, surviving[0], cast.POLICE)
    await scene.rig.drained()

    await asyncio.gather(*(asyncio.to_thread(house.stop_one, service) for service in SERVICES))
    await asyncio.to_thread(put_back, house, tmp_path)
    names = [case.id for case in erased]
    assert all(rows_that_mention(scene.env, [name])["intake"] for name in names)
    broker = Broker(scene.env)
    await until("events to be read anew", lambda: broker.forgets(*EVENTS))
    await scene.rig.start(*SERVICES)

    await broker.all_read()
    assert not any(rows_that_mention(scene.env, names).values())
    store = key_store_of(house)
    assert store.get_many(names, make=False) == dict.fromkeys(names, (KeyStatus.ERASED, None))
    assert [opened(store, scene, case, of_it) for case, of_it in pieces.items()] == [0] * OF_EACH
    for case in (*surviving, *early):
        of_it = sealed_pieces(house, case.id)
        assert opened(store, scene, case.id, of_it) == len(of_it) > 0
        seen = await scene.director(case.referrer).see("intake", f"/cases/{case.id}")
        assert seen["persons"][0]["name"] == "Persoon H"
    confirmed = await scene.partner(early[0].referrer).ask(ConsultationConfirmed(), case=early[0].id)
    assert isinstance(confirmed, MessageAccepted)
    await screen(scene, early[0])
    for case in (surviving[1], early[0]):
        await scene.director(case.referrer).see_until("triage", f"/cases/{case.id}", within=60)
        await ask(scene, case, cast.POLICE)
        await answer(scene, case, cast.POLICE)
