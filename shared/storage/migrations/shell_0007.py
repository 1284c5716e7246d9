"""Keep of each item id who contributed the item: a contributor may take it back before it is known here."""

from alembic import op


def upgrade() -> None:
    """Add the contributor; empty for what an older version bound. A constant default rewrites no row."""
    op.execute("ALTER TABLE items ADD COLUMN IF NOT EXISTS contributor TEXT NOT NULL DEFAULT ''")
