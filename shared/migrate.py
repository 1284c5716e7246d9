"""Bringing a service's own database to the schema its code expects; never back, and never past it."""

from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.service import Service


class NewerSchema(Exception):
    """The database was migrated by a newer version of this service: deploy that one."""


def _script(service: Service[Any]) -> ScriptDirectory:
    return ScriptDirectory(str(service.migrations))


def head(service: Service[Any]) -> str | None:
    """The revision this code expects."""
    return _script(service).get_current_head()


async def current(engine: AsyncEngine) -> str | None:
    """The revision the database is at; None for an empty one."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def upgrade(engine: AsyncEngine, service: Service[Any]) -> str | None:
    """Apply what is missing, in one transaction; raises `NewerSchema`. Returns the revision reached."""
    script = _script(service)
    at = await current(engine)
    if at is not None and at not in {revision.revision for revision in script.walk_revisions()}:
        raise NewerSchema(at)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, script)
    return await current(engine)


def _upgrade(connection: sa.Connection, script: ScriptDirectory) -> None:
    def steps(revision: object, context: object) -> object:
        return script._upgrade_revs("head", revision)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
