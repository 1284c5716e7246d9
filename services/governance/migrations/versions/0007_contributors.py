"""Take the seventh step of the shell's schema."""

from shared.storage.migrations import shell_0007

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Keep who contributed each item."""
    shell_0007.upgrade()
