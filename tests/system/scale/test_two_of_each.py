"""Two processes of every service: they share the work, and take over from each other what only one may do."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from deploy.local import house as local
from deploy.local.house import House
from shared.contract.messages.triage import QueryIssued, QueryReminded
from shared.contract.registry import SERVICES
from tests.story import cast
from tests.story.telling import Telling
from tests.story.world import World
from tests.support.containers import chosen
from tests.support.running import quiet_console
from tests.system.flows.cases import asked, taken_up
from tests.system.scale.thousand import come_and_go
from tests.system.whole_story import SHORT_PATIENCE, check_whole, played

GENEROUS = 20.0  # seconds; wanted are 5, on a machine that does nothing else


@pytest.fixture(scope="module")
def twins(house: House) -> Iterator[list[str]]:
    """Start the second process of each service; yield their names."""
    started = house.start_beside(SERVICES)
    yield started
    for name in started:
        house.stop_one(name)


# --- the story ---------------------------------------------------------------------------------------


async def test_two_processes_of_each_service_give_the_same_story(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """As the one that `tests/system/flows` plays with one of each."""
    house = local.start(tmp_path_factory.mktemp("two"), patience=SHORT_PATIENCE, servers=chosen().servers)
    try:
        house.start_beside(SERVICES)
        told = await played(house, Telling(quiet_console()))
    finally:
        house.reset()
    check_whole(told)


# --- a thousand cases --------------------------------------------------------------------------------


async def test_a_thousand_cases_are_each_received_and_destroyed_once(
    founded: World, house: House, twins: list[str]
) -> None:
    """R14, R105: every process takes its share of them."""
    shares = await come_and_go(founded, lambda: logs_of(house))
    assert set(shares) == {*SERVICES, *twins}
    assert all(shares.values()), shares


def logs_of(house: House) -> dict[str, str]:
    names = [name for name in house.running() if name.partition("-")[0] in SERVICES]
    return {name: house.layout.log(name).read_text() for name in names}


# --- what only one may do ----------------------------------------------------------------------------


async def test_when_the_process_that_sends_and_keeps_time_is_killed_the_other_does_both(
    founded: World, house: House, twins: list[str]
) -> None:
    """R31: a query is still sent, and the reminder of another comes when its term ends."""
    case, director = await taken_up(founded), founded.people("process-director-a", cast.REFERRER)
    first = await asked(founded, case, cast.POLICE)
    await asyncio.to_thread(house.kill, "triage")
    await asyncio.to_thread(house.start_one, "triage")  # from now on the second one leads, if not before
    await asyncio.to_thread(house.kill, "triage-2")
    killed = time.monotonic()
    try:
        second = cast.query(cast.MENTAL_HEALTH, founded.now)
        await director.do("triage", f"/cases/{case}/queries", second)
        await founded.party(cast.MENTAL_HEALTH).gets(QueryIssued, case=case, within=GENEROUS)
        print(f"sent {time.monotonic() - killed:.1f} s after the kill")
        founded.move_clock_to(first.reply_before + timedelta(minutes=1))
        await founded.party(cast.POLICE).gets(QueryReminded, case=case, within=GENEROUS)
        print(f"reminded {time.monotonic() - killed:.1f} s after the kill")
    finally:
        await asyncio.to_thread(house.start_one, "triage-2")
