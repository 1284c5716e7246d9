"""One state per phase and one command per type, plainly invented."""

from datetime import date, timedelta
from typing import Any

from services.rto import commands as c
from services.rto import events as e
from services.rto.consent_state import RecordedConsent, Register
from services.rto.main import PROCESS
from services.rto.state import Phase, State
from shared.contract.content import TextRef
from shared.contract.fields import (
    Category,
    ContributedItem,
    Item,
    Mandate,
    Person,
    PersonRole,
    Revision,
    Step,
    Team,
    Theme,
)
from shared.contract.messages import rto as m
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.retention import Term, TermKind
from shared.contract.messages.triage import (
    CitizenInvolvement,
    Participant,
    ParticipantRole,
    RtoPrepared,
    ViewingEntry,
)
from shared.contract.parties import Authorisation, Parties, PartyKind, PartyRecord, Scope
from shared.core.actor import CLOCK, Actor, Command, Role
from shared.core.consent import Consent
from shared.core.terms import Overdue, Told
from tests.support.spec import NOW, Spec


def number(last: str) -> str:
    return f"0192aaaa-0000-7000-8000-0000000000{last}"


CASE, MAN, MOTHER = number("0c"), number("01"), number("02")
RTO, SECOND_RTO = number("a1"), number("a2")
FREE, WITHHELD, SPECIAL, SILENT, RENT, NEW = (number(f"b{n}") for n in range(1, 7))
CONSENT, MOTHERS, NEW_CONSENT = number("e1"), number("e2"), number("e3")
TREAT, ARRANGE, AFTERCARE = number("d1"), number("d2"), number("d3")

VENLO, POLICE, CARE, HOUSING = "gemeente-venlo", "politie-limburg", "vincent-van-gogh", "woonwenz"
STRANGER = "reclassering-nederland"
AT_THE_TABLE = (VENLO, POLICE, CARE, HOUSING)
DIRECTOR, OTHER_DIRECTOR = "person-director", "person-other-director"
TERMS = (Term(kind=TermKind.REMOVE, due=NOW + timedelta(days=14), decided_by=VENLO),)


def text(name: str) -> TextRef:
    """Where a text lies; a core never sees more."""
    return TextRef(f"piece-{name}", "rto")


# --- parties ---------------------------------------------------------------------------------------


def authorisation(*scopes: Scope) -> Authorisation:
    return Authorisation(
        authorisation_id="0192aaaa-0000-7000-8000-0000000000a1",
        acting_body="bestuur",
        scopes=scopes or tuple(Scope),
        valid_from=NOW - timedelta(days=10),
        accepted_at=NOW - timedelta(days=9),
    )


def record(party: str, **changes: Any) -> PartyRecord:
    kinds = {VENLO: PartyKind.MUNICIPALITY, POLICE: PartyKind.NATIONAL_CHAIN_PARTNER}
    given: dict[str, Any] = {
        "party": party,
        "name": party,
        "kind": kinds.get(party, PartyKind.OTHER),
        "acting_bodies": ("bestuur",),
        "checked_for_special": party == CARE,
        "member_from": NOW - timedelta(days=100),
        "authorisations": (authorisation(),),
    }
    return PartyRecord(**(given | changes))


def parties(**changes: Any) -> Parties:
    """Everybody; `changes` by party with underscores, as `parties(woonwenz={...})`."""
    by_name = {name.replace("_", "-"): change for name, change in changes.items()}
    everybody = dict.fromkeys((*AT_THE_TABLE, STRANGER, *by_name))
    return Parties({party: record(party, **by_name.get(party, {})) for party in everybody})


# --- what a case is made of ------------------------------------------------------------------------


def person(person_id: str) -> Person:
    return Person(
        person_id=person_id,
        role=PersonRole.SUBJECT,
        name=text(f"name-{person_id[-2:]}"),
        date_of_birth=text(f"born-{person_id[-2:]}"),
        address=text(f"address-{person_id[-2:]}"),
        bsn=text(f"bsn-{person_id[-2:]}"),
    )


