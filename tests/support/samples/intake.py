"""One state per phase and one command per type, plainly invented."""

from datetime import date, timedelta
from typing import Any

from services.intake import commands as c
from services.intake import events as e
from services.intake.checks import IncomingCheck
from services.intake.duties import CONTENTS
from services.intake.identity import Identity
from services.intake.main import PROCESS
from services.intake.state import Phase, QueryTold, RoundTable, State
from shared.contract.content import TextRef
from shared.contract.fields import Category, InformMoment, Item, ItemStatus, Person, PersonRole, Step, Theme
from shared.contract.messages.intake import Criteria, ReferralSubmitted, ScreeningOutcome
from shared.contract.messages.known_check import CheckNecessity, KnownAnswer
from shared.contract.messages.retention import Term, TermKind
from shared.contract.messages.triage import TriageOutcome
from shared.contract.parties import Authorisation, HouseStanding, Parties, PartyKind, PartyRecord, Scope
from shared.core.actor import CLOCK, Actor, Command, Role
from shared.core.item_standing import Standing
from shared.core.obligations import Obligation
from shared.core.policy import TERMS as TERMS_OF_POLICY
from shared.core.terms import Overdue, Told
from tests.support.spec import NOW, Spec

CASE = "0192aaaa-0000-7000-8000-00000000000c"
MAN = "0192aaaa-0000-7000-8000-000000000001"
MOTHER = "0192aaaa-0000-7000-8000-000000000002"
ITEM = "0192aaaa-0000-7000-8000-00000000000a"
QUERY = "0192aaaa-0000-7000-8000-0000000000b1"
REFERRAL = "0192aaaa-0000-7000-8000-00000000000b"
CHECK = "0192aaaa-0000-7000-8000-0000000000c1"
THEIR_CASE = "0192aaaa-0000-7000-8000-0000000000c2"
VENLO, POLICE = "gemeente-venlo", "politie-limburg"
OTHER_HOUSE = "zvh-gelderland-zuid"  # another house, which is no party
DIRECTOR, SUPPORT, MANAGER = "person-director", "person-support", "person-manager"
TERMS = (Term(kind=TermKind.REMOVE, due=NOW + timedelta(days=14), decided_by=VENLO),)


def text(name: str) -> TextRef:
    """Where a text lies; a core never sees more."""
    return TextRef(f"piece-{name}", "intake")


def authorisation(**changes: Any) -> Authorisation:
    given: dict[str, Any] = {
        "authorisation_id": "0192aaaa-0000-7000-8000-0000000000a1",
        "acting_body": "college",
        "scopes": tuple(Scope),
        "valid_from": NOW - timedelta(days=10),
        "accepted_at": NOW - timedelta(days=9),
    }
    return Authorisation(**(given | changes))


def venlo(**changes: Any) -> PartyRecord:
    given: dict[str, Any] = {
        "party": VENLO,
        "name": "Gemeente Venlo",
        "kind": PartyKind.MUNICIPALITY,
        "acting_bodies": ("college", "burgemeester"),
        "may_use_bsn": True,
        "member_from": NOW - timedelta(days=100),
        "authorisations": (authorisation(),),
    }
    return PartyRecord(**(given | changes))


def other_house(**changes: Any) -> PartyRecord:
    given: dict[str, Any] = {
        "party": OTHER_HOUSE,
        "name": "Zorg- en Veiligheidshuis Gelderland-Zuid",
        "kind": PartyKind.OTHER,
        "house": HouseStanding(since=NOW - timedelta(days=100), **changes),
    }
    return PartyRecord(**given)


def parties(**changes: Any) -> Parties:
    return Parties({VENLO: venlo(**changes), OTHER_HOUSE: other_house()})


def person(person_id: str, **changes: Any) -> Person:
    given: dict[str, Any] = {
        "person_id": person_id,
        "role": PersonRole.SUBJECT,
        "name": text(f"name-{person_id[-1]}"),
        "date_of_birth": text(f"born-{person_id[-1]}"),
    }
    return Person(**(given | changes))


