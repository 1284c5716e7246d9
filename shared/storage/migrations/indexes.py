"""Make and drop indexes while the tables are in use: outside the migration's transaction, without blocking.

Each helper ends the transaction of its revision and begins another. So a revision that was stopped half-way
is run again from its start: what stands before the first index must bear that (`IF NOT EXISTS`).
"""

import sqlalchemy as sa
from alembic import op

_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def create_index(name: str, on: str, *, unique: bool = False) -> None:
    """Create an index; `on` is what follows ON: `cases (case_id) WHERE held`.

    One that an earlier attempt has left half-made is dropped first; a whole one stays.
    """
    with op.get_context().autocommit_block():
        if op.get_bind().execute(_INVALID, {"name": name}).first() is not None:
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        kind = "UNIQUE INDEX" if unique else "INDEX"
        op.execute(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {on}")


def drop_index(name: str) -> None:
    """Drop an index, if it is there."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