def own_item(item_id: str, **changes: Any) -> Item:
    """An item as its contributor sends it."""
    given: dict[str, Any] = {
        "item_id": item_id,
        "persons": (MAN,),
        "acting_body": "bestuur",
        "basis": "AVG art. 6 lid 1 sub e",
        "valid_on": date(2026, 2, 1),
        "necessity": text(f"necessity-{item_id[-2:]}"),
        "content": text(f"content-{item_id[-2:]}"),
        "shareable_at_rto": True,
    }
    return Item(**(given | changes))


def item(item_id: str, contributor: str = POLICE, **changes: Any) -> ContributedItem:
    """An item inside the house."""
    return ContributedItem(**dict(own_item(item_id, **changes)), contributor=contributor)


ITEMS = (
    item(FREE),
    item(WITHHELD, withheld_from=(HOUSING,)),
    item(SPECIAL, category=Category.SPECIAL),
    item(SILENT, shareable_at_rto=False),
    item(RENT, HOUSING),
)


def participant(party: str, **changes: Any) -> Participant:
    given: dict[str, Any] = {
        "party": party,
        "role": ParticipantRole.EXECUTOR,
        "contribution": text(f"contribution-{party}"),
    }
    return Participant(**(given | changes))


def entry(item_id: str, party: str, **changes: Any) -> ViewingEntry:
    reason = text(f"reason-{item_id[-2:]}-{party}")
    return ViewingEntry(**({"item_id": item_id, "participant": party, "reason": reason} | changes))


VIEWING_PLAN = (
    entry(FREE, VENLO),
    entry(FREE, CARE),
    entry(FREE, HOUSING),
    entry(WITHHELD, CARE),
    entry(WITHHELD, HOUSING),
    entry(SPECIAL, CARE),
    entry(SPECIAL, HOUSING),
    entry(SILENT, CARE),
    entry(RENT, CARE),
)


KEPT_PLAN = tuple(x for x in VIEWING_PLAN if x.item_id in (FREE, WITHHELD))  # of what is kept for monitoring


def preparation(**changes: Any) -> RtoPrepared:
    given: dict[str, Any] = {
        "leading_party": VENLO,
        "acting_body": "bestuur",
        "director": DIRECTOR,
        "support_workers": ("support",),
        "theme": Theme.COMPLEX_CASE,
        "goal": text("goal"),
        "decision_types": ("plan-of-action",),
        "themes": ("housing", "care"),
        "participants": tuple(participant(party) for party in AT_THE_TABLE),
        "viewing_plan": VIEWING_PLAN,
        "citizen": CitizenInvolvement.INFORMED_AFTERWARDS,
        "persons": (person(MAN), person(MOTHER)),
        "prepared_at": NOW,
    }
    return RtoPrepared(**(given | changes))


def follow_up(**changes: Any) -> c.Preparation:
    """What is fixed before a follow-up RTO."""
    given: dict[str, Any] = {
        "goal": text("goal-of-the-follow-up"),
        "decision_types": ("adjust-the-plan",),
        "themes": ("care",),
        "citizen": CitizenInvolvement.INVITED,
        "care_agreements": text("care-agreements"),
        "consulted_leading_party": True,
    }
    return c.Preparation(**(given | changes))


def meeting(rto_id: str = RTO, **changes: Any) -> c.Meeting:
    given: dict[str, Any] = {"rto_id": rto_id, "on": NOW + timedelta(days=3), "place": text("place")}
    return c.Meeting(**(given | changes))


def action(action_id: str, party: str, **changes: Any) -> m.Action:
    description = text(f"description-{action_id[-2:]}")
    return m.Action(**({"action_id": action_id, "party": party, "description": description} | changes))


def part(party: str, **changes: Any) -> c.Part:
    given = {"role": text(f"role-{party}"), "information_need": text(f"need-{party}")}
    return c.Part(**({"party": party} | given | changes))


def plan(**changes: Any) -> c.Plan:
    given: dict[str, Any] = {
        "agreements": text("agreements"),
        "ave_level": 2,
        "actions": (action(TREAT, CARE), action(ARRANGE, HOUSING)),
        "parts": tuple(part(party) for party in AT_THE_TABLE),
    }
    return c.Plan(**(given | changes))