def item(**changes: Any) -> Item:
    given: dict[str, Any] = {
        "item_id": ITEM,
        "category": Category.ORDINARY,
        "persons": (MAN,),
        "acting_body": "college",
        "basis": "AVG art. 6 lid 1 sub e",
        "valid_on": date(2026, 2, 1),
        "necessity": text("necessity"),
        "content": text("content"),
    }
    return Item(**(given | changes))


def referral(**changes: Any) -> ReferralSubmitted:
    given: dict[str, Any] = {
        "referral_id": REFERRAL,
        "task": "Wmo 2015, art. 2.1.1",
        "acting_body": "college",
        "theme": Theme.COMPLEX_CASE,
        "basis": "AVG art. 6 lid 1 sub e",
        "criteria": Criteria(
            multi_problem=True, several_chains=True, impact_on_system=True, serious_local_safety=False
        ),
        "weighing": text("weighing"),
        "persons": (person(MAN), person(MOTHER)),
        "items": (item(),),
    }
    return ReferralSubmitted(**(given | changes))


def by_party(party: str = VENLO) -> Actor:
    return Actor(Role.PARTY, party=party)


def by_director(on_behalf_of: str | None = VENLO, person_: str = DIRECTOR) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person=person_, on_behalf_of=on_behalf_of)


BY_MANAGER = Actor(Role.MANAGER, person=MANAGER)
BY_SERVICE = Actor(Role.SERVICE, service="rto")

IDENTITIES = (Identity(MAN, True, "d1"), Identity(MOTHER, True, "d2"))
RECEIVED = e.ReferralReceived(CASE, VENLO, referral(), NOW, IDENTITIES)
CONSULTED = e.ConsultationConfirmed(None, NOW)
TAKEN_UP = e.CaseTakenUp(ScreeningOutcome.TAKEN_UP, DIRECTOR, None, None, NOW, text("own"))
ASSIGNED = e.CaseAssigned("another-director", (SUPPORT,), 1, text("why"), NOW)
ANNOUNCED = e.TermPassed(Overdue(Step.SCREENING, NOW - timedelta(days=35), Told.MANAGER, NOW), NOW)
LEFT = e.LeaderLeft(Overdue(Step.SCREENING, NOW, Told.MANAGER, NOW + timedelta(days=14), leader_left=NOW))
DUE = NOW + TERMS_OF_POLICY[Step.INFORMING].remind


def duty(number: int = 1, person_id: str = MAN, **changes: Any) -> Obligation:
    """A duty to inform somebody that the case was taken up, which nobody has fulfilled yet."""
    given: dict[str, Any] = {
        "id": number,
        "kind": InformMoment.TAKEN_UP,
        "cause": "screening",
        "debtor": VENLO,
        "addressee": person_id,
        "contents": CONTENTS[changes.get("kind", InformMoment.TAKEN_UP)],
        "due": DUE,
    }
    return Obligation(**(given | changes))


DUTY = e.DutyToInformArose(duty(), NOW)
ROUND_TABLE = RoundTable(text("goal"), ("wonen",), (VENLO, POLICE), TriageOutcome.RTO_NEEDED)


def house_check(**changes: Any) -> IncomingCheck:
    """What another house asks about the man, as it was taken in."""
    given: dict[str, Any] = {
        "house": OTHER_HOUSE,
        "check_id": CHECK,
        "case_id": THEIR_CASE,
        "on_behalf_of": "gemeente-nijmegen",
        "necessity": CheckNecessity.COORDINATION,
        "digest": "d1",
        "asked_at": NOW,
        "answer_at": NOW + timedelta(days=7),
    }
    return IncomingCheck(**(given | changes))


