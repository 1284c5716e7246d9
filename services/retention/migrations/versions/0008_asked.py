"""Find what waits for the manager, and what nobody could be sent, without reading all there is."""

from shared.storage.migrations import indexes

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep an index of cases whose reactivation was asked for, and one of letters about no case."""
    indexes.create_index("ix_cases_asked", "cases (case_id) WHERE (state ->> 'asked') IS NOT NULL")
    indexes.create_index(
        "ix_outbox_no_case", "outbox (recorded_at) WHERE case_id IS NULL AND recipient IS NOT NULL"
    )