def taking(item_id: str = FREE, recipient: str = CARE, action_id: str = TREAT) -> c.TakeAway:
    return c.TakeAway(item_id=item_id, recipient=recipient, action_id=action_id)


def use(item_id: str = FREE, recipient: str | None = CARE, action_id: str | None = TREAT) -> dict[str, Any]:
    """A plan activity, as it is asked, given and refused."""
    activity = m.Use.PLAN_ACTIVITY
    return {"item_id": item_id, "use": activity, "recipient": recipient, "action_id": action_id}


def release(**changes: Any) -> m.ReleaseGiven:
    return m.ReleaseGiven(**(use() | {"secrecy": m.Secrecy.NOT_BOUND} | changes))


# --- who acts --------------------------------------------------------------------------------------


def by_party(party: str) -> Actor:
    return Actor(Role.PARTY, party=party)


def by_director(on_behalf_of: str | None = VENLO, person_: str = DIRECTOR) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person=person_, on_behalf_of=on_behalf_of)


BY_TRIAGE = Actor(Role.SERVICE, service="triage")
BY_INTAKE = Actor(Role.SERVICE, service="intake")
BY_RETENTION = Actor(Role.SERVICE, service="retention")


def said(**changes: Any) -> m.SubjectConsentRecorded:
    """The man consents that the police break their secrecy for the round table, as the referrer says."""
    given: dict[str, Any] = {
        "consent_id": CONSENT,
        "person_id": MAN,
        "contributor": POLICE,
        "purpose": m.ConsentPurpose.RTO,
        "given_by": m.ConsentGiver.PERSON,
        "given_at": NOW - timedelta(days=1),
    }
    return m.SubjectConsentRecorded(**(given | changes))


def record_consent(by: Actor | None = None, **changes: Any) -> c.RecordConsent:
    return c.RecordConsent(by=by or by_party(VENLO), consent=said(**changes))


def withdraw_consent(by: Actor | None = None, consent_id: str = CONSENT) -> c.WithdrawConsent:
    return c.WithdrawConsent(by=by or by_party(VENLO), consent_id=consent_id)


def worker(party: str) -> str:
    """The subject of the worker that a party sends."""
    return f"worker-{party}"


def accepting(party: str = CARE, **changes: Any) -> c.AcceptDirection:
    given: dict[str, Any] = {
        "by": by_party(party),
        "case_director": text("case-director"),
        "task": "Wvggz art. 2",
        "basis": "AVG art. 6 lid 1 sub e",
    }
    return c.AcceptDirection(**(given | changes))


def naming(party: str = VENLO, **changes: Any) -> c.NameCaseDirector:
    given: dict[str, Any] = {"by": by_party(party), "case_director": text("own-director")}
    return c.NameCaseDirector(**(given | changes))


# --- histories -------------------------------------------------------------------------------------

RECORDED = tuple(e.ItemRecorded(one) for one in ITEMS)
PREPARED = e.PreparationOpened(preparation())


def convened(rto_id: str = RTO, **changes: Any) -> e.RtoConvened:
    everybody = {"participants": tuple(participant(party) for party in AT_THE_TABLE)}
    return e.RtoConvened(meeting(rto_id, **(everybody | changes)), (POLICE, CARE), NOW)


def accepted(party: str, rto_id: str = RTO) -> e.InvitationAccepted:
    return e.InvitationAccepted(rto_id, party, worker(party), NOW)


PLANNED = e.PlanRecorded(plan(), AT_THE_TABLE, NOW)
RELEASED = e.ReleaseGiven(release(), NOW)
PROVIDED = e.ItemProvided(taking(), POLICE, NOW)
OFFERED = e.DirectionOffered(CARE, NOW)
MOVED = e.DirectionMoved(CARE, VENLO, text("case-director"), NOW)
TEAM = Team(director="another-director", support_workers=("person-support",), assignment=1)
CHANGED = e.TeamChanged(TEAM, NOW)
MONITORED = e.MonitoringAgreed(text("purpose"), (FREE, WITHHELD), NOW)

