"""Say who looks, and what of the covenant's general part holds wherever somebody does."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, TypeAlias

from tests.unit.opinion.model.facts import Item
from tests.unit.opinion.model.story import Stage, Story

WORKER, DIRECTOR, SUPPORT = "party-worker", "process-director", "support-worker"
MANAGER, SECRETARY, PRIVACY = "manager", "secretary", "privacy-officer"
HOUSE = (DIRECTOR, SUPPORT)


class Who(Protocol):
    """Whoever looks: a role, an opaque name, the party it works for, or on whose behalf it looks."""

    @property
    def role(self) -> str: ...
    @property
    def person(self) -> str: ...
    @property
    def party(self) -> str | None: ...
    @property
    def on_behalf_of(self) -> str | None: ...


Shown: TypeAlias = Iterator[tuple[str, str]]  # thing, and the rule under which it is shown


def acts_for_who_leads(s: Story, who: Who, scopes: tuple[str, ...], now: datetime) -> bool:
    """R7, R72, R115, R122: the house looks on behalf of who leads, as far as that has authorised it."""
    return who.on_behalf_of == s.leader and s.covers(scopes, now)


def works_on_it(s: Story, who: Who) -> bool:
    """R6: the director of the case and who supports it; R102: of a closing case the director alone."""
    if who.role == SUPPORT:
        return who.person in s.support and s.stage is not Stage.CLOSING
    return who.role == DIRECTOR and who.person == s.director


def only_its_own(s: Story, scopes: tuple[str, ...], now: datetime) -> bool:
    """R122: a party is shown of others in the name of who leads, as far as that has authorised it."""
    return not s.covers(scopes, now)


def is_frozen(s: Story, item: str, now: datetime) -> bool:
    """A11: nobody is shown what a party brought in that is a party no more."""
    return not s.is_party(s.items[item].giver, now)


def may_process(s: Story, item: Item, party: str, *, tested: bool) -> bool:
    """R21, R49: special and criminal data only for who is competent for them."""
    return not item.special or item.giver == party or tested or s.parties[party].may_see_special
