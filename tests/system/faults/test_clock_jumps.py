"""The machine's clock jumps by thirteen months: nothing is destroyed, nothing put off for good (F13)."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.machine.secrets import write_private_json
from shared.contract.registry import SERVICES
from tests.story.left import case_keys, rows_that_mention
from tests.system.faults.erasing import TERM, gone, withdrawn
from tests.system.faults.load import Scene, referred
from tests.system.faults.rig import until

MONTHS = timedelta(days=396)  # thirteen
FILE = "ZVH_CLOCK_FILE"
HELD = "zvh_deadlines_held_by_leap 1.0"


@pytest.fixture
async def without_clock_file(scene: Scene) -> AsyncIterator[None]:
    """Start as in production: nothing moves covenant time but the machine's clock."""
    layout = scene.rig.house.layout
    kept: dict[str, dict[str, Any]] = {
        service: json.loads(layout.settings_file(service).read_text()) for service in SERVICES
    }
    moved = float(json.loads(layout.clock_file.read_text())["offset_seconds"])
    scene.rig.set_machine_clock(timedelta(seconds=moved))
    await restarted(scene, {name: {**old, FILE: ""} for name, old in kept.items()})
    yield
    scene.rig.set_machine_clock(timedelta())
    await restarted(scene, kept)


async def restarted(scene: Scene, settings: dict[str, dict[str, Any]]) -> None:
    """Start all services anew with these settings; empty ones are left out."""
    house = scene.rig.house
    await asyncio.gather(*(asyncio.to_thread(house.stop_one, service) for service in SERVICES))
    for service, wanted in settings.items():
        content = {name: value for name, value in wanted.items() if value}
        write_private_json(house.layout.settings_file(service), content)
    await confirmed(scene)
    await scene.rig.start(*SERVICES)


async def confirmed(scene: Scene) -> None:
    """Confirm the time in each service, as an operator does."""

    async def confirm(service: str) -> None:
        settings = json.loads(scene.rig.house.layout.settings_file(service).read_text())
        command = [sys.executable, "-m", f"services.{service}", "confirm-time"]
        await asyncio.to_thread(subprocess.run, command, env={**os.environ, **settings}, check=True)

    await asyncio.gather(*map(confirm, SERVICES))


async def holding(scene: Scene, wanted: bool) -> None:
    """Wait until each service says that it holds what cannot be undone, or that it does not."""

    async def all_say_so() -> bool:
        client, said = scene.people.client, []
        for service in SERVICES:
            own = scene.env["services"][service]
            token = {"authorization": f"Bearer {own['metrics_token']}"}
            said.append(HELD in (await client.get(f"{own['base_url']}/metrics", headers=token)).text)
        return said == [wanted] * len(SERVICES)

    await until("all services to hold" if wanted else "no service to hold", all_say_so)


def private_keys(scene: Scene) -> set[str]:
    layout = scene.rig.house.layout
    return {file.name for service in SERVICES for file in layout.keys(service).rglob("house/*.key")}


@pytest.mark.parametrize("jump", [MONTHS, -MONTHS], ids=["forwards", "backwards"])
async def test_a_jump_of_thirteen_months_destroys_nothing_and_puts_nothing_off_f13(
    scene: Scene, without_clock_file: None, jump: timedelta
) -> None:
    """R105: in either direction; also over a start, and until the day of the calendar has really come.

    With a clock that is behind, the keys of the parties are not valid yet: what is for them waits.
    """
    closing = await referred(scene, told=True)
    await withdrawn(scene, closing)
    await scene.rig.drained()
    now, rows = machine_ahead(scene), rows_that_mention(scene.env, [closing.id])
    private, keys = private_keys(scene), case_keys(scene.env)

    scene.rig.set_machine_clock(now + jump)
    await holding(scene, True)
    await asyncio.to_thread(scene.rig.house.stop_one, "retention")
    await scene.rig.start("retention")
    await holding(scene, True)
    meanwhile = asyncio.create_task(referred(scene))
    if jump > timedelta():
        await meanwhile
    assert rows_that_mention(scene.env, [closing.id]) == rows
    assert private_keys(scene) >= private
    assert case_keys(scene.env) >= keys

    scene.rig.set_machine_clock(now)
    await holding(scene, False)
    await meanwhile
    assert rows_that_mention(scene.env, [closing.id]) == rows

    scene.rig.set_machine_clock(now + TERM)
    await holding(scene, True)
    await confirmed(scene)
    await gone(scene, closing)


def machine_ahead(scene: Scene) -> timedelta:
    return timedelta(seconds=float((scene.rig.points / "machine-clock").read_text()))
