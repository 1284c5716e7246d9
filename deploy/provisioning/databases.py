"""Configure a house's PostgreSQL server, and name the SQL for each service's database. Pure."""

SUPERUSER = "postgres"
NAMES = "SELECT datname FROM pg_database"
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


def server_configuration(*, addresses: str, port: int, sockets: str) -> str:
    """Return `postgresql.conf`: where it listens, and no row values in its log."""
    where = {"listen_addresses": addresses, "port": port, "unix_socket_directories": sockets}
    return "".join(f"{name} = '{value}'\n" for name, value in (where | _CONFIGURATION).items())


def creating(name: str) -> tuple[str, str]:
    """Return the SQL that creates a login without other privileges, and its own database."""
    return (
        f'CREATE ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE',
        f'CREATE DATABASE "{name}" OWNER "{name}"',
    )


def closing(name: str, password: str) -> tuple[str, str]:
    """Return the SQL that sets the password (ours need no quoting) and shuts others out of the database."""
    return f"ALTER ROLE \"{name}\" PASSWORD '{password}'", f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC'


def handing_over(name: str) -> tuple[str, str]:
    """Return the SQL, for within the database itself, that makes its schema the login's own."""
    return f'ALTER SCHEMA public OWNER TO "{name}"', "REVOKE ALL ON SCHEMA public FROM PUBLIC"
