"""Migrated databases for tests: each test has one of its own, and gets one that an earlier test left.

To empty a database takes a tenth of what it takes to copy one. What a test did to the schema is seen, and
that database is not given again.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.local.postgres import Database, Postgres, create_database, run_sql
from deploy.provisioning.databases import owner_of
from shared.handling.service import Service
from shared.runtime import migrate
from shared.storage.database import CA, connect
from tests.support.shared_postgres import first_to

PASSWORD = "only-for-tests"  # of the login and of the owner

_END_SESSIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'kept'
"""
_SHAPE = """
    SELECT md5(string_agg(part, ';' ORDER BY part)) FROM (
        SELECT concat_ws(' ', 'column', attrelid::regclass, attname, atttypid::regtype, attnotnull) AS part
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'rights', oid::regclass, relacl) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname) FROM pg_constraint
        UNION ALL SELECT concat_ws(' ', 'function', oid::regprocedure, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'revision', version_num) FROM alembic_version) AS parts
"""
_EMPTY = """
    DO $$
    DECLARE filled regclass; counted regclass; found boolean;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- what may only grow is emptied too
        FOR filled IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
                      AND relkind = 'r' AND relname <> 'alembic_version' LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', filled) INTO found;
            IF found THEN EXECUTE format('DELETE FROM %s', filled); END IF;
        END LOOP;
        FOR counted IN SELECT format('%I.%I', schemaname, sequencename)::regclass FROM pg_sequences
                       WHERE last_value IS NOT NULL LOOP
            PERFORM setval(counted, 1, false);
        END LOOP;
    END $$
"""


class Taken(NamedTuple):
    """Hold a database that one test has: connected to as the service does, and as its administrator."""

    engine: AsyncEngine
    office: AsyncEngine

    async def emptied(self) -> str:
        """End all other sessions, delete all rows, start all sequences anew; return the schema's digest."""
        async with self.office.begin() as connection:
            await connection.execute(sa.text(_END_SESSIONS))
            shape = str(await connection.scalar(sa.text(_SHAPE)))
            await connection.exec_driver_sql(_EMPTY)
        return shape

    async def close(self) -> None:
        """Close its connections."""
        await self.engine.dispose()
        await self.office.dispose()


def kept(engine: AsyncEngine) -> AsyncEngine:
    """Mark the sessions of this engine, which stay when its database is emptied."""

    @sa.event.listens_for(engine.sync_engine, "connect")
    def mark(connection: Any, record: object) -> None:
        connection.cursor().execute("SET application_name = 'kept'")
        connection.commit()

    return engine


@dataclass
class Databases:
    """Makes and keeps the databases of one run on one server."""

    postgres: Postgres
    _templates: dict[str, Database] = field(default_factory=dict)
    _shapes: dict[str, str] = field(default_factory=dict)
    _idle: dict[str, list[Taken]] = field(default_factory=dict)

    async def template(self, service: Service[Any]) -> Database:
        """Return a migrated database to copy; its login is that of the copies too."""
        if service.name not in self._templates:
            self._templates[service.name] = await self._migrated(service)
        return self._templates[service.name]

    async def _migrated(self, service: Service[Any]) -> Database:
        with first_to(f"migrate-{service.name}") as first:
            made = create_database(self.postgres, f"migrated_{service.name}", PASSWORD, PASSWORD)
            if first:
                engine = engine_of(made.owner)
                await migrate.upgrade(engine, service)
                await engine.dispose()
        return made.service

    async def take(self, service: Service[Any]) -> Taken:
        """Return an empty migrated database that nobody else has, with connections of earlier tests."""
        if idle := self._idle.setdefault(service.name, []):
            return idle.pop()
        migrated = await self.template(service)
        copy = replace(migrated, name=f"t{uuid.uuid4().hex[:16]}")
        copying = (
            f'CREATE DATABASE "{copy.name}" TEMPLATE "{migrated.name}" OWNER "{owner_of(migrated.user)}"'
        )
        run_sql(self.postgres.administration, copying)
        office = engine_of(replace(self.postgres.administration, name=copy.name))
        taken = Taken(kept(engine_of(copy)), kept(office))
        if service.name not in self._shapes:
            self._shapes[service.name] = await taken.emptied()
        return taken

    async def give_back(self, service: Service[Any], taken: Taken) -> None:
        """Empty it for another test, unless a connection is in use still or its schema is another one."""
        pool = taken.engine.sync_engine.pool
        in_use = isinstance(pool, sa.QueuePool) and pool.checkedout() > 0
        if not in_use and await taken.emptied() == self._shapes[service.name]:
            self._idle[service.name].append(taken)
            return
        await taken.close()

    async def close(self) -> None:
        """Close the connections that were kept."""
        for some in self._idle.values():
            for taken in some:
                await taken.close()


def owning(engine: AsyncEngine) -> AsyncEngine:
    """Connect to the same database as the owner of its tables."""
    return connect(engine.url.set(username=owner_of(str(engine.url.username))))


@asynccontextmanager
async def as_owner(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction as the owner of the tables, who may do with them what the service cannot."""
    owner = owning(engine)
    try:
        async with owner.begin() as connection:
            yield connection
    finally:
        await owner.dispose()


def engine_of(database: Database) -> AsyncEngine:
    """Connect to it as a service does."""
    return connect(
        sa.URL.create(
            "postgresql+asyncpg",
            username=database.user,
            password=database.password,
            host=database.host,
            port=database.port,
            database=database.name,
            query={CA: database.ca_file} if database.ca_file else {},
        )
    )
