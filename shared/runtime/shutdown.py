"""End the process within a bound after it was asked to, whatever is frozen.

Exit codes: 0 ended as asked, 1 a fault, 2 a setting, schema or lock, 3 ended as asked but by force: something
did not end in time, 143 a migration cut off by a signal. Nothing is lost by any, as by no crash.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import structlog

log = structlog.get_logger()
WITHIN = 8.5  # seconds from the signal to the end: supervisors give ten
FAULT, FORCED, INTERRUPTED = 1, 3, 143  # exit codes


class Deadline:
    """Let the process end at most `within` seconds after `start`, by force if need be."""

    def __init__(self, within: float = WITHIN) -> None:
        self._within, self._started = within, False

    def start(self, code: int = FORCED) -> None:
        """Begin to count; again changes nothing. Threads do it: the event loop may be what hangs.

        `code` is the exit code of an end by force.
        """
        if self._started:
            return
        self._started = True
        for seconds, act in ((self._within, _force), (self._within + 0.5, os._exit)):
            timer = threading.Timer(seconds, act, [code])
            timer.daemon = True
            timer.start()


@contextlib.contextmanager
def ending_at_once_on_signal(code: int) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the process at once with this exit code: for what may be cut off anywhere.

    Without it the first process of a container does not hear SIGTERM at all. Only the main thread may do so.
    """

    def end(number: int, frame: FrameType | None) -> None:
        os._exit(code)

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _force(code: int) -> None:
    """Say so and end; should even that line not be written, the second timer ends the process."""
    log.error("shutdown-forced", what="process")
    os._exit(code)
