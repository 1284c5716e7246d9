"""Say who sees what at the round table (R58 to R85)."""

from datetime import datetime

from tests.unit.opinion.model.facts import Item
from tests.unit.opinion.model.story import PHASE_3, Stage, Story, taker
from tests.unit.opinion.model.who import (
    HOUSE,
    WORKER,
    Shown,
    Who,
    acts_for_who_leads,
    is_frozen,
    may_process,
    only_its_own,
    works_on_it,
)


def table(s: Story, who: Who, now: datetime) -> Shown | None:
    if s.stage not in (Stage.READY, *PHASE_3, Stage.CLOSING) or not (s.was_prepared or s.rtos):
        return None
    scopes = ("monitoring",) if s.stage is Stage.MONITORING else ("rto",)
    if who.role in HOUSE:
        if not acts_for_who_leads(s, who, scopes, now) or not works_on_it(s, who):
            return None
        return _all_of_the_table(s, now)
    if who.role != WORKER or not s.is_party(who.party, now):
        return None
    if not _comes_for_its_party(s, who) and not _follows(s, who):
        return None
    party = who.party or ""
    if s.stage is Stage.CLOSING and party != s.leader:
        return None  # R102
    only_own = only_its_own(s, scopes, now)
    own = dict(_own_of_the_table(s, party))
    sits = _sits(s, who) or _follows(s, who)
    if (
        not sits
        and not (s.stage is Stage.READY and not s.rtos and party == s.leader)
        and not _knows(s, party)
    ):
        return None
    if only_own and party != s.leader:
        return iter(own.items()) if own else None
    others = () if only_own else _of_others(s, party, sits=sits, now=now)
    return iter({**own, **dict(others), **dict(_joint(s, party, now) if sits else ())}.items())


def _comes_for_its_party(s: Story, who: Who) -> bool:
    """R59: once a party has named who comes, nobody else of it looks."""
    named = s.rto.delegates.get(who.party or "") if s.rto else None
    return named in (None, who.person)


def _follows(s: Story, who: Who) -> bool:
    """R71, R80, R82: who directs the case follows it for the party that leads; so does its delegate.

    Where neither is known it is whoever works for that party [D].
    """
    if s.stage is not Stage.MONITORING or who.party != s.leader:
        return False
    delegate = s.rto.delegates.get(s.leader) if s.rto else None
    named = {one for one in (delegate, s.case_director) if one is not None}
    return who.person in named or not named


def _sits(s: Story, who: Who) -> bool:
    """R59, R61, A17: the delegate of an invited party, as long as phase 3 lasts; R102: who leads."""
    if s.stage is Stage.CLOSING:
        return who.party == s.leader
    return s.stage in PHASE_3 and s.rto is not None and s.rto.delegates.get(who.party or "") == who.person


def _knows(s: Story, party: str) -> bool:
    """R66, R85: whoever gave an item or carries out an action knows of the case."""
    gave = any(s.items[i].giver == party for i in s.at_rto)
    return gave or (s.stage in PHASE_3 and party in s.actions.values())


def _all_of_the_table(s: Story, now: datetime) -> Shown:
    """R68, R72, R82: the house sees all of it, less what R21, R23, R79, A11 and A12 take away."""
    items = {i for i in s.at_rto if _for_the_house(s, i, now)}
    yield "preparation", "R82"
    yield from ((f"person/{person}", "R82") for person in s.persons)
    yield from ((f"address/{person}", "R82") for person in s.persons)
    yield from ((f"rto/{rto.number}", "R82") for rto in s.rtos)
    yield from ((f"item/{i}", "R68") for i in items)
    yield from ((f"viewing/{i}/{party}", "R42") for i, party in s.planned if i in items)
    yield from ((_label(*key), "R82") for key in s.words if key[0] in s.at_rto)
    if s.drawn_from is not None and all(_may_draw_for_the_house(s, i, now) for i in s.drawn_from):
        yield "plan", "R82"
    yield from ((f"action/{action}", "R82") for action in s.actions)
    yield from ((f"ended-action/{action}", "R82") for action in s.ended_actions)
    yield from ((f"progress/{action}/{n}", "R82") for n, action in enumerate(s.progress, 1))
    yield from ((taker(*one), "R82") for one in s.takers)
    if s.kept_for_monitoring is not None:
        yield "monitoring", "R79"


def _for_the_house(s: Story, number: str, now: datetime) -> bool:
    return s.stays(number) and _may_draw_for_the_house(s, number, now)