LEFT = e.LeaderLeft(Overdue(Step.MONITORING, NOW, Told.MANAGER, NOW + timedelta(days=14), leader_left=NOW))


def concluded(
    outcome: m.RtoOutcome = m.RtoOutcome.APPROACH_AND_MONITORING, rto_id: str = RTO, level: int | None = 2
) -> e.RtoConcluded:
    return e.RtoConcluded(rto_id, outcome, NOW, level)


def consented(consent_id: str = CONSENT, *, withdrawn: bool = False, **changes: Any) -> Any:
    """A consent that the referrer recorded, by default of the man, for what the police bring to the table."""
    given = said(consent_id=consent_id, **changes)
    purpose, contributor = given.purpose or m.ConsentPurpose.RTO, given.contributor or VENLO
    of = Consent(consent_id, given.person_id, contributor, purpose, given.recipient, withdrawn)
    recorded = RecordedConsent(
        of,
        given.given_by or m.ConsentGiver.PERSON,
        given.capacity,
        given.given_at,
        VENLO,
        NOW,
        NOW if withdrawn else None,
    )
    return e.ConsentWithdrawn(recorded, VENLO, (), NOW) if withdrawn else e.ConsentRecorded(recorded)


INVITED = (*RECORDED, PREPARED, convened())
SEATED = (*INVITED, *(accepted(party) for party in AT_THE_TABLE))
AGREED = (*SEATED, PLANNED, RELEASED, OFFERED)
FOLLOWED = (*AGREED, concluded(), MONITORED)
AGAIN = (
    *FOLLOWED,
    convened(SECOND_RTO, preparation=follow_up(), viewing_plan=KEPT_PLAN),
    *(accepted(party, SECOND_RTO) for party in AT_THE_TABLE),
)
ENDED = (*AGREED, concluded(m.RtoOutcome.DEESCALATE), e.CaseDeescalated(RTO, NOW))

REGISTER = Register(
    referrer=VENLO,
    persons=(MAN, MOTHER),
    mandate=Mandate(party=VENLO, acting_body="bestuur"),
    team=Team(director=DIRECTOR, support_workers=("support",)),
)
TAKEN_UP = (e.RegisterOpened(REGISTER), consented(CONSENT), e.ConsentAskingAgreed(HOUSING, NOW))

HISTORIES: dict[Phase, tuple[Any, ...]] = {
    Phase.NOTHING: (),
    Phase.COLLECTING: (*TAKEN_UP, *RECORDED),
    Phase.PREPARED: (*TAKEN_UP, *RECORDED, PREPARED),
    Phase.CONVENED: (*TAKEN_UP, *AGREED),
    Phase.MONITORING: (*TAKEN_UP, *FOLLOWED),
    Phase.DEESCALATED: (*TAKEN_UP, *ENDED),
    Phase.ARCHIVED: (*TAKEN_UP, *ENDED, e.FileArchived()),
    Phase.CLOSING: (
        *TAKEN_UP,
        *AGREED,
        concluded(m.RtoOutcome.DOES_NOT_BELONG),
        e.CaseEndedAtTable(ClosingReason.DOES_NOT_BELONG, NOW),
    ),
    Phase.PURGED: (*RECORDED, LEFT, e.LeaderBack(), e.CasePurged(CASE)),
}


def conclusion(**changes: Any) -> c.Conclusion:
    given: dict[str, Any] = {
        "outcome": m.RtoOutcome.APPROACH_AND_MONITORING,
        "monitoring_purpose": text("purpose"),
        "monitoring_items": (FREE, WITHHELD),
    }
    return c.Conclusion(**(given | changes))


def ask(**changes: Any) -> c.AskRelease:
    given = use() | {"necessity": text("necessity")} | changes
    return c.AskRelease(by=by_director(), request=m.ReleaseAsked(**given))


def change_terms(party: str = POLICE, **changes: Any) -> c.ChangeTerms:
    return c.ChangeTerms(by=by_party(party), terms=m.ItemTermsChanged(**({"item_id": FREE} | changes)))


