"""One state per phase and one command per type, plainly invented; keys are made anew for each run."""

from datetime import date, timedelta
from typing import Any

from services.governance import commands as c
from services.governance import events as e
from services.governance.accession import AccessionForm, KeyOnPaper, OtherHouse, Signatory
from services.governance.decisions import (
    Decision,
    DecisionSubject,
    RecordedDecision,
    SubjectKind,
    Votes,
)
from services.governance.main import PROCESS
from services.governance.state import Phase, State
from shared.contract.content import TextRef
from shared.contract.messages.governance import (
    AuthorisationGranted,
    EndReason,
    Organ,
    Parameters,
    PublicKeyAnnounced,
)
from shared.contract.parties import Authorisation, KeyUse, PartyKind, PartyRecord, PublicKey, Scope
from shared.core.actor import OPERATOR, Actor, Command, Role
from shared.crypto.jose import new_key, public_jwk
from tests.support.spec import NOW, Spec

VENLO, POLICE = "gemeente-venlo", "politie-limburg"
CASE = "0192aaaa-0000-7000-8000-00000000000c"
GRANT = "0192aaaa-0000-7000-8000-00000000000a"
ACCESSION = "SG-2025-12"
OTHER_GRANT = "0192aaaa-0000-7000-8000-00000000000b"
DIRECTOR = "person-director"

SIGNING, SEALING = new_key(), new_key()
SIGNING_JWK, SEALING_JWK = public_jwk(SIGNING, "sig"), public_jwk(SEALING, "enc")


def by_party(party: str = VENLO) -> Actor:
    return Actor(Role.PARTY, party=party)


BY_SECRETARY = Actor(Role.SECRETARY, person="person-secretary")
BY_MANAGER = Actor(Role.MANAGER, person="person-manager")
BY_DIRECTOR = Actor(Role.PROCESS_DIRECTOR, person=DIRECTOR)
BY_RETENTION = Actor(Role.SERVICE, service="retention")


def form(**changes: Any) -> AccessionForm:
    given: dict[str, Any] = {
        "name": "Gemeente Venlo",
        "seat": "Venlo",
        "office": "Hanzeplaats 1",
        "officer_function": "burgemeester",
        "officer_name": "Persoon A",
        "endorses_goals": True,
        "undertakes_to_comply": True,
        "entitled_to_exchange": True,
        "place": "Venlo",
        "organisation_signed_on": date(2026, 1, 10),
        "chair_signed_on": date(2026, 1, 12),
        "chair_name": "Persoon C",
    }
    return AccessionForm(**(given | changes))


def sealed_form(**changes: Any) -> AccessionForm:
    """The form as the core gets it: of who signed it has references."""
    names = {
        "officer_name": TextRef("piece-1", "governance"),
        "chair_name": TextRef("piece-2", "governance"),
    }
    return form(**(names | changes))


def key_on_paper(**changes: Any) -> KeyOnPaper:
    return KeyOnPaper(**({"kid": SIGNING_JWK["kid"], "jwk": SIGNING_JWK} | changes))


def decision(parties: tuple[str, ...] = (VENLO, POLICE), **changes: Any) -> Decision:
    """A decision of the steering group on the accession of these parties."""
    subject = DecisionSubject(kind=SubjectKind.ACCESSION, parties=parties)
    given: dict[str, Any] = {
        "number": ACCESSION,
        "organ": Organ.STEERING_GROUP,
        "taken_on": date(2025, 12, 1),
        "in_force_from": date(2026, 1, 1),
        "subject": subject,
        "votes": Votes(in_favour=7, against=1),
    }
    return Decision(**(given | changes))


def policy(**changes: Any) -> Decision:
    """A decision of the preparatory group, with the manager, that cases close after three weeks."""
    subject = DecisionSubject(kind=SubjectKind.WORK_PROCESS, parameters=Parameters(closing_days=21))
    given: dict[str, Any] = {
        "number": "VG-2026-3",
        "organ": Organ.PREPARATORY_GROUP,
        "taken_on": date(2026, 3, 2),
        "in_force_from": date(2026, 3, 3),
        "subject": subject,
        "votes": Votes(in_favour=8),
        "with_manager": True,
    }
    return Decision(**(given | changes))


def signatory(**changes: Any) -> Signatory:
    given: dict[str, Any] = {
        "party": VENLO,
        "decision": ACCESSION,
        "form": form(),
        "kind": PartyKind.MUNICIPALITY,
        "acting_bodies": ("college", "burgemeester"),
        "source": "urn:nld:oin:00000099000000009000",
        "may_use_bsn": True,
        "checked_for_special": False,
        "member_from": NOW - timedelta(days=30),
        "signing_key": key_on_paper(),
    }
    return Signatory(**(given | changes))


def record_signatory(
    *, decided: RecordedDecision | None = None, undecided: bool = False, **changes: Any
) -> c.RecordSignatory:
    signed = signatory(**({"form": sealed_form()} | changes))
    found = None if undecided else decided or RecordedDecision(decision(parties=(signed.party,)))
    return c.RecordSignatory(by=BY_SECRETARY, signatory=signed, received_at=NOW, decision=found)


