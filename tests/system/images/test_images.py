"""What is in an image, what is not, and what its process may do."""

import json
import tarfile
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import ContainerError

from deploy.containers import images
from deploy.containers.bases import official
from shared.contract.registry import SERVICES

SEEN = """
import json, os, sys
def below(top):
    found = [os.path.join(at, name) for at, _, files in os.walk(top) for name in files]
    return sorted(os.path.relpath(path, top) for path in found)
def written(path):
    try:
        with open(path, "w"):
            return True
    except OSError:
        return False
print(json.dumps({
    "user": os.getuid(),
    "files": [name for name in below("/app") if not name.endswith(".pyc")],
    "packages": [name for name in os.listdir("/opt/packages") if name.endswith(".dist-info")],
    "writes": [path for path in ("/app/x", "/opt/packages/x", "/etc/x", "/tmp/x") if written(path)],
}))
"""


def seen(engine: docker.DockerClient, tag: str) -> dict[str, Any]:
    """Return what a process of the image finds around it."""
    said = engine.containers.run(
        tag,
        ["-c", SEEN],
        entrypoint=["python3"],
        read_only=True,
        tmpfs={"/tmp": "uid=10001"},  # noqa: S108 - the container's own
        network_mode="none",
        remove=True,
    )
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_shared_and_its_service_and_runs_without_rights(
    service: str, engine: docker.DockerClient, tags: dict[str, str]
) -> None:
    found = seen(engine, tags[service])
    assert {name.split("/")[0] for name in found["files"]} == {"__main__.py", "services", "shared"}
    assert {name.split("/")[1] for name in found["files"] if name.startswith("services/")} == {
        "__init__.py",
        service,
    }
    assert found["user"] == 10001
    assert found["writes"] == ["/tmp/x"]  # noqa: S108


def test_an_image_holds_the_locked_dependencies_and_no_others(
    engine: docker.DockerClient, tags: dict[str, str]
) -> None:
    lines = (images.ROOT / "requirements.txt").read_text().splitlines()
    locked = {line.split("==")[0].split("[")[0].lower() for line in lines if line[:1].isalpha()}
    found = {name.split("-")[0].lower().replace("_", "-") for name in seen(engine, tags["rto"])["packages"]}
    assert found == {name.replace(".", "-").replace("_", "-") for name in locked}


@pytest.mark.parametrize("service", SERVICES)
def test_a_missing_setting_ends_the_container_with_2(
    service: str, engine: docker.DockerClient, tags: dict[str, str]
) -> None:
    with pytest.raises(ContainerError) as ended:
        engine.containers.run(tags[service], network_mode="none", remove=True)
    assert ended.value.exit_status == 2
    assert "ZVH_HOUSE" in str(ended.value)


@pytest.mark.parametrize("name", images.NAMES)
def test_no_image_runs_as_root_and_none_starts_a_shell(
    name: str, engine: docker.DockerClient, tags: dict[str, str]
) -> None:
    told = engine.images.get(tags[name]).attrs["Config"]
    user, _, group = told["User"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert told["Entrypoint"][0] in ("python3", "/opt/java/openjdk/bin/java", "docker-entrypoint.sh")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_a_health_check_without_a_shell(
    service: str, engine: docker.DockerClient, tags: dict[str, str]
) -> None:
    told = engine.images.get(tags[service]).attrs["Config"]
    assert told["Healthcheck"]["Test"] == ["CMD", "python3", "-m", "shared.runtime.healthcheck"]


def test_the_same_content_is_not_built_twice(engine: docker.DockerClient, tags: dict[str, str]) -> None:
    before = {name: engine.images.get(tag).attrs["Created"] for name, tag in tags.items()}
    assert images.ensure(engine) == tags
    assert {name: engine.images.get(tag).attrs["Created"] for name, tag in tags.items()} == before


def test_a_changed_file_changes_the_tag_of_its_own_image_alone(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("one")
    first = images.Recipe("intake", images.DEPLOY / "Dockerfile", "base", {}, {"shared/module.py": file})
    before = first.tag()
    file.write_text("other")
    assert first.tag() != before
    file.write_text("one")
    assert first.tag() == before
    file.chmod(0o755)
    assert first.tag() != before


def test_with_a_registry_the_servers_are_the_official_images() -> None:
    built = {recipe.name: recipe for recipe in images.recipes(official(), "x86_64", ("kafka", "postgres"))}
    assert built["kafka"].base.startswith("apache/kafka:")
    assert built["postgres"].base.startswith("postgres:")
    assert all(not recipe.files for recipe in built.values())


def test_a_context_depends_on_nothing_but_its_content(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("x")
    recipe = images.Recipe("intake", images.DEPLOY / "Dockerfile", "base", {}, {"shared/module.py": file})
    with (tmp_path / "context.tar").open("w+b") as context:
        images.write_context(recipe, context)
        context.seek(0)
        with tarfile.open(fileobj=context) as archive:
            entries = archive.getmembers()
    assert [entry.name for entry in entries] == ["Dockerfile", "shared/module.py"]
    assert {(entry.mtime, entry.uid, entry.uname) for entry in entries} == {(0, 0, "")}
