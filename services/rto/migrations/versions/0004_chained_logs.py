"""Take the fourth step of the shell's schema."""

from shared.storage.migrations import shell_0004

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Chain the logs, and leave deleting from them to the owner of the tables."""
    shell_0004.upgrade()
