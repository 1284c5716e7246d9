"""Keep what is late from before a reactivation from moving a case (A5).

Each time a case comes back from phase 4 it is in a next round. What moves a case from one phase to another
says of which round it is. What only restricts has none, so that it is never refused as old: a withdrawal, a
refusal, a restriction, an objection.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from shared.contract.refusal import REACTIVATION_NOT_HEARD, Refusal
from shared.core.actor import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRound(Command):
    """Follow what moves a case in one of its rounds; a case that was never reactivated is in round 0."""

    round: int = 0


class HasRound(Protocol):
    """Require the round that a case is in."""

    @property
    def round(self) -> int: ...


def out_of_round(state: HasRound, command: Any) -> tuple[()] | Refusal | None:
    """Return what becomes of a command of another round: nothing if it is late, a wait if it is early.

    None for one of this round, and for what is of no round.
    """
    if not isinstance(command, OfRound) or command.round == state.round:
        return None
    return () if command.round < state.round else REACTIVATION_NOT_HEARD
