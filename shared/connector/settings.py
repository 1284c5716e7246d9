"""Define what a party's connector must know: its own credentials and keys, and where the house is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from shared.contract.topics import Topics
from shared.crypto.jose import load_key
from shared.kafka.connection import Connection


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """Hold the credentials of one party; `jwks_urls`: per service, where it publishes its keys."""

    party: str
    source: str
    bootstrap: str
    user: str
    password: str
    ca_file: str
    signing_key: ECKey
    sealing_key: ECKey
    jwks_urls: Mapping[str, str]
    topics: Topics = field(default_factory=Topics)

    @property
    def login(self) -> Connection:
        """Return the login at the broker."""
        return Connection(self.bootstrap, Path(self.ca_file), self.user, self.password)

    @property
    def group(self) -> str:
        """Return the consumer group; a party may only join groups under its own prefix."""
        return f"{self.topics.prefix}.{self.party}.connector"


def from_house_file(house: Mapping[str, Any], party: str) -> ConnectorSettings:
    """Make the settings of a party from the `env.json` that `make up` writes."""
    own = house["parties"][party]
    return ConnectorSettings(
        party=party,
        source=own["source"],
        bootstrap=house["kafka"]["bootstrap"],
        user=own["user"],
        password=own["password"],
        ca_file=house["ca_file"],
        signing_key=load_key(own["signing_key"]),
        sealing_key=load_key(own["encryption_key"]),
        jwks_urls={name: service["jwks_url"] for name, service in house["services"].items()},
        topics=Topics(house["topic_prefix"]),
    )
