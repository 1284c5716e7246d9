"""What goes into a transaction and what comes out of it, the same for Kafka, HTTP and timers."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.contract.content import SealedText
from shared.contract.record import Record
from shared.contract.refusal import Refusal
from shared.core.actor import Actor, Command
from shared.storage.deadlines import Deadline
from shared.storage.held_messages import HeldMessage
from shared.storage.inbox import InboxEntry
from shared.storage.outbox import OutboxMessage


class Delivery(NamedTuple):
    """One command on its way to a decision, or a refusal that was clear before one.

    `received_at` is covenant time; `slip.received_at` machine time. Exactly one of the inbox, `deadline`
    and `held` says that this delivery was not handled before. `record` is what is kept if it must wait.
    `pieces` are the sealed texts the command refers to; what its events refer to is what the case keeps.
    `asks` is the kind of command that a refusal stands for: who may ask it is told before anything else.
    """

    slip: InboxEntry
    by: Actor
    command: Command | Refusal
    received_at: datetime
    pieces: tuple[SealedText, ...] = ()
    answer_to: str | None = None
    deadline: Deadline | None = None
    held: HeldMessage | None = None
    record: Record | bytes | None = None
    heard: tuple[str, int] | None = None
    expected_version: int | None = None
    traceparent: str | None = None
    asks: type[Command] | None = None

    @property
    def case_id(self) -> str:
        return self.slip.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhandled(Command):
    """A message that our code failed to turn into a command: a bug, so it is parked, not refused."""


class DeadLetter(NamedTuple):
    """A record that is no message: what to write about it, and to whom; never what it said.

    It has no id that could be trusted: `slip` names its place, and when the broker put it there.
    """

    slip: InboxEntry
    reason: str
    letters: tuple[OutboxMessage, ...]
    held: HeldMessage | None = None
