"""Finding every statement of the code, as the modules hold them."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

DIALECT: sa.Dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]


def statements(package: ModuleType) -> Iterator[tuple[str, sa.TextClause]]:
    """Yield each statement that a module of the package holds, with where it stands."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" in found.name or found.name.endswith("__main__"):
            continue
        for name, value in vars(import_module(found.name)).items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, sa.TextClause):
                    yield f"{found.name}.{name}", one


def compiled(statement: sa.TextClause) -> tuple[str, tuple[str, ...]]:
    """Return a statement as PostgreSQL gets it, and the names of its parameters, $1 first."""
    done: Any = statement.compile(dialect=DIALECT)
    names: dict[str, None] = dict.fromkeys(done.positiontup or ())
    return str(done), tuple(names)
