"""Create the first schema of retention."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.storage.migrations import shell_0001

revision = "0001"
down_revision = None

PHASES = (
    "nothing",
    "open",
    "collecting",
    "step-1",
    "step-1-cleaned",
    "step-2",
    "closing",
    "erasing",
    "destroying",
    "erased",
)


def upgrade() -> None:
    """Create the tables; a proof can be added and never changed or taken away."""
    shell_0001.create(PHASES)
    op.create_index(
        "ix_cases_under_erasure",
        "cases",
        ["case_id"],
        postgresql_where=sa.text("phase IN ('erasing', 'destroying')"),
    )
    op.create_table(
        "proofs",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("proof_id", sa.Text, nullable=False, unique=True),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("theme", sa.Text, nullable=False),
        sa.Column("ending", sa.Text, nullable=False),
        sa.Column("confirmed_by", ARRAY(sa.Text), nullable=False),
        sa.Column("backups_lapse_in", sa.Text, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "awaited_keys",
        sa.Column("proof_id", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("kid", sa.Text, primary_key=True),
    )
    op.create_index("ix_awaited_keys_kid", "awaited_keys", ["service", "kid"])
    op.create_table(
        "figures",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("theme", sa.Text, primary_key=True),
        sa.Column("ending", sa.Text, primary_key=True),
        sa.Column("cases", sa.Integer, nullable=False),
    )
    shell_0001.keep_for_good("proofs")
