"""Identify who acts: a party through its own topic, a person with a token, another service, or the clock."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Role(StrEnum):
    """Name the capacity in which somebody acts; the people's roles are the roles in their token."""

    PARTY = "party"
    PARTY_WORKER = "party-worker"
    PROCESS_DIRECTOR = "process-director"
    SUPPORT_WORKER = "support-worker"
    MANAGER = "manager"
    SECRETARY = "secretary"
    PRIVACY_OFFICER = "privacy-officer"
    SERVICE = "service"
    CLOCK = "clock"
    OPERATOR = "operator"


# Whatever a party may send as a message, its worker may also do over HTTP (design, section 1).
A_PARTY = frozenset({Role.PARTY, Role.PARTY_WORKER})
A_HOUSE = frozenset({Role.PARTY})  # another one: it writes on a topic of its own, and has no people here
THE_DIRECTOR = frozenset({Role.PROCESS_DIRECTOR})
THE_HOUSE = frozenset({Role.PROCESS_DIRECTOR, Role.SUPPORT_WORKER})
A_SERVICE = frozenset({Role.SERVICE})
THE_MANAGER = frozenset({Role.MANAGER})  # and nobody else (A9)
THE_CLOCK = frozenset({Role.CLOCK})
THE_OPERATOR = frozenset({Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Actor:
    """Identify who acts, and for whom: `on_behalf_of` is a party id, `person` an opaque token subject."""

    role: Role
    party: str | None = None
    person: str | None = None
    service: str | None = None
    on_behalf_of: str | None = None


CLOCK = Actor(Role.CLOCK)
OPERATOR = Actor(Role.OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Ask for a decision; every command says who asks."""

    by: Actor
    after_erasure: ClassVar[bool] = False  # only an order to forget still means something then
    takes_back: ClassVar[bool] = False  # a person is answered when all others are sure to hear of it

    def new_items(self) -> tuple[str, ...]:
        """List the ids of the items a party brings in by this; an id belongs to one case for good (R35)."""
        return ()

    def named_items(self) -> tuple[str, ...]:
        """List the ids of the items it is about, besides those: whose each is, is looked up (R66)."""
        return ()
