"""Write structured logs as JSON lines: counts, codes and names of rules, never a value somebody gave us.

Logs live on elsewhere when a case is gone, so no id of a case or an item gets into one: a digest stands in
its place, of which the service that wrote it can say whose it is as long as the case is there.
"""

import logging
import os
import re
import sys
import threading
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

from shared.ids import keyed_hash
from shared.telemetry.metrics import FAULTS

_ANY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_digest_key = os.urandom(32)  # until the settings are read


def digest_ids_with(key: bytes) -> None:
    """Let the digests in the log lines of this process be keyed with this key, which no database holds."""
    global _digest_key
    _digest_key = key


def logged(key: bytes, id_: str) -> str:
    """Return what stands in a log line for an id: 16 hexadecimal digits."""
    return keyed_hash(key, "logged", id_.lower()).hex()[:16]


def _without_ids(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    return {name: _digested(value) if isinstance(value, str) else value for name, value in line.items()}


def _digested(text: str) -> str:
    return _ANY_ID.sub(lambda found: logged(_digest_key, found[0]), text)


def configure(service: str) -> None:
    """Configure our own log lines as JSON; log of libraries only warnings, and where, not what they say.

    The exception with which a process or a thread ends is logged in the same way.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _without_ids,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    structlog.contextvars.bind_contextvars(service=service)
    root = logging.getLogger()
    root.handlers = [_Plain()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        structlog.get_logger().error("crashed", kind=kind.__name__, where=_where(trace))

    sys.excepthook = crashed
    threading.excepthook = lambda args: structlog.get_logger().error(
        "thread-ended", kind=args.exc_type.__name__, where=_where(args.exc_traceback)
    )


def _where(trace: TracebackType | None) -> list[str]:
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-4:]]


def log_bug(service: str, event: str, error: Exception, **about: str | int) -> None:
    """Log where an exception happened and its type, never its message: that can hold values.

    `about` are ids and codes of what it happened to.
    """
    FAULTS.labels(event).inc()
    where = _where(error.__traceback__)
    structlog.get_logger().error(event, service=service, kind=type(error).__name__, where=where, **about)


class _Plain(logging.Handler):
    """Log where a library logs and how bad; its messages can hold values, so those stay out."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning(
            "library", logger=record.name, level_=record.levelname, line=record.lineno
        )
