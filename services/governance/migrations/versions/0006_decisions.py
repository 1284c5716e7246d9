"""Take the sixth step of the shell's schema, and keep decisions of the organs beside the parties."""

from alembic import op

from shared.storage.migrations import indexes, shell_0006

revision = "0006"
down_revision = "0005"

PHASES = ("nothing", "member", "ended", "purged", "decided", "acknowledged")


def upgrade() -> None:
    """Index the decisions by number, and by the number that each replaces."""
    shell_0006.upgrade()
    known = ", ".join(f"'{phase}'" for phase in PHASES)
    op.execute("ALTER TABLE cases DROP CONSTRAINT IF EXISTS phase_is_known")
    op.execute(f"ALTER TABLE cases ADD CONSTRAINT phase_is_known CHECK (phase IN ({known})) NOT VALID")
    op.execute("ALTER TABLE cases VALIDATE CONSTRAINT phase_is_known")
    decided = "cases ((state #>> '{decision,number}')) WHERE NOT held"
    indexes.create_index("ix_cases_decision", decided)
    kinds = "(state #>> '{decision,subject,kind}'), (state #>> '{decision,in_force_from}')"
    indexes.create_index("ix_cases_decision_kind", f"cases ({kinds}) WHERE NOT held")
    replaces = "cases ((state #>> '{decision,replaces}')) WHERE (state #>> '{decision,replaces}') IS NOT NULL"
    indexes.create_index("ix_cases_replaced", replaces)
