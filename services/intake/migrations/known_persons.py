"""Let a person be found in active cases; take the phase of a check that another house asks.

A part of the sixth step: a release takes one, so that the version before starts again on it (decision 0024).
"""

from alembic import op

from shared.storage.migrations import backfill, indexes

PHASES = (
    "nothing",
    "received",
    "consulted",
    "taken-up",
    "deescalated",
    "archived",
    "closing",
    "checking",
    "purged",
)
_ACTIVE = "('taken-up', 'deescalated')"
# Under the digest "" stands an active case of the version before, of which nobody can be found.
_KEEP = (
    """
    CREATE TABLE IF NOT EXISTS known_persons (
        digest TEXT NOT NULL,
        case_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        PRIMARY KEY (digest, case_id, person_id)
    )
    """,
    "CREATE INDEX IF NOT EXISTS ix_known_persons_case ON known_persons (case_id)",
    """
    CREATE OR REPLACE FUNCTION known_persons_in(state JSON)
    RETURNS TABLE (digest TEXT, person_id TEXT) LANGUAGE sql IMMUTABLE AS $$
        WITH found AS (
            SELECT one ->> 'digest' AS digest, one ->> 'person_id' AS person_id, one ->> 'subject' AS subject
            FROM json_array_elements(coalesce(state -> 'identities', '[]')) AS one
        )
        SELECT digest, person_id FROM found WHERE subject = 'true' AND digest <> ''
        UNION ALL
        SELECT '', '' WHERE NOT EXISTS (SELECT FROM found)
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION keep_known_persons() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM known_persons WHERE case_id = NEW.case_id;
        IF NEW.phase IN {_ACTIVE} THEN
            INSERT INTO known_persons (digest, case_id, person_id)
            SELECT found.digest, NEW.case_id, found.person_id FROM known_persons_in(NEW.state) AS found
            ON CONFLICT DO NOTHING;
        END IF;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - the words above
    """
    CREATE OR REPLACE FUNCTION forget_known_persons() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM known_persons WHERE case_id = OLD.case_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER changed_known_persons AFTER UPDATE OF phase ON cases FOR EACH ROW
    WHEN (NEW.phase <> OLD.phase) EXECUTE FUNCTION keep_known_persons()
    """,
    """
    CREATE OR REPLACE TRIGGER no_known_persons AFTER DELETE ON cases FOR EACH ROW
    EXECUTE FUNCTION forget_known_persons()
    """,
)
_FILL = f"""
    WITH page AS (
        SELECT case_id, state, phase FROM cases WHERE case_id > :after ORDER BY case_id LIMIT :limit FOR SHARE
    ), filled AS (
        INSERT INTO known_persons (digest, case_id, person_id)
        SELECT found.digest, case_id, found.person_id FROM page, known_persons_in(page.state) AS found
        WHERE phase IN {_ACTIVE}
        ON CONFLICT DO NOTHING
    )
    SELECT max(case_id) FROM page
"""  # noqa: S608 - the words above


def upgrade() -> None:
    """Let PostgreSQL keep who is found from the states, and fill that with what is active."""
    known = ", ".join(f"'{phase}'" for phase in PHASES)
    op.execute("ALTER TABLE cases DROP CONSTRAINT IF EXISTS phase_is_known")
    op.execute(f"ALTER TABLE cases ADD CONSTRAINT phase_is_known CHECK (phase IN ({known})) NOT VALID")
    op.execute("ALTER TABLE cases VALIDATE CONSTRAINT phase_is_known")
    for statement in _KEEP:
        op.execute(statement)
    indexes.create_index("ix_cases_checking", "cases (case_id) WHERE phase = 'checking'")
    backfill.fill(_FILL)
