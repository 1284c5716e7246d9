"""Index the held cases: they are few, and counted whenever metrics are asked for."""

from shared.storage.migrations.indexes import create_index


def upgrade() -> None:
    """Migrate from the first release."""
    create_index("ix_cases_held", "cases (case_id) WHERE held")
