"""Make an account of the operating system for one house, as PostgreSQL refuses to run as root.

Each house has its own, so that no house waits for another to be done with it, or reads its data.
"""

import grp
import os
import pwd
import re
import secrets
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.reasons import Refused
from deploy.machine.process import Account
from deploy.machine.secrets import write_private

PREFIX = "zvh-postgres-"
OURS = re.compile(rf"{PREFIX}[0-9a-f]{{8}}")
NO_HOME = ("--no-create-home", "--home-dir", "/")
GONE_WITHIN = 10.0  # seconds


def kept_account(file: Path) -> Account | None:
    """Return the account whose name stands in `file`, made where it is missing; None but for root."""
    if os.geteuid() != 0:
        return None
    if not _name(file):  # written first: what was made can be found again, whatever happens meanwhile
        write_private(file, PREFIX + secrets.token_hex(4))
    name = _name(file)
    if _known(name) is None:
        _run("useradd", "--system", "--user-group", *NO_HOME, "--shell", "/bin/false", name)
    user = pwd.getpwnam(name)
    return Account(user.pw_uid, user.pw_gid)


def remove_account(file: Path) -> None:
    """Delete the account whose name stands in `file`, and its group, after all that still runs as it."""
    end_all(file)
    name = _name(file)
    if name and _known(name):
        _run("userdel", name)
    if name and name in {group.gr_name for group in grp.getgrall()}:  # on some systems userdel leaves it
        _run("groupdel", name)


def end_all(file: Path) -> None:
    """Kill all that runs as the account whose name stands in `file`."""
    name = _name(file)
    if name and (user := _known(name)):
        _end_all_of(user.pw_uid)


def _name(file: Path) -> str:
    """Return the name in `file`, if it is one of ours: whatever else stands there is left alone."""
    found = file.read_text().strip() if file.exists() else ""
    return found if OURS.fullmatch(found) else ""


def _known(name: str) -> pwd.struct_passwd | None:
    with suppress(KeyError):
        return pwd.getpwnam(name)
    return None


def _end_all_of(uid: int) -> None:
    """Kill all processes of the account; after a kill, sessions of a server linger for a moment."""
    deadline = time.monotonic() + GONE_WITHIN
    while (left := _processes_of(uid)) and time.monotonic() < deadline:
        for one in left:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        time.sleep(0.02)


def _processes_of(uid: int) -> list[psutil.Process]:
    return [
        one
        for one in psutil.process_iter(["uids", "status"])
        if one.info["uids"] and uid in one.info["uids"] and one.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError:
        raise Refused(f"PostgreSQL refuses root and {command[0]} is missing: run as another user") from None
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.strip().partition("\n")[0]
        raise Refused(f"PostgreSQL needs an account of its own under root, and: {said}") from None
