"""Describe a service to the shell: its core, and how messages and deadlines become commands."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from prometheus_client.metrics_core import Metric
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.refusal import Refusal
from shared.contract.registry import Model, ServiceName
from shared.core.actor import Actor, Command
from shared.core.context import DecisionContext
from shared.core.process import HasPhase, Process
from shared.handling.unit_of_work import OwnRows
from shared.storage.deadlines import Deadline

S = TypeVar("S", bound=HasPhase)


Gauges = Callable[[AsyncConnection, datetime], Awaitable[Sequence[Metric]]]


async def no_gauges(connection: AsyncConnection, now: datetime) -> Sequence[Metric]:
    """Return no gauges, for a service that has none of its own."""
    return ()


class MessageContext(NamedTuple):
    """Hold what a handler may know of a message besides its payload.

    `received_at` is covenant time, `received_by_machine` the same moment on the machine's clock (keys).
    `house_keys`, with an event: the kids of this service's private keys that exist while it is read.
    `digests`: by what the persons in it are found, in their order.
    """

    case_id: str
    by: Actor
    received_at: datetime
    message_id: str
    received_by_machine: datetime
    house_keys: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


Handler = Callable[[Any, MessageContext], Command]
KeyPrecheck = Callable[[Any, Actor, DecisionContext], Refusal | None]


# Of digests: the cases that stand under each, locked so that none ends meanwhile; and whether all cases stand
# under some.
FindMatching = Callable[[AsyncConnection, Sequence[str]], Awaitable[tuple[Mapping[str, Sequence[str]], bool]]]


class CatchUp(NamedTuple):
    """Say what is decided once on a case in these phases that the version before this one stored last.

    `lacks`: a member of the state that this version writes and that one did not.
    """

    phases: Collection[str]
    lacks: str
    command: Callable[[], Command]


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """Describe one service, as the shell runs it.

    `handlers`: what a message of a party or an event of another service asks here; an event that is not
    in it does not concern this service. `timers`: what a deadline asks, by kind. `case_of`: where the
    case id of a message is not its subject, how to derive it from the payload and the sender.
    `creates_case_key`: messages that open a case, so that its key is made when they arrive, each with what
    it is refused for before that. `keeps_inboxes`: the one service that deletes on the parties' inboxes
    what they have read. `holds_texts` is off where no text about a case is kept, so that no case key is
    needed: what little it seals lies under keys of its own. `proving`: the phases in which a case's key is
    gone and its end is being proven here (R106).
    `gauges`: what it says of its own tables on `/metrics`, at this covenant time.
    `takes_items`: parties bring in items here, so it learns whose item numbers are elsewhere (R35).
    `catch_up`: what is done, after an upgrade, about cases of the version before.
    `digests_of`: of which messages persons are found by keyed digests, and how these are made of the message
    as it came. `keeps_no_texts_of`: messages of which nothing is kept but that. `find_matching`: the cases
    that stand under digests (see `Process.matching`).
    """

    process: Process[S]
    migrations: Path
    handlers: Mapping[type[Model], Handler]
    timers: Mapping[str, Callable[[Deadline], Awaitable[Command]]] = field(default_factory=dict)
    case_of: Mapping[type[Model], Callable[[Any, str, bytes], str]] = field(default_factory=dict)
    creates_case_key: Mapping[type[Model], KeyPrecheck] = field(default_factory=dict)
    takes_items: bool = False
    proving: frozenset[str] = frozenset()
    own_rows: OwnRows | None = None
    gauges: Gauges = no_gauges
    keeps_inboxes: bool = False
    holds_texts: bool = True
    catch_up: CatchUp | None = None
    digests_of: Mapping[type[Model], Callable[[Any, bytes], tuple[str, ...]]] = field(default_factory=dict)
    keeps_no_texts_of: frozenset[type[Model]] = frozenset()
    find_matching: FindMatching | None = None

    @property
    def name(self) -> ServiceName:
        return self.process.service
