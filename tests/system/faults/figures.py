"""Run what each commit has to reach and a soak repeats: each once, on a scene, in the given amount.

Kills at random, malformed messages, erasures that die at each step, a backup put back, and silence: what was
said in the cases stands in no file.
"""

import asyncio
import random
from functools import partial
from pathlib import Path

from deploy.local.postgres import Database, run_sql
from services.retention.key_store import KeyStore
from shared.contract.content import SealedText
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ConsultationConfirmed, ReferralReceived
from shared.contract.registry import SERVICES
from shared.crypto.case_cipher import CannotDecrypt, CaseKey
from shared.crypto.case_key_client import KeyStatus
from tests.story import cast
from tests.story.left import case_keys, keys_erased, rows_that_mention
from tests.support.backup import back_up, key_store_of, put_back, sealed_pieces
from tests.support.canary import search
from tests.system.faults.broker import EVENTS, Broker
from tests.system.faults.erasing import armed_at_each_step, gone, proofs, term_passes, withdrawn
from tests.system.faults.load import (
    NAME,
    TEXT,
    Scene,
    answer,
    ask,
    check,
    play_all,
    referred,
    screen,
    taken_up,
)
from tests.system.faults.malformed import each_came_to_one, send_all_of_each
from tests.system.faults.rig import until
from tests.system.faults.trouble import Trouble

SECONDS_A_ROUND = 8


async def random_kills(scene: Scene, trouble: Trouble, cases: int) -> None:
    """Kill services, broker and database while so many cases are played."""
    lasts = trouble.rounds * SECONDS_A_ROUND
    _, played = await asyncio.gather(trouble.make(), play_all(scene, cases, trouble.seed, last=lasts))
    await scene.rig.drained()
    await scene.ledger.balanced()
    await check(scene, played)


async def malformed(scene: Scene, count: int, seed: int) -> None:
    """Send so many to all five services: none crashes, none is dropped in silence."""
    before = scene.rig.house.running()
    bad = await send_all_of_each(scene, count, random.Random(seed))  # noqa: S311 - seeded, not secret
    await each_came_to_one(scene, bad)
    assert scene.rig.house.running() == before, f"seed {seed}"


async def erasures(scene: Scene, count: int) -> None:
    """Erase so many cases at once, while all that takes part in them dies at every step."""
    cases = await asyncio.gather(*(referred(scene, told=True) for _ in range(count)))
    await asyncio.gather(*(withdrawn(scene, case) for case in cases))
    before, keys, erased = len(await proofs(scene)), case_keys(scene.env), keys_erased(scene.env)
    deaths = armed_at_each_step(scene.rig)
    term_passes(scene)
    await deaths
    await asyncio.gather(*(gone(scene, case) for case in cases))
    assert (case_keys(scene.env), keys_erased(scene.env)) == (keys - count, erased + count)
    assert len(await proofs(scene)) == before + count


async def backup_put_back(scene: Scene, directory: Path, of_each: int) -> None:
    """Restore a backup as an operator does; as many cases were erased since then as survive in triage.

    And as many before triage. What was sent since is not taken for what is sent afterwards.
    """
    known = partial(referred, told=True)
    erased, surviving, early = await asyncio.gather(
        *(asyncio.gather(*(make(scene) for _ in range(of_each))) for make in (known, taken_up, referred))
    )
    await scene.rig.drained()
    house, pieces = scene.rig.house, {case.id: sealed_pieces(scene.rig.house, case.id) for case in erased}
    assert all(len(of_it) > 2 for of_it in pieces.values())
    await asyncio.to_thread(back_up, house, directory)
    await asyncio.gather(*(withdrawn(scene, case) for case in erased))
    term_passes(scene)
    await asyncio.gather(*(gone(scene, case) for case in erased))
    await ask(scene, surviving[0], cast.POLICE)
    await answer(scene, surviving[0], cast.POLICE)
    await scene.rig.drained()

    await asyncio.gather(*(asyncio.to_thread(house.stop_one, service) for service in SERVICES))
    await asyncio.to_thread(put_back, house, directory)
    names = [case.id for case in erased]
    assert all(rows_that_mention(scene.env, [name])["intake"] for name in names)
    broker = Broker(scene.env)
    await until("events to be read anew", lambda: broker.forgets(*EVENTS))
    await scene.rig.start(*SERVICES)

    await broker.all_read()
    assert not any(rows_that_mention(scene.env, names).values())
    store = key_store_of(house)
    assert store.get_many(names, make=False) == dict.fromkeys(names, (KeyStatus.ERASED, None))
    assert [opened(store, scene, case, of_it) for case, of_it in pieces.items()] == [0] * of_each
    for case in (*surviving, *early):
        of_it = sealed_pieces(house, case.id)
        assert opened(store, scene, case.id, of_it) == len(of_it) > 0
        seen = await scene.director(case.referrer).see("intake", f"/cases/{case.id}")
        assert seen["persons"][0]["name"] == NAME
    confirmed = await scene.partner(early[0].referrer).ask(ConsultationConfirmed(), case=early[0].id)
    assert isinstance(confirmed, MessageAccepted)
    await screen(scene, early[0])
    for case in (surviving[1], early[0]):
        await scene.director(case.referrer).see_until("triage", f"/cases/{case.id}", within=60)
        await ask(scene, case, cast.POLICE)
        await answer(scene, case, cast.POLICE)


def opened(store: KeyStore, scene: Scene, case: str, pieces: list[SealedText]) -> int:
    """Return how many of them any key decrypts, asked for in the name of every case there ever was."""
    cases = {
        case,
        *(sent.case_id for partner in scene.partners.values() for sent in partner.of(ReferralReceived)),
    }
    answers = store.get_many(cases, make=False)
    keys = [key for status, key in answers.values() if key is not None]
    assert len(keys) == case_keys(scene.env)
    return sum(any(opens(key, scene, case, piece) for key in keys) for piece in pieces)


def opens(key: bytes, scene: Scene, case: str, piece: SealedText) -> bool:
    try:
        CaseKey(key, house=scene.env["house"], case_id=case).decrypt(piece)
    except CannotDecrypt:
        return False
    return True


async def silence(scene: Scene, elsewhere: Path) -> None:
    """Search all files of databases, broker, keys and logs: nothing that was said in cases stands there."""
    house = scene.rig.house
    run_sql(Database(**scene.env["admin"]["postgres"]), "CHECKPOINT")
    found = await asyncio.to_thread(lambda: search(house.places(elsewhere), [NAME, TEXT]))
    assert found == {}
