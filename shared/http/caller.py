"""Say who sends a request: a signed-in person, on whose behalf, and under which idempotency key."""

from dataclasses import dataclass

from shared.contract.refusal import Refusal
from shared.core.actor import Actor, Role
from shared.core.shared_things import Changed
from shared.core.viewing import Viewer
from shared.http.oidc import Identity


class Refused(Exception):
    """Carry a refusal to the problem+json answer."""

    def __init__(self, refusal: Refusal, changed: Changed | None = None) -> None:
        super().__init__(refusal.name)
        self.refusal, self.changed = refusal, changed


@dataclass(frozen=True, slots=True)
class Caller:
    """Hold a signed-in person and what the request says about itself; `if_match` a shared thing's version."""

    identity: Identity
    on_behalf_of: str | None = None
    idempotency_key: str | None = None
    if_match: str | None = None
    traceparent: str | None = None
    path: str = ""

    def actor(self, roles: frozenset[Role]) -> Actor:
        """Return the person as an actor, in the one of its roles that the act asks for."""
        own = self.identity.roles
        role = min(own & roles or own, key=str, default=Role.PARTY_WORKER)
        return Actor(role, self.identity.party, self.identity.subject, None, self.on_behalf_of)

    def viewer(self) -> Viewer:
        """Return the person as a viewer."""
        role = min(self.identity.roles, key=str, default=Role.PARTY_WORKER)
        return Viewer(role, self.identity.subject, self.identity.party, self.on_behalf_of)
