"""Take the third step of the shell's schema, and keep a list of who is invited where."""

from alembic import op

from shared.storage.migrations import backfill, shell_0003

revision = "0003"
down_revision = "0002"

# `delegate` is the subject of who comes, once the party has named one; empty before.
_KEEP = (
    """
    CREATE TABLE IF NOT EXISTS invitations (
        case_id TEXT NOT NULL,
        party TEXT NOT NULL,
        delegate TEXT NOT NULL,
        PRIMARY KEY (case_id, party)
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS ix_invitations_party ON invitations (party, delegate, case_id)
    """,
    """
    CREATE OR REPLACE FUNCTION invitations_in(phase TEXT, state JSON)
    RETURNS TABLE (party TEXT, delegate TEXT) LANGUAGE sql IMMUTABLE AS $$
        SELECT seat #>> '{participant,party}',
               CASE seat ->> 'answer' WHEN 'accepted' THEN seat ->> 'delegate' ELSE '' END
        FROM jsonb_path_query(CAST(state -> 'rtos' AS jsonb), '$[last].seats[*]') AS seat
        WHERE phase = 'convened' AND seat ->> 'answer' <> 'declined'
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION keep_invitations() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM invitations WHERE case_id = NEW.case_id;
        INSERT INTO invitations (case_id, party, delegate)
        SELECT NEW.case_id, found.party, found.delegate FROM invitations_in(NEW.phase, NEW.state) AS found;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION forget_invitations() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM invitations WHERE case_id = OLD.case_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER new_invitations AFTER INSERT ON cases FOR EACH ROW
    WHEN (NEW.phase = 'convened') EXECUTE FUNCTION keep_invitations()
    """,
    """
    CREATE OR REPLACE TRIGGER changed_invitations AFTER UPDATE OF phase, state ON cases FOR EACH ROW
    WHEN (NEW.phase = 'convened' OR OLD.phase = 'convened') EXECUTE FUNCTION keep_invitations()
    """,
    """
    CREATE OR REPLACE TRIGGER no_invitations AFTER DELETE ON cases FOR EACH ROW
    EXECUTE FUNCTION forget_invitations()
    """,
)
_FILL = """
    WITH convened AS (
        SELECT case_id, phase, state FROM cases
        WHERE phase = 'convened' AND case_id > :after ORDER BY case_id LIMIT :limit FOR SHARE
    ), filled AS (
        INSERT INTO invitations (case_id, party, delegate)
        SELECT case_id, found.party, found.delegate
        FROM convened, invitations_in(convened.phase, convened.state) AS found
        ON CONFLICT DO NOTHING
    )
    SELECT max(case_id) FROM convened
"""


def upgrade() -> None:
    """Let PostgreSQL keep the list from the states, also those that the version before writes; fill it."""
    shell_0003.upgrade()
    for statement in _KEEP:
        op.execute(statement)
    backfill.fill(_FILL)