BESIDES = (e.KnownCheckAnswered(QUERY, KnownAnswer.NO_ANSWER, None, NOW),)
HISTORIES: dict[Phase, tuple[Any, ...]] = {
    Phase.NOTHING: (),
    Phase.RECEIVED: (RECEIVED,),
    Phase.CONSULTED: (RECEIVED, CONSULTED, ANNOUNCED),
    Phase.TAKEN_UP: (RECEIVED, CONSULTED, TAKEN_UP, DUTY),
    Phase.DEESCALATED: (RECEIVED, CONSULTED, TAKEN_UP, DUTY, e.CaseDeescalated()),
    Phase.ARCHIVED: (
        RECEIVED,
        CONSULTED,
        TAKEN_UP,
        DUTY,
        e.DutyCameDue(1, MAN, InformMoment.TAKEN_UP, DUE, NOW),
        e.QueryToBeTold(QueryTold(1, QUERY, POLICE, text("purpose")), NOW),
        e.RoundTablePrepared(ROUND_TABLE, NOW),
        e.CaseDeescalated(),
        e.FileArchived(),
        e.InformingOverdue(1, MAN, InformMoment.TAKEN_UP, NOW),
    ),
    Phase.CLOSING: (
        RECEIVED,
        CONSULTED,
        e.ReferralNotTakenUp(DIRECTOR, None, None, NOW, text("own")),
        e.DutiesSettled(NOW),
    ),
    Phase.CHECKING: (e.HouseCheckTaken(house_check(found=CASE)), e.LeaderConsulted(CASE, MAN, VENLO)),
    Phase.PURGED: (
        RECEIVED,
        LEFT,
        e.LeaderBack(),
        e.ReferralLapsed(Step.CONSULTATION, NOW),
        e.CasePurged(CASE),
    ),
}

COMMANDS: tuple[Command, ...] = (
    c.SubmitReferral(by=by_party(), case_id=CASE, referral=referral()),
    c.ConfirmConsultation(by=by_party()),
    c.ScreenReferral(by=by_director(), outcome=ScreeningOutcome.TAKEN_UP, weighing=text("own")),
    c.AssignDirector(by=BY_MANAGER, person="another-director", reason=text("why")),
    c.AssignSupport(by=BY_MANAGER, person=SUPPORT, reason=text("why")),
    c.WithdrawReferral(by=by_party(), reason=text("reason")),
    c.RecordInforming(by=by_party(), person_id=MAN, moment=InformMoment.TAKEN_UP),
    c.PostponeInforming(
        by=by_party(),
        person_id=MAN,
        moment=InformMoment.TAKEN_UP,
        reason=text("reason"),
        until=NOW + timedelta(days=3),
    ),
    c.RemindOfInforming(by=CLOCK, duty=1),
    c.RaiseDuties(by=BY_SERVICE, moment=InformMoment.AFTER_RTO),
    c.FollowTriage(by=BY_SERVICE, outcome=TriageOutcome.RTO_NEEDED),
    c.MoveDirection(by=BY_SERVICE, leading_party=POLICE, since=NOW),
    c.FollowStanding(by=BY_SERVICE, standing=Standing(ITEM, VENLO, 1, ItemStatus.WITHDRAWN)),
    c.FollowDeescalation(by=BY_SERVICE),
    c.FollowCleaning(by=BY_SERVICE, kept_items=()),
    c.FollowArchiving(by=BY_SERVICE),
    c.FollowTerms(by=BY_SERVICE, terms=TERMS),
    c.FollowReactivation(by=BY_SERVICE, round=1),
    c.FollowClosing(by=BY_SERVICE),
    c.PurgeCase(by=BY_SERVICE, case_id=CASE),
    c.PassTerm(by=CLOCK, at=NOW),
    c.LookForLeader(by=CLOCK, at=NOW),
    c.AskKnownCheck(
        by=by_director(),
        check_id=CHECK,
        person_id=MAN,
        necessity=CheckNecessity.BELONGS_HERE,
        reason=text("reason"),
    ),
    c.WeighExchange(
        by=by_director(),
        weighing_id=CHECK,
        house=OTHER_HOUSE,
        involved=(VENLO, POLICE),
        other_involved_its_own=True,
        exchange=False,
        weighing=text("weighing-of-exchange"),
    ),
    c.RecordKnownAnswer(by=by_party(OTHER_HOUSE), check_id=CHECK, answer=KnownAnswer.NO),
    c.TakeKnownCheck(by=by_party(OTHER_HOUSE), check=house_check()),
    c.ConsultOnCheck(by=by_director()),
    c.RecordConsultation(by=by_party(), may_be_answered=True),
    c.DecideKnownCheck(by=by_director(), answer=KnownAnswer.NO_ANSWER),
    c.AnswerKnownCheck(by=CLOCK),
)


def spec(**changes: Any) -> Spec[State]:
    return Spec(PROCESS, parties=parties(**changes))
