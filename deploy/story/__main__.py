"""`python -m deploy.story`: start a house, play the story, stop everything; 0 when all of it held."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from rich.console import Console

from deploy.local import house
from deploy.story.play import play
from deploy.story.telling import StoryFailed, Telling

LOCAL = Path(".local")
SHORT_PATIENCE = 5  # seconds; nobody restarts a service here, so facts come at once or never


def main() -> int:
    """The whole of `make run`."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    console = Console(highlight=False, soft_wrap=True)
    telling = Telling(console)
    directory = (LOCAL / "run").resolve()
    if directory.exists():
        house.House(directory).reset()
    started = time.monotonic()

    @contextmanager
    def step(name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        console.print(f"  [green]+[/green] {name} ({time.monotonic() - begun:.1f} s)")

    console.print("[bold]Starting a house[/bold]")
    try:
        running = house.start(directory, patience=SHORT_PATIENCE, step=step)
    except house.StepFailed as failed:
        console.print(f"[red]{failed}[/red]")
        return 1
    try:
        left = asyncio.run(play(running.env, telling))
    except StoryFailed as failed:
        console.print(f"[red]{failed}[/red]\nThe services' logs lie in {directory / 'logs'}")
        running.stop()
        return 1
    finally:
        running.stop()
    seconds = round(time.monotonic() - started, 1)
    telling.write(LOCAL / "run.json", left=left, seconds=seconds)
    console.print(telling.table())
    console.print(
        f"What is left of the case: {json.dumps(left)}. Played in {seconds} s; see .local/run.json."
    )
    house.House(directory).reset()
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
