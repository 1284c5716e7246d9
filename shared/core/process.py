"""Define the shape of a pure core, the same for all five: what the shell needs to run one."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from shared.contract.fields import ContributedItem, Step
from shared.contract.refusal import Refusal
from shared.contract.registry import Model, ServiceName
from shared.core.actor import Command
from shared.core.authorisation import Requirement
from shared.core.context import DecisionContext
from shared.core.effects import Effect
from shared.core.leaving import OF_EVERY_SERVICE, Conditions
from shared.core.mandate import Mandate
from shared.core.shared_things import Replacement


class HasPhase(Protocol):
    """Require a phase and a mandate: a state is a frozen dataclass whose phase is a StrEnum."""

    @property
    def phase(self) -> str: ...

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts in this case; None while nobody leads it."""


S = TypeVar("S", bound=HasPhase)


def _of_item(state: HasPhase, thing: Any) -> Collection[str]:
    """Return who brought a thing in: an item says so."""
    return (thing.contributor,) if isinstance(thing, ContributedItem) else ()


def _none(state: HasPhase, command: Any) -> Collection[str]:
    """Return that no other case matters."""
    return ()


def _any_day(state: HasPhase) -> None:
    """Return that no day was set."""


@dataclass(frozen=True, slots=True)
class Process(Generic[S]):
    """Describe one service's core: `decide` and `evolve` are total, without clock, random, I/O or logging.

    Texts are references here: what they say lies sealed beside. `effects` gets the case id, the event and the
    state after it. `sending`: of each message to parties, on what conditions it leaves. `terms`: what a case
    waits for, by phase; `planned_for`: the day that was set for it, and with which its term starts.
    `replaces`: the commands that can replace a shared thing, which say its version then. `givers`: which
    parties brought in what a thing says (or an item of this number), so that it freezes with them (A11).
    `matching`: under which digests other cases must be known to decide this command in this state.
    """

    service: ServiceName
    state: type[S]
    permissions: Mapping[type[Command], Requirement]
    sending: Mapping[type[Model], Conditions]
    decide: Callable[[S, Any, DecisionContext], tuple[Any, ...] | Refusal]
    evolve: Callable[[S, Any], S]
    effects: Callable[[str, Any, S], Iterable[Effect]]
    terms: Mapping[Any, Step] = field(default_factory=dict)
    planned_for: Callable[[S], datetime | None] = _any_day
    replaces: Mapping[type[Command], Replacement[S]] = field(default_factory=dict)
    givers: Callable[[S, Any], Collection[str]] = _of_item
    matching: Callable[[S, Any], Collection[str]] = _none

    @property
    def empty(self) -> S:
        """Return the state of a case of which nothing is known yet: every field has a default."""
        return self.state()

    def conditions(self, message: type[Model] | None) -> Conditions:
        """Return on what conditions a message to a party leaves: by default only to a party."""
        return {**OF_EVERY_SERVICE, **self.sending}.get(message, Conditions()) if message else Conditions()
