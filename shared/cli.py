"""`python -m services.<name> run | migrate | openapi`: the three things one does with a service."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
import uvloop
from fastapi import APIRouter
from pydantic import ValidationError

from shared import erased_logs, logs, migrate, parked, runtime
from shared.clock import machine_now
from shared.database import connect
from shared.service import Service
from shared.settings import Settings
from shared.web import make_app


def command_line(
    service: Service[Any],
    routers: Callable[[], Sequence[APIRouter]],
    key_source: runtime.MakeKeySource | None = None,
) -> typer.Typer:
    """The command line of one service."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def run() -> None:
        """Run the service until SIGTERM."""
        settings = _settings()
        logs.configure(service.name)

        async def serve() -> None:
            await runtime.serve(runtime.assemble(settings, service, key_source=key_source), routers())

        uvloop.run(serve())

    @app.command(name="migrate")
    def migrate_() -> None:
        """Bring the service's own database to the schema of this version."""
        settings = _settings()

        async def upgrade() -> str | None:
            engine = connect(settings.database_url)
            try:
                return await migrate.upgrade(engine, service)
            finally:
                await engine.dispose()

        try:
            typer.echo(f"{service.name}: at revision {asyncio.run(upgrade())}")
        except migrate.NewerSchema as error:
            typer.echo(f"The database is at revision {error}, newer than this version: deploy that one.")
            raise typer.Exit(2) from None

    @app.command()
    def held(
        retry: str = typer.Option("", help="Case of which all that is kept is tried again, in order"),
        discard: str = typer.Option(
            "", help="Case whose parked message or unreadable letter is thrown away first"
        ),
    ) -> None:
        """List what a fault of ours holds; try a case again, or discard the first of it (journalled)."""
        settings = _settings()

        async def act() -> None:
            parts = runtime.assemble(settings, service, key_source=key_source)
            try:
                if discard:
                    found = await parked.discard_first(parts.engine, discard)
                    typer.echo("discarded" if found else "nothing of this case can be discarded")
                if case := retry or discard:
                    consumer = parts.consumer
                    done = await parked.retry(
                        parts.engine, parts.transaction, parts.receiver, consumer.parties, case
                    )
                    typer.echo(f"handled {done.handled}; " + ("free again" if done.free else "still held"))
                for case_id, messages in (await parked.held_cases(parts.engine)).items():
                    typer.echo(f"{case_id}: held, {messages} messages")
                for letter in await parked.unreadable_letters(parts.engine):
                    typer.echo(f"{letter.case}: letter {letter.id} ({letter.type}) cannot be read")
            finally:
                await parts.client.aclose()
                await parts.engine.dispose()

        asyncio.run(act())

    @app.command(name="erased-logs")
    def erased_logs_(
        measure: str = typer.Option("", help="Case whose log, as it lies in this database, is measured too"),
    ) -> None:
        """Say what the logs of erased cases were; a log in a restored copy is measured to compare it."""
        settings = _settings()

        async def read() -> None:
            engine = connect(settings.database_url)
            try:
                async with engine.connect() as connection:
                    for log in await erased_logs.kept(connection):
                        typer.echo(str(log))
                    if measure:
                        key = runtime.marker_key(settings)
                        found = await erased_logs.measure(connection, key, [measure], machine_now())
                        typer.echo(f"as it lies here: {found[measure]}")
            finally:
                await engine.dispose()

        asyncio.run(read())

    @app.command()
    def openapi() -> None:
        """Print the OpenAPI document of the service's HTTP side."""
        document = make_app(f"zvh-{service.name}", *routers()).openapi()
        typer.echo(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))

    return app


def _settings() -> Settings:
    """The settings, or one line per setting that is missing or wrong, and exit code 2."""
    try:
        return Settings()
    except ValidationError as error:
        for found in error.errors():
            name = "ZVH_" + "_".join(str(part) for part in found["loc"]).upper() if found["loc"] else "ZVH_*"
            print(f"{name}: {found['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
