"""Give a server's data a small file system of their own, fill it, and make room again; for root on Linux."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.local.house import KAFKA, POSTGRES, House
from deploy.local.postgres import data_of
from deploy.machine.process import Process
from tests.system.faults.rig import Rig

SPARE = 48 << 20  # bytes beside what the data take
CHUNK = bytes(1 << 16)


class SmallDisk:
    """Be the file system under one server's data."""

    def __init__(self, data: Path) -> None:
        self._filler = data / "filler"

    def fill(self) -> None:
        """Write until nothing more can be written."""
        with self._filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(CHUNK)

    def make_room(self) -> None:
        """Remove what filled it."""
        self._filler.unlink(missing_ok=True)


def why_no_disk(house: House, scratch: Path) -> str | None:
    """Tell why no file system can be made here, or None: it takes root, and servers that are processes."""
    if not all(isinstance(started, Process) for started in house.running().values()):
        return "the servers run in containers"
    try:
        scratch.mkdir(exist_ok=True)
        _mount(scratch, 1 << 20, scratch)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no file system can be mounted here ({type(error).__name__}): it takes root"
    _run("umount", scratch)
    return None


@contextmanager
def small_disk(rig: Rig, server: str) -> Iterator[SmallDisk]:
    """Stop a server, move its data to a small file system, and start it there; move them back at the end."""
    layout = rig.house.layout
    data = {KAFKA: layout.kafka / "data", POSTGRES: data_of(layout.postgres)}[server]
    aside = data.with_name("aside")
    rig.house.stop_one(server)
    data.rename(aside)
    data.mkdir()
    try:
        used = sum(file.lstat().st_blocks * 512 for file in aside.rglob("*"))
        _mount(data, used + SPARE, aside)
        _copy(aside, data)
        rig.house.start_one(server)
        disk = SmallDisk(data)
        yield disk
        disk.make_room()
        rig.house.stop_one(server)
        shutil.rmtree(aside)
        _copy(data, aside)
    finally:
        if server in rig.house.running():
            rig.house.kill(server)
        _run("umount", "--lazy", data)
        data.rmdir()
        aside.rename(data)
        rig.house.start_one(server)


def _mount(place: Path, size: int, like: Path) -> None:
    owner = like.stat()
    options = f"size={size},mode={owner.st_mode & 0o777:o},uid={owner.st_uid},gid={owner.st_gid}"
    _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", place)


def _copy(source: Path, target: Path) -> None:
    """Copy what is in a directory, with its owners; what was never written in a file takes no room."""
    target.mkdir(exist_ok=True)
    _run("cp", "-a", "--sparse=always", f"{source}/.", target)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - of these words and paths of ours
