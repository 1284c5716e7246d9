"""The tables of retention: the shell's, and what stays when a case is gone."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from services.retention.state import Phase
from shared.storage.tables import shell_tables

metadata = sa.MetaData()
shell_tables(metadata, tuple(phase.value for phase in Phase))

sa.Index(
    "ix_cases_under_erasure",
    metadata.tables["cases"].c.case_id,
    postgresql_where=sa.text("phase IN ('erasing', 'destroying')"),
)
sa.Table(
    "proofs",
    metadata,
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
sa.Table(
    "awaited_keys",
    metadata,
    sa.Column("proof_id", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Index("ix_awaited_keys_kid", "service", "kid"),
)
sa.Table(
    "figures",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("theme", sa.Text, primary_key=True),
    sa.Column("ending", sa.Text, primary_key=True),
    sa.Column("cases", sa.Integer, nullable=False),
)
