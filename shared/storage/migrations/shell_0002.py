"""Index the held cases: they are few, and counted whenever metrics are asked for."""

from alembic import op


def upgrade() -> None:
    """Migrate from the first release."""
    op.execute("CREATE INDEX ix_cases_held ON cases (case_id) WHERE held")
