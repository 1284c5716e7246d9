"""Change a large table while a service works on it: no statement here keeps a writer waiting for long.

Each commits by itself, so a migration that uses them must bear being run again from its beginning.
"""

import sqlalchemy as sa
from alembic import op

BATCH = 5000  # rows filled in one transaction

_IS_BROKEN = sa.text(
    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
)


def create_index(name: str, definition: str) -> None:
    """Create an index without blocking writers; `definition` is what follows `CREATE INDEX name`.

    An earlier try that was interrupted leaves a broken index of that name: it is dropped first.
    """
    with op.get_context().autocommit_block():
        if op.get_bind().execute(_IS_BROKEN, {"name": name}).scalar_one():
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} {definition}")


def drop_index(name: str) -> None:
    """Drop an index without blocking writers."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def fill(batch: str) -> None:
    """Run a statement until nothing is left; it takes `:after` and `:limit` and returns its last key or NULL.

    It must lock the rows it reads, so that what changes them meanwhile comes before or after.
    """
    after: str | None = ""
    with op.get_context().autocommit_block():
        while after is not None:
            found = op.get_bind().execute(sa.text(batch), {"after": after, "limit": BATCH})
            after = found.scalar_one()
