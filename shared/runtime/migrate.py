"""Migrate a service's own database to the schema its code expects; never back, and never past it.

Revisions are numbered. Each leaves room for the code of the one before, which goes on, and can be started
again, while the new version is deployed.
"""

from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.handling.service import Service


class OtherSchema(Exception):
    """Report a schema that this code can neither migrate nor run on; the message says what to do."""


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
    """Apply the missing revisions up to `to`, each by itself; return the revision reached.

    One that was interrupted is run again from its beginning. Raises `OtherSchema`.
    """
    script = _script(service)
    at = await current(engine)
    if at is not None and at not in {revision.revision for revision in script.walk_revisions()}:
        raise OtherSchema(f"The database is at revision {at}, newer than this version: deploy that one.")
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade, script, to)
    return await current(engine)


def _upgrade(connection: sa.Connection, script: ScriptDirectory, to: str) -> None:
    def steps(revision: object, context: object) -> object:
        return script._upgrade_revs(to, revision)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
