"""Chain the logs, and let only functions of the owner delete from them."""

from alembic import op

from shared.storage.migrations import indexes

_TABLES = (
    "ALTER TABLE journal ADD COLUMN IF NOT EXISTS seal BYTEA",
    "ALTER TABLE access_log ADD COLUMN IF NOT EXISTS seal BYTEA",
    "ALTER TABLE erased_logs ADD COLUMN IF NOT EXISTS seal BYTEA",
    """
    CREATE TABLE IF NOT EXISTS log_leaves (
        number BIGINT NOT NULL,
        log TEXT NOT NULL,
        entry BIGINT NOT NULL,
        chained_at TIMESTAMP WITH TIME ZONE,
        of_case BOOLEAN NOT NULL,
        leaf BYTEA NOT NULL,
        head BYTEA NOT NULL,
        removal BIGINT,
        PRIMARY KEY (number),
        UNIQUE (log, entry),
        CONSTRAINT log_is_known CHECK (log IN ('journal', 'access_log'))
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS log_settled (
        log TEXT NOT NULL,
        entry BIGINT NOT NULL,
        PRIMARY KEY (log)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS log_checkpoints (
        service TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        length BIGINT NOT NULL,
        restored BOOLEAN NOT NULL,
        signed TEXT NOT NULL,
        PRIMARY KEY (service, at)
    )
    """,
)

# Whoever may delete is the owner, and nobody is while not in a function of the owner.
_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('zvh.erasing', true) = 'on'
       AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'insert-only: %', TG_TABLE_NAME USING ERRCODE = 'ZV001';
END $$
"""

# What a leaf says never changes. Once only it is noted by which record its entry was removed, and then its
# moment goes too: of an erased case no day is kept (R106).
_REFUSE_LEAF = """
CREATE OR REPLACE FUNCTION refuse_change_of_leaf() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('zvh.erasing', true) = 'on' AND OLD.removal IS NULL
       AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'insert-only: %', TG_TABLE_NAME USING ERRCODE = 'ZV001';
END $$
"""

# Deletes the log of one case with the record of it, and not while the case itself is there; or, with
# `before`, what was chained before then about a number of which nothing is here. Counts that are not those
# of the record mean that the log grew meanwhile: the transaction is to be tried again.
_REMOVE = """
CREATE OR REPLACE FUNCTION remove_log(
    wanted TEXT, before TIMESTAMPTZ, month TEXT, entries BIGINT, entries_digest BYTEA,
    looks BIGINT, looks_digest BYTEA, seal BYTEA
) RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE removed_by BIGINT; gone_entries BIGINT; gone_looks BIGINT;
BEGIN
    IF EXISTS (SELECT FROM cases WHERE case_id = wanted) OR EXISTS (SELECT FROM items WHERE case_id = wanted)
    THEN
        RAISE EXCEPTION 'insert-only: the case is here' USING ERRCODE = 'ZV001';
    END IF;
    IF before > clock_timestamp() - INTERVAL '{shortest} days' THEN
        RAISE EXCEPTION 'insert-only: too young' USING ERRCODE = 'ZV001';
    END IF;
    PERFORM set_config('zvh.erasing', 'on', true);
    INSERT INTO erased_logs (month, entries, entries_digest, looks, looks_digest, seal)
    VALUES (month, entries, entries_digest, looks, looks_digest, seal) RETURNING number INTO removed_by;
    WITH gone AS (
        DELETE FROM journal WHERE case_id = wanted AND (before IS NULL OR EXISTS (
            SELECT FROM log_leaves AS k
            WHERE k.log = 'journal' AND k.entry = journal.entry AND k.chained_at < before))
        RETURNING entry
    ), marked AS (
        UPDATE log_leaves AS k SET removal = removed_by, chained_at = NULL
        FROM gone WHERE k.log = 'journal' AND k.entry = gone.entry
    ) SELECT count(*) INTO gone_entries FROM gone;
    WITH gone AS (
        DELETE FROM access_log WHERE case_id = wanted AND (before IS NULL OR EXISTS (
            SELECT FROM log_leaves AS k
            WHERE k.log = 'access_log' AND k.entry = access_log.entry AND k.chained_at < before))
        RETURNING entry
    ), marked AS (
        UPDATE log_leaves AS k SET removal = removed_by, chained_at = NULL
        FROM gone WHERE k.log = 'access_log' AND k.entry = gone.entry
    ) SELECT count(*) INTO gone_looks FROM gone;
    PERFORM set_config('zvh.erasing', '', true);
    IF (gone_entries, gone_looks) <> (entries, looks) THEN
        RAISE EXCEPTION 'the log grew meanwhile' USING ERRCODE = '40001';
    END IF;
    RETURN removed_by;
END $$
"""
SHORTEST_DAYS = 30  # what is younger is never pruned, whatever the service asks

# What others than the owner may do with the logs: read, and add.
_RIGHTS = """
DO $$
DECLARE one TEXT; who TEXT;
BEGIN
    FOREACH one IN ARRAY ARRAY['journal', 'access_log', 'log_leaves', 'erased_logs', 'alembic_version'] LOOP
        FOR who IN
            SELECT DISTINCT pg_get_userbyid(granted.grantee)
            FROM pg_class, aclexplode(relacl) AS granted
            WHERE pg_class.oid = one::regclass AND granted.grantee NOT IN (relowner, 0)
        LOOP
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %I FROM %I', one, who);
            IF one IN ('erased_logs', 'alembic_version') THEN
                EXECUTE format('REVOKE INSERT ON %I FROM %I', one, who);
            END IF;
        END LOOP;
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Migrate from the third step; what is in the logs then is chained as it is found."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute(_REFUSE)
    op.execute(_REFUSE_LEAF)
    op.execute(_REMOVE.replace("{shortest}", str(SHORTEST_DAYS)))
    op.execute(
        "CREATE OR REPLACE TRIGGER insert_only BEFORE UPDATE OR DELETE ON log_leaves "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_leaf()"
    )
    op.execute(_RIGHTS)
    indexes.create_index("ix_journal_of_case", "journal (case_id, entry)")
    indexes.drop_index("ix_journal_case_id")
    indexes.create_index("ix_log_leaves_removal", "log_leaves (removal, number) WHERE removal IS NOT NULL")
