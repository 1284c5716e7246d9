"""`python -m deploy.provisioning`: once, before the services start; its secrets stand in a file."""

import asyncio
import os
import sys
from pathlib import Path

from deploy.provisioning.job import provision_broker, provision_databases, read_passwords

NEEDED = ("ZVH_DATABASE_HOST", "ZVH_KAFKA_BOOTSTRAP", "ZVH_CA_FILE", "ZVH_SECRETS_FILE")


def main() -> int:
    """0 when all of it is in effect; 2 when a setting is missing."""
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        print(f"not set: {', '.join(missing)}", file=sys.stderr)
        return 2
    host, bootstrap, ca_file, secrets_file = (os.environ[name] for name in NEEDED)
    port, prefix = int(os.environ.get("ZVH_DATABASE_PORT", "5432")), os.environ.get("ZVH_TOPIC_PREFIX", "zvh")
    passwords = read_passwords(Path(secrets_file))
    asyncio.run(provision_databases(host, port, passwords))
    print(f"databases: {', '.join(passwords.databases)}")
    provision_broker(bootstrap, Path(ca_file), prefix, passwords)
    print(
        f"topics, logins and rights of {len(passwords.services)} services, {len(passwords.parties)} parties"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
