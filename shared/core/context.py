"""Define what a decision may know besides state and command: the time, the parties, the policy."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.contract.parties import Parties
from shared.core.policy import Policy


class House(NamedTuple):
    """Name the house itself, which is never a party (R124): its id, and what its sources begin with."""

    id: str = ""
    source: str = ""


NAMELESS = House()


class Matches(NamedTuple):
    """Hold the other cases that match what a command asks about, by their numbers, as states.

    `complete`: none is left out because it was stored before there was anything to match it by.
    """

    cases: Mapping[str, Any] = MappingProxyType({})
    complete: bool = True


NO_MATCHES = Matches()


class DecisionContext(NamedTuple):
    """Hold when the broker (or the request) received the act, in covenant time, and what was in force then.

    `judged_at` is when membership and authorisations are judged: the same time, except for a message
    that waited for just such a fact, which is judged by what is in force when it is tried again.
    Of the item ids that the command brings in, `elsewhere` holds those that belong to another case, and
    `here` those that this case was given before (R35). `contributors` says whose those are that it names,
    as far as they belong to this case, whichever service took them in (R66). `matches`: of other cases, those
    under the digests that `Process.matching` names.
    """

    now: datetime
    parties: Parties
    policy: Policy = Policy()
    elsewhere: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()
    tried_again_at: datetime | None = None
    contributors: Mapping[str, str] = MappingProxyType({})
    house: House = NAMELESS
    matches: Matches = NO_MATCHES

    @property
    def judged_at(self) -> datetime:
        return self.tried_again_at or self.now
