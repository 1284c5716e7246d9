"""Explain in one line why something did not start, and what to do."""

import re
import shutil
from pathlib import Path

from deploy.machine.process import DidNotStart, PortTaken, since_it_began

NEEDED = 400 << 20  # bytes of disk: twice what a new house with a story takes
ADVICE = {  # what a log or the operating system says, and what helps; the first that occurs is it
    "No space left on device": "make room on that disk",
    "Disk quota exceeded": "make room on that disk",
    "error while loading shared libraries": "install that library",
    "Address already in use": "stop what listens there",
    "Could not reserve enough space": "free some memory",
    "Cannot allocate memory": "free some memory",
    "insufficient memory": "free some memory",
    "Too many open files": "raise `ulimit -n`",
    "Read-only file system": "choose a place that can be written",
    "Not a directory": "choose another place",
    "File exists": "choose another place",
    "Permission denied": "run as who owns it, or choose another place",
    "Exec format error": "install it for this machine's processor",
}
_INDENTED = re.compile(r"^(\s|\.\.\.|at )")  # a stack trace's lines, Java's and Python's
_BAD = re.compile(r"error|fatal|exception|could not|cannot|refused|denied|invalid", re.IGNORECASE)


def reason_of(failed: BaseException) -> str:
    """Return one line: what happened, what its log said of it, and what to do."""
    if isinstance(failed, DidNotStart):
        line = telling_line(since_it_began(failed.log))
        return advised(f"{failed}: {line or 'it said nothing'}; see {failed.log}")
    if isinstance(failed, OSError) and failed.strerror:
        where = f": {failed.filename}" if failed.filename else ""
        return advised(f"{failed.strerror}{where}")
    first = advised(str(failed).strip().partition("\n")[0])
    return first if isinstance(failed, (Refused, PortTaken)) else f"{type(failed).__name__}: {first}"


def advised(line: str) -> str:
    """Add what helps against a known cause."""
    found = next((advice for cause, advice in ADVICE.items() if cause in line), None)
    return f"{line} ({found})" if found else line


def telling_line(text: str) -> str:
    """Pick the line of a log that says what was the matter: a known cause, else the last that complains."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _INDENTED.match(line)]
    for cause in ADVICE:
        if known := [line for line in lines if cause in line]:
            return known[-1]
    complaints = [line for line in lines if _BAD.search(line)]
    return (complaints or lines or [""])[-1]


class Refused(Exception):
    """Raised for a start that cannot work; the text is one line and says what to do."""


def refuse_full(directory: Path) -> None:
    """Raise `Refused` when the disk is too full, rather than fail halfway without room for a log."""
    free = shutil.disk_usage(directory).free
    if free < NEEDED:
        room = f"a house takes {NEEDED >> 20} MB and {directory} has {free >> 20} MB"
        raise Refused(f"{room}: make room on that disk")


def refuse_unusable(directory: Path) -> None:
    """Raise `Refused` for a path that Java, JSON or a terminal cannot represent."""
    try:
        str(directory).encode()
    except UnicodeEncodeError:
        raise Refused(f"the path {str(directory)!a} is not UTF-8: choose another place") from None
    if not str(directory).isprintable():
        raise Refused(f"the path {str(directory)!a} holds a control character: choose another place")
