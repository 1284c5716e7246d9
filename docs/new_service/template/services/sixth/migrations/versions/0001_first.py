"""Create the first schema of sixth."""

from shared.storage.migrations import shell_0001

revision = "0001"
down_revision = None

PHASES = ("nothing", "submitted", "purged")


def upgrade() -> None:
    """Create it in an empty database."""
    shell_0001.create(PHASES)
