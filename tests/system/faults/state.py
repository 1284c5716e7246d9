"""Compare the final state of two houses: every table of every service."""

from collections.abc import Mapping
from typing import Any

from deploy.local.postgres import Database, run_sql
from shared.contract.registry import SERVICES
from tests.story.left import tables_of

# Time passes, looks are written down, and both are chained.
OF_THE_MOMENT = ("ticks", "access_log", "alembic_version", "log_leaves", "log_settled", "log_checkpoints")


def state_of(house: Mapping[str, Any]) -> dict[str, str]:
    """Return per table of each service how many rows it has, and a digest of them in order."""
    return {
        f"{service}.{table}": digest
        for service in SERVICES
        for table, digest in _digests(Database(**house["admin"]["databases"][service])).items()
    }


def _digests(database: Database) -> dict[str, str]:
    tables = [table for table in tables_of(database) if table not in OF_THE_MOMENT]
    asked = " UNION ALL ".join(
        f"SELECT '{table}', count(*) || '-' || coalesce(md5(string_agg(t::text, '~' ORDER BY t::text)), '')"  # noqa: S608
        f" FROM {table} t"
        for table in tables
    )
    return dict(line.split("|", 1) for line in run_sql(database, asked).split())


def differences(
    before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    """Return the tables that differ."""
    names = before.keys() | after.keys()
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }
