"""See what a refusal tells: whoever may not know of a case gets the one that is given where there is none."""

from typing import Any

from shared.contract.messages.intake import CaseAssigned
from shared.contract.refusal import Refusal, public_refusal
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, Actor, Command, Role
from shared.core.authorisation import permit, permit_here
from tests.unit.opinion.house import House
from tests.unit.opinion.model.story import Story


def is_stranger(s: Story, name: str, by: Actor) -> bool:
    """Tell whether this one has nothing to do with the case there (R5, R34, R60)."""
    if by.role in A_PARTY:
        return by.party not in _concerned(s, name)
    return by.role is Role.PROCESS_DIRECTOR and s.director is not None and by.person != s.director


def _concerned(s: Story, name: str) -> set[str]:
    """The parties that know of the case there: who referred or led it, and each for its own part."""
    found = {s.referrer, s.leader}
    if name == "triage":
        found |= s.asked
    if name == "rto":
        found |= {party for rto in s.rtos for party in rto.tested}
        found |= {item.giver for item in s.items.values()}
    return found


def _is_on_its_way(house: House, event: type[Model], to: str) -> bool:
    on_the_topics = (one for pair, some in house.under_way.items() if pair[1] == to for one in some)
    waiting = (one for _, one in house.places[to].waiting)
    return any(isinstance(one, event) for one in (*on_the_topics, *waiting))


def tells(house: House, name: str, command: Command, said: Any) -> str | None:
    """Return what a stranger learns of the case from what was said to it, if anything."""
    by = command.by
    if name == "governance" or not is_stranger(house.story, name, by):
        return None
    if by.role is Role.PROCESS_DIRECTOR and _is_on_its_way(house, CaseAssigned, name):
        return None  # who had the case may act until it is heard there that another was assigned
    place = house.places[name]
    process, context = place.service.process, house.context(name, command)
    required, empty = process.permissions[type(command)], process.empty
    nothing = permit(required, by, context) or process.decide(empty, command, context)
    if not isinstance(nothing, Refusal):
        return None  # it would open a case
    nothing = permit_here(required, by, empty, context) or nothing
    if not isinstance(said, Refusal):
        return f"{name} does what {by} asks: {type(command).__name__}"
    if public_refusal(said) == public_refusal(nothing):
        return None
    return f"{name} tells {by} of the case: {type(command).__name__} {said.name}, else {nothing.name}"
