"""Reach a house's PostgreSQL as its administrator."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from deploy.provisioning.databases import SUPERUSER
from shared.storage.database import trusting

PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Server:
    """Say where it listens, and which CA has certified it for that host; without a CA it has no TLS."""

    host: str
    port: int
    ca_file: Path | None

    async def connect(self, password: str, database: str = SUPERUSER) -> Any:
        """Log in as the superuser; raises `OSError`, `TimeoutError` and asyncpg's errors."""
        return await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=SUPERUSER,
            password=password,
            database=database,
            ssl=trusting(self.ca_file),
            timeout=PATIENCE,
        )
