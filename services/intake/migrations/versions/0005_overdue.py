"""Take the fifth step of the shell's schema."""

from shared.storage.migrations import shell_0005

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Keep a list of what takes too long."""
    shell_0005.upgrade()
