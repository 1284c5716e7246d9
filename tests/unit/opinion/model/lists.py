"""Say what stands for somebody in each list, log and register, from the covenant and the story alone.

As `rules.seen`: what is shown, each under its rule; None where the person is told that there is nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from tests.unit.opinion.model.phase_4 import agreements_are_shown, in_step_1, items_of_file
from tests.unit.opinion.model.rules import Seen, seen
from tests.unit.opinion.model.story import Stage, Story
from tests.unit.opinion.model.who import DIRECTOR, HOUSE, MANAGER, PRIVACY, SECRETARY, WORKER, Who

SAID_WITH_IT = ("bsn", "clarification", "clarified", "extension")  # R22, R31: with a query that waits
ONE_READING = timedelta(minutes=1)
Listed: TypeAlias = Callable[[Story, Who, datetime], Seen | None]


def invitations(s: Story, who: Who, now: datetime) -> Seen | None:
    """R45, R59: an invitation is for whoever may come for the invited party, in the name of who leads."""
    if who.role != WORKER or not s.is_party(who.party, now) or s.stage is not Stage.TABLE or s.rto is None:
        return None
    party = who.party or ""
    named = s.rto.delegates.get(party)
    if party not in s.rto.tested or party in s.rto.declined or named not in (None, who.person):
        return None
    return {"invitation": "R45"} if s.covers(("rto",), now) or party == s.leader else None


def waiting_queries(s: Story, who: Who, now: datetime) -> Seen | None:
    """R31, R34: what a party is asked and has not answered; the rest of the record stands in no list."""
    record = seen(s, "triage", who, now)
    if who.role != WORKER or record is None:
        return None
    waits = {q for q, query in s.queries.items() if query.waits and query.party == who.party}
    asked = {q for q in waits if f"query/{q}" in record}
    with_it = {x for x in record if x.split("/")[0] in SAID_WITH_IT and x.split("/")[1] in asked}
    found = {f"query/{q}": "R34" for q in asked} | dict.fromkeys(with_it, "R31")
    return found or None


def late(place: str, s: Story, who: Who, now: datetime) -> Seen | None:
    """R82: what takes too long is for the director of the case, and the manager once it was told."""
    known = s.late.get(place)
    if s.is_over(now) or (known is None and not (place == "triage" and _waits_for_a_word(s))):
        return None
    if who.role == DIRECTOR and who.person == s.director:
        return {"term": "R82"}
    told = (known is not None and known.manager) or s.director is None
    return {"term": "R82"} if who.role == MANAGER and told else None


def _waits_for_a_word(s: Story) -> bool:
    """R31: who was asked waits for a word of the director, or said nothing, and he has not asked anew."""
    return s.stage is Stage.TRIAGE and (s.silence or any(query.asks() for query in s.queries.values()))


def duties(s: Story, who: Who, now: datetime) -> Seen | None:
    """R16, R17, R83: who is still to be informed is for who owes that, who leads, and the director."""
    still = {n for n, duty in s.duties.items() if duty.is_open}
    if who.role == WORKER and s.is_party(who.party, now):
        shown = {n for n in still if who.party in (s.leader, s.duties[n].owed_by)}
    else:
        shown = still if who.role == DIRECTOR and who.person == s.director else set()
    found = {f"duty/{s.duties[n].person}/{s.duties[n].kind}/{n}": "R17" for n in shown}
    return None if s.is_over(now) else found or None


def requests(s: Story, who: Who, now: datetime) -> Seen | None:
    """R90, A9: what who led asks of an archived file is for the manager, who decides."""
    asked = s.asked_back and s.is_archived(now) and not s.is_over(now)
    return {"reactivation-asked": "R90"} if asked and who.role == MANAGER else None


def destruction(s: Story, who: Who, now: datetime) -> Seen | None:
    """R97, R99: that the file will go is told to who came to the table, and to who leads."""
    if who.role != WORKER or not s.is_party(who.party, now) or s.is_over(now):
        return None
    if s.stage is Stage.CLOSING:
        return {"destruction": "R99"} if who.party == s.leader else None
    if not (s.was_archived and s.is_archived(now)):
        return None
    came = {party for rto in s.rtos for party in rto.delegates}
    return {"destruction": "R99"} if who.party in {*came, s.leader} else None


def reading(s: Story, who: Who, now: datetime) -> Seen | None:
    """R90, R103: the archived file, once, for the manager who decided so: no more than in step 1."""
    at = s.readings.get(who.person)
    if who.role != MANAGER or not s.is_archived(now) or s.is_over(now):
        return None
    if at is None or not at <= now < at + ONE_READING:
        return {}
    items = list(dict(items_of_file(s, {i for i in s.in_file if in_step_1(s, None, i, now)})))
    file = [f"person/{one}" for one in s.persons] + ["referrer", "case-director", "plan"]
    file += ["agreements"] if agreements_are_shown(s, None, now) else []
    asked = ["reactivation-asked"] if s.asked_back else []
    return dict.fromkeys((*items, *file, *asked), "R90")


def page_of_table(s: Story, who: Who, now: datetime) -> Seen | None:
    """R34, R60: where a case stands is for who takes part; a version for the director, who may replace."""
    found = seen(s, "rto", who, now)
    if found is None:
        return None
    at_the_table = "preparation" in found or any(label.startswith("rto/") for label in found)
    page = dict.fromkeys(("phase", "leading-party"), "R60") if at_the_table or who.party == s.leader else {}
    if who.role == DIRECTOR:
        page |= {"viewing-plan-version": "R42"} if s.planned else {}
        page |= {"plan-version": "R69"} if "plan" in found else {}
    return page


def page_of_triage(s: Story, who: Who, now: datetime) -> Seen | None:
    """R34: a queried party learns nothing of the case itself."""
    if seen(s, "triage", who, now) is None:
        return None
    own = who.party not in (None, s.leader)
    return {} if own else dict.fromkeys(("phase", "theme", "referrer", "leading-party"), "R33")


def log(s: Story, who: Who, now: datetime) -> Seen | None:
    """R129: who looked at what is for the privacy officer alone."""
    return {} if who.role == PRIVACY else None


def register(party: str, s: Story, who: Who, now: datetime) -> Seen | None:
    """R109, R122: who is a party is no secret here; what it authorised and signed is for few."""
    known = s.parties[party]
    authorised = {"authorisation": "R122"} if known.mandates else {}
    proposed = {"ending": "R115"} if known.end_proposed else {}
    if who.role == WORKER:
        own = authorised | {"form": "R122"} if who.party == party else {}
        return own if s.is_party(who.party, now) else None
    if who.role in (SECRETARY, MANAGER):
        return authorised | {"form": "R122"} | proposed
    if who.role in (*HOUSE, PRIVACY):
        return authorised if who.role == DIRECTOR else {}
    return None


LISTS: dict[str, Listed] = {
    "intake duties": duties,
    "rto invitations": invitations,
    "rto page": page_of_table,
    "triage queries": waiting_queries,
    "triage page": page_of_triage,
    "retention requests": requests,
    "retention destruction": destruction,
    "retention reading": reading,
    **{f"{place} late": partial(late, place) for place in ("intake", "triage", "rto")},
    **{f"{place} log": log for place in ("intake", "triage", "rto", "retention")},
}
