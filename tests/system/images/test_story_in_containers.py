"""The story on service containers: one of five is replaced half-way; two of each, and a thousand cases."""

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

import docker
import httpx
import pytest
from confluent_kafka.admin import AdminClient

from deploy.containers.house import ContainedHouse
from deploy.local.environment import admin_connection
from shared.contract.registry import SERVICES
from tests.story.telling import Telling
from tests.story.world import world
from tests.support.running import quiet_console
from tests.system.images.conftest import house_in_containers
from tests.system.scale.thousand import come_and_go
from tests.system.whole_story import (
    CHAPTERS,
    LEFT,
    Played,
    check_whole,
    expected,
    played,
    shown_and_refused,
)

DIES, IN_CHAPTER = "triage", "5."

Story = tuple[Played, str, str]
"""What was played, and the ids of the container that died and of the one in its place."""


async def replaced(house: ContainedHouse, telling: Telling) -> tuple[str, str]:
    """When the chapter has begun: kill -9, and a new container; the ids of both."""
    while not telling.chapter.startswith(IN_CHAPTER):  # noqa: ASYNC110 - the story knows of no events
        await asyncio.sleep(0.02)
    before = house.project.container(DIES).id
    await asyncio.to_thread(house.kill, DIES)
    await asyncio.to_thread(house.replace, DIES)
    return str(before), str(house.project.container(DIES).id)


@pytest.fixture(scope="module")
async def story(contained: ContainedHouse) -> Story:
    telling = Telling(quiet_console())
    trouble = asyncio.create_task(replaced(contained, telling))
    try:
        told = await played(contained, telling)
    finally:
        trouble.cancel()  # nothing, when it is done
    return told, *await trouble


async def test_each_chapter_shows_and_refuses_the_same_as_without_containers(story: Story) -> None:
    told, before, after = story
    assert before != after
    for chapter in CHAPTERS:
        assert shown_and_refused(told.telling, chapter) == expected(chapter), chapter


async def test_nothing_is_left_of_its_cases_and_nothing_waits(
    story: Story, contained: ContainedHouse
) -> None:
    told, *_ = story
    assert told.left == LEFT
    assert sum(told.held.values()) == 0, (told.held, contained.project.last_lines(DIES))
    assert sum(told.unsent.values()) == 0, told.unsent


async def test_a_service_that_is_asked_to_stop_leaves_its_groups_in_time(
    story: object, contained: ContainedHouse
) -> None:
    """SIGTERM: stop polling, finish the batch, acknowledge, leave; not killed after its ten seconds.

    A client that has asked something keeps its connection, and does not say that it closes it too.
    """
    context = ssl.create_default_context(cafile=contained.env["ca_file"])
    for service in SERVICES:
        container = contained.project.container(service)
        assert members(contained.env, service) > 0
        async with httpx.AsyncClient(verify=context) as idle:
            await idle.get(f"{contained.env['services'][service]['base_url']}/livez")
            await asyncio.to_thread(container.stop, timeout=10)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0, contained.project.last_lines(service)
        assert members(contained.env, service) == 0
    contained.project.up()


@pytest.fixture(scope="module")
def two_of_each(
    contained: ContainedHouse,
    engine: docker.DockerClient,
    tags: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContainedHouse]:
    """Start a house with two containers of each service."""
    contained.down()  # nobody needs it any more, and idling takes half a core
    with house_in_containers(engine, tags, tmp_path_factory.mktemp("two")) as house:
        house.start_beside()
        yield house


async def test_two_containers_of_each_service_give_the_same_story(two_of_each: ContainedHouse) -> None:
    """And both take a share of it: of every service both are in its groups."""
    told = await played(two_of_each, Telling(quiet_console()))
    check_whole(told)
    groups = ("from", "events")
    assert {members(two_of_each.env, service) for service in SERVICES} == {2 * len(groups)}


async def test_a_thousand_cases_on_two_containers_of_each_service_come_and_go_once(
    two_of_each: ContainedHouse,
) -> None:
    """R14, R105: every container takes its share of them. After the story, in the same house."""
    async with world(two_of_each.env, Telling(quiet_console())) as here:
        shares = await come_and_go(here, lambda: logs_of(two_of_each))
    assert set(shares) == {*SERVICES, *(f"{service}-2" for service in SERVICES)}
    assert all(shares.values()), shares


def logs_of(house: ContainedHouse) -> dict[str, str]:
    running = house.project.running()
    return {
        name: container.logs(stdout=True, stderr=True).decode()
        for name, container in running.items()
        if name.partition("-")[0] in SERVICES
    }


def members(house: dict[str, Any], service: str) -> int:
    """Of all groups of this service, as the broker counts them."""
    client = AdminClient(admin_connection(house).for_librdkafka())
    groups = [group.group_id for group in client.list_consumer_groups().result().valid]
    own = [group for group in groups if group.startswith(f"zvh.{service}.")]
    return sum(len(done.result().members) for done in client.describe_consumer_groups(own).values())
