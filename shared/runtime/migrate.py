"""Migrate a service's own database to the schema its code expects; never back, and never past it.

Revisions are numbered. Each leaves room for the code of the one before, which goes on, and can be started
again, while the new version is deployed. Its statements wait a moment for a lock, as everything that comes
after them waits too; then the revision is rolled back and tried again, and in the end given up.
"""

import asyncio
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.handling.service import Service
from shared.storage.database import connect_patiently, sqlstate

LOCK_WAITS = "2s"  # of one statement, and with it of all that come after
TRIES, PAUSE = 5, 1.0  # seconds between two tries, in which what waited goes on
LOCK_NOT_AVAILABLE = "55P03"


class OtherSchema(Exception):
    """Report a schema that this code can neither migrate nor run on; the message says what to do."""


class SchemaLocked(OtherSchema):
    """Report that another session holds a lock on what is to be migrated; the message says what to do."""


def _script(service: Service[Any]) -> ScriptDirectory:
    return ScriptDirectory(str(service.migrations))


def head(service: Service[Any]) -> str:
    """Return the revision this code expects, a number."""
    return str(_script(service).get_current_head())


async def current(engine: AsyncEngine) -> str | None:
    """Return the revision the database is at; None for an empty one."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def may_run_at(service: Service[Any], at: str | None) -> bool:
    """Tell whether the code may run at a revision: its own, or the one that follows it."""
    own = int(head(service))
    return at is not None and at.isdecimal() and int(at) in (own, own + 1)


def check(service: Service[Any], at: str | None) -> None:
    """Raise `OtherSchema` unless the code may run at this revision."""
    if not may_run_at(service, at):
        raise OtherSchema(
            f"The database is at revision {at or 'none'}; this version runs at {head(service)} and the next."
            " Run the migrate command first, or deploy a newer version."
        )


async def upgrade(engine: AsyncEngine, service: Service[Any], to: str = "head") -> str | None:
    """Apply the missing revisions up to `to`, each in a transaction of its own; return the revision reached.

    Raises `OtherSchema`, and `SchemaLocked` when a lock is not to be had; what was applied before stays.
    """
    script = _script(service)
    at = await current(engine)
    if at is not None and at not in {revision.revision for revision in script.walk_revisions()}:
        raise OtherSchema(f"The database is at revision {at}, newer than this version: deploy that one.")
    patient = connect_patiently(engine.url)
    try:
        await _apply(patient, script, to)
    finally:
        await patient.dispose()
    return await current(engine)


async def _apply(engine: AsyncEngine, script: ScriptDirectory, to: str) -> None:
    """Apply the revisions, one by one, and try again while a lock is not to be had."""
    left = TRIES
    while left:
        left -= 1
        async with engine.connect() as connection:
            try:
                await _apply_once(connection, script, to)
                return
            except DBAPIError as error:
                if sqlstate(error) != LOCK_NOT_AVAILABLE:
                    raise
                if not left:
                    raise SchemaLocked(await _who_holds(connection)) from None
        await asyncio.sleep(PAUSE)


async def _apply_once(connection: AsyncConnection, script: ScriptDirectory, to: str) -> None:
    await connection.execute(sa.text(f"SET lock_timeout = '{LOCK_WAITS}'"))
    await connection.commit()
    await connection.run_sync(_upgrade, script, to)


async def _who_holds(connection: AsyncConnection) -> str:
    """Say what to do about it: name the sessions that have a transaction open, the oldest first."""
    await connection.rollback()
    pids = (await connection.execute(_OPEN)).scalars().all()
    sessions = ", ".join(map(str, pids)) or "none now"
    return (
        "Another session holds a lock on the tables (sessions with an open transaction, the oldest first: "
        f"{sessions}). Stop it, or wait until it has ended, and run this again."
    )


_OPEN = sa.text(
    """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 5
    """
)


def _upgrade(connection: sa.Connection, script: ScriptDirectory, to: str) -> None:
    def steps(revision: object, context: object) -> object:
        return script._upgrade_revs(to, revision)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
