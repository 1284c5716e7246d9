"""Take the sixth step of the shell's schema; find what waits for the manager or can be sent to nobody."""

from shared.storage.migrations import indexes, shell_0006

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Index the cases whose reactivation was asked for, and the letters about no case."""
    shell_0006.upgrade()
    indexes.create_index("ix_cases_asked", "cases (case_id) WHERE (state ->> 'asked') IS NOT NULL")
    indexes.create_index(
        "ix_outbox_no_case", "outbox (recorded_at) WHERE case_id IS NULL AND recipient IS NOT NULL"
    )