def record_decision(replaced: RecordedDecision | None = None, **changes: Any) -> c.RecordDecision:
    return c.RecordDecision(by=BY_SECRETARY, decision=decision(**changes), replaced=replaced)


def acknowledge(by: Actor = BY_DIRECTOR, *, secrecy: bool = True) -> c.AcknowledgeSecrecy:
    return c.AcknowledgeSecrecy(by=by, secrecy=secrecy)


def announce(**changes: Any) -> c.AnnounceKey:
    given: dict[str, Any] = {"kid": SEALING_JWK["kid"], "use": KeyUse.SEALING, "jwk": SEALING_JWK}
    announcement = PublicKeyAnnounced(**(given | changes))
    return c.AnnounceKey(by=by_party(), party=VENLO, announcement=announcement, received_at=NOW)


def grant(**changes: Any) -> c.GrantAuthorisation:
    given: dict[str, Any] = {
        "authorisation_id": GRANT,
        "acting_body": "college",
        "scopes": (Scope.SCREENING, Scope.QUERY),
    }
    granted = AuthorisationGranted(**(given | changes))
    return c.GrantAuthorisation(by=by_party(), party=VENLO, grant=granted)


def accept(**changes: Any) -> c.AcceptAuthorisation:
    given: dict[str, Any] = {"by": BY_DIRECTOR, "authorisation_id": GRANT, "processor_agreement": True}
    return c.AcceptAuthorisation(**(given | changes))


def revoke(authorisation_id: str = GRANT) -> c.RevokeAuthorisation:
    return c.RevokeAuthorisation(by=by_party(), party=VENLO, authorisation_id=authorisation_id)


def propose_end(reason: EndReason = EndReason.EXCLUSION) -> c.ProposeEnding:
    return c.ProposeEnding(by=BY_SECRETARY, reason=reason)


def end(reason: EndReason = EndReason.EXCLUSION, by: Actor = BY_MANAGER) -> c.EndMembership:
    return c.EndMembership(by=by, reason=reason)


def record(**changes: Any) -> PartyRecord:
    given: dict[str, Any] = {
        "party": VENLO,
        "name": "Gemeente Venlo",
        "kind": PartyKind.MUNICIPALITY,
        "seat": "Venlo",
        "source": "urn:nld:oin:00000099000000009000",
        "acting_bodies": ("college", "burgemeester"),
        "may_use_bsn": True,
        "member_from": NOW - timedelta(days=30),
        "keys": (signing_key(),),
    }
    return PartyRecord(**(given | changes))


def signing_key(**changes: Any) -> PublicKey:
    public = {part: SIGNING_JWK[part] for part in ("kty", "crv", "x", "y")}
    given: dict[str, Any] = {
        "kid": SIGNING_JWK["kid"],
        "use": KeyUse.SIGNING,
        "jwk": public,
        "valid_from": NOW - timedelta(days=30),
    }
    return PublicKey(**(given | changes))


def authorisation(**changes: Any) -> Authorisation:
    given: dict[str, Any] = {
        "authorisation_id": GRANT,
        "acting_body": "college",
        "scopes": (Scope.QUERY, Scope.SCREENING),
        "valid_from": NOW,
    }
    return Authorisation(**(given | changes))


def recorded(**changes: Any) -> e.SignatoryRecorded:
    return e.SignatoryRecorded(record(**changes), sealed_form(), NOW, ACCESSION)


RECORDED = recorded()
GRANTED = e.AuthorisationGranted(authorisation(), NOW)
ACCEPTED = e.AuthorisationAccepted(GRANT, DIRECTOR, NOW)
PROPOSED = e.EndingProposed(EndReason.EXCLUSION, BY_SECRETARY.person or "", NOW)
ENDED = e.MembershipEnded(EndReason.EXCLUSION, NOW)

HISTORIES: dict[Phase, tuple[Any, ...]] = {
    Phase.NOTHING: (),
    Phase.MEMBER: (RECORDED, GRANTED, PROPOSED),
    Phase.ENDED: (RECORDED, GRANTED, ACCEPTED, PROPOSED, ENDED),
    Phase.DECIDED: (e.DecisionRecorded(policy(), NOW),),
    Phase.ACKNOWLEDGED: (e.SecrecyAcknowledged(DIRECTOR, None, NOW),),
    Phase.PURGED: (e.CasePurged(CASE),),
}


def record_house() -> c.RecordHouse:
    """Another house, as its form states it."""
    house = OtherHouse(
        party="elsewhere",
        name="Elders",
        source="urn:nld:oin:00000099000000009999:systeem:zvh",
        connected_from=NOW,
        signing_key=key_on_paper(),
    )
    return c.RecordHouse(by=BY_SECRETARY, house=house, received_at=NOW)


COMMANDS: tuple[Command, ...] = (
    record_signatory(),
    record_house(),
    announce(),
    grant(authorisation_id=OTHER_GRANT),
    accept(),
    revoke(),
    propose_end(),
    end(),
    c.PublishAnew(by=OPERATOR),
    c.RecordDecision(by=BY_SECRETARY, decision=policy()),
    acknowledge(),
    c.PurgeCase(by=BY_RETENTION, case_id=CASE),
)


def spec() -> Spec[State]:
    return Spec(PROCESS)
