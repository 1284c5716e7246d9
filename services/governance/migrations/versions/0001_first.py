"""Create the first schema of governance."""

from shared.storage.migrations import shell_0001

revision = "0001"
down_revision = None

PHASES = ("nothing", "member", "ended", "purged")


def upgrade() -> None:
    """Create the tables."""
    shell_0001.create(PHASES)
