"""One login at one broker, as data."""

from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Connection:
    """Who logs in where; SASL_SSL with SCRAM-SHA-512 always."""

    bootstrap: str
    ca_file: Path
    user: str
    password: str = field(repr=False)

    def as_user(self, user: str, password: str) -> "Connection":
        """The same broker, another login."""
        return replace(self, user=user, password=password)

    def settings(self) -> dict[str, str | int | float | bool]:
        """For confluent-kafka; quick to try again, and silent: refused logins are expected here."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.user,
            "sasl.password": self.password,
            "ssl.ca.location": str(self.ca_file),
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 200,
            "log_level": 0,
        }
