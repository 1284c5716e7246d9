"""Define the commands of a service: `python -m services.<name> run | migrate | openapi | ...`."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from fastapi import APIRouter
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import machine_now
from shared.crypto.case_key_client import KeyAuthorityUnreachable
from shared.crypto.house_keys import HouseKeys, KeyDirectoryDamaged
from shared.handling.service import Service
from shared.http.app import make_app
from shared.runtime import assembly, logged_ids, migrate, quarantine
from shared.runtime.log_verification import LogVerification
from shared.runtime.settings import Settings
from shared.runtime.shutdown import INTERRUPTED, ending_at_once_on_signal
from shared.storage import log_chain, log_checkpoints, log_digests, ticks
from shared.storage.database import DATABASE_ERRORS, connect, is_unavailable
from shared.storage.sequence_numbers import raise_sequences
from shared.telemetry import logs
from shared.telemetry.security import administrative_act


def command_line(
    service: Service[Any],
    routers: Callable[[], Sequence[APIRouter]],
    key_source: assembly.MakeKeySource | None = None,
) -> typer.Typer:
    """Make the command line of one service."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def run() -> None:
        """Run the service until SIGTERM."""
        logs.configure(service.name)

        async def serve() -> None:
            await assembly.serve(assembled(service, key_source), routers())

        try:
            with ending_at_once_on_signal(0):
                uvloop.run(serve())
        except migrate.OtherSchema as error:
            _exit(str(error))

    @app.command(name="migrate")
    def migrate_() -> None:
        """Bring the service's own database to the schema of this version."""
        settings = _settings(service.name)

        async def upgrade() -> str | None:
            async with _database(settings) as engine:
                return await migrate.upgrade(engine, service)

        try:
            with ending_at_once_on_signal(INTERRUPTED):
                typer.echo(f"{service.name}: at revision {asyncio.run(upgrade())}")
        except migrate.OtherSchema as error:
            _exit(str(error))
        except DATABASE_ERRORS as error:
            if not is_unavailable(error):
                raise
            _exit(f"{service.name}: the database does not answer ({type(error).__name__}): run this again")

    @app.command()
    def held(
        retry: str = typer.Option("", help="Case of which all that is kept is tried again, in order"),
        discard: str = typer.Option(
            "", help="Case whose quarantined message, or else unsendable outbox message, is deleted first"
        ),
    ) -> None:
        """List what a fault of ours holds; try a case again, or discard the first of it (journalled)."""

        async def act() -> None:
            parts = assembled(service, key_source)
            try:
                if discard or retry:
                    act_done = "held-case-discarded" if discard else "held-case-retried"
                    administrative_act(service.name, act_done)
                if discard:
                    key = parts.transaction.marker_key
                    found = await quarantine.discard_first(parts.engine, key, discard)
                    typer.echo("discarded" if found else "nothing of this case can be discarded")
                if case := retry or discard:
                    house_records = parts.consumer.house_records
                    done = await quarantine.retry(parts.transaction, parts.receiver, house_records, case)
                    typer.echo(f"handled {done.handled}; " + ("free again" if done.free else "still held"))
                for case_id, messages in (await quarantine.held_cases(parts.engine)).items():
                    typer.echo(f"{case_id}: held, {messages} messages")
                for row in await quarantine.unreadable_letters(parts.engine):
                    typer.echo(f"{row.case}: outbox message {row.id} ({row.type}) cannot be sent")
            finally:
                await parts.close_unstarted()

        asyncio.run(act())

    @app.command()
    def restored() -> None:
        """Say that the database came back from a backup, before the service is started on it."""
        settings = _settings(service.name)
        administrative_act(service.name, "restored")

        async def go_on() -> bool:
            async with _database(settings) as engine:
                raised = await raise_sequences(engine, machine_now())
                if raised:
                    await _say_restored(engine, settings, service.name)
                return raised

        if not asyncio.run(go_on()):
            _exit(f"{service.name}: it is running on this database; stop it, restore, and say it then")
        typer.echo(f"{service.name}: what it sends from now on bears higher numbers than ever before")

    @app.command()
    def confirm_time() -> None:
        """Say that covenant time is right after a leap: what cannot be undone acts again when it is due."""
        settings = _settings(service.name)
        administrative_act(service.name, "time-confirmed")

        async def confirm() -> None:
            async with _database(settings) as engine, engine.begin() as connection:
                await ticks.confirm(connection)
                await quarantine.note_act(connection, assembly.marker_key(settings), "TimeConfirmed")

        asyncio.run(confirm())
        typer.echo(f"{service.name}: what cannot be undone acts from now on when it is due")

    @app.command()
    def openapi() -> None:
        """Print the OpenAPI document of the service's HTTP side."""
        document = make_app(f"zvh-{service.name}", *routers()).openapi()
        typer.echo(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))

    _add_log_commands(app, service, key_source)
    return app


