"""`python -m deploy.local up|down|reset|status`."""

import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.local.house import AlreadyUp, House, StepFailed, start
from deploy.local.showing import shown_on
from shared.contract.registry import SERVICES

app = typer.Typer(add_completion=False, help="The whole house on this machine.")
console = Console(highlight=False)
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it cleans up after itself
    try:
        start(directory, services=services, step=shown)
    except AlreadyUp as found:
        console.print(f"already up: {found}")
        return
    except StepFailed as failed:
        console.print(f"[red]failed[/] {escape(str(failed))}\neverything is stopped again")
        sys.exit(1)
    console.print(f"up in {time.monotonic() - began:.1f} s: {directory / 'env.json'}")


@app.command()
def down(directory: Directory = DEFAULT) -> None:
    """Stop what runs; data, keys and passwords stay for the next `up`."""
    if directory.exists():
        House(directory).stop()
    console.print("down")


@app.command()
def reset(directory: Directory = DEFAULT) -> None:
    """Stop what runs and remove all data."""
    if directory.exists():
        House(directory).reset()
    console.print("down, nothing left")


@app.command()
def status(directory: Directory = DEFAULT) -> None:
    """What runs here, as which process or container."""
    running = House(directory).running() if directory.exists() else {}
    for name, child in running.items():
        console.print(f"{name:12} {child}")
    console.print("up" if running else "down")


if __name__ == "__main__":
    app()
