"""Keep what is expensive to make in the user's cache directory, under a name that tells its content."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return the file or directory of this name, made by `make` when it is missing: whole or not at all."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zvh"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = home / name
    if not made.exists():
        unfinished = home / f"{name}.{os.getpid()}"
        try:
            make(unfinished)
            unfinished.rename(made)
        finally:
            if unfinished.is_dir():
                shutil.rmtree(unfinished)
            else:
                unfinished.unlink(missing_ok=True)
    return made
