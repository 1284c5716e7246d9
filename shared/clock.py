"""Two clocks: covenant time for the covenant's terms, machine time for tokens, keys, inbox and Kafka.

Outside production a clock file can move covenant time forward, so that a year can be played.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

log = structlog.get_logger()


def machine_now() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """Covenant time is machine time plus the offset in the clock file, if there is one."""

    file: Path | None = None
    _last: timedelta = field(default=timedelta(), init=False)
    _unreadable: bool = field(default=False, init=False)

    @property
    def offset(self) -> timedelta:
        """How far covenant time was moved; what it was before, while the file cannot be read.

        A file that is being written is empty or half there: time must neither stop nor go back for that.
        """
        if self.file is None:
            return self._last
        try:
            self._last = _offset_in(self.file)
        except FileNotFoundError:
            return self._last
        except (OSError, ValueError) as error:
            if not self._unreadable:
                log.warning("clock-file-unreadable", kind=type(error).__name__)
            self._unreadable = True
            return self._last
        self._unreadable = False
        return self._last

    def covenant(self, machine: datetime) -> datetime:
        """The covenant time at that machine time."""
        return machine + self.offset

    def now(self) -> datetime:
        """Covenant time now."""
        return self.covenant(machine_now())


def _offset_in(file: Path) -> timedelta:
    """Raises `OSError` or `ValueError` when that is not what the file says."""
    try:
        return timedelta(seconds=float(json.loads(file.read_text())["offset_seconds"]))
    except (KeyError, TypeError, OverflowError):
        raise ValueError("a clock file says offset_seconds") from None
