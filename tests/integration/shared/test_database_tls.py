"""A service speaks to its own PostgreSQL alone: over TLS, and to a server that the house has certified.

The server of the wheel is built without TLS, so what stands before it here ends TLS, as a server that has it.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Database, Postgres, RefusedByPostgres, create_database, run_sql
from deploy.machine.certificates import make_certificates
from deploy.provisioning.server import Server
from shared.storage.database import CA, connect, connect_patiently, is_unavailable
from tests.support.databases import engine_of
from tests.support.tls_front import tls_before

WITHIN = 30.0  # seconds; a tenth of one is enough
EACH = pytest.mark.parametrize("opened", [connect, connect_patiently])
Opened = Callable[[sa.URL], AsyncEngine]


@pytest.fixture
def database(postgres: Postgres) -> Database:
    if postgres.administration.ca_file:
        pytest.skip("this server has TLS itself, and every other test goes over it")
    return create_database(postgres, "over_tls", "only-for-tests").service


def url_of(database: Database, port: int, ca_file: Path) -> sa.URL:
    return engine_of(replace(database, port=port, ca_file=str(ca_file))).url


async def answers(engine: AsyncEngine) -> int:
    async with asyncio.timeout(WITHIN):
        try:
            async with engine.connect() as connection:
                return int((await connection.execute(sa.text("SELECT 1"))).scalar_one())
        finally:
            await engine.dispose()
            await asyncio.sleep(0)  # in which the loop closes what was refused


@EACH
async def test_a_service_speaks_with_the_server_that_the_house_has_certified(
    database: Database, tmp_path: Path, opened: Opened
) -> None:
    own = make_certificates(tmp_path, "house").of("postgres")
    with tls_before(database, own) as port:
        assert await answers(opened(url_of(database, port, own.ca_file))) == 1


@EACH
async def test_nothing_is_said_to_a_server_that_somebody_else_has_certified(
    database: Database, tmp_path: Path, opened: Opened
) -> None:
    own = make_certificates(tmp_path / "house", "house")
    stranger = make_certificates(tmp_path / "stranger", "stranger").of("postgres")
    with tls_before(database, stranger) as port, pytest.raises(ssl.SSLCertVerificationError) as refused:
        await answers(opened(url_of(database, port, own.ca_file)))
    assert is_unavailable(refused.value)


@EACH
async def test_nothing_is_said_to_a_server_that_goes_by_another_name(
    database: Database, tmp_path: Path, opened: Opened
) -> None:
    own = make_certificates(tmp_path, "house").of("postgres")
    with tls_before(database, own) as port:
        elsewhere = url_of(database, port, own.ca_file).set(host="127.0.0.2")
        with pytest.raises(ssl.SSLCertVerificationError):
            await answers(opened(elsewhere))


@EACH
async def test_nothing_is_said_to_a_server_without_tls(
    database: Database, tmp_path: Path, opened: Opened
) -> None:
    own = make_certificates(tmp_path, "house")
    with tls_before(database, None) as port, pytest.raises(ConnectionError):
        await answers(opened(url_of(database, port, own.ca_file)))


@EACH
async def test_without_an_authority_all_is_said_in_the_clear_whatever_the_environment_of_libpq_says(
    database: Database, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    url = engine_of(database).url
    assert CA not in url.query
    assert await answers(opened(url)) == 1


async def test_provisioning_logs_in_at_the_server_that_the_house_has_certified_and_at_no_other(
    postgres: Postgres, database: Database, tmp_path: Path
) -> None:
    own = make_certificates(tmp_path / "house", "house").of("postgres")
    stranger = make_certificates(tmp_path / "stranger", "stranger").of("postgres")
    password = postgres.administration.password
    with tls_before(database, own) as port:
        connection = await Server(database.host, port, own.ca_file).connect(password, database.name)
        assert await connection.fetchval("SELECT current_database()") == database.name
        await connection.close()
    with tls_before(database, stranger) as port, pytest.raises(ssl.SSLCertVerificationError):
        await Server(database.host, port, own.ca_file).connect(password)


def test_programs_without_tls_reach_the_server_that_the_house_has_certified_and_no_other(
    database: Database, tmp_path: Path
) -> None:
    own = make_certificates(tmp_path / "house", "house").of("postgres")
    stranger = make_certificates(tmp_path / "stranger", "stranger").of("postgres")
    with tls_before(database, own) as port:
        there = replace(database, port=port, ca_file=str(own.ca_file))
        assert run_sql(there, "SELECT 1", "SELECT length(repeat('x', 1000000))").split() == ["1", "1000000"]
        assert len(run_sql(there, "SELECT repeat('x', 1000000)")) == 1_000_000
        with pytest.raises(RefusedByPostgres, match="syntax error"):
            run_sql(there, "NO SQL")
        with pytest.raises(RefusedByPostgres, match=r"127\.0\.0\.2"):
            run_sql(replace(there, host="127.0.0.2"), "SELECT 1")
    for shown, reason in ((stranger, "certificate verify failed"), (None, "no TLS")):
        with tls_before(database, shown) as port, pytest.raises(RefusedByPostgres, match=reason):
            run_sql(replace(there, port=port), "SELECT 1")
