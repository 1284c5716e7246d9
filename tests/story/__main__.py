"""`python -m tests.story`: start a house, play the story, stop everything; 0 when all of it held."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.markup import escape

from deploy.local import house
from deploy.local.layout import STORY
from deploy.local.reasons import Refused, reason_of
from deploy.machine.process import clean_up_on_sigterm
from tests.story.play import play
from tests.story.telling import Telling

LOCAL = Path(".local")
SHORT_PATIENCE = 5  # seconds; nobody restarts a service here, so facts come at once or never


def main() -> int:
    """Run `make run`: start a house, play the story, stop and remove the house; return the exit code."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    clean_up_on_sigterm()
    console = Console(highlight=False, soft_wrap=True)
    telling = Telling(console)
    directory = (LOCAL / STORY).resolve()
    started = time.monotonic()
    outcome: dict[str, Any] = {}
    try:
        outcome["left"] = asyncio.run(play(_start(directory, console).env, telling))
    except (Exception, KeyboardInterrupt) as failed:
        outcome["failed"] = f"{telling.chapter or 'the start'}: {_reason(failed)}"
    try:
        _stop(directory)
        outcome["seconds"] = round(time.monotonic() - started, 1)
        telling.write(LOCAL / "run.json", **outcome)
    except (OSError, Refused) as failed:
        outcome.setdefault("failed", f"the end: {reason_of(failed)}")
    if "failed" in outcome:
        console.print(
            f"[red]failed[/red] {escape(outcome['failed'])}; everything is stopped{_logs(directory)}"
        )
        return 1
    console.print(telling.table_of_messages())
    console.print(telling.table_of_chapters())
    console.print(f"What is left of the case: {json.dumps(outcome['left'])}.")
    console.print(f"Played in {outcome['seconds']} s; see .local/run.json.")
    house.House(directory).reset()
    return 0


def _reason(failed: BaseException) -> str:
    return str(failed) if isinstance(failed, house.StepFailed) else reason_of(failed)


def _stop(directory: Path) -> None:
    """Stop the house and remove its servers' data; the rest stays in the directory, for its logs."""
    if directory.exists():
        stopped = house.House(directory)
        stopped.stop()
        stopped.remove_servers()


def _logs(directory: Path) -> str:
    return f", the logs lie in {directory / 'logs'}" if (directory / "logs").exists() else ""


def _start(directory: Path, console: Console) -> house.House:
    if directory.exists():
        house.House(directory).reset()

    @contextmanager
    def step(name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        console.print(f"  [green]+[/green] {name} ({time.monotonic() - begun:.1f} s)")

    console.print("[bold]Starting a house[/bold]")
    return house.start(directory, patience=SHORT_PATIENCE, step=step)


if __name__ == "__main__":
    sys.exit(main())
