"""Run a composition through the engine: the part of `docker compose` that is needed here."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import EndpointConfig

from deploy.containers.compose import Composition, Condition, Part

PROJECT, PART, CONFIGURATION = (
    f"nl.veiligheidscasussen.{name}" for name in ("project", "part", "configuration")
)
WITHIN = 120.0  # seconds for a condition to come true

Step = Callable[[str], AbstractContextManager[Any]]
Make = Callable[[docker.DockerClient, Mapping[str, Any]], Container]


class PartFailed(Exception):
    """Raised with the part, what was expected of it, and the last lines of its log."""


def made_by_docker(client: docker.DockerClient, options: Mapping[str, Any]) -> Container:
    """Create a container, without starting it."""
    return client.containers.create(**options)


@dataclass
class Project:
    """Control the containers of one composition, found by their labels. `make` creates one."""

    client: docker.DockerClient
    composition: Composition
    make: Make = made_by_docker

    @property
    def name(self) -> str:
        return self.composition.name

    def up(self, names: Iterable[str] | None = None, step: Step = nullcontext) -> None:
        """Start these parts, or all without a profile, with what they depend on.

        Jobs run again; what runs unchanged stays.
        Ready on return: jobs have ended well, what has a health check is healthy. Raises `PartFailed`.
        """
        always = (name for name, part in self.composition.parts.items() if not part.profiles)
        wanted = self._with_dependencies(always if names is None else names)
        self._make_network()
        for layer in self.composition.layers:
            started = [name for name in layer if name in wanted]
            if not started:
                continue
            with step(", ".join(started)):
                for name in started:
                    self._start(self.composition.parts[name])
                for name in started:
                    self._wait_until_settled(name)

    def replace(self, name: str) -> None:
        """Remove the container and start a new one; its volumes stay."""
        self.container(name).remove(force=True, v=True)
        self._start(self.composition.parts[name])

    def container(self, name: str) -> Container:
        """Return the container of this part; raises `NotFound`."""
        return self.client.containers.get(f"{self.name}-{name}")

    def running(self) -> dict[str, Container]:
        """Return the running containers by the name of their part, without jobs that have ended."""
        found = self.client.containers.list(filters={"label": f"{PROJECT}={self.name}"})
        return {container.labels[PART]: container for container in found}

    def down(self) -> None:
        """Stop everything, in reverse order of start, and remove all but the volumes."""
        names = [name for layer in reversed(self.composition.layers) for name in layer]
        for name in names:
            try:
                container = self.container(name)
            except NotFound:
                continue
            container.stop(timeout=self.composition.parts[name].grace)
            container.remove(v=True)
        for network in self._networks():
            network.remove()

    def remove(self) -> None:
        """Stop and remove everything, volumes too."""
        self.down()
        for volume in self.client.volumes.list(filters={"label": f"{PROJECT}={self.name}"}):
            volume.remove()

    def wait_for(self, name: str, condition: Condition) -> None:
        """Wait until the part meets this condition; raises `PartFailed`."""
        deadline = time.monotonic() + WITHIN
        while not self._holds(name, condition):
            if time.monotonic() > deadline:
                raise PartFailed(f"{name}: not {condition}\n{self.last_lines(name)}")
            time.sleep(0.1)

    def last_lines(self, name: str) -> str:
        """Return the last lines of its log, if that is kept."""
        container = self.container(name)
        if container.attrs["HostConfig"]["LogConfig"]["Type"] == "none":
            return f"(it keeps no log; `docker start --attach {container.name}` shows what it says)"
        return str(container.logs(tail=30), errors="replace").strip()

    def _holds(self, name: str, condition: Condition) -> bool:
        state: dict[str, Any] = self.container(name).attrs["State"]
        match condition:
            case Condition.COMPLETED:
                if state["Status"] == "exited" and state["ExitCode"] != 0:
                    raise PartFailed(f"{name}: ended with {state['ExitCode']}\n{self.last_lines(name)}")
                return bool(state["Status"] == "exited")
            case Condition.HEALTHY if state["Status"] in ("exited", "restarting"):
                raise PartFailed(f"{name}: ended with {state['ExitCode']}\n{self.last_lines(name)}")
            case Condition.HEALTHY:
                return bool(state.get("Health", {}).get("Status") == "healthy")
            case Condition.STARTED:
                return bool(state["Running"])

    def _wait_until_settled(self, name: str) -> None:
        """Wait until a job has ended well, or what has a health check is healthy, or else it runs."""
        container = self.container(name)
        if container.attrs["HostConfig"]["RestartPolicy"]["Name"] in ("", "no"):
            condition = Condition.COMPLETED
        else:
            condition = Condition.HEALTHY if "Health" in container.attrs["State"] else Condition.STARTED
        self.wait_for(name, condition)

    def _with_dependencies(self, names: Iterable[str]) -> set[str]:
        wanted: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting.extend(self.composition.parts[name].after)
        return wanted

    def _start(self, part: Part) -> None:
        options = self._options(part)
        try:
            present = self.container(part.name)
        except NotFound:
            self.make(self.client, options).start()
            return
        if present.labels.get(CONFIGURATION) != options["labels"][CONFIGURATION]:
            present.stop(timeout=part.grace)
            present.remove(v=True)
            self.make(self.client, options).start()
        elif present.status != "running":
            present.start()

    def _options(self, part: Part) -> dict[str, Any]:
        image = self.client.images.get(part.image).id
        said = json.dumps([image, part.options], sort_keys=True, default=str)
        labels = {
            PROJECT: self.name,
            PART: part.name,
            CONFIGURATION: hashlib.sha256(said.encode()).hexdigest(),
        }
        return {
            **part.options,
            "image": part.image,
            "name": f"{self.name}-{part.name}",
            "labels": labels,
            "network": self._network,
            "networking_config": {
                self._network: EndpointConfig(self.client.api.api_version, aliases=list(part.aliases))
            },
        }

    @property
    def _network(self) -> str:
        return f"{self.name}_default"

    def _networks(self) -> list[Network]:
        """Return our network, if it exists; the engine's own filter also finds longer names."""
        found = self.client.networks.list(names=[self._network])
        return [network for network in found if network.name == self._network]

    def _make_network(self) -> None:
        labels = {PROJECT: self.name}
        if not self._networks():
            self.client.networks.create(self._network, labels=labels)
        present = {volume.name for volume in self.client.volumes.list()}
        for volume in self.composition.volumes:
            if f"{self.name}_{volume}" not in present:
                self.client.volumes.create(f"{self.name}_{volume}", labels=labels)
