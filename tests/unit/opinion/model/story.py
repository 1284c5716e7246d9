"""Remember what has happened, as somebody would who reads the log of facts from its beginning.

Nothing is decided here: who may see what stands in `rules.py`, which reads this.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.opinion.model import facts as f

HERE = ZoneInfo("Europe/Amsterdam")
CLOSING_TERM = timedelta(days=14)  # R102
TABLE = (None, None)  # the use "round table"; another is one action of one recipient


class Stage(Enum):
    """Where a case is, by the covenant's phases."""

    NOT_YET = auto()
    SCREENING = auto()
    TRIAGE = auto()
    PREPARATION = auto()
    READY = auto()  # prepared, and no table has been convened (again)
    TABLE = auto()
    MONITORING = auto()
    PHASE_4 = auto()
    CLOSING = auto()


# What is to be told of the steps before there is a table is for who referred the case (R16, R56).
OF_THE_REFERRER = ("taken-up", "after-triage")
OF_THE_END = "case-removed"
BEFORE_THE_TABLE = (Stage.TRIAGE, Stage.PREPARATION)
PHASE_3 = (Stage.TABLE, Stage.MONITORING)


@dataclass(slots=True)
class Mandate:
    """What a party authorised the directors for, by one of its bodies (R122)."""

    body: str
    scopes: tuple[str, ...]
    begins: datetime
    ends: datetime | None
    accepted: datetime | None = None
    revoked: datetime | None = None

    def covers(self, body: str | None, scopes: tuple[str, ...], now: datetime) -> bool:
        if body not in (None, self.body) or not set(scopes) & set(self.scopes):
            return False
        if self.accepted is None or now < max(self.begins, self.accepted):
            return False
        return not any(end is not None and end <= now for end in (self.ends, self.revoked))


@dataclass(slots=True)
class Party:
    """An organisation that is, or was, a party."""

    national: bool
    checked: bool
    may_use_number: bool
    bodies: tuple[str, ...]
    since: datetime
    left: datetime | None = None
    mandates: dict[str, Mandate] = field(default_factory=dict)
    end_proposed: bool = False

    def is_party(self, now: datetime) -> bool:
        return self.since <= now and (self.left is None or now < self.left)

    @property
    def may_see_special(self) -> bool:
        """R21: a national chain partner by itself, anybody else once it was checked."""
        return self.national or self.checked


@dataclass(slots=True)
class Query:
    party: str
    numbered: tuple[str, ...]
    special: bool
    tested: bool
    drawn_from: tuple[tuple[str, int], ...]
    ends: datetime
    replies: list[int] = field(default_factory=list)
    waits: bool = True
    answered: bool = False
    silent: bool = False  # it ended, or triage did, and there is no reply
    meant: dict[int, f.MeaningTold | None] = field(default_factory=dict)  # what was asked, and told
    more_time: list[int] = field(default_factory=list)  # how often that was asked for
    time_is_open: bool = False

    def counts(self, now: datetime) -> bool:
        """Tell whether a reply would still count (R31)."""
        return self.answered or (not self.silent and now < self.ends)

    def asks(self) -> bool:
        """Tell whether who was asked waits for a word of the director (R31)."""
        declined = bool(self.replies) and not self.answered
        unclear = None in self.meant.values() and not self.silent and not declined
        return unclear or (self.time_is_open and not self.replies)


@dataclass(slots=True)
class Duty:
    """Somebody is to be informed; `owed_by`: by whom (R16, R17). `by`: None while it is postponed."""

    person: str
    kind: str
    owed_by: str
    by: datetime | None
    is_open: bool = True

    def is_late(self, at: datetime) -> bool:
        return self.is_open and self.by is not None and self.by <= at


