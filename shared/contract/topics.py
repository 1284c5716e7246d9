"""Name topics and consumer groups: who may write to a topic tells the house who sends."""

import re
from dataclasses import dataclass

from shared.contract.registry import SERVICES

OPERATOR = "operator"
# Party ids become parts of topics, groups and logins, so a name that the house uses itself is no party's.
RESERVED = frozenset({*SERVICES, OPERATOR, "to", "admin"})
SERVICE_LOGIN = "service-"  # how the login of a service begins, and of no party


@dataclass(frozen=True, slots=True)
class Topics:
    """Name all topics and groups under one prefix."""

    prefix: str = "zvh"

    def from_party(self, service: str, party: str) -> str:
        return f"{self.prefix}.{service}.from.{party}"

    def from_prefix(self, service: str) -> str:
        """Return what the names of all outboxes to one service begin with, and no other name."""
        return self.from_party(service, "")

    def from_pattern(self, service: str) -> str:
        """Return the regular expression of all outboxes to one service."""
        return rf"^{self.prefix}\.{service}\.from\.[a-z0-9-]+$"

    def party_of(self, service: str, topic: str) -> str:
        """Return the party whose outbox this topic is."""
        return topic.removeprefix(f"{self.prefix}.{service}.from.")

    def to_party(self, party: str) -> str:
        return f"{self.prefix}.to.{party}"

    def to_pattern(self) -> str:
        """Return the regular expression of all parties' inboxes."""
        return rf"^{self.prefix}\.to\.[a-z0-9-]+$"

    def events(self, service: str) -> str:
        return f"{self.prefix}.{service}.events"

    def is_of_the_house(self, topic: str) -> bool:
        """Tell whether services write to this topic: their events, and what governance keeps for all."""
        return topic.endswith(".events") or topic in self.registers

    def service_of(self, topic: str) -> str:
        """Return the service whose topic this is."""
        return topic.removeprefix(f"{self.prefix}.").split(".", 1)[0]

    def dead_letters(self, service: str) -> str:
        return f"{self.prefix}.{service}.dead"

    @property
    def parties(self) -> str:
        return f"{self.prefix}.governance.parties"

    @property
    def policy(self) -> str:
        return f"{self.prefix}.governance.policy"

    @property
    def acknowledgements(self) -> str:
        return f"{self.prefix}.governance.acknowledgements"

    @property
    def registers(self) -> tuple[str, ...]:
        """List the compacted topics, on which governance publishes what every service copies."""
        return self.parties, self.policy, self.acknowledgements

    def subscribed(self, service: str) -> tuple[str, ...]:
        """List the topics that a service reads: the events of the others, and the registers of governance."""
        return *(self.events(name) for name in SERVICES if name != service), *self.registers

    def subscribed_pattern(self, service: str) -> str:
        """Return the regular expression of the subscribed topics."""
        return "|".join(map(re.escape, self.subscribed(service)))

    def group_prefix(self, owner: str) -> str:
        """Return the prefix of an owner's groups; its final dot keeps `politie` off `politie-limburg`."""
        return f"{self.prefix}.{owner}."

    def group(self, service: str, what: str) -> str:
        return f"{self.group_prefix(service)}{what}"

    def owner_of(self, group: str) -> str:
        """Return the party or service whose group this is."""
        return group.removeprefix(f"{self.prefix}.").partition(".")[0]