def _may_draw_for_the_house(s: Story, number: str, now: datetime) -> bool:
    """R21, R23, A11, A12: also of what the plan took from an item, which stays bound to it (R70, A19)."""
    item = s.items[number]
    if item.hidden or number in s.taken_back or is_frozen(s, number, now):
        return False
    return may_process(s, item, s.leader, tested=s.tested(s.leader))


def _label(item: str, recipient: str | None, action: str | None) -> str:
    use = "rto" if action is None else "plan-activity"
    return f"release/{item}/{use}/{recipient or '-'}/{action or '-'}"


def _own_of_the_table(s: Story, party: str) -> Shown:
    """R66, R85, A19: its own items with what became of them, its own actions, and what it took away."""
    own = {i for i in s.at_rto if s.items[i].giver == party}
    yield from ((f"item/{i}", "R66") for i in own)
    yield from ((f"viewing/{i}/{to}", "R66") for i, to in s.planned if i in own and to == party)
    yield from ((_label(*key), "R66") for key in s.words if key[0] in own)
    for kind, actions in (("action", s.actions), ("ended-action", s.ended_actions)):
        yield from ((f"{kind}/{action}", "R85") for action, by in actions.items() if by == party)
    for n, action in enumerate(s.progress, 1):
        if party in (s.actions.get(action), s.ended_actions.get(action)):
            yield f"progress/{action}/{n}", "R85"
    for one in s.takers:
        if party == one[0] or one[1] in own:
            yield taker(*one), "R104"


def _of_others(s: Story, party: str, *, sits: bool, now: datetime) -> Shown:
    """R61: the items of others that this party may see, and why it is to see each."""
    items = {i for i in s.at_rto if _for_a_party(s, party, i, sits=sits, now=now)}
    yield from ((f"item/{i}", "R61") for i in items)
    yield from ((f"viewing/{i}/{to}", "R42") for i, to in s.planned if i in items and to == party)


def _joint(s: Story, party: str, now: datetime) -> Shown:
    """R61, A19: what participants share."""
    if not s.rtos or party in s.rtos[0].tested:
        yield "preparation", "R47"
    yield from ((f"rto/{rto.number}", "R61") for rto in s.rtos if party in rto.tested)
    if s.stage is not Stage.MONITORING or party == s.leader or party in s.actions.values():
        yield from ((f"person/{person}", "R64") for person in s.persons)
        if party in (s.leader, s.referrer) or (s.rto and party in s.rto.at_home):
            yield from ((f"address/{person}", "R61") for person in s.persons)
    if party == s.leader:
        yield from ((taker(*one), "R83") for one in s.takers)
    if s.drawn_from is not None and all(_may_draw_on(s, party, i, now) for i in s.drawn_from):
        yield "plan", "A19"
    yield from ((f"action/{action}", "A19") for action in s.actions)
    yield from ((f"ended-action/{action}", "A19") for action in s.ended_actions)
    yield from ((f"progress/{action}/{n}", "A19") for n, action in enumerate(s.progress, 1))
    if s.kept_for_monitoring is not None:
        yield "monitoring", "R79"


def _may_draw_on(s: Story, party: str, number: str, now: datetime) -> bool:
    """A19: what the plan took from an item stays bound to its release, and to its reservations."""
    if number not in s.at_rto or is_frozen(s, number, now):
        return False
    item = s.items[number]
    shown = s.released(number) and party not in item.withheld and _is_competent(s, party, item)
    return item.giver == party or shown


def _for_a_party(s: Story, party: str, number: str, *, sits: bool, now: datetime) -> bool:
    item = s.items[number]
    if is_frozen(s, number, now) or party in item.withheld or item.giver == party:
        return False  # R62; its own it has already
    if s.stage is Stage.READY and not s.rtos:
        tested = s.tested(party)
        leads = party == s.leader and number not in s.taken_back  # R33, until the table is convened
        return leads and may_process(s, item, party, tested=tested)
    if s.stage not in PHASE_3 or not sits or s.rto is None:
        return False  # A17, R78
    if not s.released(number) or not s.stays(number) or not _is_competent(s, party, item):
        return False  # R65, R79, R49
    if s.stage is Stage.TABLE:
        return (number, party) in s.planned  # R42
    own = (action for action, by in s.actions.items() if by == party)
    needs = any(s.words.get((number, party, action)) == "given" for action in own)
    return party == s.leader or needs  # R80, R64


def _is_competent(s: Story, party: str, item: Item) -> bool:
    """R49: as it was invited to the table that sits; who leads without a seat as it stands now."""
    if s.rto is not None and party in s.rto.tested:
        return not item.special or party in s.rto.competent
    return not item.special or (party == s.leader and may_process(s, item, party, tested=s.tested(party)))
