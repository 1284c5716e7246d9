"""Write down which servers and services run, and recognise them again in another process of ours."""

from collections.abc import Mapping
from typing import Any

from deploy.machine.container import RunningContainer
from deploy.machine.process import Process, Running


def record_of(started: Running) -> dict[str, Any]:
    """Return what `recall` takes, as plain JSON values."""
    return vars(started)


def recall(record: Mapping[str, Any]) -> Running:
    """Return the process or container that `record_of` described; it may be gone by now."""
    return RunningContainer(**record) if "container" in record else Process(**record)
