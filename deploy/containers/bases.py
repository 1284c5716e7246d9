"""Choose the base images: the official ones where a registry answers, else one made on this machine."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from deploy.containers.cache import cached
from deploy.machine.engine import ELSEWHERE

OFFICIAL = {"python": "python:3.11-slim-bookworm", "kafka": "apache/kafka:4.3.1", "postgres": "postgres:18"}

MADE_WITHIN = 600  # seconds; 40 on a free machine
RELEASE = "bookworm"  # the Debian whose python3 is 3.11
PACKAGES = "python3"
POSTGRES_USER = "postgres:x:999:999::/nonexistent:/usr/sbin/nologin\n"  # it refuses to run nameless
LEFT_OUT = (
    "./dev/",
    "./proc/",
    "./usr/share/doc/",
    "./usr/share/locale/",
    "./usr/share/man/",
    "./var/cache/",
    "./var/lib/apt/lists/",
    "./var/log/",
)


class CannotMakeBase(Exception):
    """Raised with what is missing on this machine to make a base image."""


@dataclass(frozen=True)
class Bases:
    """Name the base images; `local` says that Kafka and PostgreSQL must be added to a bare Python."""

    python: str
    kafka: str
    postgres: str
    local: bool


def official() -> Bases:
    """Return the official images; the engine pulls them when they are missing."""
    return Bases(**OFFICIAL, local=False)


def local(client: docker.DockerClient) -> Bases:
    """Return a minimal Debian made by debootstrap and kept in the cache; raises `CannotMakeBase`."""
    recipe = hashlib.sha256(repr((RELEASE, PACKAGES, POSTGRES_USER, LEFT_OUT)).encode()).hexdigest()[:12]
    name = f"zvh-base:{RELEASE}-{recipe}"
    try:
        client.images.get(name)
    except ImageNotFound:
        file = cached(f"base-{RELEASE}-{recipe}.tar", _make)
        repository, tag = name.split(":")
        client.api.import_image_from_file(str(file), repository=repository, tag=tag)
    return Bases(name, name, name, local=True)


def can_make() -> bool:
    """Tell whether a local base can be made here."""
    return os.geteuid() == 0 and shutil.which("debootstrap") is not None


def _make(file: Path) -> None:
    if not can_make():
        raise CannotMakeBase("a base is made as root, with the package debootstrap")
    with tempfile.TemporaryDirectory(prefix="zvh-base-", dir=ELSEWHERE) as directory:
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, directory]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=MADE_WITHIN)  # noqa: S603
        except subprocess.CalledProcessError as failed:
            raise CannotMakeBase(f"debootstrap failed: {failed.stdout.strip()[-400:]}") from failed
        except subprocess.TimeoutExpired as failed:
            raise CannotMakeBase(f"debootstrap took longer than {MADE_WITHIN} s") from failed
        with (Path(directory) / "etc" / "passwd").open("a") as users:
            users.write(POSTGRES_USER)
        with tarfile.open(file, "w") as archive:
            archive.add(directory, arcname=".", filter=_wanted)


def _wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.startswith(LEFT_OUT) else entry
