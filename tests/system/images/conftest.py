"""Start a whole house of containers, by testcontainers, on the images of this working tree."""

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
    """Yield a client of the engine; without one, what needs it is skipped and says why."""
    if not chosen().in_containers:
        pytest.skip(f"needs containers; here they are {chosen().why}")
    with closing(connected()) as client:
        yield client


@pytest.fixture(scope="session")
def tags(engine: docker.DockerClient) -> dict[str, str]:
    """Return the images' tags; missing ones are built."""
    return images.ensure(engine)


@pytest.fixture(scope="session")
def contained(
    engine: docker.DockerClient, tags: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainedHouse]:
    """Yield five service containers, Kafka, PostgreSQL and the issuer, provisioned and migrated."""
    with house_in_containers(engine, tags, tmp_path_factory.mktemp("contained")) as house:
        yield house


@contextmanager
def house_in_containers(
    engine: docker.DockerClient, tags: dict[str, str], directory: Path
) -> Iterator[ContainedHouse]:
    """Start a house by testcontainers, and remove all of it afterwards."""
    name = f"zvh-{directory.parent.name}-{directory.name}"
    prepared = prepare(directory, tags, name=name, tls=images.with_tls(), more=SHORT_LIVED)
    house = ContainedHouse(engine, prepared, made_by_testcontainers)
    try:
        house.up()
        yield house
    finally:
        house.reset()
