"""The tables that every service's shell needs, in the service's own database.

Rows hold ids, codes and sealed pieces; no text about anybody ever stands in a column.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

Timestamp = sa.DateTime(timezone=True)
NOW = sa.text("clock_timestamp()")


def shell_tables(metadata: sa.MetaData, phases: tuple[str, ...]) -> None:
    """Declare the shell's tables; `phases` are the only values the database takes for a case."""
    allowed = ", ".join(f"'{phase}'" for phase in phases)
    sa.Table(
        "cases",
        metadata,
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("heard", JSONB, nullable=False, server_default="{}"),
        sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.CheckConstraint(f"phase IN ({allowed})", name="phase_is_known"),
        sa.Index("ix_cases_held", "case_id", postgresql_where=sa.text("held")),
    )
    sa.Table(
        "pieces",
        metadata,
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("piece", sa.Text, nullable=False),
        sa.Column("sealed_by", sa.Text, nullable=False),
        sa.Column("box", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "piece", "sealed_by"),
    )
    sa.Table(
        "items",
        metadata,
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False, index=True),
    )
    sa.Table(
        "inbox",
        metadata,
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("received_at", Timestamp, nullable=False, index=True),
        sa.Column("case_id", sa.Text, nullable=True, index=True),
        sa.Column("result", JSONB, nullable=True),
        sa.PrimaryKeyConstraint("sender", "message_id"),
    )
    sa.Table(
        "journal",
        metadata,
        sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False, index=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=True),
        sa.Column("article", sa.Text, nullable=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=True),
        sa.Column("person", sa.Text, nullable=True),
        sa.Column("on_behalf_of", sa.Text, nullable=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    sa.Table(
        "access_log",
        metadata,
        sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False, index=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=True),
        sa.Column("viewed_on_behalf_of", sa.Text, nullable=True),
        sa.Column("thing", sa.Text, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("given_on_behalf_of", sa.Text, nullable=True),
    )
    sa.Table(
        "due",
        metadata,
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("at", Timestamp, nullable=False, index=True),
        sa.Column("irreversible", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "kind", "ref"),
    )
    sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=True, index=True),
        sa.Column("subject", sa.Text, nullable=True),
        sa.Column("item", sa.Text, nullable=True),
        sa.Column("recipient", sa.Text, nullable=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("causation_id", sa.Text, nullable=True),
        sa.Column("traceparent", sa.Text, nullable=True),
        sa.Column("recorded_at", Timestamp, nullable=False, server_default=NOW),
        sa.Column("retry_at", Timestamp, nullable=True),
        sa.Index("ix_outbox_aside", "topic", "retry_at", postgresql_where=sa.text("retry_at IS NOT NULL")),
    )
    sa.Table(
        "sequences",
        metadata,
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("given", ARRAY(sa.BigInteger), nullable=False),
    )
    sa.Table(
        "held",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False, index=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("until", Timestamp, nullable=True, index=True),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("sender", "message_id", name="held_once"),
        sa.CheckConstraint("why IN ('waiting', 'parked', 'queued')", name="why_is_known"),
    )
    sa.Table(
        "parties",
        metadata,
        sa.Column("party", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("record", JSONB, nullable=False),
    )
    sa.Table(
        "erased",
        metadata,
        sa.Column("marker", sa.LargeBinary, primary_key=True),
        sa.Column("until", Timestamp, nullable=False, index=True),
    )
    sa.Table(
        "erased_logs",
        metadata,
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("entries_digest", sa.LargeBinary, nullable=False),
        sa.Column("looks", sa.BigInteger, nullable=False),
        sa.Column("looks_digest", sa.LargeBinary, nullable=False),
    )
    sa.Table(
        "ticks",
        metadata,
        sa.Column("one", sa.Boolean, primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
        sa.CheckConstraint("one", name="only_one"),
    )
