"""A house of the version before is brought to this one while it works; its cases go on and end rightly."""

import asyncio

from deploy.local.house import House
from shared.contract.registry import SERVICES
from tests.story.left import rows_of
from tests.story.telling import Telling
from tests.story.world import World, world
from tests.support.running import quiet_console
from tests.system.upgrade import going_on, upgrading
from tests.system.upgrade.played import Case, refer
from tests.system.upgrade.upgrading import IN_ORDER, Before


async def test_a_house_of_the_version_before_is_upgraded_while_it_works_and_its_cases_end_rightly(
    before: Before, house_before: House, cases: dict[str, Case]
) -> None:
    """R87, R91, R102, R105: each service in turn, then every case on to its erasure with proof."""
    house, telling = house_before, Telling(quiet_console())
    upgrading.provision(house)
    await asyncio.to_thread(upgrading.replace, house, "governance")
    async with world(house.env, telling) as here:
        await acknowledged(here)
        cases |= await intake_beside(here, before, house)
        for service in IN_ORDER[2:]:
            await asyncio.to_thread(upgrading.replace, house, service)
        await going_on.read(here, cases)
        await going_on.go_on(here, cases)
        await going_on.until_all_are_gone(here, cases)
        proofs = await here.people("manager-a").see("retention", "/proofs")
    assert len(proofs["proofs"]) == len(cases)
    assert proofs["broken_at"] is None
    assert not any(upgrading.held(house).values()), "no case is held for a fault"
    assert not any(rows_of(house.env, "held").values()), "nothing waits"
    for service, found in zip(SERVICES, await logs(house), strict=True):
        assert found[0] == 0, (service, found)


async def acknowledged(here: World) -> None:
    """Let everybody acknowledge secrecy at the new governance, before the others ask for it (R126)."""
    await asyncio.gather(*(here.people(username).token() for username in here.house["people"]))


async def intake_beside(here: World, before: Before, house: House) -> dict[str, Case]:
    """Replace intake; meanwhile the version before goes on, starts again, and works beside this one."""
    await asyncio.to_thread(upgrading.migrate, house, "intake")
    goes_on = await refer(here)
    house.stop_one("intake")
    await asyncio.to_thread(house.start_one, "intake")
    beside = await asyncio.to_thread(before.start_beside, house.layout.directory, "intake")
    both = await refer(here)
    house.stop_one(beside)
    return dict(zip(going_on.WHILE_REPLACED, (goes_on, both), strict=True))


async def logs(house: House) -> list[tuple[int, str]]:
    verifying = (asyncio.to_thread(upgrading.verify_log, house, service) for service in SERVICES)
    return list(await asyncio.gather(*verifying))
