"""Take the sixth step of the shell's schema."""

from shared.storage.migrations import shell_0006

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Copy what governance decides for all, and keep who contributed each item."""
    shell_0006.upgrade()
