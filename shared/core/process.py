"""Define the shape of a pure core, the same for all five: what the shell needs to run one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from shared.contract.refusal import Refusal
from shared.contract.registry import ServiceName
from shared.core.actor import Command
from shared.core.authorisation import Requirement
from shared.core.context import DecisionContext
from shared.core.effects import Effect
from shared.core.shared_things import Replacement


class HasPhase(Protocol):
    """Require a phase: a state is a frozen dataclass whose phase is a StrEnum."""

    @property
    def phase(self) -> str: ...


S = TypeVar("S", bound=HasPhase)


@dataclass(frozen=True, slots=True)
class Process(Generic[S]):
    """Describe one service's core: `decide` and `evolve` are total, without clock, random, I/O or logging.

    Texts are references here: what they say lies sealed beside. `effects` gets the case id, the event and the
    state after it. `replaces`: the commands that can replace a shared thing, which say its version then.
    """

    service: ServiceName
    state: type[S]
    permissions: Mapping[type[Command], Requirement]
    decide: Callable[[S, Any, DecisionContext], tuple[Any, ...] | Refusal]
    evolve: Callable[[S, Any], S]
    effects: Callable[[str, Any, S], Iterable[Effect]]
    replaces: Mapping[type[Command], Replacement[S]] = field(default_factory=dict)

    @property
    def empty(self) -> S:
        """Return the state of a case of which nothing is known yet: every field has a default."""
        return self.state()
