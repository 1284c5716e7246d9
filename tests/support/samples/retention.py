"""One state per phase and one command per type, plainly invented."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.retention import commands as c
from services.retention import events as e
from services.retention.commands import KeptItem
from services.retention.main import PROCESS
from services.retention.proofs import Ending, ProofOfDestruction
from services.retention.state import Phase, State
from shared.contract.content import TextRef
from shared.contract.fields import Category, ContributedItem, ItemStatus, Person, PersonRole, Team, Theme
from shared.contract.messages.intake import CaseTakenUp, ClosingReason, ScreeningOutcome
from shared.contract.messages.rto import Action, CaseDeescalated, ConsentPurpose, Taker
from shared.contract.messages.triage import Participant, ParticipantRole
from shared.contract.parties import Authorisation, Parties, PartyKind, PartyRecord, Scope
from shared.core.actor import CLOCK, Actor, Command, Role
from shared.core.calendar_terms import add_months
from shared.core.consent import Consent
from shared.core.item_standing import Standing
from shared.core.viewing import Viewer
from tests.support.spec import NOW, Spec


def number(n: int) -> str:
    """An opaque id."""
    return f"0192aaaa-0000-7000-8000-{n:012d}"


def proof(n: int, ending: Ending = Ending.DEESCALATED) -> ProofOfDestruction:
    """Make the proof of a destruction that the other four have confirmed."""
    return ProofOfDestruction(
        proof_id=f"proof-{n}",
        month="2027-03",
        theme=Theme.COMPLEX_CASE,
        ending=ending,
        confirmed_by=("governance", "intake", "rto", "triage"),
        backups_lapse_in="2027-04",
    )


CASE, MAN, MOTHER, RTO, ACTION, CONSENT = (number(n) for n in (1, 2, 3, 4, 5, 6))
OURS, POLICES, WITHHELD, SPECIAL, HIDDEN = (number(n) for n in (11, 12, 13, 14, 15))
VENLO, POLICE, CARE, HOUSING = "gemeente-venlo", "politie-limburg", "zorg-a", "woningcorporatie-a"
DIRECTOR, OTHER_DIRECTOR, MANAGER, OTHER_MANAGER = "director-a", "director-b", "manager-a", "manager-b"
REFERENCE = "0f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b"
PROOF = "6a0e1f0a-5f5c-4c57-9a8e-0f1f2d3c4b5a"
ARCHIVE_ON, DESTROY_ON = add_months(NOW, 6), add_months(NOW, 12)
TERM = timedelta(days=14)
MOMENT = timedelta(microseconds=1)


def text(name: str) -> TextRef:
    """Where a text lies; a core never sees more."""
    return TextRef(f"piece-{name}", "rto")


def item(item_id: str, contributor: str, **changes: Any) -> ContributedItem:
    given: dict[str, Any] = {
        "item_id": item_id,
        "contributor": contributor,
        "category": Category.ORDINARY,
        "persons": (MAN,),
        "acting_body": "college",
        "basis": "AVG art. 6 lid 1 sub e",
        "valid_on": date(2026, 2, 1),
        "necessity": text(f"necessity-{item_id[-2:]}"),
        "content": text(f"content-{item_id[-2:]}"),
    }
    return ContributedItem(**(given | changes))


ITEMS = (
    item(OURS, VENLO),
    item(POLICES, POLICE, withheld_from=(HOUSING,)),
    item(WITHHELD, POLICE, withheld_from=(CARE,)),
    item(SPECIAL, POLICE, category=Category.SPECIAL),
    item(HIDDEN, VENLO, hidden_from_director=True),
)
EVERY_PIECE = {f"piece-{kind}-{one.item_id[-2:]}" for one in ITEMS for kind in ("necessity", "content")}


def person(person_id: str, **changes: Any) -> Person:
    given: dict[str, Any] = {
        "person_id": person_id,
        "role": PersonRole.SUBJECT,
        "name": text(f"name-{person_id[-1]}"),
        "date_of_birth": text(f"born-{person_id[-1]}"),
        "bsn": text(f"bsn-{person_id[-1]}"),
    }
    return Person(**(given | changes))


def participant(party: str, **changes: Any) -> Participant:
    given: dict[str, Any] = {
        "party": party,
        "role": ParticipantRole.EXECUTOR,
        "contribution": text(f"contribution-{party}"),
    }
    return Participant(**(given | changes))


TAKER = Taker(party=POLICE, item_id=OURS, action_id=ACTION)


def file(**changes: Any) -> CaseDeescalated:
    given: dict[str, Any] = {
        "rto_id": RTO,
        "decided_at": NOW,
        "leading_party": CARE,
        "referrer": VENLO,
        "director": DIRECTOR,
        "support_workers": ("support-a",),
        "case_director": text("case-director"),
        "theme": Theme.COMPLEX_CASE,
        "participants": (participant(VENLO), participant(POLICE), participant(CARE)),
        "persons": (person(MAN), person(MOTHER)),
        "agreements": text("agreements"),
        "actions": (Action(action_id=ACTION, party=POLICE, description=text("action")),),
        "takers": (TAKER,),
    }
    return CaseDeescalated(**(given | changes))


def taken_up(
    director: str = DIRECTOR, support: str = "support-a", referrer_name: TextRef | None = None
) -> CaseTakenUp:
    return CaseTakenUp(
        referrer_name=referrer_name,
        referrer=VENLO,
        acting_body="college",
        task="Wmo 2015, art. 2.1.1",
        basis="AVG art. 6 lid 1 sub e",
        theme=Theme.COMPLEX_CASE,
        outcome=ScreeningOutcome.TAKEN_UP,
        director=director,
        support_workers=(support,),
        persons=(person(MAN), person(MOTHER)),
        items=(),
        taken_up_at=NOW,
    )


def record(party: str, **changes: Any) -> PartyRecord:
    granted = Authorisation(
        authorisation_id="0192aaaa-0000-7000-8000-0000000000a1",
        acting_body="college",
        scopes=tuple(Scope),
        valid_from=NOW - timedelta(days=10),
        accepted_at=NOW - timedelta(days=9),
    )
    given: dict[str, Any] = {
        "party": party,
        "name": party,
        "kind": PartyKind.OTHER,
        "acting_bodies": ("college",),
        "member_from": NOW - timedelta(days=100),
        "authorisations": (granted,),
    }
    return PartyRecord(**(given | changes))


PARTIES = Parties({party: record(party) for party in (VENLO, POLICE, CARE, HOUSING)})


def kept(*ids: str) -> tuple[KeptItem, ...]:
    return tuple(KeptItem(item_id=one, reason=text(f"reason-{one[-2:]}")) for one in ids)


# --- who acts and who looks -----------------------------------------------------------------------


def by_service(service: str = "rto") -> Actor:
    return Actor(Role.SERVICE, service=service)


def by_director(on_behalf_of: str | None = CARE, person: str = DIRECTOR) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person=person, on_behalf_of=on_behalf_of)


def by_party(party: str) -> Actor:
    return Actor(Role.PARTY_WORKER, party=party, person=f"worker-{party}")


def by_manager(person: str = MANAGER) -> Actor:
    return Actor(Role.MANAGER, person=person)


def worker(party: str) -> Viewer:
    return Viewer(Role.PARTY_WORKER, f"worker-{party}", party)


# --- what happened --------------------------------------------------------------------------------

TEAM = Team(director=OTHER_DIRECTOR, support_workers=("support-b",), assignment=1)
CHANGED = e.TeamChanged(TEAM, NOW)
OPENED = e.CaseOpened(VENLO, Theme.COMPLEX_CASE, Team(director=DIRECTOR, support_workers=("support-a",)), NOW)
MOVED = e.DirectionMoved(CARE, NOW)
RECEIVED = tuple(e.ItemReceived(one, (CARE, POLICE)) for one in ITEMS)
WITHOUT_BSN = tuple(one.model_copy(update={"bsn": None}) for one in file().persons)
DEESCALATED = e.CaseDeescalated(file(persons=WITHOUT_BSN), (), ARCHIVE_ON, DESTROY_ON, NOW)
STEP_1 = (OPENED, MOVED, *RECEIVED, DEESCALATED)
CLEANED = e.FileCleaned(kept(WITHHELD), ("piece-content-11",), NOW)
ARCHIVED = e.FileArchived((WITHHELD,), (), ARCHIVE_ON)
ANNOUNCED = e.DestructionAnnounced(REFERENCE)
STEP_2 = (*STEP_1, CLEANED, ARCHIVED, ANNOUNCED)
INSPECTION = e.InspectionDecided(1, MANAGER, text("inspection"), ARCHIVE_ON)
ASKED = e.ReactivationAsked(text("relapse"), NOW)
REACTIVATED = e.FileReactivated(1, DIRECTOR, text("relapse"), None, (CARE, POLICE, VENLO), NOW)
# No history holds these: what follows the one is of a later round, and the other is of a case of before.
BESIDES = (REACTIVATED, e.TermsTold())
CLOSING = e.CaseClosing(VENLO, Theme.YOUTH_AT_RISK, Ending.NOT_TAKEN_UP, NOW + TERM, NOW)
CONFIRMED = tuple(
    e.PurgeConfirmed(name, DESTROY_ON, (f"kid-of-{name}",))
    for name in ("governance", "intake", "rto", "triage")
)
ERASING = (*STEP_2, e.ErasureStarted(DESTROY_ON))
DESTROYING = (*ERASING, *CONFIRMED, e.AllPurged(DESTROY_ON))
ERASED = e.CaseErased(PROOF, DESTROY_ON, DESTROY_ON + timedelta(days=30), ("kid-of-retention",))

HISTORIES: dict[Phase, tuple[Any, ...]] = {
    Phase.NOTHING: (),
    Phase.OPEN: (OPENED,),
    Phase.COLLECTING: (OPENED, MOVED, *RECEIVED),
    Phase.STEP_1: STEP_1,
    Phase.STEP_1_CLEANED: (*STEP_1, CLEANED, ASKED),
    Phase.STEP_2: (*STEP_2, INSPECTION),
    Phase.CLOSING: (OPENED, CLOSING, ANNOUNCED),
    Phase.ERASING: (*STEP_2, INSPECTION, e.InspectionUsed(1, ARCHIVE_ON), e.ErasureStarted(DESTROY_ON)),
    Phase.DESTROYING: DESTROYING,
    Phase.ERASED: (*DESTROYING, ERASED),
}


def consent(*, withdrawn: bool = False) -> Consent:
    """The consent by which the table saw an item of the police, as the round table tells it."""
    return Consent(CONSENT, MAN, POLICE, ConsentPurpose.RTO, withdrawn=withdrawn)


ARCHIVE = c.ArchiveFile(by=CLOCK, reference=REFERENCE)
ERASE = c.StartErasure(by=CLOCK, reference=REFERENCE)
COMMANDS: tuple[Command, ...] = (
    c.OpenCase(by=by_service("intake"), case=taken_up()),
    c.MoveDirection(by=by_service(), leading_party=POLICE, since=NOW),
    c.FollowAssignment(by=by_service("intake"), team=TEAM),
    c.RecordHandedOverItem(by=by_service(), item=ITEMS[0]),
    c.FollowStanding(by=by_service(), standing=Standing(POLICES, POLICE, 1, ItemStatus.WITHDRAWN)),
    c.FollowConsent(by=by_service(), consent=consent()),
    c.RecordFilePart(by=by_service(), participants=(participant(POLICE),), takers=(TAKER,)),
    c.Deescalate(by=by_service(), file=file()),
    c.CleanFile(by=by_director(), kept=kept(WITHHELD)),
    ARCHIVE,
    c.CatchUp(by=CLOCK, reference=REFERENCE),
    c.InspectFile(by=by_manager(OTHER_MANAGER), reason=text("why")),
    c.UseInspection(by=by_manager()),
    c.AskReactivation(by=by_party(CARE), reason=text("relapse")),
    c.ReactivateFile(by=by_director(), reason=text("relapse")),
    c.CloseEarly(
        by=by_service("triage"),
        leading_party=VENLO,
        theme=Theme.COMPLEX_CASE,
        reason=ClosingReason.OTHER_TABLE,
        closed_at=NOW,
        reference=REFERENCE,
    ),
    c.FollowSettling(by=by_service("intake"), settled_at=NOW),
    ERASE,
    c.ConfirmPurge(by=by_service("intake"), house_keys=("kid-of-intake",)),
    c.RecordKeyDestroyed(
        by=CLOCK,
        proof_id=PROOF,
        destroyed_at=DESTROY_ON,
        backups_lapse_at=DESTROY_ON + timedelta(days=30),
        house_keys=("kid-of-retention",),
    ),
    c.RecordHouseKeysDestroyed(by=by_service("intake"), house_keys=("kid-of-intake",)),
)


def spec(**changes: Any) -> Spec[State]:
    """Long after everything is due, unless the test says otherwise."""
    return replace(Spec(PROCESS, parties=PARTIES, now=DESTROY_ON), **changes)


def state(*events: Any) -> State:
    """What these events make."""
    found: State = spec().given(*events).state
    return found
