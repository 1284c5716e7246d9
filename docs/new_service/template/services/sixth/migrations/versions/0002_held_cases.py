"""The shell's second step."""

from shared.storage.migrations import shell_0002

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Held cases can be counted."""
    shell_0002.upgrade()
