"""Given / when / then for a pure core: past events make the state, a command gives events or a refusal."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from shared.contract.parties import Parties
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext
from shared.core.policy import Policy
from shared.core.process import HasPhase, Process

S = TypeVar("S", bound=HasPhase)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOBODY = Parties({})


def looking(parties: Parties = NOBODY, at: datetime = NOW) -> DecisionContext:
    """What a decision on viewing knows besides the state: who is a party now, and what time it is."""
    return DecisionContext(at, parties)


@dataclass(frozen=True)
class Spec(Generic[S]):
    """`Spec(PROCESS).given(event, ...).when(command)` and then look at `.events` or `.refusal`."""

    process: Process[S]
    state: Any = None
    parties: Parties = NOBODY
    now: datetime = NOW
    outcome: tuple[Any, ...] | Refusal = ()

    def given(self, *events: Any) -> "Spec[S]":
        state = self.process.empty if self.state is None else self.state
        for event in events:
            state = self.process.evolve(state, event)
        return Spec(self.process, state, self.parties, self.now)

    def when(self, command: Any) -> "Spec[S]":
        state = self.process.empty if self.state is None else self.state
        moment = DecisionContext(self.now, self.parties, Policy())
        outcome = self.process.decide(state, command, moment)
        return Spec(self.process, state, self.parties, self.now, outcome)

    @property
    def events(self) -> tuple[Any, ...]:
        assert not isinstance(self.outcome, Refusal), f"refused: {self.outcome.name}"
        return self.outcome

    @property
    def refusal(self) -> Refusal:
        assert isinstance(self.outcome, Refusal), f"not refused: {self.outcome}"
        return self.outcome
