"""The Docker engine: the one that answers, or one of our own for as long as a run lasts."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException

from deploy.local.process import last_lines

PACKAGES = ("docker.io", "debootstrap")
INSTALLS_WITHIN = 300.0  # seconds
STARTS_WITHIN = 60.0  # seconds; 1 on a free machine
STOPS_WITHIN = 30.0
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - a directory of mode 0700 is made in it

# Nothing of the machine's own network is touched: containers reach one another over a bridge of their own,
# this machine reaches them through the daemon's proxy on loopback, and they reach nothing outside.
OPTIONS = ("--iptables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none", "--log-level=warn")


class NoEngine(Exception):
    """Why no containers can run here."""


def connected() -> docker.DockerClient:
    """A client of the engine that answers on this machine; raises `NoEngine`."""
    address = os.environ.get("DOCKER_HOST", "")
    if address and not address.startswith("unix://"):
        raise NoEngine(f"the engine at {address} is on another machine")
    try:
        client = docker.from_env(timeout=120)
        client.ping()
    except DockerException as refused:
        raise NoEngine(f"no engine answers at {address or 'the usual address'}") from refused
    return client


def installed() -> bool:
    """Whether an engine could be started here."""
    return os.geteuid() == 0 and all(map(shutil.which, ("dockerd", "setpriv")))


def install() -> None:
    """Engine and debootstrap from the distribution's own packages; raises `NoEngine` where that cannot be."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists() or not shutil.which("apt-get"):
        raise NoEngine("an engine is installed only as root on Debian")
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "PATH": os.environ["PATH"]}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        try:
            subprocess.run(  # noqa: S603
                ["apt-get", "-qq", *command],  # noqa: S607
                env=quiet,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
                timeout=INSTALLS_WITHIN,
            )
        except subprocess.CalledProcessError as failed:
            raise NoEngine(f"apt-get {command[0]} failed: {failed.stderr.strip()[-400:]}") from failed
        except subprocess.TimeoutExpired as failed:
            raise NoEngine(f"apt-get {command[0]} took longer than {INSTALLS_WITHIN} s") from failed


@contextmanager
def own_engine() -> Iterator[str]:
    """An engine with a data directory of its own; yields its address, and leaves nothing behind.

    Raises `NoEngine` when it does not start. It stops too when the process that started it is killed.
    """
    if not installed():
        raise NoEngine("no engine is installed that this user could start")
    directory = Path(tempfile.mkdtemp(prefix="zvh-engine-", dir=ELSEWHERE))
    address, log = f"unix://{directory}/docker.sock", directory / "log"
    command = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--host", address, *OPTIONS]
    command += ["--data-root", f"{directory}/data", "--exec-root", f"{directory}/exec"]
    command += ["--pidfile", f"{directory}/pid"]
    with log.open("ab") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)  # noqa: S603
    try:
        _wait_until_it_answers(address, daemon, log)
        yield address
    finally:
        daemon.terminate()
        try:
            daemon.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        _remove(directory)


def _wait_until_it_answers(address: str, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while daemon.poll() is None and time.monotonic() < deadline:
        try:
            docker.DockerClient(base_url=address, timeout=5).ping()
            return
        except DockerException:
            time.sleep(0.1)
    raise NoEngine(f"dockerd did not start:\n{last_lines(log)}")


def _remove(directory: Path) -> None:
    """The daemon unmounts what it mounted; what a killed one left is unmounted first, deepest first."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted((place for place in mounted if place.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", place], check=True)  # noqa: S603, S607
    shutil.rmtree(directory)


def main() -> int:
    """`python -m deploy.containers.engine [--install] COMMAND ...`: with an engine to talk to."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--install"]:
        arguments = arguments[1:]
        if not installed():
            install()
    with own_engine() as address:
        return subprocess.run(arguments, env=os.environ | {"DOCKER_HOST": address}).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
