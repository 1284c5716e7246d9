"""Two clocks: covenant time for the covenant's terms, machine time for tokens, keys, inbox and Kafka.

Outside production a clock file can move covenant time forward, so that a year can be played.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


def machine_now() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Covenant time is machine time plus the offset in the clock file, if there is one."""

    file: Path | None = None

    @property
    def offset(self) -> timedelta:
        """How far covenant time was moved."""
        if self.file is None or not self.file.exists():
            return timedelta()
        return timedelta(seconds=float(json.loads(self.file.read_text())["offset_seconds"]))

    def covenant(self, machine: datetime) -> datetime:
        """The covenant time at that machine time."""
        return machine + self.offset

    def now(self) -> datetime:
        """Covenant time now."""
        return self.covenant(machine_now())
