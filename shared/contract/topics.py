"""Names of topics and groups: who may write where is what tells the house who speaks."""

import re
from dataclasses import dataclass

from shared.contract.registry import SERVICES

OPERATOR = "operator"
# Party ids become parts of topics, groups and logins, so a name that the house uses itself is no party's.
RESERVED = frozenset({*SERVICES, OPERATOR, "to", "admin"})
SERVICE_LOGIN = "service-"  # how the login of a service begins, and of no party


@dataclass(frozen=True, slots=True)
class Topics:
    """All names under one prefix."""

    prefix: str = "zvh"

    def from_party(self, service: str, party: str) -> str:
        return f"{self.prefix}.{service}.from.{party}"

    def from_pattern(self, service: str) -> str:
        """The regular expression of all outboxes to one service."""
        return rf"^{self.prefix}\.{service}\.from\.[a-z0-9-]+$"

    def party_of(self, service: str, topic: str) -> str:
        """The party whose outbox this topic is."""
        return topic.removeprefix(f"{self.prefix}.{service}.from.")

    def to_party(self, party: str) -> str:
        return f"{self.prefix}.to.{party}"

    def to_pattern(self) -> str:
        """The regular expression of all parties' inboxes."""
        return rf"^{self.prefix}\.to\.[a-z0-9-]+$"

    def events(self, service: str) -> str:
        return f"{self.prefix}.{service}.events"

    def service_of(self, topic: str) -> str:
        """The service whose topic this is."""
        return topic.removeprefix(f"{self.prefix}.").split(".", 1)[0]

    def dead_letters(self, service: str) -> str:
        return f"{self.prefix}.{service}.dead"

    @property
    def parties(self) -> str:
        return f"{self.prefix}.governance.parties"

    def subscribed(self, service: str) -> tuple[str, ...]:
        """What the other services publish, and who is a party."""
        return *(self.events(name) for name in SERVICES if name != service), self.parties

    def subscribed_pattern(self, service: str) -> str:
        """The regular expression of the same."""
        return "|".join(map(re.escape, self.subscribed(service)))

    def group_prefix(self, owner: str) -> str:
        """Return the prefix of an owner's groups; its final dot keeps `politie` off `politie-limburg`."""
        return f"{self.prefix}.{owner}."

    def group(self, service: str, what: str) -> str:
        return f"{self.group_prefix(service)}{what}"

    def owner_of(self, group: str) -> str:
        """The party or service whose group this is."""
        return group.removeprefix(f"{self.prefix}.").partition(".")[0]
