"""Create the first schema of triage."""

from alembic import op

from shared.storage.migrations import shell_0001

revision = "0001"
down_revision = None

PHASES = (
    "nothing",
    "triage",
    "preparing",
    "prepared",
    "deescalated",
    "archived",
    "closing",
    "purged",
)

_TABLES = """
CREATE TABLE queries (
    query_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    waits BOOLEAN DEFAULT true NOT NULL,
    asked JSON NOT NULL,
    PRIMARY KEY (query_id)
);
CREATE INDEX ix_queries_case_id ON queries (case_id);
CREATE INDEX waiting_queries ON queries (recipient, query_id) WHERE waits;
CREATE TABLE contributions (
    case_id TEXT NOT NULL,
    query_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    given JSON NOT NULL,
    PRIMARY KEY (case_id, query_id, number)
);
ALTER TABLE cases SET (toast_tuple_target = 8160)
"""


def upgrade() -> None:
    """Create the tables; a case's state is written at every answer and must not be compressed for it."""
    shell_0001.create(PHASES)
    for statement in _TABLES.split(";\n"):
        op.execute(statement)
