"""Kafka and PostgreSQL by testcontainers where an engine answers, else as processes of this machine."""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import docker
from docker.errors import DockerException
from docker.models.containers import Container
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.containers import images
from deploy.containers.bases import CannotMakeBase
from deploy.containers.images import CannotBuild
from deploy.containers.packages import CannotFetch
from deploy.containers.servers import contained
from deploy.local.servers import EMBEDDED, Servers
from deploy.machine.engine import NoEngine, connected

CHOICE = "ZVH_TEST_SERVERS"  # "containers" or "embedded"; unset: containers where they can be had

WHY_NOT = (NoEngine, CannotMakeBase, CannotFetch, CannotBuild, DockerException)  # no fault of the product

# The helper that removes what a killed run leaves needs an image from a registry and the engine's own socket.
testcontainers_config.ryuk_disabled = True


class PartContainer(DockerContainer):
    """A part of compose.yaml as testcontainers starts it, with everything the file says of it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        rest = dict(options)
        super().__init__(rest.pop("image"), command=rest.pop("command", None), name=rest.pop("name"))
        self.env = rest.pop("environment")
        self.ports = rest.pop("ports")
        self.tmpfs = rest.pop("tmpfs", {})
        self.with_kwargs(**rest)


def made_by_testcontainers(client: docker.DockerClient, options: Mapping[str, Any]) -> Container:
    """Started already; starting it once more does nothing."""
    part = PartContainer(options).start()
    made: Container = client.containers.get(part.get_container_id())
    part.get_docker_client().client.close()
    return made


@dataclass(frozen=True)
class Chosen:
    """Which servers this run uses, why, and whether containers can be had at all."""

    servers: Servers
    why: str
    in_containers: bool


@cache
def chosen() -> Chosen:
    """Asked once for a run. Whoever demands containers gets an error where they cannot be had."""
    wish = os.environ.get(CHOICE, "")
    if wish == "embedded":
        return Chosen(EMBEDDED, f"embedded, because {CHOICE} says so", in_containers=False)
    try:
        with closing(connected()) as client:
            tags = images.ensure(client, (images.KAFKA, images.POSTGRES))
            version = client.version()["Version"]
    except WHY_NOT as reason:
        if wish == "containers":
            raise
        return Chosen(EMBEDDED, f"embedded, because {reason}", in_containers=False)
    why = f"containers, because Docker {version} answers ({', '.join(tags.values())})"
    servers = contained(tags, made_by_testcontainers, tls=images.with_tls())
    return Chosen(servers, why, in_containers=True)
