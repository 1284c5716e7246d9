"""A whole house of containers, by testcontainers, on the images of this working tree."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import pytest

from deploy.containers import images
from deploy.containers.house import ContainedHouse, prepare
from deploy.containers.servers import SHORT_LIVED
from deploy.machine.engine import connected
from tests.support.containers import chosen, made_by_testcontainers


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine that answers; without one, what needs it is skipped and says why."""
    if not chosen().in_containers:
        pytest.skip(f"needs containers; here they are {chosen().why}")
    with closing(connected()) as client:
        yield client


@pytest.fixture(scope="session")
def tags(engine: docker.DockerClient) -> dict[str, str]:
    """The images, built if this working tree has none yet."""
    return images.ensure(engine)


@pytest.fixture(scope="session")
def contained(
    engine: docker.DockerClient, tags: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainedHouse]:
    """Five service containers, Kafka, PostgreSQL and the issuer; provisioned and migrated by their jobs."""
    with house_in_containers(engine, tags, tmp_path_factory.mktemp("contained")) as house:
        yield house


@contextmanager
def house_in_containers(
    engine: docker.DockerClient, tags: dict[str, str], directory: Path
) -> Iterator[ContainedHouse]:
    """By testcontainers; nothing of it stays."""
    name = f"zvh-{directory.parent.name}-{directory.name}"
    house = ContainedHouse(
        engine, prepare(directory, tags, name=name, more=SHORT_LIVED), made_by_testcontainers
    )
    try:
        house.up()
        yield house
    finally:
        house.reset()
