"""Say who sees what of a file, and of a case that is closing (R86 to R106)."""

from datetime import datetime

from tests.unit.opinion.model.facts import Item
from tests.unit.opinion.model.story import Stage, Story, came_tested, taker
from tests.unit.opinion.model.who import (
    DIRECTOR,
    HOUSE,
    MANAGER,
    WORKER,
    Shown,
    Who,
    acts_for_who_leads,
    is_frozen,
    may_process,
    only_its_own,
    works_on_it,
)


def retention(s: Story, who: Who, now: datetime) -> Shown | None:
    if s.stage is Stage.CLOSING:
        return _closing(s, who, now)
    if s.stage is not Stage.PHASE_4:
        return None
    if s.is_archived(now):
        return _archived(s, who, now)
    if who.role in HOUSE:
        if not acts_for_who_leads(s, who, ("phase-4",), now) or not works_on_it(s, who):
            return None  # R100
        return _file(s, None, now)
    if who.role != WORKER or not s.is_party(who.party, now):
        return None
    if who.party == s.leader:
        return _file(s, s.leader, now, only_own=only_its_own(s, ("phase-4",), now))
    own = {i for i in s.in_file if s.items[i].giver == who.party}
    return items_of_file(s, own) if own else None  # R34


def items_of_file(s: Story, items: set[str]) -> Shown:
    yield from ((f"item/{i}", "R87") for i in items)
    yield from ((f"reason/{i}", "R95") for i in items & s.confirmed)


def _file(s: Story, party: str | None, now: datetime, *, only_own: bool = False) -> Shown:
    """R87, R100: the file for who led, and for the house in its name."""
    yield from _stub(s)
    yield "plan", "R87"
    if agreements_are_shown(s, party, now):
        yield "agreements", "R87"
    yield from ((taker(*one), "R104") for one in s.takers)
    if s.asked_back:
        yield "reactivation-asked", "R90"
    items = {i for i in s.in_file if not only_own or s.items[i].giver == party}
    yield from items_of_file(s, {i for i in items if in_step_1(s, party, i, now)})


def agreements_are_shown(s: Story, party: str | None, now: datetime) -> bool:
    """R70, A19: what the table agreed stays bound to the items it draws on, for each that reads it."""
    drawn_from = s.drawn_from
    return drawn_from is not None and all(_may_draw_on(s, party, i, now) for i in drawn_from)


def _may_draw_on(s: Story, party: str | None, number: str, now: datetime) -> bool:
    item = s.filed(number)
    if is_frozen(s, number, now):
        return False
    if party is not None and item.giver == party:
        return True
    released = number in s.released_when_filed and number not in s.off_the_table
    if not released or number in s.taken_back or not _for_who_led(s, item):
        return False
    return not item.hidden if party is None else party not in item.withheld


def in_step_1(s: Story, party: str | None, number: str, now: datetime) -> bool:
    item = s.filed(number)
    if is_frozen(s, number, now):
        return False
    if party is not None and item.giver == party:
        return True
    if number in s.taken_back | s.off_the_table or not _for_who_led(s, item):
        return False
    if party is None:
        return not item.hidden
    return number in s.was_shown_to_leader and party not in item.withheld


def _for_who_led(s: Story, item: Item) -> bool:
    """R21, R49, R87: what it might process when it led, and may process now."""
    if not item.special or item.giver == s.leader:
        return True
    return s.leader_was_competent and may_process(s, item, s.leader, tested=came_tested(s, s.leader))


def _stub(s: Story) -> Shown:
    """R89: the number of the case, and these three."""
    yield from ((f"person/{person}", "R89") for person in s.persons)
    yield "referrer", "R89"
    yield "case-director", "R89"


def _archived(s: Story, who: Who, now: datetime) -> Shown | None:
    """R88, R89: four things for manager and director, and nothing for anybody else."""
    if who.role == MANAGER:
        return _stub(s)
    works = who.role in HOUSE and works_on_it(s, who)
    return _stub(s) if works and acts_for_who_leads(s, who, ("phase-4",), now) else None


def _closing(s: Story, who: Who, now: datetime) -> Shown | None:
    """R102: that it is closing, and until when, for director and leading party; none of what it was about."""
    if who.role == WORKER:
        return iter(()) if who.party == s.leader and s.is_party(who.party, now) else None
    known = who.role == DIRECTOR and s.director in (None, who.person)
    return iter(()) if known and acts_for_who_leads(s, who, ("phase-4",), now) else None
