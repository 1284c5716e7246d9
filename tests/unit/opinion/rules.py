"""Say who sees what of a case, from the covenant and the story alone: a second opinion beside the product's.

It imports nothing of the services and nothing that is shared. `seen` answers for one place where a case is
looked at: what of it this person is shown there, each under the rule that opens it; None where the person is
told that there is no such case.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol, TypeAlias

from tests.unit.opinion.facts import Item
from tests.unit.opinion.story import (
    BEFORE_THE_TABLE,
    PHASE_3,
    Query,
    Rto,
    Stage,
    Story,
    came_tested,
)

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


Seen: TypeAlias = dict[str, str]  # thing -> the rule under which it is shown
Shown: TypeAlias = Iterator[tuple[str, str]]


def seen(s: Story, place: str, who: Who, now: datetime) -> Seen | None:
    """Return what this person is shown at this place, and under which rule; None for nothing at all."""
    if s.is_over(now):
        return None  # R91, R102
    shown = PLACES[place](s, who, now)
    return shown if shown is None else dict(shown)


# --- who comes -------------------------------------------------------------------------------------


def _acts_for_who_leads(s: Story, who: Who, scopes: tuple[str, ...], now: datetime) -> bool:
    """R7, R72, R115, R122: the house looks on behalf of who leads, as far as that has authorised it."""
    return who.on_behalf_of == s.leader and s.covers(scopes, now)


def _works_on_it(s: Story, who: Who) -> bool:
    """R6: the director of the case and who supports it; R102: of a closing case the director alone."""
    if who.role == SUPPORT:
        return who.person in s.support and s.stage is not Stage.CLOSING
    return who.role == DIRECTOR and who.person == s.director


def _only_its_own(s: Story, scopes: tuple[str, ...], now: datetime) -> bool:
    """R122: a party is shown of others in the name of who leads, as far as that has authorised it."""
    return not s.covers(scopes, now)


def _is_frozen(s: Story, item: str, now: datetime) -> bool:
    """A11: nobody is shown what a party brought in that is a party no more."""
    return not s.is_party(s.items[item].giver, now)


def _may_process(s: Story, item: Item, party: str, *, tested: bool) -> bool:
    """R21, R49: special and criminal data only for who is competent for them."""
    return not item.special or item.giver == party or tested or s.parties[party].may_see_special


# --- intake: phase 1 -------------------------------------------------------------------------------


def _intake(s: Story, who: Who, now: datetime) -> Shown | None:
    if s.stage in (Stage.NOT_YET, Stage.PHASE_4):
        return None
    early = s.stage is Stage.SCREENING or (s.stage is Stage.CLOSING and s.ended_in is Stage.SCREENING)
    scopes = _intake_scopes(s)
    if who.role in HOUSE:
        unassigned = s.director is None and who.role == DIRECTOR
        if not _acts_for_who_leads(s, who, scopes, now) or not (unassigned or _works_on_it(s, who)):
            return None
        return _referral(s, s.leader, _house_items(s, now) if early else (), now)
    if who.role != WORKER or who.party not in (s.referrer, s.leader) or not s.is_party(who.party, now):
        return None
    if s.stage is Stage.CLOSING and who.party != s.leader:
        return None  # R102
    own = tuple(i for i in sorted(s.at_intake) if s.items[i].giver == who.party)
    if who.party != s.referrer and _only_its_own(s, scopes, now):
        return None  # all of it came of the referrer
    return _referral(s, who.party or "", own, now)


def _intake_scopes(s: Story) -> tuple[str, ...]:
    """R122: screening until the case is taken up; intake is not told in which phase it is then [D]."""
    return ("screening",) if s.stage is Stage.SCREENING else ("screening", "query", "rto", "monitoring")


def _house_items(s: Story, now: datetime) -> tuple[str, ...]:
    """R6, R23, A12: what the referrer neither keeps from the director nor took back."""
    return tuple(
        i
        for i in sorted(s.at_intake)
        if not s.items[i].hidden and i not in s.taken_back and not _is_frozen(s, i, now)
    )


def _referral(s: Story, reader: str, items: tuple[str, ...], now: datetime) -> Shown:
    """R6, R17: who the case is about; R22: the numbers for a party that may use them."""
    yield from ((f"person/{person}", "R6") for person in s.persons)
    if s.parties[reader].may_use_number:
        yield from ((f"bsn/{person}", "R22") for person in s.numbered_at_intake)
    yield from ((f"item/{item}", "R6") for item in items)


# --- triage: phase 2 -------------------------------------------------------------------------------


def _triage(s: Story, who: Who, now: datetime) -> Shown | None:
    here = (*BEFORE_THE_TABLE, Stage.READY, *PHASE_3, Stage.CLOSING)
    if not s.taken_up or s.stage not in here:
        return None
    scopes = ("rto",) if s.stage not in (Stage.TRIAGE, Stage.CLOSING) else ("query",)
    if who.role in HOUSE:
        if not _acts_for_who_leads(s, who, scopes, now) or not _works_on_it(s, who):
            return None
        return _record(s, None, now)
    if who.role != WORKER or not s.is_party(who.party, now):
        return None
    party = who.party or ""
    only_own = _only_its_own(s, scopes, now)
    if party == s.referrer == s.leader:
        return _record(s, party, now, only_own=only_own)
    if s.stage is Stage.CLOSING or party not in {s.referrer, *s.asked}:
        return None  # R34, R102
    return _own_answers(s, party, only_own=only_own)


def _record(s: Story, party: str | None, now: datetime, *, only_own: bool = False) -> Shown:
    """R33: the record of triage for who leads (as long as that is who referred), and who acts for it."""
    yield from ((f"person/{person}", "R33") for person in s.persons)
    may_use = s.leader == s.referrer and s.parties[s.leader].may_use_number
    if may_use:
        yield from ((f"bsn/{person}", "R22") for person in s.numbered_at_triage)
    for number, query in s.queries.items():
        yield f"query/{number}", "R33"
        yield f"choice/{number}", "R33"
        if may_use:
            yield from ((f"bsn/{number}/{person}", "R22") for person in query.numbered)
        if s.is_party(query.party, now) and (party is None or not (s.was_prepared or only_own)):
            yield from ((f"reply/{number}/{n}", "R33") for n in query.replies)  # R35, A11
    items = (i for i in sorted(s.at_triage) if not only_own or s.items[i].giver == party)
    yield from ((f"item/{i}", "R33") for i in items if _at_triage(s, party, i, now))
    if s.record_is_there:
        yield "conclusion", "R33"
        if s.was_prepared:
            yield "preparation", "R33"


def _at_triage(s: Story, party: str | None, number: str, now: datetime) -> bool:
    """R21, R23, R32, R33, R61, A11, A12: an item of triage for who leads (`party`), or for the house."""
    item = s.items[number]
    if _is_frozen(s, number, now):
        return False
    if item.giver == party:
        return True
    if s.was_prepared or number in s.taken_back or not _may_process(s, item, s.leader, tested=False):
        return False
    return not item.hidden if party is None else party not in item.withheld


def _own_answers(s: Story, party: str, *, only_own: bool) -> Shown:
    """R34: what it was asked, and what it gave itself."""
    for number, query in s.queries.items():
        if query.party != party:
            continue
        if not only_own and not _is_too_special(s, query):
            yield f"query/{number}", "R34"
            if s.parties[party].may_use_number:
                yield from ((f"bsn/{number}/{person}", "R22") for person in query.numbered)
        yield from ((f"reply/{number}/{n}", "R34") for n in query.replies)
    yield from ((f"item/{i}", "R34") for i in sorted(s.at_triage) if s.items[i].giver == party)


def _is_too_special(s: Story, query: Query) -> bool:
    """R21, R49: a question with special data is not for a party that may not process them."""
    return query.special and not (query.tested or s.parties[query.party].may_see_special)


# --- the round table: phase 3 ----------------------------------------------------------------------


def _table(s: Story, who: Who, now: datetime) -> Shown | None:
    if s.stage not in (Stage.READY, *PHASE_3, Stage.CLOSING) or not (s.was_prepared or s.rtos):
        return None
    scopes = ("monitoring",) if s.stage is Stage.MONITORING else ("rto",)
    if who.role in HOUSE:
        if not _acts_for_who_leads(s, who, scopes, now) or not _works_on_it(s, who):
            return None
        return _all_of_the_table(s, now)
    if who.role != WORKER or not s.is_party(who.party, now) or not _comes_for_its_party(s, who):
        return None
    party = who.party or ""
    if s.stage is Stage.CLOSING and party != s.leader:
        return None  # R102
    only_own = _only_its_own(s, scopes, now)
    own = dict(_own_of_the_table(s, party))
    sits = _sits(s, who)
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
    yield from ((f"rto/{rto.number}", "R82") for rto in s.rtos)
    yield from ((f"item/{i}", "R68") for i in items)
    yield from ((f"viewing/{i}/{party}", "R42") for i, party in s.planned if i in items)
    yield from ((_label(*key), "R82") for key in s.words if key[0] in s.at_rto)
    if s.drawn_from is not None and not _draws_on_frozen(s, now):
        yield "plan", "R82"
    yield from ((f"action/{action}", "R82") for action in s.actions)
    yield from ((f"ended-action/{action}", "R82") for action in s.ended_actions)
    yield from ((f"progress/{action}/{n}", "R82") for n, action in enumerate(s.progress, 1))
    yield from ((f"taker/{party}/{item}/{action}", "R82") for party, item, action in s.takers)
    if s.kept_for_monitoring is not None:
        yield "monitoring", "R79"


def _for_the_house(s: Story, number: str, now: datetime) -> bool:
    item = s.items[number]
    if item.hidden or number in s.taken_back or _is_frozen(s, number, now) or not s.stays(number):
        return False
    return _may_process(s, item, s.leader, tested=s.tested(s.leader))


def _draws_on_frozen(s: Story, now: datetime) -> bool:
    return any(_is_frozen(s, item, now) for item in s.drawn_from or () if item in s.at_rto)


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
    for to, item, action in s.takers:
        if party == to or item in own:
            yield f"taker/{to}/{item}/{action}", "R104"


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
    if s.drawn_from is not None and all(_may_draw_on(s, party, i, now) for i in s.drawn_from):
        yield "plan", "A19"
    yield from ((f"action/{action}", "A19") for action in s.actions)
    yield from ((f"ended-action/{action}", "A19") for action in s.ended_actions)
    yield from ((f"progress/{action}/{n}", "A19") for n, action in enumerate(s.progress, 1))
    if s.kept_for_monitoring is not None:
        yield "monitoring", "R79"


def _may_draw_on(s: Story, party: str, number: str, now: datetime) -> bool:
    """A19: what the plan took from an item stays bound to its release, and to its reservations."""
    if number not in s.at_rto or _is_frozen(s, number, now):
        return False
    item = s.items[number]
    return item.giver == party or (s.released(number) and party not in item.withheld)


def _for_a_party(s: Story, party: str, number: str, *, sits: bool, now: datetime) -> bool:
    item = s.items[number]
    if _is_frozen(s, number, now) or party in item.withheld or item.giver == party:
        return False  # R62; its own it has already
    if s.stage is Stage.READY and not s.rtos:
        tested = s.tested(party)
        leads = party == s.leader and number not in s.taken_back  # R33, until the table is convened
        return leads and _may_process(s, item, party, tested=tested)
    if s.stage not in PHASE_3 or not sits or s.rto is None:
        return False  # A17, R78
    if not s.released(number) or not s.stays(number) or not _is_competent(s.rto, party, item):
        return False  # R65, R79, R49
    if s.stage is Stage.TABLE:
        return (number, party) in s.planned  # R42
    own = (action for action, by in s.actions.items() if by == party)
    needs = any(s.words.get((number, party, action)) == "given" for action in own)
    return party == s.leader or needs  # R80, R64


def _is_competent(rto: Rto, party: str, item: Item) -> bool:
    return not item.special or party in rto.competent


# --- retention: phase 4 ----------------------------------------------------------------------------


def _retention(s: Story, who: Who, now: datetime) -> Shown | None:
    if s.stage is Stage.CLOSING:
        return _closing(s, who, now)
    if s.stage is not Stage.PHASE_4:
        return None
    if s.is_archived(now):
        return _archived(s, who, now)
    if who.role in HOUSE:
        if not _acts_for_who_leads(s, who, ("phase-4",), now) or not _works_on_it(s, who):
            return None  # R100
        return _file(s, None, now)
    if who.role != WORKER or not s.is_party(who.party, now):
        return None
    if who.party == s.leader:
        return _file(s, s.leader, now, only_own=_only_its_own(s, ("phase-4",), now))
    own = {i for i in s.in_file if s.items[i].giver == who.party}
    return _items_of_file(s, own) if own else None  # R34


def _items_of_file(s: Story, items: set[str]) -> Shown:
    yield from ((f"item/{i}", "R87") for i in items)
    yield from ((f"reason/{i}", "R95") for i in items & s.confirmed)


def _file(s: Story, party: str | None, now: datetime, *, only_own: bool = False) -> Shown:
    """R87, R100: the file for who led, and for the house in its name."""
    yield from _stub(s)
    yield "plan", "R87"
    if s.asked_back:
        yield "reactivation-asked", "R90"
    items = {i for i in s.in_file if not only_own or s.items[i].giver == party}
    yield from _items_of_file(s, {i for i in items if _in_step_1(s, party, i, now)})


def _in_step_1(s: Story, party: str | None, number: str, now: datetime) -> bool:
    item = s.items[number]
    if _is_frozen(s, number, now):
        return False
    if party is not None and item.giver == party:
        return True
    if number in s.taken_back or not _for_who_led(s, item):
        return False
    if party is None:
        return not item.hidden
    return number in s.was_shown_to_leader and party not in item.withheld


def _for_who_led(s: Story, item: Item) -> bool:
    """R21, R49, R87: what it might process when it led, and may process now."""
    if not item.special or item.giver == s.leader:
        return True
    return s.leader_was_competent and _may_process(s, item, s.leader, tested=came_tested(s, s.leader))


def _stub(s: Story) -> Shown:
    """R89: the number of the case, and these three."""
    yield from ((f"person/{person}", "R89") for person in s.persons)
    yield "referrer", "R89"
    yield "case-director", "R89"


def _archived(s: Story, who: Who, now: datetime) -> Shown | None:
    """R88, R89: four things for manager and director, and nothing for anybody else."""
    if who.role == MANAGER:
        return _stub(s)
    works = who.role in HOUSE and _works_on_it(s, who)
    return _stub(s) if works and _acts_for_who_leads(s, who, ("phase-4",), now) else None


def _closing(s: Story, who: Who, now: datetime) -> Shown | None:
    """R102: that it is closing, and until when, for director and leading party; none of what it was about."""
    if who.role == WORKER:
        return iter(()) if who.party == s.leader and s.is_party(who.party, now) else None
    known = who.role == DIRECTOR and s.director in (None, who.person)
    return iter(()) if known and _acts_for_who_leads(s, who, ("phase-4",), now) else None


PLACES: dict[str, Callable[[Story, Who, datetime], Shown | None]] = {
    "intake": _intake,
    "triage": _triage,
    "rto": _table,
    "retention": _retention,
}
