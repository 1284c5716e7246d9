"""Say who sees what of a referral and of the record of triage (R1 to R57)."""

from datetime import datetime

from tests.unit.opinion.model.facts import MeaningTold
from tests.unit.opinion.model.story import (
    BEFORE_THE_TABLE,
    OF_THE_REFERRER,
    PHASE_3,
    Query,
    Stage,
    Story,
    is_kept_back,
    is_special,
)
from tests.unit.opinion.model.who import (
    DIRECTOR,
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


def intake(s: Story, who: Who, now: datetime) -> Shown | None:
    if s.stage in (Stage.NOT_YET, Stage.PHASE_4):
        return None
    early = s.stage is Stage.SCREENING or (s.stage is Stage.CLOSING and s.ended_in is Stage.SCREENING)
    scopes = _intake_scopes(s)
    if who.role in HOUSE:
        unassigned = s.director is None and who.role == DIRECTOR
        if not acts_for_who_leads(s, who, scopes, now) or not (unassigned or works_on_it(s, who)):
            return None
        return _referral(s, s.leader, _house_items(s, now) if early else (), tuple(s.duties), basis=True)
    if who.role != WORKER or who.party not in (s.referrer, s.leader) or not s.is_party(who.party, now):
        return None
    if s.stage is Stage.CLOSING and who.party != s.leader:
        return None  # R102
    own = tuple(i for i in sorted(s.at_intake) if s.items[i].giver == who.party)
    duties = _to_inform(s, who.party or "")
    if who.party != s.referrer and only_its_own(s, scopes, now):
        return _duties(s, duties) if duties else None  # the rest came of the referrer
    return _referral(s, who.party or "", own, duties, basis=who.party == s.referrer)


def _to_inform(s: Story, party: str) -> tuple[int, ...]:
    """R17, R83: who leads informs; R16, R56: who referred, of the steps before there was a table."""
    return tuple(n for n, duty in s.duties.items() if party == s.leader or duty.kind in OF_THE_REFERRER)


def _duties(s: Story, numbers: tuple[int, ...]) -> Shown:
    for n in numbers:
        yield f"duty/{s.duties[n].person}/{s.duties[n].kind}/{n}", "R17"


def _intake_scopes(s: Story) -> tuple[str, ...]:
    """R122: what each phase asks for; that the table is followed by monitoring intake does not hear [D]."""
    if not s.taken_up:
        return ("screening",)
    return ("rto", "monitoring") if s.was_prepared else ("query",)


def _house_items(s: Story, now: datetime) -> tuple[str, ...]:
    """R6, R23, A12: what the referrer neither keeps from the director nor took back."""
    return tuple(
        i
        for i in sorted(s.at_intake)
        if not s.items[i].hidden and i not in s.taken_back and not is_frozen(s, i, now)
    )


def _referral(
    s: Story, reader: str, items: tuple[str, ...], duties: tuple[int, ...], *, basis: bool
) -> Shown:
    """R6, R17: who the case is about; R22: the numbers for a party that may use them.

    `basis`: criteria and weighings stay between who referred and the people of the house (R5, R6, R10).
    """
    yield from ((f"person/{person}", "R6") for person in s.persons)
    if s.parties[reader].may_use_number:
        yield from ((f"bsn/{person}", "R22") for person in s.numbered_at_intake)
    yield from ((f"item/{item}", "R6") for item in items)
    if basis:
        yield "screening", "R10"
    yield from _duties(s, duties)


def triage(s: Story, who: Who, now: datetime) -> Shown | None:
    here = (*BEFORE_THE_TABLE, Stage.READY, *PHASE_3, Stage.CLOSING)
    if not s.taken_up or s.stage not in here:
        return None
    scopes = ("rto",) if s.stage not in (Stage.TRIAGE, Stage.CLOSING) else ("query",)
    if who.role in HOUSE:
        if not acts_for_who_leads(s, who, scopes, now) or not works_on_it(s, who):
            return None
        return _record(s, None, now)
    if who.role != WORKER or not s.is_party(who.party, now):
        return None
    party = who.party or ""
    only_own = only_its_own(s, scopes, now)
    if party == s.referrer == s.leader:
        return _record(s, party, now, only_own=only_own)
    if s.stage is Stage.CLOSING or party not in {s.referrer, *s.asked}:
        return None  # R34, R102
    return _own_answers(s, party, now, only_own=only_own)


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
        yield from ((f"clarified/{number}/{n}", "R33") for n, told in query.meant.items() if told)
        if s.is_party(query.party, now) and (party is None or not (s.was_prepared or only_own)):
            yield from ((f"reply/{number}/{n}", "R33") for n in query.replies)  # R35, A11
            yield from _asked_back(number, query, "R33")
    if s.is_party(s.referrer, now):
        yield from ((f"estimate/{one}", "R28") for one in s.estimated)  # A11
    items = (i for i in sorted(s.at_triage) if not only_own or s.items[i].giver == party)
    yield from ((f"item/{i}", "R33") for i in items if _at_triage(s, party, i, now))
    if s.record_is_there:
        yield "conclusion", "R33"
        if s.was_prepared:
            yield "preparation", "R33"


def _at_triage(s: Story, party: str | None, number: str, now: datetime) -> bool:
    """R21, R23, R32, R33, R61, A11, A12: an item of triage for who leads (`party`), or for the house."""
    item = s.items[number]
    if is_frozen(s, number, now):
        return False
    if item.giver == party:
        return True
    if s.was_prepared or number in s.taken_back or number in s.secret:
        return False  # R30
    if not may_process(s, item, s.leader, tested=False):
        return False
    return not item.hidden if party is None else party not in item.withheld


def _asked_back(number: str, query: Query, rule: str) -> Shown:
    """R31: what who was asked says of its query besides its replies."""
    yield from ((f"clarification/{number}/{n}", rule) for n in query.meant)
    yield from ((f"extension/{number}/{n}", rule) for n in query.more_time)


def _own_answers(s: Story, party: str, now: datetime, *, only_own: bool) -> Shown:
    """R34: what it was asked, and what it gave itself."""
    for number, query in s.queries.items():
        if query.party != party:
            continue
        if not only_own and not _is_too_special(s, query) and not is_kept_back(s, query):
            yield f"query/{number}", "R34"
            if s.parties[party].may_use_number and query.counts(now):
                yield from ((f"bsn/{number}/{person}", "R22") for person in query.numbered)
            yield from (
                (f"clarified/{number}/{n}", "R34")
                for n, told in query.meant.items()
                if told and not is_kept_back(s, query, told) and not _is_told_too_much(s, query, told)
            )
        yield from ((f"reply/{number}/{n}", "R34") for n in query.replies)
        yield from _asked_back(number, query, "R34")
    if party == s.referrer:
        yield from ((f"estimate/{one}", "R34") for one in s.estimated)
    yield from ((f"item/{i}", "R34") for i in sorted(s.at_triage) if s.items[i].giver == party)


def _is_too_special(s: Story, query: Query) -> bool:
    """R21, R49: a question with special data is not for a party that may not process them."""
    return is_special(s, query) and not (query.tested or s.parties[query.party].may_see_special)


def _is_told_too_much(s: Story, query: Query, told: MeaningTold) -> bool:
    """R49: nor is what was told of it, if it was not tested with the query nor for that."""
    tested = query.tested or told.tested or s.parties[query.party].may_see_special
    return is_special(s, query, told) and not tested
