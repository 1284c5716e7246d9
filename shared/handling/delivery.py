"""Carry one command to its decision: where it comes from, what it brings and who asks it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from shared.contract.content import SealedText
from shared.contract.record import Record
from shared.contract.refusal import Refusal
from shared.core.actor import Actor, Command
from shared.storage.deadlines import Deadline
from shared.storage.held_messages import HeldMessage
from shared.storage.inbox import InboxEntry
from shared.storage.outbox import OutboxMessage


class FromParty(NamedTuple):
    """Name a party's message on its own topic as the origin; its answer goes to `party`.

    `record` is what is stored if the message must wait, as it came or as it lay in `held_message`; without
    one it cannot wait, and is refused at once.
    """

    party: str
    record: Record | bytes | None = None
    held_message: HeldMessage | None = None


class FromService(NamedTuple):
    """Name an event of another service as the origin; `sequence` rises per case and service."""

    service: str
    record: Record | bytes | None = None
    held_message: HeldMessage | None = None
    sequence: int | None = None


class FromPerson(NamedTuple):
    """Name a person's HTTP request as the origin.

    `expected_version` is its If-Match, if it has one: the version of the shared thing that it replaces.
    """

    expected_version: str | None = None


class FromClock(NamedTuple):
    """Name a deadline that has come as the origin."""

    deadline: Deadline


Origin: TypeAlias = FromParty | FromService | FromPerson | FromClock


class Delivery(NamedTuple):
    """Hold one command on its way to a decision, or a refusal that was clear before one.

    `received_at` is covenant time; `entry.received_at` machine time. `texts` are the sealed texts the command
    refers to; those its events refer to are stored. `asks` is the kind of command that a refusal stands for:
    whether the actor may ask it is decided before anything else.
    """

    entry: InboxEntry
    by: Actor
    command: Command | Refusal
    received_at: datetime
    origin: Origin
    texts: tuple[SealedText, ...] = ()
    traceparent: str | None = None
    asks: type[Command] | None = None

    @property
    def case_id(self) -> str:
        return self.entry.case_id or ""

    @property
    def held_message(self) -> HeldMessage | None:
        """Return the stored message this is another try of."""
        return self.origin.held_message if isinstance(self.origin, FromParty | FromService) else None

    @property
    def deadline(self) -> Deadline | None:
        """Return the deadline that fired, if this comes from the clock."""
        return self.origin.deadline if isinstance(self.origin, FromClock) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhandled(Command):
    """Stand for a message of which no command can be made: it is quarantined, not refused.

    Our code failed on it, or it is an event of the house that cannot be read.
    """


class DeadLetter(NamedTuple):
    """Hold what is written about a record that is no message, and to whom; never what it said.

    It has no id that could be trusted: `entry` names its position, and when the broker appended it.
    """

    entry: InboxEntry
    reason: str
    messages: tuple[OutboxMessage, ...]
    held_message: HeldMessage | None = None
