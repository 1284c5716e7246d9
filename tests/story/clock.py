"""Move covenant time in a local house, so that a year of waiting can be played."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path


def covenant_now(file: Path) -> datetime:
    """Return covenant time as the services see it."""
    offset = json.loads(file.read_text())["offset_seconds"] if file.exists() else 0
    return datetime.now(UTC) + timedelta(seconds=offset)


def move_to(file: Path, instant: datetime) -> None:
    """Set covenant time to `instant`; the clock file is replaced atomically."""
    offset = (instant - datetime.now(UTC)).total_seconds()
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"offset_seconds": offset}))
    draft.replace(file)