@dataclass(slots=True)
class Rto:
    """A table: who was invited, each with its test, and who comes for whom."""

    number: str
    tested: dict[str, bool]
    competent: frozenset[str]
    at_home: frozenset[str]
    delegates: dict[str, str] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Story:
    """All that has happened so far."""

    parties: dict[str, Party] = field(default_factory=dict)
    stage: Stage = Stage.NOT_YET
    ended_in: Stage = Stage.NOT_YET
    ended_at: datetime | None = None
    goes_on: datetime | None = None
    referrer: str = ""
    leader: str = ""
    body: str | None = None
    persons: tuple[str, ...] = ()
    numbered_at_intake: tuple[str, ...] = ()
    numbered_at_triage: tuple[str, ...] = ()
    director: str | None = None
    support: tuple[str, ...] = ()
    taken_up: bool = False
    items: dict[str, f.Item] = field(default_factory=dict)
    taken_back: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)  # withdrawn from the case for good
    at_intake: set[str] = field(default_factory=set)  # where an item lies: its contributor finds it there
    at_triage: set[str] = field(default_factory=set)
    at_rto: set[str] = field(default_factory=set)
    queries: dict[str, Query] = field(default_factory=dict)  # with what was said in reply
    secret: set[str] = field(default_factory=set)  # items of answers that their holder did not release
    estimated: set[str] = field(default_factory=set)  # by the referrer itself, since it was asked
    silence: bool = False  # a query ended without an answer, and the director has not asked anew
    asked: set[str] = field(default_factory=set)
    duties: dict[int, Duty] = field(default_factory=dict)
    case_director: str | None = None  # with which account, where that is known
    was_prepared: bool = False
    prepared_for: dict[str, bool] = field(default_factory=dict)
    record_is_there: bool = False  # the papers of triage: how it ended, what was prepared
    planned: set[tuple[str, str]] = field(default_factory=set)
    rtos: list[Rto] = field(default_factory=list)
    words: dict[tuple[str, str | None, str | None], str] = field(default_factory=dict)
    kept_for_monitoring: set[str] | None = None
    actions: dict[str, str] = field(default_factory=dict)
    ended_actions: dict[str, str] = field(default_factory=dict)
    drawn_from: tuple[str, ...] | None = None  # None: there is no plan
    progress: list[str] = field(default_factory=list)
    takers: set[tuple[str, str, str, int]] = field(default_factory=set)  # with the version that was taken
    off_the_table: set[str] = field(default_factory=set)  # what its giver said last is not for the table
    released_when_filed: set[str] = field(default_factory=set)
    filed_as: dict[str, f.Item] = field(default_factory=dict)  # under the stricter terms since it was filed
    deescalated_at: datetime | None = None
    in_file: set[str] = field(default_factory=set)
    was_shown_to_leader: set[str] = field(default_factory=set)
    leader_was_competent: bool = False
    confirmed: set[str] = field(default_factory=set)
    asked_back: bool = False
    was_archived: bool = False
    readings: dict[str, datetime] = field(default_factory=dict)
    late: dict[str, f.TakesLong] = field(default_factory=dict)  # by place
    led: set[str] = field(default_factory=set)  # whoever leads or has led
    informed_by: dict[str, str] = field(default_factory=dict)  # who told a person of the case last

    # --- what follows from it ----------------------------------------------------------------------

    def is_party(self, party: str | None, now: datetime) -> bool:
        known = self.parties.get(party or "")
        return known is not None and known.is_party(now)

    def covers(self, scopes: tuple[str, ...], now: datetime) -> bool:
        """Tell whether who leads is a party, and its body has authorised one of these (R115, R122)."""
        leader = self.parties.get(self.leader)
        if leader is None or not leader.is_party(now):
            return False
        return any(one.covers(self.body, scopes, now) for one in leader.mandates.values())

    def filed(self, number: str) -> f.Item:
        """Return an item as it stands in a file (R87)."""
        return self.filed_as.get(number, self.items[number])

    @property
    def rto(self) -> Rto | None:
        return self.rtos[-1] if self.rtos else None

    def tested(self, party: str) -> bool:
        """Tell whether a party passed the test, as it was invited last or else prepared (R49)."""
        for rto in reversed(self.rtos):
            if party in rto.tested:
                return rto.tested[party]
        return self.prepared_for.get(party, False)

    def stays(self, item: str) -> bool:
        """Tell whether an item was agreed on for monitoring, or came later (R79)."""
        return self.kept_for_monitoring is None or item in self.kept_for_monitoring

    def released(self, item: str) -> bool:
        """Tell whether its contributor's last word is that it may be shown at the table (R65)."""
        return self.words.get((item, *TABLE)) == "given"

    @property
    def archive_on(self) -> datetime | None:
        return None if self.deescalated_at is None else months_after(self.deescalated_at, 6)

    @property
    def destroy_on(self) -> datetime | None:
        return None if self.deescalated_at is None else months_after(self.deescalated_at, 12)

    def is_over(self, now: datetime) -> bool:
        """Tell whether the day has come on which nothing of the case is left (R91, R102).

        What ended early goes before that day only once nobody is left to be informed of it.
        """
        if self.stage is Stage.CLOSING and self.ended_at is not None:
            settled = not any(duty.is_open for duty in self.duties.values())
            sooner = settled and self.goes_on is not None and now >= self.goes_on
            return sooner or now >= self.ended_at + CLOSING_TERM
        return self.stage is Stage.PHASE_4 and self.destroy_on is not None and now >= self.destroy_on

    def is_archived(self, now: datetime) -> bool:
        """Tell whether step 2 has begun, by the date (R88, A4)."""
        return self.stage is Stage.PHASE_4 and self.archive_on is not None and now >= self.archive_on


