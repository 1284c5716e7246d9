"""Make the command of a term that has passed, and give those cases a term that never had one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.fields import Step
from shared.core.actor import CLOCK, Command
from shared.core.leaderless import LEADER, LED, LookForLeader
from shared.core.policy import Policy
from shared.core.terms import TERM, PassTerm
from shared.storage import deadlines
from shared.storage.deadlines import Deadline


async def term_passed(line: Deadline) -> PassTerm:
    """Make the command by which a term has passed."""
    return PassTerm(by=CLOCK, at=line.found_at)


async def leader_looked_for(line: Deadline) -> LookForLeader:
    """Make the command by which the clock looks whether who leads is a party still."""
    return LookForLeader(by=CLOCK, at=line.found_at)


TERM_TIMER: Mapping[str, Callable[[Deadline], Awaitable[Command]]] = {
    TERM: term_passed,
    LEADER: leader_looked_for,
}


async def start_missing(
    connection: AsyncConnection,
    terms: Mapping[Any, Step],
    policy: Policy,
    now: datetime,
    *,
    after: str,
    most: int,
) -> str | None:
    """Start a term, and the look for who leads, for each waiting case of a page that has none.

    Returns where the next page begins, if any.

    A case that was there before there were terms, or that the version before has moved, gets its own so.
    """
    phases: Sequence[str] = [str(phase) for phase in terms]
    led = [str(phase) for phase, step in terms.items() if step in LED]
    looks = [now + policy.leader_looked_for] * len(led)
    await deadlines.start_missing(connection, LEADER, led, looks, after=after, most=most)
    at = [now + policy.terms[step].remind for step in terms.values()]
    return await deadlines.start_missing(connection, TERM, phases, at, after=after, most=most)
