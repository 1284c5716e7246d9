"""Create the first schema of intake."""

from shared.storage.migrations import shell_0001

revision = "0001"
down_revision = None

PHASES = (
    "nothing",
    "received",
    "consulted",
    "taken-up",
    "deescalated",
    "archived",
    "closing",
    "purged",
)


def upgrade() -> None:
    """Create the tables."""
    shell_0001.create(PHASES)
