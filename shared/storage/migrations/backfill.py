"""Fill a new table from a large one while a service works on both: some rows at a time."""

import sqlalchemy as sa
from alembic import op

BATCH = 5000  # rows read in one transaction


def fill(batch: str) -> None:
    """Run a statement until it returns NULL; it takes `:after` and `:limit`, and returns its last key.

    Each run commits by itself. It must lock the rows it reads, so that whoever changes one comes before it
    or after it, and must bear being run again from the first row.
    """
    after: str | None = ""
    with op.get_context().autocommit_block():
        while after is not None:
            found = op.get_bind().execute(sa.text(batch), {"after": after, "limit": BATCH})
            after = found.scalar_one()
