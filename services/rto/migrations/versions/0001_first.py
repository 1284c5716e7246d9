"""Create the first schema of the round table."""

from shared.storage.migrations import shell_0001

revision = "0001"
down_revision = None

PHASES = (
    "nothing",
    "collecting",
    "prepared",
    "convened",
    "monitoring",
    "deescalated",
    "archived",
    "closing",
    "purged",
)


def upgrade() -> None:
    """Create the tables."""
    shell_0001.create(PHASES)
