#!/usr/bin/env python3
"""Stand in for the official PostgreSQL image's entrypoint, on a base without it.

PGDATA, POSTGRES_PASSWORD_FILE and POSTGRES_INITDB_ARGS mean the same as there, and so does the command. The
image has it under the official name, so that one compose file fits both.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Initialise the cluster when it is missing, whole or not at all; then exec the server."""
    data = Path(os.environ["PGDATA"])
    if not data.exists():
        unfinished = data.with_name(f"{data.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = ["initdb", "-D", str(unfinished), "-U", os.environ.get("POSTGRES_USER", "postgres")]
        command += [f"--pwfile={os.environ['POSTGRES_PASSWORD_FILE']}"]
        command += shlex.split(os.environ.get("POSTGRES_INITDB_ARGS", ""))
        subprocess.run(command, check=True)  # noqa: S603
        unfinished.rename(data)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606


if __name__ == "__main__":
    main()