def correct(
    party: str = POLICE, item_id: str = FREE, body: str | None = None, **changes: Any
) -> c.CorrectItem:
    """A correction as its message makes it: content and necessity anew, in a version called "corrected"."""
    texts = {"content": text("corrected-content"), "necessity": text("corrected-necessity")}
    revision = Revision(**(texts | changes))
    return c.CorrectItem(by=by_party(party), item_id=item_id, revision=revision, acting_body=body)


def withdraw_item(party: str = POLICE, item_id: str = FREE, body: str | None = None) -> c.WithdrawItem:
    return c.WithdrawItem(by=by_party(party), item_id=item_id, acting_body=body)


COMMANDS: tuple[Command, ...] = (
    c.RecordItem(by=BY_TRIAGE, item=item(NEW)),
    c.OpenPreparation(by=BY_TRIAGE, preparation=preparation()),
    c.ConveneRto(by=by_director(), meeting=meeting(SECOND_RTO)),
    c.ConveneRto(by=by_director(), meeting=meeting(SECOND_RTO, preparation=follow_up())),
    c.ExtendViewingPlan(by=by_director(), entries=(entry(RENT, POLICE),)),
    c.AcceptInvitation(by=by_party(CARE), rto_id=RTO, delegate=worker(CARE), mandate=True),
    c.DeclineInvitation(by=by_party(HOUSING), rto_id=RTO),
    c.EndMandate(by=by_director(), rto_id=RTO, party=CARE, reason=text("reason")),
    c.ContributeItems(by=by_party(HOUSING), rto_id=RTO, items=(own_item(NEW),)),
    c.ConcludeRto(by=by_director(), rto_id=RTO, conclusion=conclusion()),
    ask(use=m.Use.RTO, recipient=None, action_id=None, item_id=SILENT),
    c.GiveRelease(
        by=by_party(POLICE),
        release=release(item_id=SILENT, use=m.Use.RTO, recipient=None, action_id=None),
    ),
    c.RefuseRelease(
        by=by_party(POLICE),
        refusal=m.ReleaseRefused(item_id=SILENT, use=m.Use.RTO),
    ),
    c.WithdrawRelease(by=by_party(POLICE), item_id=WITHHELD),
    c.LimitItem(by=by_party(POLICE), item_id=WITHHELD, withheld_from=(CARE,)),
    c.LimitItem(by=by_party(POLICE), item_id=FREE, withheld_from=(CARE,)),  # to which it was released
    change_terms(item_id=WITHHELD, withheld_from=(CARE,), use_conditions=text("new-conditions")),
    change_terms(item_id=SILENT, shareable_at_rto=True),
    correct(item_id=WITHHELD),
    withdraw_item(item_id=WITHHELD),
    c.OpenRegister(by=BY_INTAKE, register=REGISTER),
    c.AgreeConsentAsking(by=by_director(), party=POLICE),
    record_consent(consent_id=NEW_CONSENT),
    withdraw_consent(),
    c.RecordPlan(by=by_director(), plan=plan(actions=(action(AFTERCARE, CARE, succeeds=TREAT),))),
    c.ProvideItem(by=by_director(), taking=taking()),
    c.OfferDirection(by=by_director(), party=POLICE),
    accepting(),
    naming(),
    c.DeclineDirection(by=by_party(CARE)),
    c.ProgressAction(by=by_party(CARE), action_id=TREAT, progress=m.ActionProgress.STARTED),
    c.FollowAssignment(by=BY_INTAKE, team=TEAM),
    c.FollowCleaning(by=BY_RETENTION, kept_items=(FREE,)),
    c.FollowArchiving(by=BY_RETENTION),
    c.FollowTerms(by=BY_RETENTION, terms=TERMS, tell_again=True),
    c.FollowReactivation(by=BY_RETENTION, round=1),
    c.FollowClosing(by=BY_TRIAGE),
    c.PurgeCase(by=BY_RETENTION, case_id=CASE),
    c.PassTerm(by=CLOCK, at=NOW),
    c.LookForLeader(by=CLOCK, at=NOW),
)


def spec(**changes: Any) -> Spec[State]:
    return Spec(PROCESS, parties=parties(**changes))


def state(*events: Any) -> State:
    found = spec().given(*events).state
    return found if isinstance(found, State) else State()
