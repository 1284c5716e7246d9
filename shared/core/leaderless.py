"""Find out that the party that leads a case has left, and end what nobody takes over (R115, R102, art. 21.3).

The clock looks at each running case once a day, by the register of parties. From the day it has left nothing
is done in its name; the director may offer direction on nobody's behalf (R7). What a table decides on goes to
the manager before it ends, and everything else ends as any early end. Both are counted from when the clock
found it, so that an outage ends nothing that was not announced for a whole term.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.contract.fields import Step
from shared.core.actor import Command
from shared.core.context import DecisionContext
from shared.core.effects import CancelTimer, Effect, SetTimer
from shared.core.policy import Policy
from shared.core.standing import left_on
from shared.core.terms import Overdue, Told

LEADER = "leader"  # timer: is who leads the case a party still?


@dataclass(frozen=True, slots=True, kw_only=True)
class LookForLeader(Command):
    """Look whether who leads is a party still, as the clock; `at` is when it looked, maybe long after."""

    at: datetime


@dataclass(frozen=True, slots=True)
class LeaderLeft:
    """Record that who leads is a party no more, who knows, and when the case ends if nobody takes it."""

    overdue: Overdue


@dataclass(frozen=True, slots=True)
class LeaderBack:
    """Record that who leads is a party again."""


Found = LeaderLeft | LeaderBack


# Who is to inform does so, a party still or not (art. 21.3): for that nobody has to lead.
LED = frozenset(Step) - {Step.INFORMING}


def next_look(step: Step | None, at: datetime, policy: Policy) -> Effect:
    """Return the next look of a case that waits for who leads it; no other case is looked at."""
    if step not in LED:
        return CancelTimer(LEADER, "")
    return SetTimer(LEADER, "", at + policy.leader_looked_for, irreversible=True)


def look(
    step: Step, overdue: Overdue | None, leader: str, at: datetime, context: DecisionContext
) -> tuple[Found, ...] | None:
    """Return what was found, nothing if that was known; None where the case ends.

    `at`: when the clock looked (covenant time). A round table and monitoring end later than what was not
    decided on yet, and the manager knows before (`Policy.without_table_after`).
    """
    gone_since = left_on(leader, context.parties, at)
    known = overdue if overdue and overdue.leader_left else None
    if gone_since is None:
        return (LeaderBack(),) if known else ()
    if known is None:
        return (LeaderLeft(_found(step, gone_since, at, context.policy)),)
    if known.ends_on is None or at >= known.ends_on:
        return None
    if known.told is Told.DIRECTOR and at >= known.ends_on - context.policy.without_table_after:
        return (LeaderLeft(_told(known)),)
    return ()


DECIDED_ON = frozenset({Step.ROUND_TABLE, Step.MONITORING})  # phase 3: a table decides on it


def _found(step: Step, gone_since: datetime, at: datetime, policy: Policy) -> Overdue:
    """Announce the end: of phases 1 and 2 to the manager at once, for nobody can take those over."""
    ends_on = at + policy.direction_accepted_within
    if step not in DECIDED_ON:
        return Overdue(step, gone_since, Told.MANAGER, ends_on, leader_left=gone_since)
    ends_on += policy.without_table_after
    return Overdue(step, gone_since, Told.DIRECTOR, ends_on, leader_left=gone_since)


def _told(known: Overdue) -> Overdue:
    return Overdue(known.step, known.since, Told.MANAGER, known.ends_on, known.leader_left)
