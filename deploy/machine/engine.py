"""Connect to the Docker engine that answers, or run one of our own for as long as a command takes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import docker
from docker.errors import DockerException

from deploy.machine.process import last_lines, uninterrupted

DISTRIBUTION = "io"  # the ending that tells Debian's package of the engine from its maker's
PACKAGES = (f"docker.{DISTRIBUTION}", "debootstrap")
USUAL_ADDRESS = "unix:///var/run/docker.sock"
ANSWERS_WITHIN = 5.0  # seconds
INSTALLS_WITHIN = 300.0  # seconds
STARTS_WITHIN = 60.0  # seconds; 1 on a free machine
STOPS_WITHIN = 30.0
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - a directory of mode 0700 is made in it

# Nothing of the machine's own network is touched: containers reach one another over a bridge of their own,
# this machine reaches them through the daemon's proxy on loopback, and they reach nothing outside.
OPTIONS = ("--iptables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none", "--log-level=warn")


class NoEngine(Exception):
    """Raised with the reason why no containers can run here."""


def connected() -> docker.DockerClient:
    """Return a client of the engine that answers on this machine; raises `NoEngine`."""
    address = os.environ.get("DOCKER_HOST") or USUAL_ADDRESS
    if not address.startswith("unix://"):
        raise NoEngine(f"the engine at {address} is on another machine")
    if not _answers(address):
        raise NoEngine(f"no engine answers at {address}")
    return docker.DockerClient(base_url=address, timeout=120)


def _answers(address: str) -> bool:
    """Ping without docker-py, which leaves its socket behind when nobody answers."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(ANSWERS_WITHIN)
        try:
            asking.connect(address.removeprefix("unix://"))
            asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in asking.recv(64)
        except OSError:
            return False


def installed() -> bool:
    """Tell whether an engine could be started here."""
    return os.geteuid() == 0 and all(map(shutil.which, ("dockerd", "setpriv")))


def install() -> None:
    """Install engine and debootstrap from the distribution's own packages; raises `NoEngine`."""
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
    """Run an engine with a data directory of its own; yields its address, and leaves nothing behind.

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
        with uninterrupted():
            _empty(address)
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
        if _answers(address):
            return
        time.sleep(0.1)
    raise NoEngine(f"dockerd did not start:\n{last_lines(log)}")


def _empty(address: str) -> None:
    """Remove containers and networks while the daemon runs: bridges and processes would outlive it."""
    with suppress(DockerException, OSError), closing(docker.DockerClient(base_url=address)) as client:
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        client.networks.prune()


def _remove(directory: Path) -> None:
    """Remove the directory, after unmounting what a killed daemon left mounted, deepest first."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted((place for place in mounted if place.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", place])  # noqa: S603, S607
    shutil.rmtree(directory, ignore_errors=True)
    if directory.exists():
        print(f"could not remove all of {directory}", file=sys.stderr)


def main() -> int:
    """Run `python -m deploy.machine.engine [--install] COMMAND ...` with an engine to talk to."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or nothing would be removed
    arguments = sys.argv[1:]
    if arguments[:1] == ["--install"]:
        arguments = arguments[1:]
        if not installed():
            install()
    with own_engine() as address:
        return subprocess.run(arguments, env=os.environ | {"DOCKER_HOST": address}).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
