"""Read two clocks: covenant time for the covenant's terms, machine time for tokens, keys, inbox and Kafka.

Outside production a clock file can move covenant time forward, so that a year can be played.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

log = structlog.get_logger()


def machine_now() -> datetime:
    """Return the machine's own time, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """Compute covenant time: machine time plus the offset in the clock file, if there is one."""

    file: Path | None = None
    _last: timedelta = field(default=timedelta(), init=False)
    _unreadable: bool = field(default=False, init=False)

    @property
    def offset(self) -> timedelta:
        """Return how far covenant time was moved; the last known offset while the file cannot be read.

        A file that is being written is empty or incomplete: time must neither stop nor go back for that.
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
        """Return the covenant time at a machine time."""
        return machine + self.offset

    def now(self) -> datetime:
        """Return the covenant time now."""
        return self.covenant(machine_now())


DAY = timedelta(days=1)


@dataclass(slots=True)
class Pace:
    """Compare a clock with the time that passed meanwhile (monotonic seconds), over about a day.

    Steps that are small each are so noticed as the one large step they make together.
    """

    _began: datetime | None = field(default=None, init=False)
    _then: float = field(default=0.0, init=False)

    def expected(self, now: datetime, monotonic: float) -> datetime:
        """Return what the clock should show now; what it shows at the first call, and anew after a day."""
        if self._began is None or monotonic - self._then > DAY.total_seconds():
            self._began, self._then = now, monotonic
        return self._began + timedelta(seconds=monotonic - self._then)

    def forget(self) -> None:
        """Begin anew with the next call."""
        self._began = None


def _offset_in(file: Path) -> timedelta:
    """Read the offset (seconds) from a clock file; raise `OSError` or `ValueError`."""
    try:
        return timedelta(seconds=float(json.loads(file.read_text())["offset_seconds"]))
    except (KeyError, TypeError, OverflowError):
        raise ValueError("a clock file says offset_seconds") from None
