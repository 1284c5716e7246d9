"""Control a container in the way a process is: stop, kill, freeze, thaw, export."""

import signal
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from docker.errors import NotFound
from docker.models.containers import Container

from deploy.machine.engine import connected

PATIENCE = 15  # seconds between asking and killing


@dataclass(frozen=True)
class RunningContainer:
    """Name a container by its id; `began` (StartedAt) tells one run of it from a later one."""

    container: str
    began: str

    def __str__(self) -> str:
        return f"container {self.container[:12]}"

    def is_running(self) -> bool:
        with closing(connected()) as client:
            try:
                state = client.containers.get(self.container).attrs["State"]
                return bool(state["Running"] and state["StartedAt"] == self.began)
            except NotFound:
                return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it by the signal that its image names, so `number` does not matter; a frozen one is thawed."""
        with closing(connected()) as client:
            found = client.containers.get(self.container)
            if found.status == "paused":
                found.unpause()
            found.stop(timeout=PATIENCE)

    def kill(self) -> None:
        with closing(connected()) as client:
            found = client.containers.get(self.container)
            found.kill()
            found.wait()

    def freeze(self) -> None:
        with closing(connected()) as client:
            client.containers.get(self.container).pause()

    def thaw(self) -> None:
        with closing(connected()) as client:
            client.containers.get(self.container).unpause()

    def export(self, target: Path) -> None:
        """Copy its volumes and its log."""
        with closing(connected()) as client:
            found = client.containers.get(self.container)
            own = target / str(found.name)
            own.mkdir(parents=True, exist_ok=True)
            (own / "log").write_bytes(found.logs())
            for mount in found.attrs["Mounts"]:
                if mount["Type"] == "volume":
                    _copy(found, mount["Destination"], own)

    def log(self) -> str:
        """Return everything that it wrote."""
        with closing(connected()) as client:
            return str(client.containers.get(self.container).logs(), errors="replace")


def copied(container: str, directory: str, target: Path) -> Path:
    """Copy a directory out of the container of this name into `target`; return the copy."""
    with closing(connected()) as client:
        _copy(client.containers.get(container), directory, target)
    return target / PurePosixPath(directory).name


def _copy(container: Container, path: str, target: Path) -> None:
    stream, _ = container.get_archive(path)
    with tempfile.TemporaryFile() as file:
        file.writelines(stream)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            archive.extractall(target, filter="data")
