"""Write secrets as files that only their owner can read, never to an environment or a command line."""

import json
import os
import secrets
from pathlib import Path
from typing import Any


def private_directory(directory: Path) -> Path:
    """Create the directory with mode 0700, if it is missing."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def write_private(path: Path, content: str | bytes) -> Path:
    """Write with mode 0600 from the first byte on, and atomically for whoever reads meanwhile."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return unfinished.rename(path)


def write_private_json(path: Path, content: Any) -> Path:
    """Write indented JSON, as people look into these files when developing."""
    return write_private(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def new_password() -> str:
    """Return 192 random bits, in characters that need no escaping in SQL, properties, JSON or URLs."""
    return secrets.token_urlsafe(24)


def kept_password(path: Path) -> str:
    """Return the password in this file, made at the first call: servers keep theirs over a restart."""
    if not path.exists():
        write_private(path, new_password())
    return path.read_text()
