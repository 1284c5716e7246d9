"""Run `python -m deploy.containers images|prepare|describe|up|down|reset`."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import docker
import typer
from rich.console import Console
from rich.markup import escape

from deploy.containers import images
from deploy.containers.bases import CannotMakeBase
from deploy.containers.house import ContainedHouse, Prepared
from deploy.containers.house import prepare as prepared
from deploy.containers.images import CannotBuild
from deploy.containers.packages import CannotFetch
from deploy.local.house import StepFailed
from deploy.machine.engine import NoEngine, connected
from deploy.machine.terminal import shown_on

app = typer.Typer(add_completion=False, help="The whole house in containers.")
console = Console(highlight=False, soft_wrap=True)
shown = shown_on(console)

Directory = Annotated[Path, typer.Option(help="Where the house's secrets lie.")]
Base = Annotated[
    str, typer.Option(help="local (debootstrap) or official (from a registry); empty: local where it can be")
]
DEFAULT = Path(".local/containers")


@app.command(name="images")
def images_(base: Base = "") -> None:
    """Build the missing images of the five services, PostgreSQL, Kafka and the tools."""
    with _engine() as client:
        for tag in images.ensure(client, choice=base or None, step=shown).values():
            console.print(tag)


@app.command()
def prepare(directory: Directory = DEFAULT, base: Base = "") -> None:
    """Write secrets and compose.env, for `docker compose`."""
    with _engine() as client:
        made = _prepared(client, directory, base)
    console.print(f"prepared: {made.layout.directory / 'compose.env'}")


@app.command()
def describe(directory: Directory = DEFAULT, base: Base = "") -> None:
    """Write env.json for the containers that `docker compose` has started, for whoever connects."""
    with _engine() as client:
        ContainedHouse(client, _prepared(client, directory, base)).describe()
    console.print(f"described: {directory / 'env.json'}")


@app.command()
def up(
    directory: Directory = DEFAULT,
    base: Base = "",
    two: Annotated[bool, typer.Option("--two", help="Two containers of each service.")] = False,
) -> None:
    """Build the images, write the secrets, and start everything in compose.yaml; ready on return."""
    began = time.monotonic()
    with _engine() as client:
        house = ContainedHouse(client, _prepared(client, directory, base))
        house.up(shown)
        if two:
            house.start_beside(shown)
    console.print(f"up in {time.monotonic() - began:.1f} s: {directory / 'env.json'}")


@app.command()
def down(directory: Directory = DEFAULT, base: Base = "") -> None:
    """Remove containers and network; data, keys and passwords stay for the next `up`."""
    with _engine() as client:
        if directory.exists():
            ContainedHouse(client, _prepared(client, directory, base)).down()
    console.print("down")


@app.command()
def reset(directory: Directory = DEFAULT, base: Base = "") -> None:
    """Remove everything, data too."""
    with _engine() as client:
        if directory.exists():
            ContainedHouse(client, _prepared(client, directory, base)).reset()
    console.print("down, nothing left")


def _prepared(client: docker.DockerClient, directory: Path, base: str) -> Prepared:
    made = images.ensure(client, choice=base or None, step=shown)
    return prepared(directory, made, tls=images.with_tls(base or None))


@contextmanager
def _engine() -> Iterator[docker.DockerClient]:
    """Yield a client of the engine; print what goes wrong outside our code as one line, and exit with 1."""
    try:
        with closing(connected()) as client:
            yield client
    except (NoEngine, CannotMakeBase, CannotFetch, CannotBuild, StepFailed) as failed:
        console.print(f"[red]failed[/] {escape(str(failed))}")
        sys.exit(1)


if __name__ == "__main__":
    app()
