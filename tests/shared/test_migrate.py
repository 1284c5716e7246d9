"""A service's database goes to the schema of its own version, and never back from a newer one."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from services.intake.main import SERVICE
from shared import cli, migrate
from shared.cli import command_line
from tests.conftest import FreshDatabase


async def test_a_newer_schema_is_refused_and_left_alone(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await fresh_database(SERVICE)
    assert await migrate.upgrade(engine, SERVICE) == migrate.head(SERVICE), "again changes nothing"
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    class Told:
        database_url = engine.url

    monkeypatch.setattr(cli, "_settings", lambda service: Told())
    app: Any = command_line(SERVICE, list)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["migrate"])
    assert result.exit_code == 2
    assert result.output == "The database is at revision 9999, newer than this version: deploy that one.\n"
    assert await migrate.current(engine) == "9999"
