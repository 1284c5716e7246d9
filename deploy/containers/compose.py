"""Read the part of the compose format that compose.yaml uses, as arguments for the engine. Pure.

Anything unknown is refused: a setting that is silently left out would be a security hole.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml
from docker.types import Mount

SECONDS = 1_000_000_000  # the engine counts in nanoseconds
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")
_DURATION = re.compile(r"(\d+)s")


class NotUnderstood(Exception):
    """Raised with the part of the file that is missing, or is not supported here."""


class Condition(StrEnum):
    """Name the state of another part that a part waits for."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


@dataclass(frozen=True)
class Part:
    """Describe one `service` of the file. `options` are docker-py's for creating its container.

    `aliases`: its host names in the network. A part with profiles is started only when asked for.
    """

    name: str
    image: str
    options: Mapping[str, Any]
    after: Mapping[str, Condition]
    grace: int  # seconds between asking it to stop and killing it
    aliases: tuple[str, ...]
    profiles: tuple[str, ...]

    @property
    def ports(self) -> dict[int, int]:
        """Map each published port in the container to the one on this machine."""
        published: dict[str, tuple[str, int]] = self.options["ports"]
        return {int(inside.split("/")[0]): port for inside, (_, port) in published.items()}


@dataclass(frozen=True)
class Composition:
    """Describe the whole file: its parts, its volumes, and the name of the project.

    `layers`: names of parts; each depends on nothing but earlier layers.
    """

    name: str
    parts: Mapping[str, Part]
    layers: tuple[tuple[str, ...], ...]
    volumes: tuple[str, ...]

    def of_profile(self, profile: str) -> list[str]:
        """Return the names of the parts that belong to this profile."""
        return [name for name, part in self.parts.items() if profile in part.profiles]


def read(text: str, variables: Mapping[str, str]) -> Composition:
    """Parse the file with its variables filled in; raises `NotUnderstood`."""
    content = _filled_in(yaml.safe_load(text), variables)
    known = {"services", "volumes", "secrets"}
    if unknown := {key for key in content if not key.startswith("x-")} - known:
        raise NotUnderstood(", ".join(sorted(unknown)))
    name = variables["COMPOSE_PROJECT_NAME"]
    secrets = {secret: where["file"] for secret, where in content["secrets"].items()}
    parts = {part: _part(name, part, said, secrets) for part, said in content["services"].items()}
    return Composition(name, parts, tuple(_layers(parts)), tuple(content["volumes"]))


def _filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _variable(found, variables), value)
        case list():
            return [_filled_in(entry, variables) for entry in value]
        case dict():
            return {key: _filled_in(entry, variables) for key, entry in value.items()}
        case _:
            return value


def _variable(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, default = found.groups()
    if value := variables.get(name):
        return value
    if kind != ":-":
        raise NotUnderstood(f"{name} is not set")
    return str(default)


def _part(project: str, name: str, said: dict[str, Any], secrets: Mapping[str, str]) -> Part:
    options: dict[str, Any] = {"environment": {}, "ports": {}, "mounts": []}
    after: dict[str, Condition] = {}
    image, grace = "", 10
    aliases, profiles = [name], []
    for key, value in said.items():
        match key:
            case "image":
                image = str(value)
            case "command" | "environment" | "read_only" | "cap_drop" | "security_opt" | "shm_size":
                options[key] = value
            case "mem_limit" | "pids_limit":
                options[key] = value
            case "tmpfs":
                places = (entry.partition(":") for entry in value)
                options[key] = {place: mode for place, _, mode in places}
            case "secrets":
                options["mounts"] += [_secret(entry, secrets) for entry in value]
            case "volumes":
                options["mounts"] += [_volume(project, entry) for entry in value]
            case "ports":
                options[key] = dict(map(_port, value))
            case "restart":
                options["restart_policy"] = {"Name": value}
            case "healthcheck":
                options[key] = _healthcheck(value)
            case "depends_on":
                after = {other: Condition(wish["condition"]) for other, wish in value.items()}
            case "logging":
                options["log_config"] = {"type": value["driver"]}
            case "networks":
                aliases += _aliases(value)
            case "profiles":
                profiles = value
            case "stop_grace_period":
                grace = _seconds(value)
            case _:
                raise NotUnderstood(f"{name}: {key}")
    return Part(name, image, options, after, grace, tuple(aliases), tuple(profiles))


def _aliases(said: dict[str, Any]) -> list[str]:
    match said:
        case {"default": {"aliases": [*names], **others}, **networks} if not (others or networks):
            return names
        case _:
            raise NotUnderstood("there is one network, the default one")


def _secret(entry: dict[str, str], secrets: Mapping[str, str]) -> Mount:
    return Mount(f"/run/secrets/{entry['target']}", secrets[entry["source"]], "bind", read_only=True)


def _volume(project: str, entry: str) -> Mount:
    source, target, *mode = entry.split(":")
    if source.startswith("/"):
        return Mount(target, source, "bind", read_only=mode == ["ro"])
    return Mount(target, f"{project}_{source}", "volume", read_only=mode == ["ro"])


def _port(entry: str) -> tuple[str, tuple[str, int]]:
    address, outside, inside = entry.split(":")
    return f"{inside}/tcp", (address, int(outside))


def _healthcheck(said: dict[str, Any]) -> dict[str, Any]:
    if said != {"disable": True}:
        raise NotUnderstood("a healthcheck stands in the image")
    return {"test": ["NONE"]}


def _seconds(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise NotUnderstood(duration)
    return int(found[1])


def _layers(parts: Mapping[str, Part]) -> Iterator[tuple[str, ...]]:
    done: set[str] = set()
    while len(done) < len(parts):
        layer = tuple(name for name in parts if name not in done and parts[name].after.keys() <= done)
        if not layer:
            raise NotUnderstood(f"{', '.join(sorted(parts.keys() - done))} wait for one another")
        yield layer
        done |= set(layer)
