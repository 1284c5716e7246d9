"""compose.yaml says what it must, and whatever of it we would not carry out is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.containers.compose import Composition, NotUnderstood, read
from deploy.containers.files import COMPOSE_FILE
from deploy.containers.house import TWO, prepare
from shared.contract.registry import SERVICES

SECONDS = tuple(f"{service}-2" for service in SERVICES)
JOBS = {"kafka-format", "provisioning", *(f"{service}-migrate" for service in SERVICES)}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="module")
def composition(directory: Path) -> Composition:
    return prepare(directory, {}).composition


def secret_files(directory: Path) -> Iterator[Path]:
    yield from (directory / "services").rglob("*-password")
    yield from (directory / "services").rglob("client-secret")
    yield from (directory / "services").rglob("root-key")
    yield from (directory / "kafka", directory / "postgres")


def test_every_part_is_confined(composition: Composition) -> None:
    for part in composition.parts.values():
        assert part.options["read_only"], part.name
        assert part.options["cap_drop"] == ["ALL"], part.name
        assert part.options["security_opt"] == ["no-new-privileges:true"], part.name


def test_only_loopback_is_published(composition: Composition) -> None:
    published = [where for part in composition.parts.values() for where in part.options["ports"].values()]
    assert len(published) == 8
    assert {address for address, _ in published} == {"127.0.0.1"}


def test_no_environment_and_no_command_holds_a_secret(composition: Composition, directory: Path) -> None:
    secrets = [file.read_text().strip() for file in secret_files(directory) if file.is_file()]
    secrets += [(directory / server / "password").read_text() for server in ("kafka", "postgres")]
    assert len(secrets) == 27
    for part in composition.parts.values():
        said = repr((part.options["environment"], part.options.get("command")))
        assert not [secret for secret in secrets if secret in said], part.name


def test_secrets_that_containers_may_read_lie_where_nobody_else_may_look(directory: Path) -> None:
    for file in secret_files(directory):
        closed = [place for place in file.parents if place.stat().st_mode & 0o077 == 0]
        assert closed, file


def test_a_job_is_done_before_what_needs_it_starts(composition: Composition) -> None:
    assert composition.layers == (
        ("kafka-format", "postgres", "issuer"),
        ("kafka",),
        ("provisioning",),
        tuple(f"{service}-migrate" for service in SERVICES),
        (*SERVICES, *SECONDS),
    )
    once = {name for name, part in composition.parts.items() if "restart_policy" not in part.options}
    assert once == JOBS


def test_a_second_container_is_made_like_the_first_and_called_by_its_name(composition: Composition) -> None:
    """Only when it is asked for; the port on this machine is the first one's."""
    assert composition.of_profile(TWO) == list(SECONDS)
    for service, second in zip(SERVICES, SECONDS, strict=True):
        one, two = composition.parts[service], composition.parts[second]
        assert not one.profiles
        assert two.aliases == (second, service)
        assert {**two.options, "ports": one.options["ports"]} == dict(one.options)
        assert not two.ports


def test_a_service_gets_its_own_secrets_and_no_others(composition: Composition) -> None:
    for service in SERVICES:
        sources = [mount["Source"] for mount in composition.parts[service].options["mounts"]]
        own = [source for source in sources if "/services/" in source]
        assert len(own) == 5
        assert all(f"/services/{service}/" in source for source in own)


@pytest.mark.parametrize(
    ("part", "unknown"),
    [
        ("image: x\n    privileged: true", "privileged"),
        ("image: ${NOT_SET:?}", "NOT_SET"),
        ("image: x\n    depends_on: {b: {condition: service_started}}", "wait for one another"),
        ("image: x\n    healthcheck: {test: [CMD, x]}", "healthcheck"),
        ("image: x\n    networks: {other: {}}", "one network"),
        ("image: x\n    stop_grace_period: 1m", "1m"),
    ],
)
def test_what_would_not_be_carried_out_is_refused(part: str, unknown: str) -> None:
    text = f"services:\n  a:\n    {part}\nvolumes: {{}}\nsecrets: {{}}\n"
    with pytest.raises(NotUnderstood, match=unknown):
        read(text, {"COMPOSE_PROJECT_NAME": "test"})


def test_the_file_that_ships_needs_every_variable_it_names() -> None:
    with pytest.raises(NotUnderstood, match="is not set"):
        read(COMPOSE_FILE.read_text(), {"COMPOSE_PROJECT_NAME": "test"})
