"""Find the cases whose reactivation was asked for without reading all of them."""

from shared.storage.migrations import indexes

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keep an index of what waits for the manager."""
    indexes.create_index("ix_cases_asked", "cases (case_id) WHERE (state ->> 'asked') IS NOT NULL")
