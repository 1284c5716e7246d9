"""One login at one broker, as data, and as each of the two client libraries takes it."""

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


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

    def for_librdkafka(self) -> dict[str, str | int | float | bool]:
        """For confluent-kafka; quick to try again, and silent: what goes wrong is raised."""
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

    def for_aiokafka(self) -> dict[str, Any]:
        """Keyword arguments of its clients."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "ssl_context": self.ssl_context(),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }

    def ssl_context(self) -> ssl.SSLContext:
        """Whose certificates are believed."""
        return ssl.create_default_context(cafile=str(self.ca_file))
