"""A case is erased while all that takes part in it dies, at every step (F14); an old backup stays shut."""

import asyncio
from datetime import timedelta
from typing import Any

from deploy.story import cast, clock
from deploy.story.left import case_keys, keys_erased, rows_that_mention
from services.retention.key_store import KeyStore
from shared.case_keys import KeyStatus
from shared.content import Sealed
from shared.message import SERVICES
from shared.messages.house import MessageAccepted
from shared.messages.intake import ReferralReceived, ReferralWithdrawn
from shared.messages.retention import FileDestroyed
from shared.sealing import CaseKey, DoesNotOpen
from tests.faults.backup import key_store_of, sealed_pieces
from tests.faults.load import Case, Scene, answer, ask, referred, taken_up
from tests.faults.rig import until

Steps = list[tuple[str, str | None]]  # fault points, each with the command it is about
TERM = timedelta(days=15)  # one more than the closing term

AT_THE_AUTHORITY: Steps = [
    ("written", "StartErasure"),
    ("committed", "StartErasure"),
    ("written", "ConfirmPurge"),
    ("committed", "ConfirmPurge"),
    ("unlinked", None),
    ("unlink-synced", None),
    ("recorded", None),
    ("written", "RecordKeyDestroyed"),
    ("committed", "RecordKeyDestroyed"),
]
ELSEWHERE: Steps = [("written", "PurgeCase"), ("committed", "PurgeCase"), ("published", None)]


async def dies_at_each(scene: Scene, service: str, steps: Steps) -> None:
    """It dies at the first, which is armed already; before it comes back the next one is armed."""
    for _, following in zip(steps, [*steps[1:], None], strict=True):
        await scene.rig.died(service)
        if following is not None:
            scene.rig.arm(service, following[0], of=following[1])
            await scene.rig.revive(service)
    await scene.rig.start(service)


async def withdrawn(scene: Scene, case: Case) -> None:
    message = ReferralWithdrawn(reason="Niet meer nodig.")
    assert isinstance(await scene.partner(case.referrer).ask(message, case=case.id), MessageAccepted)
    await scene.director(case.referrer).see_until("retention", f"/cases/{case.id}", within=60)


async def proofs(scene: Scene) -> list[Any]:
    found: list[Any] = (await scene.people("manager-a").see("retention", "/proofs"))["proofs"]
    return found


def term_passes(scene: Scene) -> None:
    file = scene.rig.house.layout.clock_file
    clock.move_to(file, clock.covenant_now(file) + TERM)


async def gone(scene: Scene, case: Case) -> None:
    """No row of it in any service, and whoever referred it was told so, once."""
    await scene.partner(case.referrer).gets(FileDestroyed, case.id)
    await until("no row of the case", lambda: not any(rows_that_mention(scene.env, [case.id]).values()))
    await scene.rig.drained()
    assert len(scene.partner(case.referrer).of(FileDestroyed, case.id)) == 1


async def test_an_erasure_that_dies_at_every_step_converges_and_is_proven_once_f14(scene: Scene) -> None:
    """R105, R106: of each step once before its commit and once after, and between the files of the key."""
    case = await referred(scene)
    await withdrawn(scene, case)
    before, keys, erased = len(await proofs(scene)), case_keys(scene.env), keys_erased(scene.env)
    plan = dict.fromkeys(SERVICES, ELSEWHERE) | {"retention": AT_THE_AUTHORITY}
    for service, steps in plan.items():
        scene.rig.arm(service, steps[0][0], of=steps[0][1])
    term_passes(scene)
    await asyncio.gather(*(dies_at_each(scene, service, steps) for service, steps in plan.items()))
    await gone(scene, case)
    assert (case_keys(scene.env), keys_erased(scene.env)) == (keys - 1, erased + 1)
    assert len(await proofs(scene)) == before + 1


async def test_of_an_old_backup_no_piece_of_an_erased_case_opens_and_all_of_a_surviving_one_f23(
    scene: Scene,
) -> None:
    """R105: the rows as they lay before the erasure, and every key that is left."""
    erased, surviving = await referred(scene), await taken_up(scene)
    await ask(scene, surviving, cast.POLICE)
    await answer(scene, surviving, cast.POLICE)
    backup = {case.id: sealed_pieces(scene.rig.house, case.id) for case in (erased, surviving)}
    assert len(backup[erased.id]) > 2
    assert len(backup[surviving.id]) > 10
    await withdrawn(scene, erased)
    term_passes(scene)
    await gone(scene, erased)
    store = key_store_of(scene.rig.house)
    assert store.get_many([erased.id], make=False)[erased.id] == (KeyStatus.ERASED, None)
    assert opened(store, scene, erased.id, backup[erased.id]) == 0
    assert opened(store, scene, surviving.id, backup[surviving.id]) == len(backup[surviving.id])


def opened(store: KeyStore, scene: Scene, case: str, pieces: list[Sealed]) -> int:
    """How many open with any key there is, asked for in the name of every case that ever was here."""
    cases = {
        case,
        *(sent.case_id for partner in scene.partners.values() for sent in partner.of(ReferralReceived)),
    }
    answers = store.get_many(cases, make=False)
    keys = [key for status, key in answers.values() if key is not None]
    assert len(keys) == case_keys(scene.env)
    return sum(any(opens(key, scene, case, piece) for key in keys) for piece in pieces)


def opens(key: bytes, scene: Scene, case: str, piece: Sealed) -> bool:
    try:
        CaseKey(key, house=scene.env["house"], case_id=case).open(piece)
    except DoesNotOpen:
        return False
    return True
