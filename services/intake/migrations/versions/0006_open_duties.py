"""Take the sixth step of the shell's schema; list who is still to be informed, count the ends of triage.

And let a person be found in active cases.
"""

from alembic import op

from services.intake.migrations import known_persons
from shared.storage.migrations import backfill, shell_0006

revision = "0006"
down_revision = "0005"

# `party`: who is to inform, and who leads. A state of the version before has `duties` alone.
_KEEP = (
    """
    CREATE TABLE IF NOT EXISTS open_duties (
        case_id TEXT NOT NULL,
        party TEXT NOT NULL,
        director TEXT NOT NULL,
        PRIMARY KEY (case_id, party)
    )
    """,
    "CREATE INDEX IF NOT EXISTS ix_open_duties_party ON open_duties (party, case_id)",
    "CREATE INDEX IF NOT EXISTS ix_open_duties_director ON open_duties (director, case_id)",
    """
    CREATE OR REPLACE FUNCTION open_duties_in(state JSON)
    RETURNS TABLE (party TEXT, director TEXT) LANGUAGE sql IMMUTABLE AS $$
        WITH owed AS (
            SELECT one ->> 'debtor' AS debtor, one ->> 'state' AS status
            FROM json_array_elements(coalesce(state -> 'obligations', '[]')) AS one
            UNION ALL
            SELECT state ->> 'leading_party', one ->> 'status'
            FROM json_array_elements(coalesce(state -> 'duties', '[]')) AS one
        ), undone AS (
            SELECT debtor FROM owed WHERE status IN ('due', 'postponed')
        )
        SELECT debtor, coalesce(state ->> 'director', '') FROM undone
        UNION
        SELECT state ->> 'leading_party', coalesce(state ->> 'director', '') WHERE EXISTS (SELECT FROM undone)
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION keep_open_duties() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM open_duties WHERE case_id = NEW.case_id;
        INSERT INTO open_duties (case_id, party, director)
        SELECT NEW.case_id, found.party, found.director FROM open_duties_in(NEW.state) AS found;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION forget_open_duties() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM open_duties WHERE case_id = OLD.case_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER changed_open_duties AFTER UPDATE OF state ON cases FOR EACH ROW
    WHEN (NEW.phase NOT IN ('nothing', 'received', 'consulted')) EXECUTE FUNCTION keep_open_duties()
    """,
    """
    CREATE OR REPLACE TRIGGER no_open_duties AFTER DELETE ON cases FOR EACH ROW
    EXECUTE FUNCTION forget_open_duties()
    """,
    """
    CREATE TABLE IF NOT EXISTS triage_outcomes (
        year INT NOT NULL,
        outcome TEXT NOT NULL,
        cases INT NOT NULL,
        PRIMARY KEY (year, outcome)
    )
    """,
)
_FILL = """
    WITH page AS (
        SELECT case_id, state FROM cases
        WHERE phase NOT IN ('nothing', 'received', 'consulted') AND case_id > :after
        ORDER BY case_id LIMIT :limit FOR SHARE
    ), filled AS (
        INSERT INTO open_duties (case_id, party, director)
        SELECT case_id, found.party, found.director FROM page, open_duties_in(page.state) AS found
        ON CONFLICT DO NOTHING
    )
    SELECT max(case_id) FROM page
"""


def upgrade() -> None:
    """Let PostgreSQL keep the list from the states, also those that the version before writes; fill it."""
    shell_0006.upgrade()
    for statement in _KEEP:
        op.execute(statement)
    backfill.fill(_FILL)
    known_persons.upgrade()
