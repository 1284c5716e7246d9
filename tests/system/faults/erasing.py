"""Erase many cases, while each service that takes part dies at every step (F14)."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralWithdrawn
from shared.contract.messages.retention import DestructionAnnounced, FileDestroyed
from shared.contract.registry import SERVICES
from tests.story import clock
from tests.story.left import rows_that_mention
from tests.system.faults.load import Case, Scene
from tests.system.faults.rig import WITHIN, Rig, until

TERM = timedelta(days=15)  # one more than the closing term

Steps = list[tuple[str, str | None]]  # fault points, each with the command it is about

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
PLAN = dict.fromkeys(SERVICES, ELSEWHERE) | {"retention": AT_THE_AUTHORITY}


def armed_at_each_step(rig: Rig, within: float = WITHIN) -> Coroutine[Any, Any, None]:
    """Arm the first steps. Await it for the deaths, the first within so many seconds; all runs afterwards."""
    for service, steps in PLAN.items():
        rig.arm(service, steps[0][0], of=steps[0][1])
    return _all_die(rig, within)


async def _all_die(rig: Rig, within: float) -> None:
    await asyncio.gather(*(_dies_at_each(rig, service, steps, within) for service, steps in PLAN.items()))


async def _dies_at_each(rig: Rig, service: str, steps: Steps, within: float) -> None:
    """Wait for its death at the step that is armed; arm the next one before it is started again."""
    for _, following in zip(steps, [*steps[1:], None], strict=True):
        await rig.died(service, within)
        if following is not None:
            rig.arm(service, following[0], of=following[1])
            await rig.revive(service)
    await rig.start(service)


async def withdrawn(scene: Scene, case: Case) -> None:
    """Withdraw a case whose data subject was told of it: it stays until that end was told, or its term."""
    message = ReferralWithdrawn(reason="Niet meer nodig.")
    assert isinstance(await scene.partner(case.referrer).ask(message, case=case.id), MessageAccepted)
    await scene.director(case.referrer).see_until("retention", f"/cases/{case.id}", within=60)


async def proofs(scene: Scene) -> list[Any]:
    found, after = list[Any](), "0"
    while after != "None":
        page = await scene.people("manager-a").see("retention", f"/proofs?after={after}")
        found += page["proofs"]
        after = str(page["after"])
    return found


def term_passes(scene: Scene) -> None:
    file = scene.rig.house.layout.clock_file
    clock.move_to(file, clock.covenant_now(file) + TERM)


async def gone(scene: Scene, case: Case) -> None:
    """Wait until no service has a row of it, and whoever referred it was told so, once."""
    partner = scene.partner(case.referrer)
    reference = (await partner.gets(DestructionAnnounced, case.id)).reference
    await partner.gets(FileDestroyed, where=lambda letter: letter.reference == reference)
    await until("no row of the case", lambda: not any(rows_that_mention(scene.env, [case.id]).values()))
    await scene.rig.drained()
    assert [letter.reference for letter in partner.of(FileDestroyed)].count(reference) == 1
