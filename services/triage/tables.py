"""The tables of triage: the shell's, and the triage record (R37)."""

import sqlalchemy as sa

from services.triage.state import Phase
from shared.storage.tables import shell_tables

metadata = sa.MetaData()
shell_tables(metadata, tuple(phase.value for phase in Phase))

# One row per query; `waits` until its party has replied or the query has lapsed.
queries = sa.Table(
    "queries",
    metadata,
    sa.Column("query_id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False, index=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("asked", sa.JSON, nullable=False),
)
sa.Index("waiting_queries", queries.c.recipient, queries.c.query_id, postgresql_where=queries.c.waits)

# One row per reply to a query, and one (with an empty query id) for what came with the referral.
sa.Table(
    "contributions",
    metadata,
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("query_id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("given", sa.JSON, nullable=False),
    sa.PrimaryKeyConstraint("case_id", "query_id", "number"),
)
