"""Count what is left of a case in the five databases and the key directory, as an administrator."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.postgres import Database, run_sql
from deploy.machine.container import copied
from shared.contract.fields import ID
from shared.contract.registry import SERVICES

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


def rows_that_mention(house: Mapping[str, Any], words: Iterable[str]) -> dict[str, int]:
    """Return per service how many rows of its database hold any of these words anywhere, in any form."""
    condition = f"t::text ~* '{in_any_form(words)}'"
    return {service: sum(_counts(house, service, condition).values()) for service in SERVICES}


def in_any_form(words: Iterable[str]) -> str:
    """Return a pattern of these words as text, as the bytes of it, and, where they are ids, as their bytes.

    For PostgreSQL, without regard to case: so it shows the bytes of a column in hexadecimal digits.
    """
    plain = sorted(words)
    digits = [word.encode().hex() for word in plain] + [word.upper().encode().hex() for word in plain]
    bare = [word.replace("-", "") for word in plain if ID.fullmatch(word)]
    return "|".join([*plain, *digits, *bare])


def rows_of(house: Mapping[str, Any], table: str) -> dict[str, int]:
    """Return how many rows this table has in each service."""
    return {service: _counts(house, service, "true")[table] for service in SERVICES}


def case_keys(house: Mapping[str, Any]) -> int:
    """Return how many case keys there are."""
    with _key_directory(house) as directory:
        return sum(file.is_file() for file in (directory / "keys").rglob("*"))


def keys_erased(house: Mapping[str, Any]) -> int:
    """Return how many case keys the erasure ledger says were destroyed."""
    with _key_directory(house) as directory:
        return len((directory / "erased").read_text().splitlines())


@contextmanager
def _key_directory(house: Mapping[str, Any]) -> Iterator[Path]:
    """Return the directory of the case keys; of a container's, which nobody else may enter, a copy."""
    where = house["admin"]["case_keys"]
    if "container" not in where:
        yield Path(where["directory"])
        return
    with tempfile.TemporaryDirectory() as copies:
        yield copied(where["container"], where["directory"], Path(copies))


def tables_of(database: Database) -> list[str]:
    """Return the names of all tables of this database."""
    return run_sql(database, _TABLES).split()


def _counts(house: Mapping[str, Any], service: str, condition: str) -> dict[str, int]:
    """Return per table of this service how many rows fulfil the condition."""
    database = Database(**house["admin"]["databases"][service])
    counting = " UNION ALL ".join(
        f"SELECT '{table}', count(*) FROM {table} t WHERE {condition}"  # noqa: S608 - names from the catalogue
        for table in tables_of(database)
    )
    rows = (line.split("|") for line in run_sql(database, counting).split())
    return {table: int(count) for table, count in rows}
