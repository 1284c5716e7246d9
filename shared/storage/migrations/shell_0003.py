"""Index what is read at every turn, and note which topics wait in a row each instead of in every message."""

from alembic import op

from shared.storage.migrations import indexes

_DEFERRED = """
CREATE TABLE IF NOT EXISTS deferred_topics (
    topic TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (topic)
)
"""
# Each takes the place of the one after it, if there is one.
_INDEXES = (
    ("ix_held_waiting", "held (sender, id) WHERE why = 'waiting'", None),
    ("ix_held_of_case", "held (case_id, id)", "ix_held_case_id"),
    ("ix_inbox_oldest", "inbox (received_at)", "ix_inbox_received_at"),
    ("ix_access_log_of_case", "access_log (case_id, entry)", "ix_access_log_case_id"),
    ("ix_due_reversible", "due (at) WHERE NOT irreversible", None),
    ("ix_outbox_topic", "outbox (topic, id)", None),
    ("ix_outbox_quarantined", "outbox (id) WHERE retry_at = 'infinity'", None),
)


def upgrade() -> None:
    """Migrate from the second step; what only that one's code reads stays until the next."""
    op.execute(_DEFERRED)
    for name, on, replaced in _INDEXES:
        indexes.create_index(name, on)
        if replaced is not None:
            indexes.drop_index(replaced)