def _add_log_commands(
    app: typer.Typer, service: Service[Any], key_source: assembly.MakeKeySource | None
) -> None:
    """Add the commands that read and check journal and access log."""

    @app.command(name="erased-logs")
    def erased_logs_(
        measure: str = typer.Option("", help="Case whose log, as it lies in this database, is measured too"),
    ) -> None:
        """Say what the logs of erased cases were; a log in a restored copy is measured to compare it."""
        settings = _settings(service.name)

        async def read() -> None:
            async with _database(settings) as engine, engine.connect() as connection:
                async for log in log_digests.stored(connection):
                    typer.echo(str(log))
                if measure:
                    key = assembly.marker_key(settings)
                    found = await log_digests.measure(connection, key, [measure], machine_now())
                    typer.echo(f"as it lies here: {found[measure]}")

        asyncio.run(read())

    @app.command()
    def logged(digest: str) -> None:
        """Say for which case or item this digest stands in the log lines, as long as it is there."""
        settings = _settings(service.name)

        async def find() -> str | None:
            async with _database(settings) as engine, engine.connect() as connection:
                return await logged_ids.find(connection, assembly.log_key(settings), digest)

        found = asyncio.run(find())
        typer.echo(found or f"{service.name}: nothing here has it any more")

    @app.command()
    def verify_log(
        checkpoints: Annotated[
            list[Path] | None,
            typer.Option(
                help="File with checkpoints as another service keeps them; may be given more than once"
            ),
        ] = None,
    ) -> None:
        """Check journal and access log against their chain; ends with 1 when something is wrong with them."""
        others = [line for file in checkpoints or [] for line in file.read_text().split()]

        async def verify() -> int:
            parts = assembled(service, key_source)
            try:
                return await _verify(parts, others)
            finally:
                await parts.close_unstarted()

        try:
            found = asyncio.run(verify())
        except KeyAuthorityUnreachable:
            _exit(f"{service.name}: the key authority does not answer, so nothing is known: run this again")
        if found:
            raise typer.Exit(1)

    @app.command()
    def checkpoints(
        of: Annotated[str, typer.Argument(help="Service whose checkpoints are printed")],
    ) -> None:
        """Print what this service keeps of how long the chained logs of a service were, for `verify-log`."""
        settings = _settings(service.name)

        async def read() -> None:
            async with _database(settings) as engine, engine.connect() as connection:
                async for signed in log_checkpoints.kept(connection, of):
                    typer.echo(signed)

        asyncio.run(read())


async def _verify(parts: assembly.Assembly, others: Sequence[str]) -> int:
    """Verify the logs of a service that is assembled, say what is found, and return how much."""
    verification = LogVerification(
        engine=parts.engine,
        service=parts.service.name,
        log_key=parts.transaction.marker_key,
        case_keys=parts.case_keys if parts.service.holds_texts else None,
        signing_key=parts.house_keys.signing_key,
        report=typer.echo,
    )
    found = await verification.run(others)
    typer.echo(
        f"{parts.service.name}: {verification.leaves} chained entries, {len(others)} checkpoints of other "
        f"services, {verification.unverified} entries checked by their seal alone; {found} found"
    )
    return found


async def _say_restored(engine: AsyncEngine, settings: Settings, service: str) -> None:
    """Sign that the chain goes on from where the backup ends: what came after that is lost, not cut off."""
    keys = HouseKeys(settings.key_directory / "house", settings.root_key, machine_now)
    async with engine.begin() as connection:
        length, head = await log_chain.end(connection)
        made = log_checkpoints.make(service, length, head, machine_now(), keys.signing, restored=True)
        await log_checkpoints.keep(connection, made)
        await quarantine.note_act(connection, assembly.marker_key(settings), "DatabaseRestored")


@contextlib.asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connect to the service's own database for as long as a command takes."""
    engine = connect(settings.database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


def _settings(service: str) -> Settings:
    """Load the settings; exit with code 2 and one line per setting that is missing or wrong."""
    with _exit_on_invalid_settings():
        settings = Settings()
    if not settings.source.endswith(f":zvh-{service}"):
        _exit(f"ZVH_SOURCE: must end in :zvh-{service}, as this is {service}")
    return settings


def assembled(service: Service[Any], key_source: assembly.MakeKeySource | None = None) -> assembly.Assembly:
    """Assemble the service without connecting; exit with a line about a setting that proves wrong here."""
    settings = _settings(service.name)
    try:
        with _exit_on_invalid_settings():
            return assembly.assemble(settings, service, key_source=key_source)
    except KeyDirectoryDamaged as error:
        _exit(f"ZVH_KEY_DIRECTORY: {error}")


@contextlib.contextmanager
def _exit_on_invalid_settings() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        _exit(*(_line(found["loc"], found["msg"]) for found in error.errors()))


def _line(field: tuple[int | str, ...], message: str) -> str:
    """Format what was found about one setting; a message about several names them itself."""
    told = message.removeprefix("Value error, ")
    return f"ZVH_{str(field[0]).upper()}: {told}" if field else told


def _exit(*lines: str) -> NoReturn:
    for line in lines:
        print(line, file=sys.stderr)
    raise SystemExit(2)
