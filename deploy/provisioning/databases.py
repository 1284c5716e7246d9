"""Configure a house's PostgreSQL server, and name the SQL for each service's database. Pure."""

from pathlib import PurePath
from typing import NamedTuple

SUPERUSER = "postgres"
NAMES = "SELECT datname FROM pg_database"
_NO_MORE = "NOSUPERUSER NOCREATEDB NOCREATEROLE"
_CREATING_OWNER = f"""
DO $$ BEGIN
    CREATE ROLE "{{owner}}" LOGIN {_NO_MORE};
EXCEPTION WHEN duplicate_object THEN NULL;
END $$
"""
CLOSING_SHARED_ONES = (  # by default everybody may open these two, and see the names of all others there
    "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
)

# A constraint's DETAIL holds the row that broke it, a statement its parameters: neither is logged.
_CONFIGURATION = {
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "max_connections": 200,
    "shared_buffers": "128MB",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": -1,
    "log_parameter_max_length": 0,
    "log_parameter_max_length_on_error": 0,
    "log_line_prefix": "%m [%p] %q%u@%d %e ",
}


class KeyPair(NamedTuple):
    """Name the files of a server's certificate and key, PEM, as the server reaches them."""

    certificate_file: PurePath
    key_file: PurePath


def server_configuration(*, addresses: str, port: int, sockets: str, own: KeyPair | None = None) -> str:
    """Return `postgresql.conf`: where it listens, whether over TLS, and no row values in its log.

    `own`: its certificate and key, which it alone may read; a server built without TLS has none.
    """
    where = {"listen_addresses": addresses, "port": port, "unix_socket_directories": sockets}
    settings = where | _over_tls(own) | _CONFIGURATION
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _over_tls(own: KeyPair | None) -> dict[str, object]:
    if own is None:
        return {"ssl": "off"}
    return {
        "ssl": "on",
        "ssl_cert_file": own.certificate_file,
        "ssl_key_file": own.key_file,
        "ssl_min_protocol_version": "TLSv1.2",
    }


def access_rules(*, over_tls: bool) -> str:
    """Return `pg_hba.conf`: a password from everybody, and over the network TLS alone if it has that."""
    network = "hostssl" if over_tls else "host"
    return f"local all {SUPERUSER} scram-sha-256\n{network} all all all scram-sha-256\n"


def owner_of(name: str) -> str:
    """Return the role that owns a service's database and tables; only migrations log in as it."""
    return f"{name}-owner"


def creating(name: str) -> tuple[str, str]:
    """Return the SQL that creates a login without other privileges, and its database."""
    return f'CREATE ROLE "{name}" LOGIN {_NO_MORE}', f'CREATE DATABASE "{name}"'


def closing(name: str, password: str, owner_password: str) -> tuple[str, ...]:
    """Return the SQL that sets the passwords of login and owner, and shuts others out of the database.

    Passwords of ours need no quoting.
    """
    owner = owner_of(name)
    return (
        _CREATING_OWNER.format(owner=owner),
        f"ALTER ROLE \"{name}\" PASSWORD '{password}'",
        f"ALTER ROLE \"{owner}\" PASSWORD '{owner_password}'",
        f'ALTER DATABASE "{name}" OWNER TO "{owner}"',
        f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
        f'GRANT CONNECT ON DATABASE "{name}" TO "{name}"',
    )


def handing_over(name: str) -> tuple[str, ...]:
    """Return the SQL, for within the database itself, that makes all in it the owner's.

    The service's login may read and write rows, in what there is and in what will be; it can neither change a
    table nor a trigger. What it may not do to the logs is taken from it by the migration that makes them so,
    and here where the tables were its own till now.
    """
    owner = owner_of(name)
    defaults = f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public'
    return (
        f'ALTER SCHEMA public OWNER TO "{owner}"',
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f'GRANT USAGE ON SCHEMA public TO "{name}"',
        _TAKING_OVER.format(name=name, owner=owner),
        f'{defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{name}"',
        f'{defaults} GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO "{name}"',
    )


_TAKING_OVER = """
DO $$
DECLARE owned BOOLEAN; protected TEXT;
BEGIN
    SELECT count(*) > 0 INTO owned FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_get_userbyid(relowner) = '{name}';
    IF owned THEN
        REASSIGN OWNED BY "{name}" TO "{owner}";
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{name}";
        GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO "{name}";
        FOREACH protected IN ARRAY ARRAY['journal', 'access_log', 'log_leaves', 'erased_logs'] LOOP
            IF to_regclass('public.log_leaves') IS NOT NULL THEN
                EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM "{name}"', protected);
            END IF;
        END LOOP;
    END IF;
END $$
"""
