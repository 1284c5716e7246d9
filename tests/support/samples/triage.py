"""One state per phase and one command per type, plainly invented."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.triage import commands as c
from services.triage import events as e
from services.triage.main import PROCESS
from services.triage.record import Asked, Choice, Clarified, Estimate, Picture, Record
from services.triage.state import Phase, State
from shared.contract.content import TextRef
from shared.contract.fields import (
    Category,
    ContributedItem,
    Item,
    ItemStatus,
    Person,
    PersonRole,
    Step,
    Team,
    Theme,
)
from shared.contract.messages import triage as m
from shared.contract.messages.intake import CaseTakenUp, ScreeningOutcome
from shared.contract.messages.retention import Term, TermKind
from shared.contract.messages.rto import ConsentPurpose
from shared.contract.parties import Authorisation, Parties, PartyKind, PartyRecord, Scope
from shared.core.actor import CLOCK, Actor, Command, Role
from shared.core.consent import Consent
from shared.core.item_standing import Standing
from shared.core.terms import Overdue, Told
from tests.support.spec import NOW, Spec

CASE = "0192aaaa-0000-7000-8000-00000000000c"
MAN = "0192aaaa-0000-7000-8000-000000000001"
MOTHER = "0192aaaa-0000-7000-8000-000000000002"
REFERRED = "0192aaaa-0000-7000-8000-00000000000a"  # an item that came with the referral
ITEM = "0192aaaa-0000-7000-8000-0000000000a1"
SPECIAL = "0192aaaa-0000-7000-8000-0000000000a2"
NEW = "0192aaaa-0000-7000-8000-0000000000a9"
TO_POLICE = "0192aaaa-0000-7000-8000-0000000000b1"
TO_CARE = "0192aaaa-0000-7000-8000-0000000000b2"
TO_HOUSING = "0192aaaa-0000-7000-8000-0000000000b3"
TO_PROBATION = "0192aaaa-0000-7000-8000-0000000000b4"

VENLO, POLICE, CARE = "gemeente-venlo", "politie-limburg", "vincent-van-gogh"
HOUSING, PROBATION, PROSECUTOR = "woonwenz", "reclassering-nederland", "openbaar-ministerie-limburg"
DIRECTOR, SUPPORT = "person-director", "person-support"
TERM = NOW + timedelta(days=7)
LAPSES = TERM + timedelta(days=3)
TASK = "Wmo 2015, art. 2.1.1"
TERMS = (Term(kind=TermKind.REMOVE, due=NOW + timedelta(days=14), decided_by=VENLO),)


def text(name: str, by: str = "triage") -> TextRef:
    """Where a text lies; a core never sees more."""
    return TextRef(f"piece-{name}", by)


# --- who is a party ------------------------------------------------------------------------------


def authorisation(**changes: Any) -> Authorisation:
    given: dict[str, Any] = {
        "authorisation_id": "0192aaaa-0000-7000-8000-0000000000a1",
        "acting_body": "college",
        "scopes": tuple(Scope),
        "valid_from": NOW - timedelta(days=10),
        "accepted_at": NOW - timedelta(days=9),
    }
    return Authorisation(**(given | changes))


def record(party: str, kind: PartyKind = PartyKind.NATIONAL_CHAIN_PARTNER, **changes: Any) -> PartyRecord:
    given: dict[str, Any] = {
        "party": party,
        "name": party,
        "kind": kind,
        "acting_bodies": ("bestuur",),
        "may_use_bsn": True,
        "member_from": NOW - timedelta(days=100),
    }
    return PartyRecord(**(given | changes))


def parties(**changes: PartyRecord | None) -> Parties:
    """Six parties; a keyword replaces one, or with None leaves it out."""
    known: dict[str, PartyRecord | None] = {
        "venlo": record(
            VENLO,
            PartyKind.MUNICIPALITY,
            acting_bodies=("college", "burgemeester"),
            authorisations=(authorisation(),),
        ),
        "police": record(POLICE),
        "care": record(CARE),
        "housing": record(HOUSING, PartyKind.OTHER, may_use_bsn=False),
        "probation": record(PROBATION),
        "prosecutor": record(PROSECUTOR),
    }
    return Parties({r.party: r for r in (known | changes).values() if r is not None})


# --- who acts ------------------------------------------------------------------------------------


def by_party(party: str) -> Actor:
    return Actor(Role.PARTY, party=party)


def by_director(on_behalf_of: str | None = VENLO, person_: str = DIRECTOR) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person=person_, on_behalf_of=on_behalf_of)


BY_SERVICE = Actor(Role.SERVICE, service="rto")

# --- what is said --------------------------------------------------------------------------------


def person(person_id: str, **changes: Any) -> Person:
    given: dict[str, Any] = {
        "person_id": person_id,
        "role": PersonRole.SUBJECT,
        "name": text(f"name-{person_id[-1]}", "intake"),
        "date_of_birth": text(f"born-{person_id[-1]}", "intake"),
    }
    return Person(**(given | changes))


def item(item_id: str = ITEM, **changes: Any) -> Item:
    given: dict[str, Any] = {
        "item_id": item_id,
        "category": Category.ORDINARY,
        "persons": (MAN,),
        "acting_body": "bestuur",
        "basis": "AVG art. 6 lid 1 sub e",
        "valid_on": date(2026, 2, 1),
        "necessity": text(f"necessity-{item_id[-2:]}"),
        "content": text(f"content-{item_id[-2:]}"),
    }
    return Item(**(given | changes))


def contributed(item_id: str, contributor: str, **changes: Any) -> ContributedItem:
    return ContributedItem(**dict(item(item_id, **changes)), contributor=contributor)


def taken_up(**changes: Any) -> CaseTakenUp:
    given: dict[str, Any] = {
        "referrer": VENLO,
        "acting_body": "college",
        "task": TASK,
        "basis": "AVG art. 6 lid 1 sub e",
        "theme": Theme.COMPLEX_CASE,
        "outcome": ScreeningOutcome.TAKEN_UP,
        "director": DIRECTOR,
        "support_workers": (SUPPORT,),
        "persons": (person(MAN, bsn=text("bsn-1", "intake")), person(MOTHER)),
        "items": (contributed(REFERRED, VENLO, acting_body="college"),),
        "taken_up_at": NOW,
    }
    return CaseTakenUp(**(given | changes))


def issue(query_id: str = TO_POLICE, recipient: Any = POLICE, **changes: Any) -> c.IssueQuery:
    given: dict[str, Any] = {
        "by": by_director(),
        "query_id": query_id,
        "recipient": recipient,
        "task": TASK,
        "purpose": text(f"purpose-{query_id[-2:]}"),
        "necessity": text(f"why-{query_id[-2:]}"),
        "question": text(f"question-{query_id[-2:]}"),
        "reason": text(f"reason-{query_id[-2:]}"),
        "referrer_estimate": text(f"estimate-{query_id[-2:]}"),
        "persons": (MAN,),
        "reply_before": TERM,
    }
    return c.IssueQuery(**(given | changes))


def said(query_id: str = TO_POLICE, **changes: Any) -> m.QueryAnswered:
    given: dict[str, Any] = {
        "query_id": query_id,
        "involved": True,
        "plan_contribution": text(f"plan-{query_id[-2:]}"),
        "items": (item(),),
    }
    return m.QueryAnswered(**(given | changes))


def answer(query_id: str = TO_POLICE, party: str = POLICE, **changes: Any) -> c.AnswerQuery:
    return c.AnswerQuery(by=by_party(party), answer=said(query_id, **changes))


def declined(query_id: str = TO_CARE) -> m.QueryDeclined:
    explanation = text(f"explanation-{query_id[-2:]}")
    return m.QueryDeclined(query_id=query_id, ground=m.DeclineGround.SECRECY, explanation=explanation)


def decline(query_id: str = TO_CARE, party: str = CARE) -> c.DeclineQuery:
    return c.DeclineQuery(by=by_party(party), decline=declined(query_id))


LATER = TERM + timedelta(days=7)


def ask_clarification(query_id: str = TO_CARE, party: str = CARE, **changes: Any) -> c.AskClarification:
    given: dict[str, Any] = {"query_id": query_id, "question": text(f"unclear-{query_id[-2:]}")}
    return c.AskClarification(by=by_party(party), asked=m.QueryClarificationAsked(**(given | changes)))


def clarify(query_id: str = TO_HOUSING, **changes: Any) -> c.ClarifyQuery:
    given: dict[str, Any] = {
        "by": by_director(),
        "query_id": query_id,
        "clarification": text(f"clarified-{query_id[-2:]}"),
    }
    return c.ClarifyQuery(**(given | changes))


def ask_extension(query_id: str = TO_CARE, party: str = CARE, **changes: Any) -> c.AskExtension:
    given: dict[str, Any] = {
        "query_id": query_id,
        "reply_before": LATER,
        "reason": text(f"busy-{query_id[-2:]}"),
    }
    return c.AskExtension(by=by_party(party), asked=m.QueryExtensionAsked(**(given | changes)))


def decide_extension(
    query_id: str = TO_HOUSING, *, granted: bool = True, **changes: Any
) -> c.DecideExtension:
    given: dict[str, Any] = {
        "by": by_director(),
        "query_id": query_id,
        "granted": granted,
        "reason": text(f"decided-{query_id[-2:]}"),
    }
    return c.DecideExtension(**(given | changes))


def clear_secrecy(*items: str, party: str = VENLO, **changes: Any) -> c.ClearSecrecy:
    given: dict[str, Any] = {"items": items or (REFERRED,)}
    return c.ClearSecrecy(by=by_party(party), cleared=m.SecrecyCleared(**(given | changes)))


def give_estimate(party: str = PROBATION, **changes: Any) -> c.GiveEstimate:
    given: dict[str, Any] = {
        "by": by_party(VENLO),
        "party": party,
        "useful": True,
        "estimate": text(f"own-estimate-{party}"),
    }
    return c.GiveEstimate(**(given | changes))


def picture(**changes: Any) -> Picture:
    given: dict[str, Any] = {
        "parties": (POLICE, CARE),
        "plan_contribution": text("plan"),
        "execution_contribution": text("execution"),
        "information": text("information"),
    }
    return Picture(**(given | changes))


def conclude(outcome: m.TriageOutcome = m.TriageOutcome.RTO_NEEDED, **changes: Any) -> c.ConcludeTriage:
    given: dict[str, Any] = {
        "by": by_director(),
        "outcome": outcome,
        "advice": text("advice"),
        "picture": picture(),
    }
    return c.ConcludeTriage(**(given | changes))


def invitee(party: str, **changes: Any) -> c.Invitee:
    given: dict[str, Any] = {
        "party": party,
        "role": m.ParticipantRole.EXECUTOR,
        "contribution": text(f"contribution-{party}"),
    }
    return c.Invitee(**(given | changes))


def viewing(item_id: str, party: str, **changes: Any) -> m.ViewingEntry:
    given: dict[str, Any] = {"item_id": item_id, "participant": party, "reason": text(f"see-{party}")}
    return m.ViewingEntry(**(given | changes))


def items_of_the_case() -> tuple[ContributedItem, ...]:
    return (
        contributed(REFERRED, VENLO, acting_body="college"),
        contributed(ITEM, POLICE),
        contributed(SPECIAL, POLICE, category=Category.SPECIAL),
    )


def prepare(**changes: Any) -> c.PrepareRto:
    given: dict[str, Any] = {
        "by": by_director(),
        "items": items_of_the_case(),
        "goal": text("goal"),
        "decision_types": ("plan-of-action",),
        "themes": ("housing", "care"),
        "participants": (invitee(VENLO), invitee(POLICE), invitee(CARE), invitee(HOUSING)),
        "viewing_plan": (viewing(ITEM, HOUSING), viewing(SPECIAL, CARE)),
        "citizen": m.CitizenInvolvement.INFORMED_AFTERWARDS,
        "care_agreements": text("care-agreements"),
        "care_subjects": tuple(m.CareSubject),
        "consulted_leading_party": True,
    }
    return c.PrepareRto(**(given | changes))


# --- what has happened ---------------------------------------------------------------------------


def issued(query_id: str, recipient: str, **changes: Any) -> e.QueryIssued:
    letter: dict[str, Any] = {
        "query_id": query_id,
        "on_behalf_of": VENLO,
        "acting_body": "college",
        "task": TASK,
        "purpose": text(f"purpose-{query_id[-2:]}"),
        "necessity": text(f"why-{query_id[-2:]}"),
        "question": text(f"question-{query_id[-2:]}"),
        "persons": (person(MAN),),
        "reply_before": TERM,
    }
    return e.QueryIssued(
        recipient,
        m.QueryIssued(**(letter | changes)),
        Choice(query_id, text(f"reason-{query_id[-2:]}"), False, False),
        LAPSES,
        NOW,
    )


def record_of(*asked: e.QueryIssued) -> Record:
    """The record with these queries, and nothing given."""
    rows = tuple(Asked(CASE, one.recipient, one.at, one.query, one.choice) for one in asked)
    return Record(rows, ())


def asked_special(passed_test: bool) -> e.QueryIssued:
    """A query to the police that holds special data."""
    choice = Choice(TO_POLICE, text("reason-b1"), True, passed_test)
    return replace(issued(TO_POLICE, POLICE), choice=choice)


def asked_drawing_on(item_id: str) -> e.QueryIssued:
    """A query to the police of which the question draws on this item."""
    choice = Choice(TO_POLICE, text("reason-b1"), False, False, drawn_from=(item_id,))
    return replace(issued(TO_POLICE, POLICE), choice=choice)


OPENED = e.CaseOpened(taken_up(), NOW)
ASKED_POLICE = issued(TO_POLICE, POLICE)
ASKED_CARE = issued(TO_CARE, CARE)
ASKED_HOUSING = issued(TO_HOUSING, HOUSING)
GIVEN = said(items=(item(), item(SPECIAL, category=Category.SPECIAL)))
ANSWERED = e.QueryAnswered(POLICE, 1, GIVEN, NOW)
DECLINED = e.QueryDeclined(CARE, 1, declined(), NOW)
CONCLUDED = e.TriageConcluded(m.TriageOutcome.RTO_NEEDED, DIRECTOR, text("advice"), None, NOW, picture())
CLOSED = e.TriageClosed(m.TriageOutcome.NOT_TAKEN_UP, DIRECTOR, text("advice"), None, NOW)


def prepared() -> m.RtoPrepared:
    command = prepare()
    return m.RtoPrepared(
        leading_party=VENLO,
        acting_body="college",
        director=DIRECTOR,
        theme=Theme.COMPLEX_CASE,
        goal=command.goal,
        decision_types=command.decision_types,
        themes=command.themes,
        participants=(
            m.Participant(party=POLICE, role=m.ParticipantRole.INFORMANT, contribution=text("police")),
        ),
        viewing_plan=command.viewing_plan,
        citizen=m.CitizenInvolvement.INVITED,
        care_agreements=command.care_agreements,
        persons=taken_up().persons,
        prepared_at=NOW,
    )


TEAM = Team(director="another-director", support_workers=(SUPPORT,), assignment=1)
CHANGED = e.TeamChanged(TEAM, NOW)
MOVED = e.DirectionMoved(CARE, NOW)
LEFT = e.LeaderLeft(Overdue(Step.TRIAGE, NOW, Told.MANAGER, NOW + timedelta(days=14), leader_left=NOW))
UNCLEAR = e.ClarificationAsked(TO_HOUSING, 1, text("unclear-b3"), NOW)
CLARIFIED = e.QueryClarified(Clarified(TO_HOUSING, 1, text("clarified-b3"), NOW))
IN_NEED_OF_TIME = e.ExtensionAsked(TO_HOUSING, 1, LATER, text("busy-b3"), NOW)
EXTENDED = e.QueryExtended(TO_HOUSING, LATER, LATER + timedelta(days=3), text("decided-b3"), NOW)
NOT_EXTENDED = e.ExtensionRefused(TO_HOUSING, text("decided-b3"), NOW)
RELEASED = e.SecrecyCleared(VENLO, (REFERRED,), False, None, NOW)
ESTIMATED = e.EstimateGiven(Estimate(PROSECUTOR, True, text("own-estimate"), NOW))
SINCE_ASKED = (UNCLEAR, IN_NEED_OF_TIME, RELEASED, ESTIMATED)
IN_TRIAGE = (OPENED, ASKED_POLICE, ASKED_CARE, ASKED_HOUSING, ANSWERED, *SINCE_ASKED)
IN_PREPARATION = (*IN_TRIAGE, CONCLUDED)
PREPARED = (*IN_PREPARATION, e.RtoPrepared(prepared()))
HISTORIES: dict[Phase, tuple[Any, ...]] = {
    Phase.NOTHING: (),
    Phase.TRIAGE: IN_TRIAGE,
    Phase.PREPARING: IN_PREPARATION,
    Phase.PREPARED: PREPARED,
    Phase.DEESCALATED: (*PREPARED, e.CaseDeescalated()),
    Phase.ARCHIVED: (*PREPARED, e.CaseDeescalated(), e.FileArchived()),
    Phase.CLOSING: (*IN_TRIAGE, CLOSED),
    Phase.PURGED: (*IN_TRIAGE, LEFT, e.LeaderBack(), e.TriageLapsed(NOW), e.CasePurged(CASE)),
}


def consent(contributor: str = VENLO, *, person_id: str = MAN, withdrawn: bool = False) -> Consent:
    """A consent for queries, as the round table tells it; one number for each person and contributor."""
    number = f"0192aaaa-0000-7000-8000-{int(person_id[-4:], 16):06x}{len(contributor):06x}"
    return Consent(number, person_id, contributor, ConsentPurpose.QUERY, withdrawn=withdrawn)


COMMANDS: tuple[Command, ...] = (
    c.OpenCase(by=BY_SERVICE, taken_up=taken_up()),
    issue(TO_PROBATION, PROBATION),
    answer(items=(item(NEW),)),
    decline(),
    ask_clarification(),
    clarify(),
    ask_extension(),
    decide_extension(),
    clear_secrecy(),
    give_estimate(),
    c.RemindQuery(by=CLOCK, query_id=TO_CARE),
    c.LapseQuery(by=CLOCK, query_id=TO_CARE),
    conclude(),
    prepare(),
    c.MoveDirection(by=BY_SERVICE, leading_party=CARE, since=NOW),
    c.FollowAssignment(by=BY_SERVICE, team=TEAM),
    c.FollowStanding(by=BY_SERVICE, standing=Standing(ITEM, POLICE, 1, ItemStatus.WITHDRAWN)),
    c.FollowConsent(by=BY_SERVICE, consent=consent()),
    c.FollowDeescalation(by=BY_SERVICE),
    c.FollowCleaning(by=BY_SERVICE, kept_items=(ITEM,)),
    c.FollowArchiving(by=BY_SERVICE),
    c.FollowTerms(by=BY_SERVICE, terms=TERMS),
    c.FollowReactivation(by=BY_SERVICE, round=1),
    c.FollowClosing(by=BY_SERVICE),
    c.PurgeCase(by=BY_SERVICE, case_id=CASE),
    c.PassTerm(by=CLOCK, at=NOW),
    c.LookForLeader(by=CLOCK, at=NOW),
)

# Events that neither a history nor a command of the above brings.
BESIDES = (EXTENDED, NOT_EXTENDED, CLARIFIED, e.QueryReminded(TO_CARE), e.QueryLapsed(TO_CARE, LAPSES))


def spec(**changes: PartyRecord | None) -> Spec[State]:
    return Spec(PROCESS, parties=parties(**changes))
