"""Describe a login at a broker, in the form of each of the two client libraries."""

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Connection:
    """Hold broker, CA file and SCRAM credentials; always SASL_SSL with SCRAM-SHA-512."""

    bootstrap: str
    ca_file: Path
    user: str
    password: str = field(repr=False)

    def as_user(self, user: str, password: str) -> "Connection":
        """Return the same broker with another login."""
        return replace(self, user=user, password=password)

    def for_librdkafka(self) -> dict[str, str | int | float | bool]:
        """Return the configuration for confluent-kafka: quick to reconnect, and without logs of its own."""
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
        """Return the keyword arguments for aiokafka's clients."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "ssl_context": self.ssl_context(),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }

    def ssl_context(self) -> ssl.SSLContext:
        """Make the TLS context that trusts the CA file."""
        return ssl.create_default_context(cafile=str(self.ca_file))
