"""Run `python -m deploy.local up|down|reset|status`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from deploy.local.house import AlreadyUp, House, StepFailed, start
from deploy.local.layout import STORY
from deploy.local.reasons import Refused, reason_of
from deploy.machine.process import clean_up_on_sigterm
from deploy.machine.terminal import shown_on
from shared.contract.registry import SERVICES

app = typer.Typer(add_completion=False, help="The whole house on this machine.")
console = Console(highlight=False, soft_wrap=True)
shown = shown_on(console)

Directory = Annotated[Path, typer.Option(help="Where everything of this house lies.")]
DEFAULT = Path(".local")


@app.command()
def up(
    directory: Directory = DEFAULT,
    only: Annotated[list[str] | None, typer.Option(help="A service to start; repeatable.")] = None,
    servers_only: Annotated[bool, typer.Option(help="No services at all.")] = False,
) -> None:
    """Start Kafka, PostgreSQL, issuer and services, and provision the covenant's parties."""
    services = [] if servers_only else (only or SERVICES)
    began = time.monotonic()
    clean_up_on_sigterm()
    try:
        start(directory, services=services, step=shown)
    except AlreadyUp as found:
        console.print(f"already up: {found}")
        return
    except StepFailed as failed:
        _fail(f"{failed}; everything is stopped again")
    console.print(f"up in {time.monotonic() - began:.1f} s: {directory / 'env.json'}")


@app.command()
def down(directory: Directory = DEFAULT) -> None:
    """Stop what runs; data, keys and passwords stay for the next `up`."""
    with _in_one_line():
        if directory.exists():
            House(directory).stop()
    console.print("down")


@app.command()
def reset(directory: Directory = DEFAULT) -> None:
    """Stop what runs and remove all data, also of a story (`make run`) that was broken off."""
    with _in_one_line():
        for one in (directory / STORY, directory):
            if one.exists():
                House(one).reset()
    console.print("down, nothing left")


@app.command()
def status(directory: Directory = DEFAULT) -> None:
    """Show what runs here, as which process or container."""
    with _in_one_line():
        running = House(directory).running() if directory.exists() else {}
    for name, child in running.items():
        console.print(f"{name:12} {child}")
    console.print("up" if running else "down")


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Print what the operating system refuses as one line, without a traceback, and exit with 1."""
    try:
        yield
    except (OSError, Refused) as failed:
        _fail(reason_of(failed))


def _fail(reason: str) -> NoReturn:
    console.print(f"[red]failed[/] {escape(reason)}")
    sys.exit(1)


if __name__ == "__main__":
    app()
