"""Take the second step of the shell's schema."""

from shared.storage.migrations import shell_0002

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let held cases be counted."""
    shell_0002.upgrade()
