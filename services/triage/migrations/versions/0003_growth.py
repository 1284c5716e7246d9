"""Take the third step of the shell's schema."""

from shared.storage.migrations import shell_0003

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let no query read more the more cases there are."""
    shell_0003.upgrade()
