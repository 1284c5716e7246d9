"""Download the locked dependencies into a directory, checked by hash, as a build has no network."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.containers.cache import cached

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"
IN_THE_IMAGE = "/opt/packages"
MANYLINUX = ("manylinux_2_28", "manylinux_2_24", "manylinux_2_17", "manylinux2014")


class CannotFetch(Exception):
    """Raised with the output of the package manager."""


def runtime_packages(machine: str) -> Path:
    """Return the directory of unpacked wheels for Linux on `x86_64`, with their compiled modules."""
    locked = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]

    def make(directory: Path) -> None:
        fetch = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
        fetch += ["--only-binary=:all:", "--require-hashes", "--requirement", str(REQUIREMENTS)]
        fetch += [f"--platform={name}_{machine}" for name in MANYLINUX]
        fetch += ["--python-version=3.11", "--implementation=cp", f"--target={directory}"]
        _run([sys.executable, "-m", "pip", *fetch])
        shutil.rmtree(directory / "bin", ignore_errors=True)
        compiled = ["-q", "-j0", "--invalidation-mode=unchecked-hash", f"-s{directory}", f"-p{IN_THE_IMAGE}"]
        _run([sys.executable, "-m", "compileall", *compiled, str(directory)])

    return cached(f"packages-{locked}-{machine}", make)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise CannotFetch(done.stderr.strip()[-400:] or done.stdout.strip()[-400:])
