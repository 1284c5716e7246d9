"""A container engine for the tests: the one that answers, else one of our own, with all images built."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from deploy.containers import images
from deploy.containers.servers import contained
from deploy.machine.certificates import make_certificates
from deploy.machine.engine import NoEngine, connected, install, installed, own_engine
from deploy.machine.process import DidNotStart, last_lines
from tests.support.containers import CHOICE, WHY_NOT, made_by_testcontainers


class NoContainers(Exception):
    """Raised when the tests cannot run in containers here; the message says why."""


@contextmanager
def containers(*, may_start: bool) -> Iterator[None]:
    """Provide an engine with all images, on which both servers have run once; raises `NoContainers`."""
    if os.environ.get(CHOICE) == "embedded":
        raise NoContainers(f"{CHOICE} says so")
    try:
        with _engine(may_start=may_start):
            _make_ready()
            yield
    except (*WHY_NOT, OSError) as why:
        raise NoContainers(str(why)) from why


@contextmanager
def _engine(*, may_start: bool) -> Iterator[None]:
    """Use the one that answers, else start one for this process and its children; raises `NoEngine`."""
    try:
        connected().close()
    except NoEngine:
        if not may_start:
            raise
    else:
        yield
        return
    if not installed():
        install()
    with own_engine() as address:
        os.environ["DOCKER_HOST"] = address
        try:
            yield
        finally:
            del os.environ["DOCKER_HOST"]


def _make_ready() -> None:
    """Build what is missing; start both servers, log in to each, and remove them."""
    with closing(connected()) as client:
        tags = images.ensure(client, step=_timed)
    servers = contained(tags, made_by_testcontainers, tls=images.with_tls())
    with tempfile.TemporaryDirectory() as directory, _timed("first containers"):
        place = Path(directory)
        certificates = make_certificates(place / "certificates", "test")
        try:
            servers.start_kafka(place / "kafka", certificates, place / "kafka.log")
            servers.start_postgres(place / "postgres", certificates.of("postgres"), place / "postgres.log")
        except DidNotStart as failed:
            raise NoContainers(f"{failed}: {last_lines(failed.log)}") from failed
        finally:
            servers.remove_kafka(place / "kafka")
            servers.remove_postgres(place / "postgres")


@contextmanager
def _timed(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"made {name} in {time.monotonic() - began:.1f} s", flush=True)
