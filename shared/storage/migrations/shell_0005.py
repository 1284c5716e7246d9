"""Keep a list of the cases of which a step takes too long, with whose they are."""

from alembic import op

_TABLE = (
    """
    CREATE TABLE IF NOT EXISTS overdue (
        case_id TEXT NOT NULL,
        director TEXT NOT NULL,
        step TEXT NOT NULL,
        told TEXT NOT NULL,
        PRIMARY KEY (case_id)
    )
    """,
    "CREATE INDEX IF NOT EXISTS ix_overdue_director ON overdue (director, case_id)",
    """
    CREATE INDEX IF NOT EXISTS ix_overdue_manager ON overdue (case_id) WHERE told = 'manager' OR director = ''
    """,
)
_KEEP = """
    CREATE OR REPLACE FUNCTION keep_overdue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM overdue WHERE case_id = NEW.case_id;
        INSERT INTO overdue (case_id, director, step, told)
        SELECT NEW.case_id, coalesce({director}, ''),
               NEW.state #>> '{{overdue,step}}', NEW.state #>> '{{overdue,told}}'
        WHERE NEW.state ->> 'overdue' IS NOT NULL;
        RETURN NULL;
    END $$
    """
_TRIGGERS = (
    """
    CREATE OR REPLACE FUNCTION forget_overdue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM overdue WHERE case_id = OLD.case_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER changed_overdue AFTER UPDATE OF state ON cases FOR EACH ROW
    WHEN (NEW.state ->> 'overdue' IS NOT NULL OR OLD.state ->> 'overdue' IS NOT NULL)
    EXECUTE FUNCTION keep_overdue()
    """,
    """
    CREATE OR REPLACE TRIGGER no_overdue AFTER DELETE ON cases FOR EACH ROW
    EXECUTE FUNCTION forget_overdue()
    """,
)


def upgrade(director: str = "NEW.state ->> 'director'") -> None:
    """Let PostgreSQL keep the list from the states; `director` is the SQL of whose a case is.

    Nothing was reminded of before, so there is nothing to fill it with.
    """
    for statement in (*_TABLE, _KEEP.format(director=director), *_TRIGGERS):
        op.execute(statement)
