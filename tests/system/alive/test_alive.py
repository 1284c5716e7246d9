"""What is dead is seen and comes back, and whoever is told to end does so in time, whatever is frozen."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from deploy.local.house import House
from deploy.local.services import client_for, start_service
from deploy.machine.process import Process, exit_code, send
from deploy.provisioning.acls import service_user
from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted
from tests.story import cast
from tests.story.world import World
from tests.support.running import client_settings
from tests.system.flows.cases import referred

ENDS_WITHIN = 10.0  # seconds: what is promised to supervisors
CURRENT_WITHIN = 12.0  # seconds: five that what is known is good for, and five that a look waits
FORGOTTEN_FOR = 20.0  # seconds without the right to the group
NEIGHBOURS = ("kafka", "postgres", "issuer", "retention")


@pytest.fixture(autouse=True)
async def whole(house: House) -> AsyncIterator[None]:
    """Thaw everything, and start what has ended."""
    yield
    for running in house.running().values():
        running.thaw()
    for name in sorted(set(house.ended()) - set(house.running())):
        await asyncio.to_thread(house.start_one, name)


# --- a consumer that lost its right to its group ----------------------------------------------------------


def admin_of(house: House) -> AdminClient:
    kafka = house.env["admin"]["kafka"]
    return AdminClient(client_settings(house.env, kafka["user"], kafka["password"]))


@contextmanager
def group_forbidden(house: House, user: str, prefix: str) -> Iterator[None]:
    """Take this login's right to its groups away, and give it back."""
    admin = admin_of(house)
    line = (ResourceType.GROUP, prefix, ResourcePatternType.PREFIXED, f"User:{user}", "*")
    kind = (AclOperation.READ, AclPermissionType.ALLOW)
    (removed,) = admin.delete_acls([AclBindingFilter(*line, *kind)]).values()
    assert removed.result(10), "there was such a right"
    try:
        yield
    finally:
        (made,) = admin.create_acls([AclBinding(*line, *kind)]).values()
        made.result(10)


def readiness(house: House, service: str) -> dict[str, bool]:
    with client_for(house.certificates().ca_file) as client:
        answer = client.get(f"{house.layout.url(service)}/readyz")
    found: dict[str, bool] = answer.json()
    assert (answer.status_code == 200) is all(found.values())
    return found


async def until(holds: Callable[[], bool], within: float) -> None:
    deadline = time.monotonic() + within
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, "it does not come to hold"
        await asyncio.sleep(0.5)


async def test_a_consumer_that_lost_its_group_is_seen_and_reads_again_when_it_has_it_back(
    founded: World, house: House
) -> None:
    log = house.layout.log("intake")
    before = log.stat().st_size
    with group_forbidden(house, service_user("intake"), "zvh.intake."):
        await until(lambda: not readiness(house, "intake")["from-parties"], 15)
        await until(lambda: not readiness(house, "intake")["from-services"], 15)
        await asyncio.sleep(FORGOTTEN_FOR)
        assert not readiness(house, "intake")["from-parties"]
        man = cast.person("Persoon K", PersonRole.SUBJECT, "1990-01-01")
        message = await founded.party(cast.REFERRER).connector.send(cast.referral((man,), ()))
    answer = await founded.party(cast.REFERRER).connector.answer(message, within=60)
    assert isinstance(answer, MessageAccepted)
    await until(lambda: all(readiness(house, "intake").values()), 30)
    said = [json.loads(line) for line in log.read_bytes()[before:].splitlines() if line.startswith(b"{")]
    restarted = {line["loop"] for line in said if line["event"] == "consumer-restarts"}
    assert restarted == {"from-parties", "from-services"}
    assert "intake" in house.running(), "it came back by itself"


async def test_a_connector_that_lost_its_group_reads_again_when_it_has_it_back(
    founded: World, house: House
) -> None:
    party = founded.party(cast.REFERRER)
    with group_forbidden(house, party.id, f"zvh.{party.id}."):
        man = cast.person("Persoon L", PersonRole.SUBJECT, "1990-01-01")
        message = await party.connector.send(cast.referral((man,), ()))
        await asyncio.sleep(FORGOTTEN_FOR / 2)
    assert isinstance(await party.connector.answer(message, within=60), MessageAccepted)


async def test_while_a_service_may_have_missed_what_forbids_it_nobody_looks_there_f15(
    founded: World, house: House
) -> None:
    """After five seconds nobody, whoever asks; elsewhere all goes on, and there again once it has read."""
    case = await referred(founded)
    worker, path = founded.worker(cast.REFERRER), f"/cases/{case}"
    assert (await worker.get("intake", path)).status_code == 200
    with group_forbidden(house, service_user("intake"), "zvh.intake."):
        deadline = time.monotonic() + CURRENT_WITHIN
        while (seen := await worker.get("intake", path)).status_code == 200:
            assert time.monotonic() < deadline, "it shows what may be forbidden"
            await asyncio.sleep(0.2)
        assert (seen.status_code, seen.json()["rule"]) == (503, "R115")
        stranger = await founded.worker(cast.STRANGER).get("intake", path)
        assert (stranger.status_code, stranger.content) == (503, seen.content)
        assert (await worker.get("governance", "/parties")).status_code == 200
    deadline = time.monotonic() + 60
    while (await worker.get("intake", path)).status_code != 200:
        assert time.monotonic() < deadline, "it does not come back"
        await asyncio.sleep(0.5)


# --- ending, whatever is frozen ---------------------------------------------------------------------------


def ended_in_time(started: Process) -> int | None:
    """Send SIGTERM, wait until it has ended in time, and return its exit code."""
    began = time.monotonic()
    send(started, signal.SIGTERM)
    while started.is_running():
        assert time.monotonic() - began < ENDS_WITHIN, "it goes on"
        time.sleep(0.05)
    return exit_code(started)


def hears_sigterm(pid: int) -> bool:
    """Tell whether the process has come so far that it does something itself at SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("frozen", NEIGHBOURS)
async def test_whoever_is_frozen_a_service_ends_in_time_running_or_starting(
    founded: World, house: House, frozen: str
) -> None:
    """The others outlive it: to wait for a neighbour is no reason to end."""
    others = set(house.running()) - {"intake"}
    running = house.running()["intake"]
    assert isinstance(running, Process)
    house.freeze(frozen)
    await asyncio.sleep(5)
    assert await asyncio.to_thread(ended_in_time, running) in (0, 3)
    starting = start_service(house.layout, "intake")
    await until(lambda: hears_sigterm(starting.pid), 60)
    await asyncio.sleep(3)
    assert await asyncio.to_thread(ended_in_time, starting) in (0, 1, 3), "1: it had given up by itself"
    house.thaw(frozen)
    assert set(house.running()) - {"intake"} == others


async def test_a_migration_that_waits_for_a_frozen_database_ends_in_time(house: House) -> None:
    house.freeze("postgres")
    settings = json.loads(house.layout.settings_file("intake").read_text())
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.intake", "migrate"),
        env={**os.environ, **settings},
        cwd=Path(__file__).parents[3],
    )
    await until(lambda: started.returncode is not None or hears_sigterm(started.pid), 60)
    with suppress(ProcessLookupError):
        started.send_signal(signal.SIGTERM)
    code = await asyncio.wait_for(started.wait(), ENDS_WITHIN)
    house.thaw("postgres")
    assert code in (2, 143), "2: it had given up by itself"
