"""Copy the policy and the acknowledgements of secrecy; say more of looks in the access log, and of items.

A look says on which basis and for whom it was, an item id whose item it is: its contributor may take it back
before the item is known here.
"""

from alembic import op

_STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS policies (
        number TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        record JSONB NOT NULL,
        PRIMARY KEY (number)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS acknowledgements (
        person TEXT NOT NULL,
        party TEXT NOT NULL,
        acknowledged_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (person, party)
    )
    """,
    "ALTER TABLE access_log ADD COLUMN IF NOT EXISTS basis TEXT",
    "ALTER TABLE access_log ADD COLUMN IF NOT EXISTS given_by_body TEXT",
    "ALTER TABLE access_log ADD COLUMN IF NOT EXISTS viewed_for_body TEXT",
    # Empty for what an older version bound; a constant default rewrites no row.
    "ALTER TABLE items ADD COLUMN IF NOT EXISTS contributor TEXT NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    """Migrate from the fifth step; what was logged before says nothing of a basis."""
    for statement in _STATEMENTS:
        op.execute(statement)
