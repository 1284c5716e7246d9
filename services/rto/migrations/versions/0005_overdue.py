"""Take the fifth step of the shell's schema."""

from shared.storage.migrations import shell_0005

revision = "0005"
down_revision = "0004"

# The later word of intake's and triage's, as `State.people` has it.
_DIRECTOR = """
    CASE WHEN CAST(NEW.state #>> '{team,assignment}' AS integer)
              > coalesce(CAST(NEW.state #>> '{preparation,assignment}' AS integer), 0)
         THEN NEW.state #>> '{team,director}' ELSE NEW.state #>> '{preparation,director}' END
"""


def upgrade() -> None:
    """Keep a list of what takes too long."""
    shell_0005.upgrade(_DIRECTOR)
