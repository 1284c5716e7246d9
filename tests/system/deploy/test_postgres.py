"""One server, one login per database, and nothing of a row in the log."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.postgres import (
    Postgres,
    RefusedByPostgres,
    create_database,
    run_sql,
)
from tests.system.deploy.conftest import SERVERS


def test_a_login_owns_its_database(postgres: Postgres) -> None:
    intake = create_database(postgres, "intake")
    run_sql(intake, "CREATE TABLE own (id int)", "CREATE SCHEMA more")
    assert run_sql(intake, "SHOW server_version_num").startswith("18")


def test_a_login_opens_no_other_database(postgres: Postgres) -> None:
    intake = create_database(postgres, "intake")
    create_database(postgres, "triage")
    for name in ("triage", "postgres", "template1"):
        with pytest.raises(RefusedByPostgres, match="permission denied"):
            run_sql(replace(intake, name=name), "SELECT 1")


def test_no_password_no_entrance(postgres: Postgres) -> None:
    for password in ("", "wrong"):
        with pytest.raises(RefusedByPostgres, match="password"):
            run_sql(replace(postgres.administration, password=password), "SELECT 1")


def test_a_login_is_no_administrator(postgres: Postgres) -> None:
    rto = create_database(postgres, "rto")
    for statement in ("CREATE DATABASE more", "CREATE ROLE more", "SELECT pg_read_file('/etc/hostname')"):
        with pytest.raises(RefusedByPostgres, match="permission denied"):
            run_sql(rto, statement)


def test_creating_again_keeps_the_data(postgres: Postgres) -> None:
    made = create_database(postgres, "retention", "first-password")
    run_sql(made, "CREATE TABLE kept (id int)")
    assert create_database(postgres, "retention", "first-password") == made
    assert run_sql(made, "SELECT count(*) FROM kept") == "0"


def test_row_values_stay_out_of_the_log(postgres: Postgres) -> None:
    governance = create_database(postgres, "governance")
    run_sql(governance, "CREATE TABLE person (name text PRIMARY KEY, age int CHECK (age > 0))")
    run_sql(governance, "INSERT INTO person VALUES ('canary-in-a-row', 1)")
    for statement in (
        "INSERT INTO person VALUES ('canary-in-a-row', 1)",
        "INSERT INTO person VALUES ('canary-in-a-check', -1)",
        "SELECT canary_in_a_statement FROM person WHERE name = 'canary-in-a-filter'",
    ):
        with pytest.raises(RefusedByPostgres):
            run_sql(governance, statement)
    log = postgres.read_log()
    assert "duplicate key value" in log
    assert "canary-in-a" not in log


def test_after_a_kill_the_same_server_comes_back(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    first = SERVERS.start_postgres(tmp_path, log)
    made = create_database(first, "intake")
    run_sql(made, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)")
    first.kill()
    second = SERVERS.start_postgres(tmp_path, log)
    try:
        assert second.administration == first.administration
        assert run_sql(made, "SELECT id FROM kept") == "7"
    finally:
        second.stop()
        SERVERS.remove_postgres(tmp_path)
