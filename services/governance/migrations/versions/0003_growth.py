"""Take the third step of the shell's schema, and index the register by party."""

from shared.storage.migrations import indexes, shell_0003

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let no query read more the more cases there are."""
    shell_0003.upgrade()
    indexes.create_index("ix_cases_party", "cases ((state #>> '{record,party}')) WHERE NOT held")
