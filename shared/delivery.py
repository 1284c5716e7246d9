"""What goes into a transaction and what comes out of it, the same for Kafka, HTTP and timers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.actor import Actor, Command
from shared.content import Sealed
from shared.due import Deadline
from shared.held import Held
from shared.inbox import Slip
from shared.outbox import Letter
from shared.record import Record
from shared.refusal import Refusal


class Delivery(NamedTuple):
    """One command on its way to a decision, or a refusal that was clear before one.

    `received_at` is covenant time; `slip.received_at` machine time. Exactly one of the inbox, `deadline`
    and `held` says that this delivery was not handled before. `record` is what is kept if it must wait.
    `pieces` are the sealed texts the command refers to; what its events refer to is what the case keeps.
    `asks` is the kind of command that a refusal stands for: who may ask it is told before anything else.
    """

    slip: Slip
    by: Actor
    command: Command | Refusal
    received_at: datetime
    pieces: tuple[Sealed, ...] = ()
    answer_to: str | None = None
    deadline: Deadline | None = None
    held: Held | None = None
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

    slip: Slip
    reason: str
    letters: tuple[Letter, ...]
    held: Held | None = None


class Fate(StrEnum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPEATED = "repeated"
    STALE = "stale"
    WAITING = "waiting"
    HELD = "held"
    PARKED = "parked"


class Outcome(NamedTuple):
    """The fate of one delivery; `version` is the case's after it, `earlier` a repeated request's answer."""

    fate: Fate
    refusal: Refusal | None = None
    version: int = 0
    events: tuple[Any, ...] = ()
    earlier: dict[str, Any] | None = None