def months_after(decided: datetime, months: int) -> datetime:
    """Return the start of the day so many calendar months on, in the Netherlands (A4)."""
    day = decided.astimezone(HERE).date()
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, 1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    last = (next_month - timedelta(days=1)).day
    return datetime.combine(first.replace(day=min(day.day, last)), time.min, tzinfo=HERE)


# --- telling --------------------------------------------------------------------------------------


def tell(s: Story, fact: f.Fact) -> None:
    """Add a fact to the story."""
    TELLING[type(fact)](s, fact)


def _of_parties(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.Joined():
            _joined(s, fact)
        case f.MandateGiven(party, number, body, scopes, begins, ends):
            s.parties[party].mandates[number] = Mandate(body, scopes, begins, ends)
        case f.MandateAccepted(party, number, at):
            s.parties[party].mandates[number].accepted = at
        case f.MandateRevoked(party, number, at):
            s.parties[party].mandates[number].revoked = at
        case f.EndProposed(party):
            s.parties[party].end_proposed = True
        case f.PartyLeft(party, at):
            s.parties[party].left, s.parties[party].end_proposed = at, False


def _before_the_table(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.Referred():
            _referred(s, fact)
        case f.TakenUp(director, items):
            s.director, s.stage, s.taken_up = director, Stage.TRIAGE, True
            s.at_triage = set(items) - s.gone
        case f.NotTakenUp(director, at):
            s.director = director
            _ends(s, at)
        case f.Assigned(director, support):
            s.director, s.support = director, support
        case f.CaseEnds(at, concluded):
            s.record_is_there = s.record_is_there or concluded
            _ends(s, at)
        case f.Asked(query, party, numbered, special, tested, drawn_from, ends):
            s.queries[query] = Query(party, numbered, special, tested, drawn_from, ends)
            s.asked.add(party)
            s.silence = False
        case f.Replied(query, n, items, declined, secret):
            one = s.queries[query]
            one.replies.append(n)
            one.waits, one.silent, one.answered = False, False, one.answered or not declined
            s.at_triage |= _given(s, items)
            s.secret |= set(secret)
            s.silence = s.silence and _is_silent(s)
        case f.NothingExpected(query, silent):
            s.queries[query].waits, s.queries[query].silent = False, True
            s.silence = s.silence or silent
        case f.RtoNeeded():
            s.stage, s.record_is_there = Stage.PREPARATION, True
        case f.TablePrepared(participants):
            s.stage, s.was_prepared, s.prepared_for = Stage.READY, True, dict(participants)


def _is_silent(s: Story) -> bool:
    return any(query.silent for query in s.queries.values())


def _of_asking_back(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.MeaningAsked(query, n):
            s.queries[query].meant[n] = None
        case f.MeaningTold(query, n):
            s.queries[query].meant[n] = fact
        case f.TimeAsked(query, n):
            s.queries[query].more_time.append(n)
            s.queries[query].time_is_open = True
        case f.TimeDecided(query, ends):
            one = s.queries[query]
            one.time_is_open = False
            if ends is not None:
                one.ends, one.waits, one.silent = ends, True, False
                s.silence = s.silence and _is_silent(s)
        case f.SecrecyLifted(items):
            s.secret -= set(items)
        case f.PartyEstimated(party):
            s.estimated.add(party)
        case f.EstimateUsed(party):
            s.estimated.discard(party)


def _of_informing(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.ToInform(duty, person, kind, by):
            s.duties[duty] = Duty(person, kind, _who_informs(s, person, kind, by), by)
        case f.Informed(duty, at):
            s.duties[duty].is_open = False
            s.informed_by[s.duties[duty].person] = s.duties[duty].owed_by
            _all_informed(s, at)
        case f.InformedLater(duty, at):
            s.duties[duty].by = None
            _all_informed(s, at)
        case f.ToInformNow(duty, by):
            s.duties[duty].by = by
        case f.HandedOver(duty):
            s.duties[duty].is_open = False


def _who_informs(s: Story, person: str, kind: str, at: datetime) -> str:
    """R16, R56, R83: who referred, then who leads; A10: of the end whoever told that person of the case."""
    if kind == OF_THE_END:
        before = s.informed_by.get(person)
        return before if before is not None and s.is_party(before, at) else s.leader
    return s.referrer if kind in OF_THE_REFERRER else s.leader


def _all_informed(s: Story, at: datetime) -> None:
    """Nothing is late any more in informing once nobody is informed too late (R82)."""
    if not any(one.is_late(at) for one in s.duties.values()):
        s.late = {place: one for place, one in s.late.items() if not one.informing}


def _of_the_table(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.AtTheTable(item, parties):
            s.planned |= {(item, party) for party in parties}
            _at_the_table(s, {item})
        case f.TableConvened():
            _convened(s, fact)
        case f.MoreToSee(plan):
            s.planned |= set(plan)
        case f.DelegateNamed(party, person):
            s.rtos[-1].delegates[party] = person
            s.rtos[-1].declined.discard(party)
        case f.DelegateGone(party, declined):
            s.rtos[-1].delegates.pop(party, None)
            if declined:
                s.rtos[-1].declined.add(party)


def _of_items_and_plan(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.BroughtIn(items):
            _at_the_table(s, _given(s, items))
        case f.Word(item, recipient, action, said):
            s.words[item, recipient, action] = said
            if said == "given":
                s.taken_back.discard(item)
                if (recipient, action) == TABLE:
                    s.off_the_table.discard(item)
        case f.TakenBack(item):
            s.taken_back.add(item)
            s.words |= {
                key: "withdrawn" for key, said in s.words.items() if key[0] == item and said == "given"
            }
        case f.Reserved(item, parties):
            _withheld(s, item, parties)
        case f.Corrected() | f.WithdrawnForGood() | f.TermsChanged():
            _of_one_item(s, fact)
        case f.PlanMade():
            _planned(s, fact)
        case f.Progressed(action):
            s.progress.append(action)
        case f.Provided(item, party, action, version):
            s.takers.add((party, item, action, version))
        case f.DirectionMoved():
            _moved(s, fact)
        case f.CaseDirectorNamed(person):
            s.case_director = person
        case f.MonitoringAgreed(items):
            s.kept_for_monitoring, s.stage = set(items), Stage.MONITORING


def _withheld(s: Story, item: str, parties: tuple[str, ...]) -> None:
    """R62; R66: of a reservation and a release the last word counts."""
    known = s.items[item]
    new = set(parties) - set(known.withheld)
    _now(s, replace(known, withheld=(*known.withheld, *sorted(new))))
    given = [key for key, said in s.words.items() if key[0] == item and said == "given"]
    s.words |= {key: "withdrawn" for key in given if key[1] in new}


def _of_one_item(s: Story, fact: f.Corrected | f.WithdrawnForGood | f.TermsChanged) -> None:
    match fact:
        case f.Corrected(item, special):
            known = s.items[item]
            classed = known.special if special is None else special
            _now(s, replace(known, special=classed, version=known.version + 1))
            given = [key for key, said in s.words.items() if key[0] == item and said == "given"]
            s.words |= {key: "withdrawn" for key in given if key[1:] != TABLE}  # R65
        case f.WithdrawnForGood(item):
            s.taken_back.add(item)
            s.gone.add(item)
            for place in (s.at_intake, s.at_triage, s.at_rto, s.in_file, s.confirmed):
                place.discard(item)
            s.planned = {(one, party) for one, party in s.planned if one != item}
            s.words = {key: said for key, said in s.words.items() if key[0] != item}
        case f.TermsChanged():
            _under_other_terms(s, fact)


def _under_other_terms(s: Story, fact: f.TermsChanged) -> None:
    _withheld(s, fact.item, fact.withheld)
    known = s.items[fact.item]
    said: dict[str, Any] = {
        "special": fact.special,
        "hidden": fact.hidden,
        "shareable": fact.shareable,
        "in_query": fact.in_query,
        "withheld": tuple(one for one in known.withheld if one not in fact.shown_again),
        "version": known.version + fact.conditions,
    }
    _now(s, replace(known, **{name: value for name, value in said.items() if value is not None}))
    if fact.shareable:
        s.off_the_table.discard(fact.item)
    elif fact.shareable is False:
        s.off_the_table.add(fact.item)
        if s.words.get((fact.item, *TABLE)) == "given":
            s.words[fact.item, *TABLE] = "withdrawn"


def _now(s: Story, item: f.Item) -> None:
    """From now on it is so; R87: in a file under the stricter terms of before and now."""
    s.items[item.number] = item
    if (filed := s.filed_as.get(item.number)) is not None:
        s.filed_as[item.number] = replace(
            item,
            special=item.special or filed.special,
            hidden=item.hidden or filed.hidden,
            withheld=(*filed.withheld, *item.withheld),
        )


def _of_the_end(s: Story, fact: f.Fact) -> None:
    match fact:
        case f.Settled(goes_on):
            s.goes_on = goes_on
        case f.Deescalated(at):
            _deescalated(s, at)
        case f.Cleaned(kept):
            s.confirmed = set(kept)
            _stripped(s, s.in_file & s.confirmed)
        case f.Archived():
            _stripped(s, (s.in_file & s.confirmed) - s.taken_back)
            s.numbered_at_triage, s.was_archived = (), True  # A23
        case f.FileRead(person, at):
            s.readings[person] = at
        case f.ReactivationAsked():
            s.asked_back = True
        case f.Reactivated():
            _reactivated(s)
        case f.TakesLong(place):
            s.late[place] = fact
        case f.TakesLongNoMore(place):
            s.silence = s.silence and place != "triage"
            if place in s.late and not s.late[place].informing:
                s.late.pop(place)


def _joined(s: Story, fact: f.Joined) -> None:
    s.parties[fact.party] = Party(fact.national, fact.checked, fact.may_use_number, fact.bodies, fact.since)


def _referred(s: Story, fact: f.Referred) -> None:
    s.stage, s.referrer, s.leader, s.body = Stage.SCREENING, fact.party, fact.party, fact.body
    s.persons, s.led = fact.persons, {fact.party}
    s.numbered_at_intake = s.numbered_at_triage = fact.numbered
    s.at_intake = _given(s, fact.items)
    s.informed_by = dict.fromkeys(fact.informed, fact.party)
    s.duties = {
        n: Duty(person, OF_THE_REFERRER[0], fact.party, None, is_open=False)
        for n, person in enumerate(fact.informed, 1)
    }


def _given(s: Story, items: tuple[f.Item, ...]) -> set[str]:
    s.items |= {item.number: item for item in items}
    return {item.number for item in items}


def _ends(s: Story, at: datetime) -> None:
    s.ended_in, s.stage, s.ended_at = s.stage, Stage.CLOSING, at


def _competent(s: Story, party: str, tested: bool) -> bool:
    """R49: by its kind, its check, or the test it passed."""
    return tested or s.parties[party].may_see_special


def _at_the_table(s: Story, items: set[str]) -> None:
    """The mark "may be shared at the table" is its contributor's first word on that (R32)."""
    s.at_rto |= items
    if s.kept_for_monitoring is not None:
        s.kept_for_monitoring |= items
    for item in items - s.taken_back:
        if s.items[item].shareable:
            s.words[item, *TABLE] = "given"


def _convened(s: Story, fact: f.TableConvened) -> None:
    """Each table has its own plan of who sees what: of the first one that of triage is part (R42)."""
    tested = dict(fact.participants)
    competent = frozenset(party for party in tested if _competent(s, party, tested[party]))
    s.planned = set(fact.plan) | (set() if s.rtos else s.planned)
    s.rtos.append(Rto(fact.rto, tested, competent, frozenset(fact.at_home)))
    s.stage = Stage.TABLE


def _moved(s: Story, fact: f.DirectionMoved) -> None:
    """R72; R83: whoever leads informs from then on, of all that the referrer can tell no more too (R115)."""
    s.leader, s.body, s.case_director = fact.party, fact.body, fact.case_director
    s.led.add(fact.party)
    s.late = {place: one for place, one in s.late.items() if not one.leader_left}
    referrer_left = not s.is_party(s.referrer, fact.at)
    for duty in s.duties.values():
        if duty.is_open and (referrer_left or duty.kind not in OF_THE_REFERRER):
            duty.owed_by = fact.party


def _planned(s: Story, fact: f.PlanMade) -> None:
    for action in fact.ends:
        if action in s.actions:
            s.ended_actions[action] = s.actions.pop(action)
    s.actions |= dict(fact.actions)
    s.drawn_from = fact.drawn_from


def _deescalated(s: Story, at: datetime) -> None:
    """Phase 4 shows no more than phase 3 did: to whom, and of what (R79, R86, R87)."""
    s.stage, s.deescalated_at = Stage.PHASE_4, at
    s.in_file = {item for item in s.at_rto if s.stays(item) and s.released(item)}
    monitored = s.kept_for_monitoring is not None
    s.was_shown_to_leader = {i for i in s.in_file if monitored or (i, s.leader) in s.planned}
    s.leader_was_competent = _competent(s, s.leader, came_tested(s, s.leader))
    s.filed_as, s.released_when_filed = dict(s.items), {item for item in s.items if s.released(item)}


def is_kept_back(s: Story, query: Query, told: f.MeaningTold | None = None) -> bool:
    """R30, R62, A12: a question says nothing more of what its giver took back, or keeps from who is asked.

    A22: nor of an earlier version than there is now. Nor does what it was told of that question.
    """
    for number, version in (*query.drawn_from, *(told.drawn_from if told else ())):
        item = s.items[number]
        if number in s.taken_back or query.party in item.withheld or version < item.version:
            return True
        if item.hidden or not item.in_query:
            return True
    return False


def is_special(s: Story, query: Query, told: f.MeaningTold | None = None) -> bool:
    """R49: as it was asked, or told, or as what that draws on is classed by now."""
    drawn_from = (*query.drawn_from, *(told.drawn_from if told else ()))
    said = query.special or (told is not None and told.special)
    return said or any(s.items[number].special for number, _ in drawn_from)


def taker(party: str, item: str, action: str, version: int) -> str:
    """R104: who took which item for which action, and in which version."""
    return f"taker/{party}/{item}/{action}" + (f"/{version}" if version > 1 else "")


def came_tested(s: Story, party: str) -> bool:
    """Tell whether a party that came to a table had passed the test, as it came last (R49)."""
    came = [rto for rto in s.rtos if party in rto.delegates]
    return bool(came) and came[-1].tested.get(party, False)


def _stripped(s: Story, kept: set[str]) -> None:
    """Of the items only these stay, in every place (R95, A8); the papers of triage go."""
    s.in_file = kept
    s.at_intake, s.at_triage, s.at_rto = s.at_intake & kept, s.at_triage & kept, s.at_rto & kept
    s.planned, s.kept_for_monitoring = set(), None
    s.record_is_there, s.queries, s.numbered_at_intake = False, {}, ()
    s.estimated = set()


def _reactivated(s: Story) -> None:
    """Back to phase 3; each round of the table needs its contributors' own new words (R65, A5)."""
    s.stage, s.deescalated_at, s.asked_back = Stage.READY, None, False
    s.words = {key: said for key, said in s.words.items() if key[1:] != TABLE}
    s.in_file, s.confirmed, s.was_archived = set(), set(), False
    s.filed_as = {}


TELLING: dict[type[f.Fact], Callable[[Story, f.Fact], None]] = {
    **dict.fromkeys(
        (
            f.Joined,
            f.MandateGiven,
            f.MandateAccepted,
            f.MandateRevoked,
            f.EndProposed,
            f.PartyLeft,
        ),
        _of_parties,
    ),
    **dict.fromkeys(
        (
            f.Referred,
            f.TakenUp,
            f.NotTakenUp,
            f.Assigned,
            f.CaseEnds,
            f.Asked,
            f.Replied,
            f.NothingExpected,
            f.RtoNeeded,
            f.TablePrepared,
        ),
        _before_the_table,
    ),
    **dict.fromkeys(
        (
            f.MeaningAsked,
            f.MeaningTold,
            f.TimeAsked,
            f.TimeDecided,
            f.SecrecyLifted,
            f.PartyEstimated,
            f.EstimateUsed,
        ),
        _of_asking_back,
    ),
    **dict.fromkeys(
        (f.ToInform, f.Informed, f.InformedLater, f.ToInformNow, f.HandedOver),
        _of_informing,
    ),
    **dict.fromkeys(
        (
            f.AtTheTable,
            f.TableConvened,
            f.MoreToSee,
            f.DelegateNamed,
            f.DelegateGone,
        ),
        _of_the_table,
    ),
    **dict.fromkeys(
        (
            f.BroughtIn,
            f.Word,
            f.TakenBack,
            f.Reserved,
            f.Corrected,
            f.WithdrawnForGood,
            f.TermsChanged,
            f.PlanMade,
            f.Progressed,
            f.Provided,
            f.DirectionMoved,
            f.CaseDirectorNamed,
            f.MonitoringAgreed,
        ),
        _of_items_and_plan,
    ),
    **dict.fromkeys(
        (
            f.Settled,
            f.Deescalated,
            f.Cleaned,
            f.Archived,
            f.FileRead,
            f.ReactivationAsked,
            f.Reactivated,
            f.TakesLong,
            f.TakesLongNoMore,
        ),
        _of_the_end,
    ),
}
