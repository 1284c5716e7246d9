"""Remind of what nobody does: each step of a case has a term, then a second one, and some then an end (R102).

The clock passes a term; the director is reminded first, then the leading party and the manager, again and
again. Each next term is counted from when the clock looked, so that an outage or a leap of time gives one
reminder, and nothing ends before its end was announced for a whole term.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar

from shared.contract.fields import Step
from shared.contract.messages import house as m
from shared.core.actor import Command
from shared.core.effects import CancelTimer, Effect, SetTimer, ToParty
from shared.core.policy import Policy

TERM = "term"  # timer: the step of a case has lasted as long as its term


class Told(StrEnum):
    """Name who knows that a step takes too long."""

    DIRECTOR = "director"
    MANAGER = "manager"  # and the leading party


@dataclass(frozen=True, slots=True)
class Overdue:
    """Hold which step takes too long, since when, who was told, and when the case ends if nothing is done.

    `leader_left`: since when who leads is a party no more; that is what it waits for then. `unanswered`: how
    many queries have ended without an answer, `to_decide`: how many queried parties wait for a word of the
    director (R31). `by_term`: its term has passed; if not, it stands here for those alone, and its terms run
    as if it did not.
    """

    step: Step
    since: datetime
    told: Told
    ends_on: datetime | None = None
    leader_left: datetime | None = None
    unanswered: int = 0
    by_term: bool = True
    to_decide: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTerm(Command):
    """Say that the term has passed, as the clock; `at` is when it looked, maybe long after."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TermPassed:
    """Record that somebody was reminded; the clock looks again at `next_on`."""

    overdue: Overdue
    next_on: datetime


class HasTerm(Protocol):
    """Require a phase, and what is overdue in it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def phase(self) -> str: ...
    @property
    def overdue(self) -> Overdue | None: ...


S = TypeVar("S", bound=HasTerm)


def moved(state: S, phase: Any) -> S:
    """Return the state in this phase; what was overdue in another one is so no longer."""
    return state if phase == state.phase else replace(state, phase=phase, overdue=None)


def first_timer(step: Step | None, start: datetime, policy: Policy) -> SetTimer | CancelTimer:
    """Return the timer of a step that starts; without one the timer of the step before goes."""
    if step is None:
        return CancelTimer(TERM, "")
    return look_at(start + policy.terms[step].remind)


def pass_term(
    step: Step, overdue: Overdue | None, last_act: datetime | None, at: datetime, policy: Policy
) -> TermPassed | None:
    """Return who is reminded now, or None where the case ends: it was announced, and nobody has acted since.

    `last_act`: when somebody last did something in this step, or until when an answer is waited for.
    """
    term = policy.terms[step]
    if overdue is not None and overdue.leader_left is not None:  # ends by that, and its leader hears nothing
        return TermPassed(overdue, at + term.again)
    if overdue is None or overdue.step != step or not overdue.by_term:
        return TermPassed(Overdue(step, at, Told.DIRECTOR), at + term.tell)
    ends_on = overdue.ends_on
    if term.end is None:
        ends_on = None
    elif ends_on is None:
        ends_on = at + term.end
    elif at >= ends_on:
        if last_act is None or last_act <= ends_on - term.end:
            return None
        ends_on = at + term.end
    return TermPassed(Overdue(step, overdue.since, Told.MANAGER, ends_on), _next(at, term.again, ends_on))


def _next(at: datetime, again: timedelta, ends_on: datetime | None) -> datetime:
    return at + again if ends_on is None else min(at + again, ends_on)


def reminders(passed: TermPassed, leading_party: str) -> list[Effect]:
    """Return the next look, and the message to the leading party, which says nothing of the case itself."""
    overdue, timer = passed.overdue, look_at(passed.next_on)
    if overdue.told is Told.DIRECTOR or overdue.leader_left is not None:
        return [timer]
    message = m.TermPassed(step=overdue.step, since=overdue.since, ends_on=overdue.ends_on)
    return [timer, ToParty(leading_party, message)]


def look_at(at: datetime) -> SetTimer:
    """Return a look at that time; it waits when time has leapt, for a message is not taken back."""
    return SetTimer(TERM, "", at, irreversible=True)
